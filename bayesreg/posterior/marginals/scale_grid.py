"""The grid of a sampled scale's marginal: few values at first, more where it is steep or may hide a peak."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ...gaussian.propriety import power
from ...model.problem import Problem
from .log_priors import log_bounds, log_scale_prior

LEAST_RSS = 1e-8  # of y'y: with less residual the marginal of σ is nearly flat
_STEP, _OUTER, _CLOSE = 0.75, 2.0, 1e-3  # between two values, in logarithms
_BULK = 8.0  # a log density within this of the highest belongs to the bulk
_STEEP, _STEEP_TAIL = (
    1.2,
    4.0,
)  # a larger step of the log density needs another value: in the bulk, and below it
_LEAST_OVERLAP = 0.75  # of two normals 1.5 sds apart
_SAME = 1e-9  # a smaller difference in logs of a scale is rounding
_FINE = 2000  # values at which a peak is searched for
_THINKABLE = 60.0  # a peak within this log density of the highest may count


def first_scales(problem: Problem, name: str, least_rss: float, material: float) -> Float[np.ndarray, " j"]:
    """Return logs of a scale: dense where data and prior may balance, sparse out to the ends of the prior."""
    apart = 1.0 if len(problem.sampled_scales) == 1 else 2.0  # a product of grids has many settings
    balance = _balance(problem, name, least_rss)
    wide = balance[0] + np.arange(-40.0, 40.0, 0.25)
    log_prior = log_scale_prior(problem, name, wide)
    possible = wide[log_prior > log_prior.max() - 2.0 * material - _most_gained(problem, least_rss)]
    low, high = np.clip([possible[0] - 0.25, possible[-1] + 0.25], *log_bounds(problem, name))
    inner = np.clip([balance[0] - 6.0, balance[1] + 4.0], low, high)
    if inner[1] - inner[0] < _STEP:
        inner = np.clip([inner[0] - 1.0, inner[1] + 1.0], low, high)
    n_fine = max(3, int(np.ceil((inner[1] - inner[0]) / (apart * _STEP))) + 1)
    outer = apart * _OUTER
    below = np.append(np.arange(inner[0] - outer, low, -outer), low)[::-1]
    above = np.append(np.arange(inner[1] + outer, high, outer), high)
    return _distinct(np.concatenate([below, np.linspace(inner[0], inner[1], n_fine), above]))


def _distinct(values: Float[np.ndarray, " k"]) -> Float[np.ndarray, " j"]:
    """Return sorted values without those that differ from the one before by rounding: a cell needs a width."""
    ordered = np.unique(values)
    return ordered[np.diff(ordered, prepend=-np.inf) > _SAME]


def _most_gained(problem: Problem, least_rss: float) -> float:
    """Return the most that coefficients can add to the log likelihood, and so outweigh a scale's prior."""
    total = float(problem.reduced.response_ss)
    least = max(least_rss, LEAST_RSS * total)
    if problem.noise_scale is not None:
        return 0.5 * (total - least) / problem.noise_scale**2
    return 0.5 * power(problem) * float(np.log(total / least)) if total > 0.0 else 0.0


def _balance(problem: Problem, name: str, least_rss: float) -> tuple[float, float]:
    """Return the least and the largest log of a scale at which a typical coefficient's part in y has the size of y.

    They differ if the scale is in units of σ: y may be as small as σ, or much larger if the fit is nearly perfect.
    """
    rates, follows = problem.penalised_rates, problem.is_feature[problem.penalised]
    norms = np.sqrt(problem.reduced.squared_norms)
    rate = np.sqrt(rates.l2) if name == "gaussian_scale" or not rates.l1.any() else rates.l1
    seen = follows & (norms > 0.0) & (rate > 0.0)
    if not seen.any():
        return 0.0, 0.0
    total = float(problem.reduced.response_ss) or 1.0
    of_one = -float(np.median(np.log(norms[seen] / rate[seen])))
    if not rates.relative[seen].any():
        return (of_one + 0.5 * np.log(total),) * 2
    least = max(least_rss, LEAST_RSS * total) / max(power(problem), 1.0)
    sigma2 = least if problem.noise_scale is None else problem.noise_scale**2
    return of_one, of_one + max(0.5 * float(np.log(total / sigma2)), 0.0)


class ScaleMarginal(NamedTuple):
    """The marginal of a sampled scale at values of its logarithm."""

    grid: Float[np.ndarray, " j"]
    log_density: Float[np.ndarray, " j"]  # per unit of the logarithm
    overlap: Float[
        np.ndarray, " k"
    ]  # of the other unknowns at two neighbours: 1 if they have the same density


def more_scales(
    problem: Problem, name: str, found: ScaleMarginal, material: float
) -> Float[np.ndarray, " k"]:
    """Add the middles of intervals with too large a change, and values beyond ends that hold mass."""
    grid, density, overlap = found
    if grid.size < 2:
        return grid
    top = np.maximum(density[1:], density[:-1]) - density.max()
    with np.errstate(invalid="ignore"):
        steep = np.abs(np.diff(density)) > np.where(top > -_BULK, _STEEP, _STEEP_TAIL)
    apart = np.diff(grid) > 1.01 * _STEP  # two equal values may have a peak between them
    turned = overlap < _LEAST_OVERLAP  # a narrow ridge of σ and scale together
    add = ((top > -material) & steep | (top > -_BULK) & (apart | turned)) & (np.diff(grid) > _CLOSE)
    beyond = []
    for k, bound, out in zip((0, -1), log_bounds(problem, name), (-_OUTER, _OUTER), strict=True):
        if density[k] > density.max() - material and abs(bound - grid[k]) > _CLOSE:
            beyond.append(grid[k] + (out if abs(bound - grid[k]) > abs(out) else bound - grid[k]))
    hidden = _between(grid, density - log_scale_prior(problem, name, grid), problem, name)
    return _distinct(np.concatenate([grid, 0.5 * (grid[1:] + grid[:-1])[add], beyond, hidden]))


def _between(grid: Any, evidence: Any, problem: Problem, name: str) -> Float[np.ndarray, " k"]:
    """Return peaks of a scale's prior times an interpolated evidence that are not near a point of the grid."""
    from scipy.interpolate import PchipInterpolator

    finite = np.isfinite(evidence)
    if finite.sum() < 2:
        return np.zeros(0)
    fine = np.linspace(grid[finite][0], grid[finite][-1], _FINE)
    density = PchipInterpolator(grid[finite], evidence[finite])(fine) + log_scale_prior(problem, name, fine)
    is_peak = (density[1:-1] >= density[:-2]) & (density[1:-1] > density[2:])
    is_peak &= density[1:-1] > density.max() - _THINKABLE
    peaks = np.flatnonzero(is_peak) + 1
    bend = (2.0 * density[peaks] - density[peaks - 1] - density[peaks + 1]) / (fine[1] - fine[0]) ** 2
    width = 1.0 / np.sqrt(np.maximum(bend, 1e-6))
    far = np.abs(grid[:, None] - fine[peaks]).min(axis=0, initial=np.inf) > np.maximum(width, 2.0 * _CLOSE)
    return fine[peaks][far]
