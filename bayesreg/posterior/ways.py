"""Which sampler: from what the prior is, from whether data or prior dominate, and from a pilot."""

from typing import NamedTuple

from ..gaussian import Rotation
from ..problem import Problem
from .centre import power
from .chains import Program
from .density import Target
from .gibbs import gibbs_program
from .independence import independence_program, pilot
from .marginal import is_one_gaussian, marginal_target, rotation
from .mixture import mixture_target
from .nuts import nuts_program
from .whitened import whitened_target

_LEAST_DATA_SHARE = (
    0.7  # of a direction's precision, on average: below it the mixture was faster in every trial
)
METHODS = ("auto", "marginal", "independence", "whitened", "mixture", "gibbs")


class Way(NamedTuple):
    """A sampler with the density that it is given."""

    name: str
    kernel: str
    target: Target | None = None  # None: nothing is left for a chain, and draws are independent
    program: Program | None = None
    rotation: Rotation | None = None  # of coefficients that are drawn after all else


def choose_way(problem: Problem, method: str, num_warmup: int) -> Way:
    """Return the sampler that was asked for, or for "auto" the one that suits.

    Parameters
    ----------
    problem : Problem
        Of a proper posterior.
    method : one of METHODS
    num_warmup : int
        Of NUTS.

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
            return _marginal(problem, rotated, num_warmup)
    if method == "marginal":
        raise ValueError(
            "method='marginal' integrates Gaussian coefficients out: it needs a GaussianPrior, one kind of scale for "
            "all coefficients, and columns that float64 can tell apart. Leave `method` out."
        )
    if method == "gibbs" or (method == "auto" and problem.penalised.sum() >= power(problem)):
        return _gibbs(problem)
    if method == "mixture":
        return _mixture(problem, num_warmup)
    whitened = whitened_target(problem)
    if method != "whitened":
        trial = pilot(whitened)
        if method == "independence" or trial.promising:
            return Way("independence", "independence", trial.target, independence_program())
    if method == "auto" and whitened.data_share < _LEAST_DATA_SHARE:
        return _mixture(problem, num_warmup)
    return Way("whitened", "nuts", whitened, nuts_program(num_warmup))


def _mixture(problem: Problem, num_warmup: int) -> Way:
    return Way("mixture", "nuts", mixture_target(problem), nuts_program(num_warmup))


def _gibbs(problem: Problem) -> Way:
    relative = problem.penalised_rates.relative
    program = gibbs_program("all" if relative.all() else "some" if relative.any() else "none")
    return Way("gibbs", "gibbs", mixture_target(problem), program)


def _marginal(problem: Problem, rotated: Rotation, num_warmup: int) -> Way:
    if problem.noise_scale is not None and not problem.sampled_scales:
        return Way("marginal", "none", rotation=rotated)
    target = marginal_target(problem, rotated)
    trial = pilot(target)
    if trial.promising:
        return Way("marginal", "independence", trial.target, independence_program(), rotated)
    return Way("marginal", "nuts", target, nuts_program(num_warmup), rotated)
