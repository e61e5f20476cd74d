"""Which sampler: from what the prior is, and from whether data or prior dominate."""

from collections.abc import Callable
from typing import NamedTuple

from ..gaussian import Rotation
from ..problem import Problem
from .centre import power
from .chains import Program
from .density import Target
from .gibbs import gibbs_program
from .marginal import is_one_gaussian, marginal_target, rotation
from .mixture import mixture_target
from .nuts import nuts_program
from .whitened import whitened_target

METHODS = ("auto", "marginal", "whitened", "mixture", "gibbs")


class Way(NamedTuple):
    """A sampler with the density that it is given."""

    name: str
    target: Target | None  # None: nothing is left for a chain, and draws are independent
    program: Callable[[int], Program]  # of the number of warm-up transitions
    rotation: Rotation | None = None  # of coefficients that are drawn after all else


def choose_way(problem: Problem, method: str) -> Way:
    """Return the sampler that was asked for, or for "auto" the one that suits.

    Parameters
    ----------
    problem : Problem
        Of a proper posterior.
    method : one of METHODS

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
            return _marginal(problem, rotated)
    if method == "marginal":
        raise ValueError(
            "method='marginal' integrates Gaussian coefficients out: it needs a GaussianPrior, one kind of scale for "
            "all coefficients, and columns that float64 can tell apart. Leave `method` out."
        )
    if method == "gibbs":
        all_relative = bool(problem.penalised_rates.relative.all())
        return Way("gibbs", mixture_target(problem), lambda _: gibbs_program(all_relative=all_relative))
    if method == "mixture" or (method == "auto" and problem.penalised.sum() >= power(problem)):
        return Way("mixture", mixture_target(problem), nuts_program)
    return Way("whitened", whitened_target(problem), nuts_program)


def _marginal(problem: Problem, rotated: Rotation) -> Way:
    known = problem.noise_scale is not None and not problem.sampled_scales
    target = None if known else marginal_target(problem, rotated)
    return Way("marginal", target, nuts_program, rotated)
