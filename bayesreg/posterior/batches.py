"""Means of series along chains, their Monte Carlo errors, and their z."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

_BATCH = 1.5  # length of a batch, in units of √draws


class Mean(NamedTuple):
    """The mean of series along chains."""

    value: Any
    error: Any  # Monte Carlo
    skewness: Any  # of the mean's distribution
    freedom: float  # degrees of freedom of the error


def mean_of(series: Float[np.ndarray, "chain draw t"]) -> Mean:
    """Return means and their Monte Carlo errors by batches.

    Two lengths of batches correct the bias of short ones (Vats and Flegal's lugsail).
    """
    n_chains, n_draws, _ = series.shape
    length = _length(n_draws)
    kept = series[:, n_draws % length :]  # whole batches: mean and error use the same draws
    long, short = _batches(kept, length), _batches(kept, max(length // 3, 1))
    of_long, of_short = length * long.var(axis=0, ddof=1), max(length // 3, 1) * short.var(axis=0, ddof=1)
    error = np.sqrt(np.maximum(of_long, 2.0 * of_long - of_short) / (n_chains * kept.shape[1]))
    mean, spread = long.mean(axis=0), _positive(long.std(axis=0))
    skewness = (((long - mean) / spread) ** 3).mean(axis=0) / np.sqrt(len(long))
    return Mean(mean, error, skewness, float(len(long) - 1))


def _batches(series: Any, length: int) -> Any:
    """Return the means of batches."""
    n_chains, n_draws, n_series = series.shape
    kept = series[:, n_draws % length :]
    return kept.reshape(n_chains, n_draws // length, length, n_series).mean(axis=2).reshape(-1, n_series)


def _positive(values: Any) -> Any:
    return np.where(values > 0.0, values, 1.0)


def _length(n_draws: int) -> int:
    return int(np.clip(round(_BATCH * np.sqrt(n_draws)), 1, max(n_draws // 2, 1)))


def z_of(mean: Mean) -> Any:
    """Return Student's t, corrected for skewness, as a standard normal of the same probability; 0 for a constant.

    Mean and error of a skewed series are correlated: a rare large value adds to both. The correction is Hall's.
    """
    from scipy.special import ndtri, stdtr

    with np.errstate(invalid="ignore", divide="ignore"):
        t = np.where(mean.error > 0.0, mean.value / mean.error, 0.0)
    skewness = mean.skewness
    t = t + skewness * (2.0 * t**2 + 1.0) / 6.0 + skewness**2 * t**3 / 27.0
    return np.sign(t) * _from_tail(stdtr(max(mean.freedom, 1.0), -np.abs(t)), ndtri)


def _from_tail(probability: Any, ndtri: Any) -> Any:
    return -ndtri(np.clip(probability, 1e-300, 0.5))


def chains_z(reported: Float[np.ndarray, "chain draw k"]) -> Any:
    """Compare the chains' means by an F test with batches within chains; return it as a standard normal."""
    from scipy.special import fdtrc, ndtri

    n_chains, n_draws, n_parameters = reported.shape
    length = _length(n_draws)
    per_chain = n_draws // length
    if per_chain < 2:
        return np.full(n_parameters, np.nan)
    kept = reported[:, n_draws - per_chain * length :]
    batches = kept.reshape(n_chains, per_chain, length, n_parameters).mean(axis=2)
    within = batches.var(axis=1, ddof=1).mean(axis=0)
    between = per_chain * batches.mean(axis=1).var(axis=0, ddof=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(within > 0.0, between / within, np.where(between > 0.0, 1e300, 0.0))
    probability = fdtrc(n_chains - 1, n_chains * (per_chain - 1), ratio)
    return np.maximum(_from_tail(0.5 * probability, ndtri), 0.0)
