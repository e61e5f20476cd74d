"""The first moments of proposals for rows that are read anew at each pass: one pass beside those of the mode.

At the mode the likelihood is taken for normal. The moments beside it, with the exact prior, say where the posterior
is. There the slopes and curvatures of the rows' losses are averaged over that normal distribution, in one pass. To
first order this moves the mean from the mode by −½ H⁻¹ Σ wᵢ lossᵢ''' hᵢ xᵢ, with hᵢ = xᵢ'H⁻¹xᵢ.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ..mode.source_loss import Asked, evaluated
from ..mode.source_newton import SourceObjective
from ..model.source_problem import SourceProblem
from .kernels.independence import Moments
from .kernels.row_moments import moments_beside
from .targets.row_reference import root_of_inverse

_ROUNDS, _STILL = 20, 0.02  # a move of the reference in sds: smaller ones do not change what is accepted


class Reference(NamedTuple):
    """Moved coefficients are coef + transform·z; the moments of z."""

    coef: Float[np.ndarray, " d"]
    transform: Float[np.ndarray, "d d"]
    moments: Moments


def expected_on_source(problem: SourceProblem) -> Reference:
    """Find the mode, and the moments around it."""
    objective = SourceObjective(problem)
    mode = objective.mode()
    at = objective.at(mode.coefs)
    gram = objective.gram if objective.gram is not None else objective.gram_at(at)
    first = _beside(problem, gram, at.slopes, mode.coefs, mode.coefs)
    middle, root = first.coef + first.transform @ first.moments.mean, first.transform @ first.moments.root
    everywhere = np.ones(middle.size, dtype=bool)
    mean = evaluated(problem, [Asked(middle, everywhere, root=root)], "shift")[0]
    return _beside(problem, mean.gram, mean.slopes, middle, middle)


def _beside(
    problem: SourceProblem,
    gram: Float[np.ndarray, "d d"],
    slopes: Float[np.ndarray, " d"],
    at: Float[np.ndarray, " d"],
    start: Float[np.ndarray, " d"],
) -> Reference:
    """Return the moments beside a normal likelihood, given its curvature, and its slopes at a point.

    A mode under an l1 penalty may be far from the mean where the prior decides. So the reference follows the mean.
    """
    held, (l1, l2, _) = problem.penalised, problem.rates
    reference = start
    for _ in range(_ROUNDS):
        precision = gram.copy()
        of_prior = np.where(held, problem.law.precision(l1, l2, reference), 0.0)
        precision[np.diag_indices_from(precision)] += of_prior
        transform = root_of_inverse(precision)
        here = transform.T @ (slopes - gram @ (reference - at))
        moments = moments_beside(problem, reference, transform, transform.T @ gram @ transform, here)
        found = Reference(reference, transform, moments)
        if np.linalg.norm(moments.mean) < _STILL:
            break
        reference = reference + transform @ moments.mean
    return found
