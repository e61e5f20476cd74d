"""Properties of a posterior that decide which sampler suits it."""

import numpy as np

from ..gaussian.propriety import power
from ..model.problem import Problem
from .marginals.bulks import Bulk, Look
from .targets.reference_point import ReferencePoint, prior_precision
from .targets.whitened import WhitenedTarget

# Share of the data in a direction's precision, on average: below it the mixture was faster in every trial.
LEAST_DATA_SHARE = 0.7
# Below this share the prior's tails are heavier than those of the proposals.
LEAST_DATA_SHARE_TO_PROPOSE = 0.5
_MOST_SIGNAL = 1e12  # ratio of signal to noise up to which float64 can factorise a covariance of both
_FAR_OUT = 200.0  # |coef| in units of a Laplace prior's scale
_UNLIKE = 100.0  # ratio of the largest to the smallest scale of coefficients
_LEAST_POWER = 6.0  # of 1/σ: from here on the t's tails are heavier
_FUNNEL, _FUNNEL_MASS = 2.0, 1e-4  # distance below the peak of a log scale, and the mass allowed there
_MATERIAL_MASS = 1e-4  # of a part of the posterior
_FAR, _FAR_MASS = (
    5.0,
    1e-3,
)  # sds of a marginal, and the mass allowed beyond: moment-based proposals hardly reach it


def material(found: Look | None) -> tuple[Bulk, ...]:
    """Return the parts of a posterior in which draws can be expected."""
    return () if found is None else with_mass(found, found.bulks)


def with_mass(found: Look, bulks: tuple[Bulk, ...]) -> tuple[Bulk, ...]:
    """Return the heaviest of some parts, and the others in which draws can be expected."""
    return tuple(
        bulk for k, bulk in enumerate(bulks) if k == 0 or (found.resolved and bulk.mass > _MATERIAL_MASS)
    )


def may_vanish(problem: Problem, found: Look | None) -> bool:
    """Tell whether a sampled scale may go to 0 with all its coefficients: a funnel that holds the null model's mass."""
    if found is None or not problem.sampled_scales:
        return False
    mass, settings = found.mass, found.settings
    peak = np.unravel_index(int(found.log_density.argmax()), mass.shape)[1]
    return any(mass[:, values < values[peak] - _FUNNEL].sum() > _FUNNEL_MASS for values in settings.values())


def within_reach(found: Look | None) -> bool:
    """Tell whether proposals with the moments of σ and scales reach all their mass."""
    for grid, own in () if found is None else found.marginals.values():
        away = grid - own @ grid
        if own[np.abs(away) > _FAR * np.sqrt(own @ away**2)].sum() > _FAR_MASS:
            return False
    return True


def tails_are_light(problem: Problem) -> bool:
    """Tell whether the proposals' tails are heavier than the posterior's.

    Coefficients in units of σ have its tail, and with few rows that tail is heavy.
    """
    return power(problem) >= _LEAST_POWER or not problem.penalised_rates.relative.any()


def is_hard_for_nuts(problem: Problem, near: ReferencePoint, whitened: WhitenedTarget) -> bool:
    """Tell whether NUTS on the mixture may get stuck: a coefficient is far out in its prior, or scales differ much."""
    l1 = near.rates.penalty_weights(near.noise_scale)[0] / near.noise_scale**2
    far_out = (np.abs(np.asarray(whitened.reference)) * l1).max(initial=0.0) > _FAR_OUT
    spread = np.sqrt(problem.reduced.squared_norms / prior_precision(problem, near.rates, near.noise_scale))
    spread = spread[spread > 0.0]
    return bool(far_out or (spread.size and spread.max() > _UNLIKE * spread.min()))


def factorises(problem: Problem, near: ReferencePoint) -> bool:
    """Tell whether float64 can hold both the noise and a column's part in y under the prior."""
    precision = prior_precision(problem, near.rates, near.noise_scale)
    signal = float((problem.reduced.squared_norms / precision).max(initial=0.0)) / near.noise_scale**2
    return signal < _MOST_SIGNAL


def is_wide(problem: Problem) -> bool:
    """Tell whether there are at least as many coefficients as rows."""
    return bool(problem.penalised.sum() >= power(problem))
