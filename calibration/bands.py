"""A test that ranks are uniform, by simultaneous bands (Säilynoja, Bürkner and Vehtari 2022)."""

from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int
from scipy import stats

_NULL = 40_000  # simulations of the test statistic under uniform ranks
_AT_ONCE = 4_000


def p_value(ranks: Int[np.ndarray, " m"], n_draws: int) -> float:
    """Return the probability that uniform ranks are as far from uniform, at any place, as these.

    Parameters
    ----------
    ranks : array (m,)
        From 0 to n_draws.
    n_draws : int
    """
    counts = np.bincount(ranks, minlength=n_draws + 1)
    null = _null(len(ranks), n_draws)
    return float((1 + np.searchsorted(null, _extremity(counts[None, :])[0], side="right")) / (null.size + 1))


def band(
    m: int, n_draws: int, level: float = 0.95
) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """Return bounds that hold the whole distribution function of uniform ranks with probability `level`."""
    tail = 0.5 * float(np.quantile(_null(m, n_draws), 1.0 - level))
    share = np.arange(1, n_draws + 1) / (n_draws + 1)
    return stats.binom.ppf(tail, m, share) / m, stats.binom.isf(tail, m, share) / m


def _extremity(counts: Int[np.ndarray, "s k"]) -> Float[np.ndarray, " s"]:
    """Return the smallest two-sided binomial probability along the distribution function."""
    m, k = int(counts[0].sum()), counts.shape[1]
    below = np.cumsum(counts, axis=1)[:, :-1]
    share = np.arange(1, k) / k
    low, high = stats.binom.cdf(below, m, share), stats.binom.sf(below - 1, m, share)
    return np.minimum(1.0, 2.0 * np.minimum(low, high)).min(axis=1)


@lru_cache(maxsize=8)
def _null(m: int, n_draws: int) -> Float[np.ndarray, " s"]:
    rng = np.random.default_rng(0)
    shares = np.full(n_draws + 1, 1.0 / (n_draws + 1))
    parts = [_extremity(rng.multinomial(m, shares, size=_AT_ONCE)) for _ in range(_NULL // _AT_ONCE)]
    return np.sort(np.concatenate(parts))
