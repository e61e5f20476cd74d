"""Which sampler: from what the prior is, where the mass is, whether data or prior dominate, and from a pilot."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ..gaussian.propriety import power
from ..gaussian.spectrum import Rotation, is_one_gaussian
from ..model.problem import Problem
from ..model.row_problem import RowProblem
from .kernels.chains import Program
from .kernels.expected import expected_moments
from .kernels.gibbs import gibbs_program
from .kernels.independence import independence_program, pilot
from .kernels.nuts import TARGET_ACCEPT, nuts_program
from .marginals.bulks import Bulk, Look, Marginal, bulks_of, gaussian_marginal
from .targets.density import Target
from .targets.marginal import rotation
from .targets.mixture import mixture_target
from .targets.reference_point import ReferencePoint, prior_precision, reference_point
from .targets.rows import row_target
from .targets.whitened import WhitenedTarget, whitened_target

_LEAST_DATA_SHARE = (
    0.7  # of a direction's precision, on average: below it the mixture was faster in every trial
)
_LEAST_DATA_SHARE_TO_PROPOSE = (
    0.5  # below it the prior's tails are heavier than proposals are where it counts
)
_FLOAT64_TELLS = 1e12  # signal over noise up to which a covariance of both can be factorised
_CAREFUL = 0.98  # acceptance, for narrow posteriors: with 0.8 calibration failed on 6 × 10
_FEW = 300  # coefficients up to which a draw by Gibbs takes little time
_FAR_OUT = 200.0  # |coef| in units of a Laplace prior's scale
_UNLIKE = 100.0  # the largest over the smallest scale of coefficients
_LEAST_POWER = 6.0  # of 1/σ, from which the t's tails are heavier
_FUNNEL, _FUNNEL_MASS = 2.0, 1e-4  # below the centre of a log scale, and what may lie there
_MATERIAL_MASS = 1e-4  # of a part of the posterior
_FAR, _FAR_MASS = 5.0, 1e-3  # sds of a marginal, and what proposals by its moments hardly reach
_SHALLOW = 1.0  # of a valley in log density: what chains may yet be slow to cross
_LIGHT = 0.05  # a share of the mass beyond such a valley, which few draws of a chain would be in
METHODS = ("auto", "marginal", "independence", "whitened", "mixture", "gibbs")


class Sampler(NamedTuple):
    """A sampler with the density that it is given."""

    name: str
    kernel: str
    target: Target | None = None  # None: nothing is left for a chain, and draws are independent
    program: Program | None = None
    rotation: Rotation | None = None  # of coefficients that are drawn after all else
    marginal: Marginal | None = None  # of σ and the prior's scale, which are drawn from it
    parts: tuple[
        tuple[Bulk, Target], ...
    ] = ()  # of a posterior with several: each with a target that stays in it


def material(found: Look | None) -> tuple[Bulk, ...]:
    """Return the parts of a posterior that draws can be expected in."""
    return () if found is None else _with_mass(found, found.bulks)


def _with_mass(found: Look, bulks: tuple[Bulk, ...]) -> tuple[Bulk, ...]:
    return tuple(
        bulk for k, bulk in enumerate(bulks) if k == 0 or (found.told and bulk.mass > _MATERIAL_MASS)
    )


def suitable_samplers(
    problem: Problem | RowProblem, method: str, num_warmup: int, found: Look | None
) -> Iterator[Sampler]:
    """Yield the sampler that was asked for, or for "auto" those that suit, the best first.

    Parameters
    ----------
    problem : Problem or RowProblem
        Of a proper posterior.
    method : one of METHODS
    num_warmup : int
        Of NUTS.
    found : Look, optional
        At the marginal of σ and scales.

    Yields
    ------
    Sampler
        Each made when it is asked for.

    Raises
    ------
    ValueError
        Where the method does not serve the prior.
    """
    if method not in METHODS:
        raise ValueError(f"`method` must be one of {', '.join(map(repr, METHODS))}; got {method!r}.")
    if isinstance(problem, RowProblem):
        yield _on_rows(problem, method, num_warmup)
        return
    bulks = material(found)
    near = reference_point(problem, bulks[0] if bulks else None)
    if method in ("auto", "marginal") and is_one_gaussian(problem):
        rotated = rotation(problem, near)
        if rotated is not None:
            yield Sampler("marginal", "none", rotation=rotated, marginal=gaussian_marginal(problem, rotated))
            return
    if method == "marginal":
        raise ValueError(
            "method='marginal' integrates Gaussian coefficients out: it needs a GaussianPrior, one kind of scale for "
            "all coefficients, and columns that float64 can tell apart. Leave `method` out."
        )
    if method != "auto":
        yield _made(problem, method, num_warmup, near, found)
        return
    yield from _automatic(problem, num_warmup, near, found, bulks)


def _on_rows(problem: RowProblem, method: str, num_warmup: int) -> Sampler:
    if method not in ("auto", "whitened"):
        raise ValueError(
            f"method={method!r} needs a likelihood whose loss is one quadratic, and that of "
            f"{type(problem.likelihood).__name__} is none. Leave `method` out."
        )
    return Sampler("whitened", "nuts", row_target(problem), nuts_program(num_warmup))


def _automatic(
    problem: Problem, num_warmup: int, near: ReferencePoint, found: Look | None, bulks: tuple[Bulk, ...]
) -> Iterator[Sampler]:
    factorises = _signal_over_noise(problem, near) < _FLOAT64_TELLS
    if len(bulks) > 1 and factorises:
        yield _in_parts(problem, near, bulks)
        return
    parts = _with_mass(found, bulks_of(found, _SHALLOW)) if found is not None and factorises else ()
    light = any(part.mass < _LIGHT for part in parts)
    of_one = _of_one_bulk(problem, num_warmup, near, found, factorises=factorises)
    if not light:
        yield next(of_one)
    # Chains may not cross a valley that is too shallow to part two bulks, or seldom find what is light.
    if len(parts) > 1:
        yield _in_parts(problem, near, parts)
    yield from of_one


def _of_one_bulk(
    problem: Problem, num_warmup: int, near: ReferencePoint, found: Look | None, *, factorises: bool
) -> Iterator[Sampler]:
    wide = problem.penalised.sum() >= power(problem)
    if not problem.law.mixes:
        yield _made(problem, "whitened", num_warmup, near, found)
        return
    if wide or _may_vanish(problem, found):
        by_blocks = factorises and (wide or problem.penalised.sum() <= _FEW)
        names = ["gibbs", "mixture"] if by_blocks else ["mixture", "gibbs"]
        yield from (_made(problem, name, num_warmup, near, found) for name in names)
        return
    whitened = whitened_target(problem, near)
    if (
        _tails_are_light(problem)
        and _within_reach(found)
        and whitened.data_share >= _LEAST_DATA_SHARE_TO_PROPOSE
    ):
        trial = pilot(whitened, expected_moments(problem, whitened, near, found))
        if trial.promising:
            yield Sampler("independence", "independence", trial.target, independence_program())
    by_whitening = Sampler("whitened", "nuts", whitened, nuts_program(num_warmup))
    few = problem.penalised.sum() <= _FEW
    if whitened.data_share >= _LEAST_DATA_SHARE:
        yield by_whitening
        yield _gibbs(problem, near)
    elif few or _is_hard_for_nuts(problem, near, whitened):
        yield _gibbs(problem, near)
        yield by_whitening
    else:
        yield _mixture(problem, num_warmup, near)
        yield _gibbs(problem, near)


def _made(problem: Problem, name: str, num_warmup: int, near: ReferencePoint, found: Look | None) -> Sampler:
    if name in ("gibbs", "mixture") and not problem.law.mixes:
        raise ValueError(
            f"method={name!r} needs a prior that is stated as a scale mixture of normals, and "
            f"{type(problem.law).__name__} is not. Leave `method` out."
        )
    if name == "gibbs":
        return _gibbs(problem, near)
    if name == "mixture":
        return _mixture(problem, num_warmup, near)
    whitened = whitened_target(problem, near)
    if name == "whitened":
        return Sampler("whitened", "nuts", whitened, nuts_program(num_warmup))
    trial = pilot(whitened, expected_moments(problem, whitened, near, found))
    return Sampler("independence", "independence", trial.target, independence_program())


def _may_vanish(problem: Problem, found: Look | None) -> bool:
    """Tell whether a sampled scale may go to 0 with all its coefficients, in a funnel with the null model's mass."""
    if found is None or not problem.sampled_scales:
        return False
    mass, settings = found.mass, found.settings
    peak = np.unravel_index(int(found.log_density.argmax()), mass.shape)[1]
    return any(mass[:, values < values[peak] - _FUNNEL].sum() > _FUNNEL_MASS for values in settings.values())


def _within_reach(found: Look | None) -> bool:
    """Tell whether proposals by the moments of σ and scales go wherever these have mass."""
    for grid, own in () if found is None else found.marginals.values():
        away = grid - own @ grid
        if own[np.abs(away) > _FAR * np.sqrt(own @ away**2)].sum() > _FAR_MASS:
            return False
    return True


def _tails_are_light(problem: Problem) -> bool:
    """Tell whether the proposals' tails are heavier than the posterior's.

    Coefficients in units of σ have its tail, which few rows leave heavy.
    """
    return power(problem) >= _LEAST_POWER or not problem.penalised_rates.relative.any()


def _is_hard_for_nuts(problem: Problem, near: ReferencePoint, whitened: WhitenedTarget) -> bool:
    """Tell whether NUTS on the mixture may stick: at a coefficient far out in its prior, or at scales of many sizes."""
    l1 = near.rates.penalty_weights(near.noise_scale)[0] / near.noise_scale**2
    far_out = (np.abs(np.asarray(whitened.centre)) * l1).max(initial=0.0) > _FAR_OUT
    spread = np.sqrt(problem.reduced.squared_norms / prior_precision(problem, near.rates, near.noise_scale))
    spread = spread[spread > 0.0]
    return bool(far_out or (spread.size and spread.max() > _UNLIKE * spread.min()))


def _signal_over_noise(problem: Problem, near: ReferencePoint) -> float:
    """Return the largest variance of a column's part under the prior, in units of σ²."""
    precision = prior_precision(problem, near.rates, near.noise_scale)
    return float((problem.reduced.squared_norms / precision).max(initial=0.0)) / near.noise_scale**2


def _in_parts(problem: Problem, near: ReferencePoint, bulks: tuple[Bulk, ...]) -> Sampler:
    parts = tuple((bulk, mixture_target(problem, reference_point(problem, bulk))) for bulk in bulks)
    return _gibbs(problem, near)._replace(parts=parts)


def _mixture(problem: Problem, num_warmup: int, near: ReferencePoint) -> Sampler:
    narrow = problem.penalised.sum() >= power(problem)  # the data can be interpolated, and σ be small
    program = nuts_program(num_warmup, _CAREFUL if narrow else TARGET_ACCEPT)
    return Sampler("mixture", "nuts", mixture_target(problem, near), program)


def _gibbs(problem: Problem, near: ReferencePoint) -> Sampler:
    relative = problem.penalised_rates.relative
    program = gibbs_program("all" if relative.all() else "some" if relative.any() else "none")
    return Sampler("gibbs", "gibbs", mixture_target(problem, near), program)
