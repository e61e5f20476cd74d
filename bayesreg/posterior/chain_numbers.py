"""Rank-normalised split R-hat and effective numbers of draws, of many quantities at once.

They are ArviZ's, which takes a third of a second to load.

References
----------
A. Vehtari, A. Gelman, D. Simpson, B. Carpenter and P.-C. Bürkner (2021), doi:10.1214/20-BA1221.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

TAILS = (0.05, 0.95)
FEWEST_DRAWS = 4  # of a chain: fewer have no diagnostics
_AT_ONCE = 64  # quantities: temporary arrays are several times as large as the draws
_SAME = 1e-15  # a range below which all draws are one number


class ChainNumbers(NamedTuple):
    """What `rank_r_hat`, `bulk_draws` and `tail_draws` return."""

    r_hat: Float[np.ndarray, " k"]
    bulk: Float[np.ndarray, " k"]
    tail: Float[np.ndarray, " k"]


def chain_numbers(draws: Float[np.ndarray, "chain draw k"]) -> ChainNumbers:
    """Return all three numbers of each quantity: R-hat and effective draws share the ranks."""
    r_hat, bulk, tail = _each(draws, _all_numbers)
    return ChainNumbers(r_hat, bulk, tail)


def rank_r_hat(draws: Float[np.ndarray, "chain draw k"]) -> Float[np.ndarray, " k"]:
    """Return the larger of two R-hats, of ranks and of ranks of distances from the median.

    It is nan of a constant, and of draws that are too few or not all numbers. Of one chain it compares the halves.
    """
    return chain_numbers(draws).r_hat


def bulk_draws(draws: Float[np.ndarray, "chain draw k"]) -> Float[np.ndarray, " k"]:
    """Return the effective numbers of draws for means, by ranks; nan if draws are too few or not all numbers."""
    return _each(draws, lambda some: _effective(_ranked(_halves(some))[0])[None])[0]


def tail_draws(draws: Float[np.ndarray, "chain draw k"]) -> Float[np.ndarray, " k"]:
    """Return the smaller effective numbers of draws for both quantiles of `TAILS`; nan where `bulk_draws` is."""
    return _each(draws, lambda some: _tail_draws(some)[None])[0]


def _each(draws: Any, compute: Callable[[Any], Any]) -> Any:
    """Compute numbers of each quantity, of so many quantities at once: (k, chain, draw) -> (number, k)."""
    k = draws.shape[2]
    if draws.shape[1] < FEWEST_DRAWS or k == 0:
        return np.full((len(ChainNumbers._fields), k), np.nan)
    own_first = draws.transpose(2, 0, 1)  # the draws of one quantity lie together below
    with np.errstate(invalid="ignore", divide="ignore"):  # of a constant, and of nan
        found = [
            compute(np.ascontiguousarray(own_first[start : start + _AT_ONCE]))
            for start in range(0, k, _AT_ONCE)
        ]
    return np.where(np.isnan(draws).any(axis=(0, 1)), np.nan, np.concatenate(found, axis=1))


def _all_numbers(draws: Any) -> Any:
    split = _halves(draws)
    scores, median = _ranked(split)
    of_distances, _ = _ranked(np.abs(split - median[:, None, None]))
    r_hat = np.fmax(_r_hat(scores), _r_hat(of_distances))
    return np.stack([r_hat, _effective(scores), _tail_draws(draws)])


def _tail_draws(draws: Any) -> Any:
    ends = np.quantile(draws.reshape(len(draws), -1), TAILS, axis=1)[..., None, None]
    return np.minimum(*(_effective(_halves((draws <= end).astype(float))) for end in ends))


def _halves(draws: Any) -> Any:
    """Return the first and the second half of each chain as chains."""
    half = draws.shape[2] // 2
    return np.concatenate([draws[..., :half], draws[..., -half:]], axis=1)


def _ranked(chains: Any) -> tuple[Any, Any]:
    """Return the normal quantiles of the ranks among all chains, and the medians; equal values have their mean rank."""
    flat = chains.reshape(len(chains), -1)
    n = flat.shape[1]
    order = flat.argsort(axis=1)
    ascending = np.take_along_axis(flat, order, axis=1)
    place, changes = np.arange(n), ascending[:, 1:] != ascending[:, :-1]
    ends = np.ones((len(flat), 1), dtype=bool)
    first = np.maximum.accumulate(np.where(np.hstack([ends, changes]), place, 0), axis=1)
    last = np.where(np.hstack([changes, ends]), place, n)
    last = np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1]
    scores = np.empty(flat.shape)
    np.put_along_axis(scores, order, _normal_scores(n)[first + last], axis=1)
    median = 0.5 * (ascending[:, (n - 1) // 2] + ascending[:, n // 2])
    return scores.reshape(chains.shape), median


@lru_cache(maxsize=2)
def _normal_scores(n: int) -> Float[np.ndarray, " t"]:
    """Return the normal quantiles of the ranks 1, 1½, 2, ..., n."""
    from scipy.special import ndtri

    return np.asarray(ndtri((0.5 * np.arange(2 * n - 1) + 0.625) / (n + 0.25)))


def _r_hat(chains: Any) -> Any:
    n = chains.shape[2]
    between = n * chains.mean(axis=2).var(axis=1, ddof=1)
    within = chains.var(axis=2, ddof=1).mean(axis=1)
    return np.sqrt((between / within + n - 1) / n)


def _effective(chains: Any) -> Any:
    """Divide the number of draws by the sum of autocorrelations, as far as those of two lags together are positive.

    Pairs of lags are made to fall (Geyer 1992, doi:10.1214/ss/1177011137). One more lag is added once, which tells of
    chains whose draws alternate.
    """
    k, m, n = chains.shape
    lags = _correlations(chains)
    pairs = lags[:, : n // 2 * 2].reshape(k, n // 2, 2).sum(axis=2)
    most = max((n - 3) // 2, 0)  # pairs that may be counted
    ends = pairs[:, : most + 1] <= 0.0
    ends[:, most] = True
    end = ends.argmax(axis=1)
    counted = np.arange(pairs.shape[1]) < end[:, None]
    falling = np.where(counted, np.minimum.accumulate(pairs, axis=1), 0.0)
    row = np.arange(k)
    lag, pair = lags[row, 2 * end], pairs[row, end]
    last = np.where((lag > 0.0) | (pair >= 0.0), lag, 0.0)
    length = np.maximum(2.0 * falling.sum(axis=1) - 1.0 + last, 1.0 / np.log10(m * n))
    return np.where(np.ptp(chains, axis=(1, 2)) < _SAME, m * n, m * n / length)


def _correlations(chains: Any) -> Any:
    """Return the autocorrelation at each lag, of all chains about their common mean."""
    n = chains.shape[2]
    means = chains.mean(axis=2)
    size = 1 << (2 * n - 1).bit_length()  # no lag wraps around
    spectrum = np.fft.rfft(chains - means[..., None], size, axis=2)
    power = (spectrum.real**2 + spectrum.imag**2).mean(axis=1)  # of all chains, so one transform leads back
    covariance = np.fft.irfft(power, size, axis=1)[:, :n] / n
    own = covariance[:, :1]
    correlation = 1.0 - (own * n / (n - 1) - covariance) / (own + means.var(axis=1, ddof=1)[:, None])
    correlation[:, 0] = 1.0
    return correlation
