"""Rank-normalised split R-hat and effective numbers of draws, of many quantities at once.

They are ArviZ's, which takes a third of a second to load.

References
----------
A. Vehtari, A. Gelman, D. Simpson, B. Carpenter and P.-C. Bürkner (2021), doi:10.1214/20-BA1221.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

TAILS = (0.05, 0.95)
FEWEST_DRAWS = 4  # of a chain: fewer have no diagnostics
_AT_ONCE = 256  # quantities: temporary arrays are several times as large as the draws
_SAME = 1e-15  # a range below which all draws are one number


def rank_r_hat(draws: Float[np.ndarray, "chain draw k"]) -> Float[np.ndarray, " k"]:
    """Return the larger of two R-hats, of ranks and of ranks of distances from the median.

    It is nan of a constant, and of draws that are too few or not all numbers. Of one chain it compares the halves.
    """
    return _each(draws, _rank_r_hat)


def bulk_draws(draws: Float[np.ndarray, "chain draw k"]) -> Float[np.ndarray, " k"]:
    """Return the effective numbers of draws for means, by ranks; nan if draws are too few or not all numbers."""
    return _each(draws, lambda some: _effective(_normal_scores(_halves(some))))


def tail_draws(draws: Float[np.ndarray, "chain draw k"]) -> Float[np.ndarray, " k"]:
    """Return the smaller effective numbers of draws for both quantiles of `TAILS`; nan where `bulk_draws` is."""
    return _each(draws, _tail_draws)


def _each(draws: Any, compute: Callable[[Any], Any]) -> Any:
    """Compute one number of each quantity, of so many of them at once."""
    k = draws.shape[2]
    if draws.shape[1] < FEWEST_DRAWS or k == 0:
        return np.full(k, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):  # of a constant, and of nan
        found = [compute(draws[..., start : start + _AT_ONCE]) for start in range(0, k, _AT_ONCE)]
    return np.where(np.isnan(draws).any(axis=(0, 1)), np.nan, np.concatenate(found))


def _rank_r_hat(draws: Any) -> Any:
    split = _halves(draws)
    distances = np.abs(split - np.median(split, axis=(0, 1)))
    return np.fmax(_r_hat(_normal_scores(split)), _r_hat(_normal_scores(distances)))


def _tail_draws(draws: Any) -> Any:
    ends = np.quantile(draws, TAILS, axis=(0, 1))
    return np.minimum(*(_effective(_halves((draws <= end).astype(float))) for end in ends))


def _halves(draws: Any) -> Any:
    """Return the first and the second half of each chain as chains."""
    half = draws.shape[1] // 2
    return np.concatenate([draws[:, :half], draws[:, -half:]])


def _normal_scores(chains: Any) -> Any:
    """Return the normal quantiles of the ranks among all chains; equal values have their mean rank."""
    from scipy.special import ndtri

    flat = chains.reshape(-1, chains.shape[-1])
    rank = np.empty(flat.shape)
    for j, ascending in enumerate(np.sort(flat, axis=0).T):
        first, last = (np.searchsorted(ascending, flat[:, j], side) for side in ("left", "right"))
        rank[:, j] = 0.5 * (first + last + 1)
    return ndtri((rank - 0.375) / (len(flat) + 0.25)).reshape(chains.shape)


def _r_hat(chains: Any) -> Any:
    n = chains.shape[1]
    between = n * chains.mean(axis=1).var(axis=0, ddof=1)
    within = chains.var(axis=1, ddof=1).mean(axis=0)
    return np.sqrt((between / within + n - 1) / n)


def _effective(chains: Any) -> Any:
    """Divide the number of draws by the sum of autocorrelations, as far as those of two lags together are positive.

    Pairs of lags are made to fall (Geyer 1992, doi:10.1214/ss/1177011137). One more lag is added once, which tells of
    chains whose draws alternate.
    """
    m, n, _ = chains.shape
    lags = _correlations(chains)
    pairs = lags[: n // 2 * 2].reshape(n // 2, 2, -1).sum(axis=1)
    most = max((n - 3) // 2, 0)  # pairs that may be counted
    ends = pairs[: most + 1] <= 0.0
    ends[most] = True
    end = ends.argmax(axis=0)
    counted = np.arange(len(pairs))[:, None] < end
    falling = np.where(counted, np.minimum.accumulate(pairs, axis=0), 0.0)
    column = np.arange(end.size)
    lag, pair = lags[2 * end, column], pairs[end, column]
    last = np.where((lag > 0.0) | (pair >= 0.0), lag, 0.0)
    length = np.maximum(2.0 * falling.sum(axis=0) - 1.0 + last, 1.0 / np.log10(m * n))
    return np.where(np.ptp(chains, axis=(0, 1)) < _SAME, m * n, m * n / length)


def _correlations(chains: Any) -> Any:
    """Return the autocorrelation at each lag, of all chains about their common mean."""
    n = chains.shape[1]
    means = chains.mean(axis=1)
    size = 1 << (2 * n - 1).bit_length()  # no lag wraps around
    spectrum = np.fft.rfft(chains - means[:, None], size, axis=1)
    covariance = np.fft.irfft(np.abs(spectrum) ** 2, size, axis=1)[:, :n].mean(axis=0) / n
    within = covariance[0] * n / (n - 1)
    correlation = 1.0 - (within - covariance) / (covariance[0] + means.var(axis=0, ddof=1))
    correlation[0] = 1.0
    return correlation
