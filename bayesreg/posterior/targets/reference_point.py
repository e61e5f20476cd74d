"""The reference point: a point in the bulk of a posterior, the centre of a sampler's coordinates."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ...data.least_squares import told_by_gram
from ...mode.solve_penalised import solve_coefs
from ...model.problem import Problem, Rates
from ..marginals.bulks import Bulk
from .density import NOWHERE, CoefPrior, Coordinate, Density, Scales

_RIDGE_STEPS, _STILL = 15, 1e-2  # most steps, and a small relative move of the largest coefficient
_ROUNDED = 0.1  # of a coefficient's sd: its Laplace prior's kink is smoothed within it
_JITTER = 1e-12  # for a duplicate column under a very wide prior
_WITHIN = 4.0  # on a bounded prior's unconstrained scale: 2% and 98% of the way between the bounds
_LEAST_STEP, _MOST_STEP = 1e-6, 2.0  # of a logarithm
_TURNS, _LEAST_NOISE = 10, 1e-3  # of σ and coefficients, and in units of the spread of y


def as_arrays[T](target: T) -> T:
    """Return a target whose leaves are float64 arrays. Call it inside `jax.enable_x64`."""
    import jax

    return jax.device_put(jax.tree.map(lambda leaf: np.asarray(leaf, dtype=np.float64), target))


def rates_at(problem: Problem, scales: dict[str, float]) -> Rates:
    """Return the rates of the penalised coefficients at values of the sampled scales."""
    rates = problem.penalised_rates
    return Rates(*rates.at(1.0, problem.is_feature[problem.penalised], scales), rates.relative)


class ReferencePoint(NamedTuple):
    """A point in the bulk of a posterior."""

    noise_scale: float
    scales: dict[str, float]
    rates: Rates  # of the penalised coefficients, at these scales
    spread: dict[str, float]  # sd of the logarithms of σ and scales, if they are sampled
    bounds: dict[str, tuple[float, float]]  # of this part of the posterior, if there are several


def reference_point(problem: Problem, bulk: Bulk | None) -> ReferencePoint:
    """Return the peak of a bulk if there is one, else a point from alternating steps of σ and the coefficients."""
    if bulk is None:
        sigma, spread = _noise_scale(problem)
        return ReferencePoint(sigma, {}, problem.penalised_rates, spread, {})
    return ReferencePoint(
        bulk.noise_scale, bulk.scales, rates_at(problem, bulk.scales), bulk.spread, bulk.bounds
    )


def _noise_scale(problem: Problem) -> tuple[float, dict[str, float]]:
    """Return σ, and the sd of its logarithm if it is unknown: steps of σ and the coefficients alternate."""
    if problem.noise_scale is not None:
        return problem.noise_scale, {}
    low, high = problem.likelihood.noise_bounds()
    sigma = problem.response_scale
    for _ in range(_TURNS):
        coef = reference_coef(problem, problem.penalised_rates, sigma)
        rss = float(problem.reduced.residuals(coef[None, :])[1][0])
        sigma = float(
            np.clip(np.sqrt(rss / problem.sum_weights), _LEAST_NOISE * problem.response_scale, None)
        )
        sigma = float(np.clip(sigma, low, high))
    return sigma, {"noise_scale": 1.0 / np.sqrt(2.0 * problem.sum_weights)}


def reference_coef(problem: Problem, rates: Rates, sigma: float) -> Float[np.ndarray, " q"]:
    """Return nearly the mode of the penalised coefficients at σ, with a Laplace prior's kink smoothed.

    Ridge steps majorise |β| at the last step (Hunter and Li 2005, doi:10.1214/009053605000000802). No program is
    compiled for them. The point is deeper in the bulk of the posterior than the mode with its zeros.
    """
    if told_by_gram(problem.reduced):
        problem = problem.as_statistics
    l1, l2 = rates.penalty_weights(sigma)
    if problem.has_rows:  # columns are nearly collinear
        return solve_coefs(problem, l1[None, :], l2[None, :]).values[0]
    gram, cross = problem.reduced.gram, problem.reduced.cross
    unit = 1.0 / np.sqrt(problem.reduced.squared_norms + sigma**2 * prior_precision(problem, rates, sigma))
    rounded = (_ROUNDED * sigma * unit) ** 2
    scaled = gram * unit * unit[:, None]
    penalty_weights = sigma**2 * prior_precision(problem, rates, sigma, _one_by_one(problem, l1))
    coef = np.zeros(cross.size)
    for _ in range(_RIDGE_STEPS):
        system = scaled.copy()
        system[np.diag_indices_from(system)] += penalty_weights * unit**2 + _JITTER
        new = unit * _solved(system, unit * cross)
        moved = np.abs(new - coef).max(initial=0.0) > _STILL * np.abs(new).max(initial=0.0)
        coef, penalty_weights = new, problem.law.majoriser(new, l1, l2, sigma**2, rounded)
        if not moved or problem.law.is_normal(l1, l2):
            break
    return coef


def _one_by_one(problem: Problem, l1: Float[np.ndarray, " q"]) -> Float[np.ndarray, " q"]:
    """Return each coefficient's mode if it were alone. From a start near 0, a ridge step can only double it."""
    size = np.maximum(np.abs(problem.reduced.cross) - l1, 0.0)
    norms = problem.reduced.squared_norms
    return np.divide(size, norms, out=np.zeros_like(size), where=norms > 0.0)


def _solved(system: Float[np.ndarray, "q q"], right: Float[np.ndarray, " q"]) -> Float[np.ndarray, " q"]:
    from scipy.linalg import cho_factor, cho_solve

    return cho_solve(
        cho_factor(system, lower=True, overwrite_a=True, check_finite=False), right, check_finite=False
    )


def prior_precision(
    problem: Problem, rates: Rates, sigma: float, coef: Float[np.ndarray, " q"] | None = None
) -> Float[np.ndarray, " q"]:
    """Return the precision of a Gaussian that approximates the prior, around `coef` if it is given."""
    l1, l2 = rates.penalty_weights(sigma)
    precision: Float[np.ndarray, " q"] = problem.law.precision(l1 / sigma**2, l2 / sigma**2, coef)
    return precision


def coef_prior(problem: Problem) -> Any:
    """Return the prior of the penalised coefficients."""
    return CoefPrior.at(problem.penalised_rates, problem.is_feature[problem.penalised], problem.law)


def scale_coordinates(problem: Problem, near: ReferencePoint) -> Scales:
    """Return coordinates of σ and of the sampled scales around the reference point, in steps of about one sd."""
    sampled = {
        name: _coordinate(prior, near.scales[name], name, near)
        for name, prior in problem.sampled_scales.items()
    }
    if problem.noise_scale is None:
        prior = problem.likelihood.noise_prior(problem.response_scale)
        sampled["noise_scale"] = _coordinate(prior, near.noise_scale, "noise_scale", near)
    return Scales(dict(problem.known), sampled)


def _coordinate(prior: Any, middle: float, name: str, near: ReferencePoint) -> Coordinate:
    from numpyro.distributions import biject_to

    offset = np.asarray(biject_to(prior.support).inv(np.float64(middle)))
    if not np.isfinite(offset):  # the reference point lies at the edge of a bounded support
        offset = np.zeros(())
    if np.isfinite(float(getattr(prior.support, "upper_bound", np.inf))):
        offset = np.clip(offset, -_WITHIN, _WITHIN)  # the mode at an edge lies infinitely far out
    step = np.float64(np.clip(near.spread[name], _LEAST_STEP, _MOST_STEP))
    low, high = near.bounds.get(name, (0.0, NOWHERE))
    return Coordinate(Density(prior), offset, step, np.float64(low), np.float64(min(high, NOWHERE)))
