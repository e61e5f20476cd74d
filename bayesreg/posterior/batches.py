"""Means of series along chains, their Monte Carlo errors, and their z."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from jaxtyping import Float, Int

_BATCH = 1.5  # length of a batch, in units of √draws
_ROUNDING = 1e-13  # of a sum: a constant's sums differ by less


class Mean(NamedTuple):
    """The mean of series along chains."""

    value: Any
    error: Any  # Monte Carlo
    skewness: Any  # of the mean's distribution
    freedom: float  # degrees of freedom of the error


class Batches(NamedTuple):
    """Sums of series over long and over short batches of draws: the short ones correct the bias of the error."""

    of_long: Float[np.ndarray, "b t"]
    of_short: Float[np.ndarray, "c t"]
    plan: "BatchPlan"

    @property
    def mean(self) -> Mean:
        """The means of the series, and their Monte Carlo errors (Vats and Flegal's lugsail)."""
        plan, n_long = self.plan, len(self.of_long)
        away, of_long = _spread(self.of_long)
        of_long, of_short = of_long / plan.length, _spread(self.of_short)[1] / plan.short_length
        error = np.sqrt(np.maximum(of_long, 2.0 * of_long - of_short) / (n_long * plan.length))
        away /= _positive(np.sqrt(of_long * (plan.length * (n_long - 1) / n_long)))
        skewness = np.einsum("bt,bt,bt->t", away, away, away) / n_long**1.5
        return Mean(self.of_long.mean(axis=0) / plan.length, error, skewness, float(n_long - 1))

    def add(self, series: Float[np.ndarray, "s t"], numbers: Sequence[Int[np.ndarray, " s"]]) -> None:
        """Add draws, given their long and their short batches (−1: in none)."""
        for own, sums in zip(numbers, (self.of_long, self.of_short), strict=True):
            starts = np.flatnonzero(np.diff(own, prepend=-2))
            parts, batch = np.add.reduceat(series, starts, axis=0), own[starts]
            sums[batch[batch >= 0]] += parts[batch >= 0]

    def joined(self, other: "Batches") -> "Batches":
        """Return the sums over the draws of both."""
        return Batches(self.of_long + other.of_long, self.of_short + other.of_short, self.plan)


class BatchPlan(NamedTuple):
    """The batches of chains. The first draws are in none, so that all batches are whole."""

    n_chains: int
    n_draws: int
    length: int
    short_length: int

    @classmethod
    def of(cls, n_chains: int, n_draws: int) -> Self:
        """Return the batches of chains with so many draws."""
        length = _length(n_draws)
        return cls(n_chains, n_draws, length, max(length // 3, 1))

    @property
    def first_draws(self) -> tuple[int, int]:
        """The first draw in a long batch, and the first in a short one: both means use the same draws."""
        first = self.n_draws % self.length
        return first, first + (self.n_draws - first) % self.short_length

    @property
    def numbers(self) -> tuple[Int[np.ndarray, "chain draw"], Int[np.ndarray, "chain draw"]]:
        """The long batch of each draw, and the short one; −1 if it is in none."""
        long, short = (
            self._numbers(*one)
            for one in zip(self.first_draws, (self.length, self.short_length), strict=True)
        )
        return long, short

    def _numbers(self, first: int, length: int) -> Int[np.ndarray, "chain draw"]:
        numbers = np.full((self.n_chains, self.n_draws), -1, dtype=np.int64)
        of_chain = np.arange(self.n_draws - first) // length
        numbers[:, first:] = of_chain + (of_chain[-1] + 1) * np.arange(self.n_chains)[:, None]
        return numbers

    def empty(self, n_series: int) -> Batches:
        """Return sums of nothing, to add draws to."""
        sizes = zip(self.first_draws, (self.length, self.short_length), strict=True)
        of_long, of_short = (
            np.zeros((self.n_chains * ((self.n_draws - first) // length), n_series))
            for first, length in sizes
        )
        return Batches(of_long, of_short, self)


def mean_of(series: Float[np.ndarray, "chain draw t"]) -> Mean:
    """Return means and their Monte Carlo errors by batches."""
    n_chains, n_draws, n_series = series.shape
    plan = BatchPlan.of(n_chains, n_draws)
    sums = plan.empty(n_series)
    sums.add(series.reshape(-1, n_series), [each.ravel() for each in plan.numbers])
    return sums.mean


def _spread(sums: Any) -> tuple[Any, Any]:
    """Return the distances of sums of batches from their mean, and their variance; 0 if it is only rounding."""
    mean = sums.mean(axis=0)
    away = sums - mean
    with np.errstate(invalid="ignore", divide="ignore"):  # of a single batch
        variance = np.einsum("bt,bt->t", away, away) / (len(sums) - 1)
    return away, np.where(variance <= (_ROUNDING * mean) ** 2, 0.0, variance)


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
