"""R-hat and effective draws are arviz-stats's, on chains of all kinds and lengths."""

import numpy as np
import pytest
from arviz_stats.base import array_stats

from bayesreg.posterior import chain_numbers
from bayesreg.posterior.chain_numbers import TAILS, bulk_draws, rank_r_hat, tail_draws

AXES = {"chain_axis": 0, "draw_axis": 1}


def chains(m, n, seed=0):
    """Return chains that are independent, slow, alternating, heavy-tailed, apart, tied, stuck, constant and broken."""
    rng = np.random.default_rng(seed)
    draws = rng.normal(size=(m, n, 10))
    for j, kept in ((1, 0.9), (2, -0.8), (3, 0.999)):
        for t in range(1, n):
            draws[:, t, j] = kept * draws[:, t - 1, j] + np.sqrt(1.0 - kept**2) * draws[:, t, j]
    draws[..., 4] = rng.standard_cauchy((m, n))
    draws[0, :, 5] += 1.0
    draws[..., 6] = np.round(draws[..., 6])
    draws[0, : n // 2, 7] = 3.0
    draws[..., 8] = 3.0
    draws[-1, -1, 9] = np.nan
    return draws


@pytest.mark.parametrize("m", [1, 2, 4])
@pytest.mark.parametrize("n", [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 50, 201, 1000])
def test_they_are_arvizs(m, n):
    for seed in range(1 if n > 20 else 3):
        draws = chains(m, n, seed)
        with np.errstate(invalid="ignore", divide="ignore"):
            bulk = array_stats.ess(draws, **AXES)
            tail = array_stats.ess(draws, **AXES, method="tail", prob=TAILS)
            r_hat = array_stats.rhat(draws, **AXES)
        np.testing.assert_allclose(bulk_draws(draws), bulk, rtol=1e-9)
        np.testing.assert_allclose(tail_draws(draws), tail, rtol=1e-9)
        if m > 1:  # ArviZ does not compare the halves of one chain
            np.testing.assert_allclose(rank_r_hat(draws), r_hat, rtol=1e-9)


def test_the_halves_of_one_chain_are_compared():
    there, back = np.linspace(0.0, 1.0, 100), np.linspace(1.0, 0.0, 100)
    two = np.stack([there[:50], there[50:]])[..., None]
    split_again = rank_r_hat(two)
    one = rank_r_hat(np.stack([there, np.concatenate([back[50:], back[:50]])], axis=1)[None])
    assert one[0] > 1.5
    assert split_again[0] > 1.5


def test_many_quantities_are_computed_in_parts(monkeypatch):
    draws = np.random.default_rng(0).normal(size=(2, 30, 7))
    at_once = [compute(draws) for compute in (rank_r_hat, bulk_draws, tail_draws)]
    monkeypatch.setattr(chain_numbers, "_AT_ONCE", 3)
    for compute, expected in zip((rank_r_hat, bulk_draws, tail_draws), at_once, strict=True):
        np.testing.assert_array_equal(compute(draws), expected)
        assert compute(draws[..., :0]).shape == (0,)
