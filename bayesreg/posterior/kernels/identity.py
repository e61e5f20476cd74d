"""What tells one posterior from another: its data and its priors, in units of their own.

The order of a sum, which another number of cores changes, moves a number by its rounding; and where
eigenvalues coincide, it decides on the eigenvectors. So nothing here knows of the sampler's coordinates, and each
number is judged by its own size: no column is small beside another.
"""

from dataclasses import astuple
from typing import Any, NamedTuple, Self

import numpy as np
from jaxtyping import Float

from ...base.jax_context import float64_on_cpu
from ...gaussian.propriety import integrated_out
from ...model.row_problem import AnyProblem

_PROBES = 3
_SAME = 1e-8


class Identity(NamedTuple):
    """Numbers to compare."""

    sizes: Float[Any, " k"]  # each compared to itself
    angles: Float[Any, " m"]  # of order 1

    @classmethod
    def of(cls, problem: AnyProblem) -> Self:
        """Return the identity of a problem's posterior.

        Parameters
        ----------
        problem : Problem

        Returns
        -------
        Identity
        """
        with float64_on_cpu():
            sizes = [*_data_sizes(problem), *_prior_sizes(problem)]
        return cls(
            np.concatenate([np.ravel(np.asarray(size, dtype=float)) for size in sizes]), _angles(problem)
        )

    def agrees(self, other: Self) -> bool:
        """Tell whether both are of one posterior, but for rounding."""
        return _close(self.sizes, other.sizes, 0.0) and _close(self.angles, other.angles, _SAME)


def _close(a: Any, b: Any, absolute: float) -> bool:
    return np.shape(a) == np.shape(b) and bool(np.allclose(a, b, rtol=_SAME, atol=absolute, equal_nan=True))


def _data_sizes(problem: AnyProblem) -> list[Any]:
    data = problem.reduced
    return [
        np.sqrt(data.squared_norms),
        np.sqrt(data.response_ss),
        problem.sum_weights,
        integrated_out(problem),
    ]


def _prior_sizes(problem: AnyProblem) -> list[Any]:
    """Return all numbers that the priors hold."""
    import jax

    from ..targets.density import Density

    known = list(problem.known.values())
    hyperpriors = [Density(prior) for _, prior in sorted(problem.hyperpriors.items())]
    return [
        *problem.penalised_rates,
        problem.is_feature[problem.penalised],
        *astuple(problem.law),
        *known,
        *jax.tree.leaves(hyperpriors),
    ]


def _angles(problem: AnyProblem) -> Float[np.ndarray, " m"]:
    """Return what the residuals of a few fixed fits are, in units in which all columns and y have length 1."""
    data = problem.reduced
    norms, response = np.sqrt(data.squared_norms), np.sqrt(data.response_ss) or 1.0
    unit = np.divide(1.0, norms, out=np.zeros(norms.shape), where=norms > 0.0)
    probes = np.random.default_rng(0).standard_normal((_PROBES, norms.size))
    gradients, squares = data.residuals(np.vstack([np.zeros(norms.size), probes]) * unit * response)
    return np.append(gradients * unit / response, squares / response**2)
