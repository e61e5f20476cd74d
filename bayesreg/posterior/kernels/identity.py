"""The identity of a posterior: numbers of its data and its priors, to compare with another posterior.

Another number of cores changes the order of a sum, and so a number by its rounding. If eigenvalues coincide, it also
changes the eigenvectors. So nothing here depends on the sampler's coordinates. Each number is compared relative to its
own size, so that the units of columns do not matter.
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

    sizes: Float[Any, " k"]  # compared relative to their own size
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
        """Tell whether both belong to the same posterior, up to rounding."""
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
    """Return all numbers in the priors."""
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
    """Return gradients and residual sums of squares of a few fixed fits, with all columns and y at length 1."""
    data = problem.reduced
    norms, response = np.sqrt(data.squared_norms), np.sqrt(data.response_ss) or 1.0
    unit = np.divide(1.0, norms, out=np.zeros(norms.shape), where=norms > 0.0)
    probes = np.random.default_rng(0).standard_normal((_PROBES, norms.size))
    gradients, squares = data.residuals(np.vstack([np.zeros(norms.size), probes]) * unit * response)
    return np.append(gradients * unit / response, squares / response**2)
