"""The mode's noise scale if it is unknown: the whole profile over σ is searched.

The mode is joint over intercept, coefficients and σ, and the density is with respect
to σ itself. At each σ the coefficients are a penalised least-squares solution, so
the joint problem is one-dimensional: find where the profile's slope turns from
negative to positive. If scales are relative to the noise, this happens once. If they
are absolute, it may happen more than once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, final

import numpy as np
from jaxtyping import Float

from ..base.errors import NoModeError, beyond_float64
from ..gaussian.spectrum import unpenalised_fit
from ..model.problem import Problem
from .solve_penalised import solve_coefs

_DECADES_BELOW, _DECADES_ABOVE = 12, 12  # of σ, around the spread of y
_POINTS_PER_DECADE = 16
_WIDE_STRIDE = 4  # of those points, if there can be only one turn
_BLOCK = 8  # values of σ solved in one call
_LOG_SIGMA_TOLERANCE = 1e-14
_UNITS_SEARCHED = 28  # of log σ, twelve decades
_JUST_INSIDE = 1.0 + 1e-12  # some densities are infinite at the edge of their support


@final
@dataclass(frozen=True)
class NoiseMode:
    """One local mode of the profile.

    Attributes
    ----------
    noise_scale : float
        σ there, in units of y.
    log_density : float
        Log of the joint density there, up to a constant that all local modes share.
    """

    noise_scale: float
    log_density: float


class _Profile(NamedTuple):
    log_density: Float[np.ndarray, " k"]
    slope: Float[np.ndarray, " k"]  # −d log density / d log σ
    prior_pull: Float[np.ndarray, " k"]  # relative scales subtract this from the slope
    coefs: Float[np.ndarray, "k q"]


def noise_modes(problem: Problem) -> tuple[NoiseMode, ...]:
    """Find every local mode of the noise scale, the highest first.

    Parameters
    ----------
    problem : Problem
        With unknown noise.

    Returns
    -------
    tuple of NoiseMode
        At least one.

    Raises
    ------
    NoModeError
        If the density grows without bound as σ → 0, or as σ → ∞.
    """
    grid, low, high = _grid(problem)
    noise_slopes = _noise_prior(problem, grid)[1]
    powers = problem.sum_weights + np.count_nonzero(problem.penalised_rates.relative)
    smallest_rss, _ = unpenalised_fit(problem.reduced)
    if low == 0.0:
        _refuse_unbounded(problem, smallest_rss, powers + noise_slopes[0])

    # No slope above `top` is negative, because J at its minimum is at most J of the null model.
    may_fall = powers + noise_slopes - problem.reduced.response_ss / grid**2 < 0.0
    top = min(int(np.flatnonzero(may_fall)[-1]) + 1, grid.size - 1) if may_fall.any() else 0
    # No slope below a point is positive once the terms that cannot shrink with σ outweigh the rest.
    outweighing = powers + np.maximum.accumulate(noise_slopes)
    # If all scales are relative to the noise, the problem is convex: a wide stride cannot miss the only turn.
    stride = _WIDE_STRIDE if problem.penalised_rates.relative.all() else 1
    slopes, sigmas, start = np.empty(0), np.empty(0), None
    for last in range(top, -1, -_BLOCK * stride):
        indices = np.maximum(last - stride * np.arange(_BLOCK), 0)
        profile = _profile(problem, grid[indices], refine=False, start=start)
        start = profile.coefs[-1]
        slopes, sigmas = np.append(slopes, profile.slope), np.append(sigmas, grid[indices])
        settled = smallest_rss / grid[indices] ** 2 + profile.prior_pull > outweighing[indices]
        if not np.isfinite(profile.slope).all():
            raise beyond_float64()
        if settled[-1] and profile.slope[-1] < 0.0:
            break
    turns = np.flatnonzero((slopes[1:] < 0.0) & (slopes[:-1] >= 0.0))
    modes = [_refined(problem, sigmas[i + 1], sigmas[i]) for i in turns]
    if slopes[-1] >= 0.0:
        modes.append(_at_edge(problem, low, _UNBOUNDED))
    if slopes[0] < 0.0:
        modes.append(_at_edge(problem, high, _UNBOUNDED_ABOVE))
    return tuple(sorted(modes, key=lambda mode: -mode.log_density))


def noise_beside(
    problem: Problem,
    coefs: Float[np.ndarray, "k q"],
    l1: Float[np.ndarray, "k q"],
    l2: Float[np.ndarray, "k q"],
    tolerance: float = _LOG_SIGMA_TOLERANCE,
) -> Float[np.ndarray, " k"]:
    """Return the noise scales that are stationary for given penalties and their solutions.

    The joint density's derivative in σ is 0 there, if the prior's scale is the one with the
    penalty (l1, l2) at that σ.

    Parameters
    ----------
    problem : Problem
        With unknown noise. Its rates do not matter here.
    coefs : array (k, q)
        Penalised coefficients, optimal under the penalties.
    l1, l2 : array (k, q)
        Canonical penalties.
    tolerance : float
        Of log σ.

    Returns
    -------
    array (k,)
        0 if the fit is perfect and the prior on σ does not vanish at 0.

    Raises
    ------
    NoModeError
        If the density grows without bound as σ → ∞.
    """
    from scipy.optimize import brentq

    relative = problem.penalised_rates.relative
    pulls = ((l1 * np.abs(coefs) + l2 * coefs**2) * relative).sum(axis=1)
    squares = problem.reduced.residuals(coefs)[1] + pulls
    powers = problem.sum_weights + np.count_nonzero(relative)
    sigmas = np.empty(len(coefs))
    for k, ss in enumerate(squares.tolist()):

        def slope(log_sigma: float, ss: float = ss) -> float:
            sigma = float(np.exp(log_sigma))
            return powers - ss / sigma**2 + _noise_prior(problem, sigma)[1]

        low, high = _bracket(problem, slope, np.sqrt(ss / powers) or problem.response_scale)
        sigmas[k] = np.exp(low if low == high else brentq(slope, low, high, xtol=tolerance, rtol=1e-15))
    return sigmas


def _bracket(problem: Problem, slope: Callable[[float], float], sigma: float) -> tuple[float, float]:
    """Return values of log σ on both sides of the slope's turn nearest to σ, or an edge of the support twice."""
    low, high = problem.likelihood.noise_bounds()
    lowest = np.log(low * _JUST_INSIDE) if low > 0.0 else -np.inf
    highest = np.log(high / _JUST_INSIDE)
    here = float(np.clip(np.log(sigma), lowest, highest))
    down = slope(here) >= 0.0
    for _ in range(_UNITS_SEARCHED):
        there = float(np.clip(here - 1.0 if down else here + 1.0, lowest, highest))
        if there == here:
            break
        if (slope(there) >= 0.0) != down:
            return min(here, there), max(here, there)
        here = there
    if not down and high == np.inf:
        raise NoModeError(_UNBOUNDED_ABOVE)
    edge = lowest if down else highest
    return edge, edge


def _grid(problem: Problem) -> tuple[Float[np.ndarray, " k"], float, float]:
    """Return values of σ around the spread of y inside the support of σ's prior, and that support."""
    low, high = problem.likelihood.noise_bounds()
    exponents = np.arange(-_DECADES_BELOW * _POINTS_PER_DECADE, _DECADES_ABOVE * _POINTS_PER_DECADE + 1)
    grid = problem.response_scale * 10.0 ** (exponents / _POINTS_PER_DECADE)
    edges = [edge for edge in (low * _JUST_INSIDE, high / _JUST_INSIDE) if 0.0 < edge < np.inf]
    return np.unique(np.append(grid[(grid > low) & (grid < high)], edges)), low, high


def _at_edge(problem: Problem, edge: float, message: str) -> NoiseMode:
    """Return the mode at the edge of σ's support, or raise an error if the support has no edge there."""
    if not 0.0 < edge < np.inf:
        raise NoModeError(message)
    return NoiseMode(edge, float(_profile(problem, np.array([edge]), refine=True).log_density[0]))


_UNBOUNDED_ABOVE = (
    "the joint density has no mode: it still rises at a noise_scale of 1e12 times the spread of y. "
    "Give `noise_scale` a prior that falls off, or a known noise_scale."
)

_UNBOUNDED = (
    "the joint density of coefficients and noise_scale has no mode: it grows without bound as noise_scale goes to 0, "
    "because the data can be fitted perfectly and the prior on noise_scale does not vanish fast enough there. "
    "Give a known noise_scale, or a prior on it that vanishes at 0 (for example LogNormal), "
    "or make the coefficients' prior relative_to_noise=True."
)


_CANNOT_TELL = (
    "sufficient statistics cannot tell these data from a perfect fit: the residual sum of squares is below their "
    "rounding. Give the rows (RowData) or a known noise_scale. If the fit is perfect: " + _UNBOUNDED
)


def _refuse_unbounded(problem: Problem, smallest_rss: float, slope_at_zero: float) -> None:
    """Refuse an unbounded density early, without ever harder solves down to σ = 0."""
    null_ss, rounding = problem.reduced.response_ss, problem.reduced.rss_rounding
    message = _UNBOUNDED if problem.has_rows else _CANNOT_TELL
    held_by_scale = problem.penalised_rates.relative.any() and null_ss > 0.0
    if smallest_rss <= rounding * null_ss and not held_by_scale and slope_at_zero > 0.0:
        raise NoModeError(message)


def _noise_prior(problem: Problem, sigma: Any) -> tuple[Any, Any]:
    """Return log p(σ) and −d log p / d log σ."""
    assert problem.noise_log_prior is not None
    value, derivative = problem.noise_log_prior(sigma)
    return value, -sigma * derivative


def _profile(
    problem: Problem,
    sigmas: Float[np.ndarray, " k"],
    *,
    refine: bool,
    start: Float[np.ndarray, " q"] | None = None,
) -> _Profile:
    """Evaluate the profile at σ from high to low."""
    rates = problem.penalised_rates
    pairs = [rates.penalty_weights(sigma) for sigma in sigmas]
    l1, l2 = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
    coefs = solve_coefs(problem, l1, l2, refine=refine, start=start).values
    rss = problem.reduced.residuals(coefs)[1]
    variance = sigmas**2
    l1_terms, l2_terms = l1 * np.abs(coefs) / variance[:, None], l2 * coefs**2 / variance[:, None]
    pull = ((l1_terms + l2_terms) * rates.relative).sum(axis=1)
    log_prior, prior_slope = _noise_prior(problem, sigmas)
    powers = problem.sum_weights + np.count_nonzero(rates.relative)
    log_density = log_prior - powers * np.log(sigmas) - 0.5 * rss / variance
    log_density -= (l1_terms + 0.5 * l2_terms).sum(axis=1)
    return _Profile(log_density, powers - rss / variance - pull + prior_slope, pull, coefs)


def _refined(problem: Problem, low: float, high: float) -> NoiseMode:
    from scipy.optimize import brentq

    start = _profile(problem, np.array([high]), refine=False).coefs[0]

    def at(log_sigma: float) -> _Profile:
        return _profile(problem, np.exp([log_sigma]), refine=True, start=start)

    try:
        log_sigma = brentq(
            lambda v: float(at(v).slope[0]), np.log(low), np.log(high), xtol=_LOG_SIGMA_TOLERANCE, rtol=1e-15
        )
    except ValueError:  # the sign on the coarse grid was rounding: the turn is at its edge
        log_sigma = np.log(high)
    return NoiseMode(float(np.exp(log_sigma)), float(at(log_sigma).log_density[0]))
