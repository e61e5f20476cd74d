"""What a posterior is like: what tells which sampler suits it."""

import numpy as np

from ..gaussian.propriety import power
from ..model.problem import Problem
from .marginals.bulks import Bulk, Look
from .targets.reference_point import ReferencePoint, prior_precision
from .targets.whitened import WhitenedTarget

_FLOAT64_TELLS = 1e12  # signal over noise up to which a covariance of both can be factorised
_FAR_OUT = 200.0  # |coef| in units of a Laplace prior's scale
_UNLIKE = 100.0  # the largest over the smallest scale of coefficients
_LEAST_POWER = 6.0  # of 1/σ, from which the t's tails are heavier
_FUNNEL, _FUNNEL_MASS = 2.0, 1e-4  # below the centre of a log scale, and what may lie there
_MATERIAL_MASS = 1e-4  # of a part of the posterior
_FAR, _FAR_MASS = 5.0, 1e-3  # sds of a marginal, and what proposals by its moments hardly reach


def material(found: Look | None) -> tuple[Bulk, ...]:
    """Return the parts of a posterior that draws can be expected in."""
    return () if found is None else with_mass(found, found.bulks)


def with_mass(found: Look, bulks: tuple[Bulk, ...]) -> tuple[Bulk, ...]:
    """Return the heaviest of some parts, and those of the others that draws can be expected in."""
    return tuple(
        bulk for k, bulk in enumerate(bulks) if k == 0 or (found.told and bulk.mass > _MATERIAL_MASS)
    )


def may_vanish(problem: Problem, found: Look | None) -> bool:
    """Tell whether a sampled scale may go to 0 with all its coefficients, in a funnel with the null model's mass."""
    if found is None or not problem.sampled_scales:
        return False
    mass, settings = found.mass, found.settings
    peak = np.unravel_index(int(found.log_density.argmax()), mass.shape)[1]
    return any(mass[:, values < values[peak] - _FUNNEL].sum() > _FUNNEL_MASS for values in settings.values())


def within_reach(found: Look | None) -> bool:
    """Tell whether proposals by the moments of σ and scales go wherever these have mass."""
    for grid, own in () if found is None else found.marginals.values():
        away = grid - own @ grid
        if own[np.abs(away) > _FAR * np.sqrt(own @ away**2)].sum() > _FAR_MASS:
            return False
    return True


def tails_are_light(problem: Problem) -> bool:
    """Tell whether the proposals' tails are heavier than the posterior's.

    Coefficients in units of σ have its tail, which few rows leave heavy.
    """
    return power(problem) >= _LEAST_POWER or not problem.penalised_rates.relative.any()


def is_hard_for_nuts(problem: Problem, near: ReferencePoint, whitened: WhitenedTarget) -> bool:
    """Tell whether NUTS on the mixture may stick: at a coefficient far out in its prior, or at scales of many sizes."""
    l1 = near.rates.penalty_weights(near.noise_scale)[0] / near.noise_scale**2
    far_out = (np.abs(np.asarray(whitened.reference)) * l1).max(initial=0.0) > _FAR_OUT
    spread = np.sqrt(problem.reduced.squared_norms / prior_precision(problem, near.rates, near.noise_scale))
    spread = spread[spread > 0.0]
    return bool(far_out or (spread.size and spread.max() > _UNLIKE * spread.min()))


def factorises(problem: Problem, near: ReferencePoint) -> bool:
    """Tell whether float64 holds both a column's part in y under the prior and the noise."""
    precision = prior_precision(problem, near.rates, near.noise_scale)
    signal = float((problem.reduced.squared_norms / precision).max(initial=0.0)) / near.noise_scale**2
    return signal < _FLOAT64_TELLS


def is_wide(problem: Problem) -> bool:
    """Tell whether there are as many coefficients as rows."""
    return bool(problem.penalised.sum() >= power(problem))
