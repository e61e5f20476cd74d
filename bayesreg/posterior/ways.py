"""Which sampler: from what the prior is, from whether data or prior dominate, and from a pilot."""

from typing import NamedTuple

import numpy as np

from ..gaussian import Rotation
from ..problem import Problem
from .centre import (
    Centre,
    centre,
    middles,
    null_is_ruled_out,
    power,
    prior_precision,
    rates_at,
    rough_noise_centre,
)
from .chains import Program
from .density import Target
from .gibbs import gibbs_program
from .independence import independence_program, pilot
from .marginal import is_one_gaussian, marginal_target, rotation
from .mixture import mixture_target
from .nuts import TARGET_ACCEPT, nuts_program
from .whitened import WhitenedTarget, whitened_target

_LEAST_DATA_SHARE = (
    0.7  # of a direction's precision, on average: below it the mixture was faster in every trial
)
_FLOAT64_TELLS = 1e12  # signal over noise up to which a covariance of both can be factorised
_CAREFUL = 0.98  # acceptance, for narrow posteriors: with 0.8 calibration failed on 6 × 10
_FEW = 300  # coefficients up to which a draw by Gibbs takes little time
_FAR_OUT = 200.0  # |coef| in units of a Laplace prior's scale
_LEAST_POWER = 6.0  # of 1/σ, from which the t's tails are heavier
METHODS = ("auto", "marginal", "independence", "whitened", "mixture", "gibbs")


class Way(NamedTuple):
    """A sampler with the density that it is given."""

    name: str
    kernel: str
    target: Target | None = None  # None: nothing is left for a chain, and draws are independent
    program: Program | None = None
    rotation: Rotation | None = None  # of coefficients that are drawn after all else
    caution: str | None = None  # what the draws cannot show


def choose_way(problem: Problem, method: str, num_warmup: int, *, independent: bool = True) -> Way:
    """Return the sampler that was asked for, or for "auto" the one that suits.

    Parameters
    ----------
    problem : Problem
        Of a proper posterior.
    method : one of METHODS
    num_warmup : int
        Of NUTS.
    independent : bool, default True
        Whether "auto" may take independent proposals.

    Returns
    -------
    Way

    Raises
    ------
    ValueError
        Where the method does not serve the prior.
    """
    if method not in METHODS:
        raise ValueError(f"`method` must be one of {', '.join(map(repr, METHODS))}; got {method!r}.")
    if method in ("auto", "marginal") and is_one_gaussian(problem):
        rotated = rotation(problem)
        if rotated is not None:
            return _marginal(problem, rotated, num_warmup, independent=independent)
    if method == "marginal":
        raise ValueError(
            "method='marginal' integrates Gaussian coefficients out: it needs a GaussianPrior, one kind of scale for "
            "all coefficients, and columns that float64 can tell apart. Leave `method` out."
        )
    if method == "auto" and problem.penalised.sum() >= power(problem):
        method = "gibbs" if _signal_over_noise(problem) < _FLOAT64_TELLS else "mixture"
    if method == "gibbs":
        return _gibbs(problem)
    if method == "mixture":
        return _mixture(problem, num_warmup)
    near = centre(problem)
    if method == "auto" and problem.sampled_scales and not null_is_ruled_out(problem, near):
        return _gibbs(problem) if problem.penalised.sum() <= _FEW else _mixture(problem, num_warmup)
    whitened, caution = whitened_target(problem, near), _caution(problem, near)
    if method == "independence" or (method == "auto" and independent and _tails_are_light(problem)):
        trial = pilot(whitened)
        if method == "independence" or trial.promising:
            return Way("independence", "independence", trial.target, independence_program(), caution=caution)
    if method == "auto" and whitened.data_share < _LEAST_DATA_SHARE:
        hard = not independent or _some_are_far_out(near, whitened)  # NUTS on the mixture may diverge
        by_blocks = hard and problem.penalised.sum() <= _FEW
        way = _gibbs(problem) if by_blocks else _mixture(problem, num_warmup)
        return way._replace(caution=caution)
    return Way("whitened", "nuts", whitened, nuts_program(num_warmup), caution=caution)


def _caution(problem: Problem, near: Centre) -> str | None:
    if problem.sampled_scales and not null_is_ruled_out(problem, near):
        return (
            "The data do not rule out that all coefficients are about 0, so the prior's scale, which is sampled, may "
            'be too, where these coordinates do not lead. Sample with method="gibbs" or "mixture".'
        )
    if near.rival is None:
        return None
    return (
        f"The posterior has two separate parts, around noise_scale {near.noise_scale:.3g} and {near.rival:.3g}, and "
        "the lighter may hold some of the mass: in one of them the noise stands in for what the prior's scale keeps "
        "the coefficients from. Chains do not cross between them. Give the prior a larger scale, a distribution as its "
        "scale, or relative_to_noise=True."
    )


def _tails_are_light(problem: Problem) -> bool:
    """Tell whether the proposals' tails are heavier than the posterior's.

    Coefficients in units of σ have its tail, which few rows leave heavy.
    """
    return power(problem) >= _LEAST_POWER or not problem.penalised_rates.relative.any()


def _some_are_far_out(near: Centre, whitened: WhitenedTarget) -> bool:
    """Tell whether the data hold a coefficient so far out in its Laplace prior that NUTS on the mixture sticks."""
    l1, _ = near.rates.strengths(near.noise_scale)
    return bool((np.abs(np.asarray(whitened.centre)) * l1 / near.noise_scale**2).max(initial=0.0) > _FAR_OUT)


def _signal_over_noise(problem: Problem) -> float:
    """Return the largest variance of a column's part under the prior, in units of about σ²."""
    sigma = rough_noise_centre(problem)
    precision = prior_precision(rates_at(problem, middles(problem)), sigma)
    return float((problem.reduced.squared_norms / precision).max(initial=0.0)) / sigma**2


def _mixture(problem: Problem, num_warmup: int) -> Way:
    narrow = problem.penalised.sum() >= power(problem)  # the data can be interpolated, and σ be small
    program = nuts_program(num_warmup, _CAREFUL if narrow else TARGET_ACCEPT)
    return Way("mixture", "nuts", mixture_target(problem), program)


def _gibbs(problem: Problem) -> Way:
    relative = problem.penalised_rates.relative
    program = gibbs_program("all" if relative.all() else "some" if relative.any() else "none")
    return Way("gibbs", "gibbs", mixture_target(problem), program)


def _marginal(problem: Problem, rotated: Rotation, num_warmup: int, *, independent: bool) -> Way:
    if problem.noise_scale is not None and not problem.sampled_scales:
        return Way("marginal", "none", rotation=rotated)
    target = marginal_target(problem, rotated)
    if independent:
        trial = pilot(target)
        if trial.promising:
            return Way("marginal", "independence", trial.target, independence_program(), rotated)
    return Way("marginal", "nuts", target, nuts_program(num_warmup), rotated)
