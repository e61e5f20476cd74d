"""The first moments of proposals for rows: the posterior mean to first order, and how far from Gaussian it is."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ...base.blas import product
from ...model.row_problem import RowProblem
from ..targets.rows import RowTarget
from .independence import Moments

_HOPELESS = 1.5  # expected variance of the log weights, from where proposals are rarely accepted


class FirstOrder(NamedTuple):
    """Proposals around the mode, and what is expected of them.

    Attributes
    ----------
    moments : Moments
        In whitened coordinates.
    unlikeness : float
        About the variance of the proposals' log weights, q/2M + q³/6nM: q is the number of directions that the data
        decide, M the sum of the loss's curvatures, the effective number of events.
    """

    moments: Moments
    unlikeness: float

    @property
    def hopeless(self) -> bool:
        """Whether proposals need not be tried."""
        return not self.unlikeness < _HOPELESS


def first_order(problem: RowProblem, target: RowTarget) -> FirstOrder:
    """Return the moments of a posterior around its mode.

    With H the precision at the mode, h = diag(XH⁻¹X') and s the loss's third derivatives, the mean is
    mode − ½H⁻¹X'(w·s·h) to first order (the shift of a Laplace approximation).

    Parameters
    ----------
    problem : RowProblem
    target : RowTarget
        Whitened at the mode; not in blocks.
    """
    data, likelihood = problem.data, problem.likelihood
    nuisance = {name: float(value) for name, value in target.middle.nuisance.items()}
    root = np.asarray(target.transform)
    spread = product(np.asarray(target.design), root)
    leverage = np.square(spread).sum(axis=1)
    eta = problem.eta(np.asarray(target.reference))
    weight = data.sample_weight
    curvature = weight * likelihood.curvature(eta, data.y, nuisance)
    skew = weight * likelihood.skewness(eta, data.y, nuisance)
    mean = -0.5 * (skew * leverage) @ spread
    if not likelihood.is_discrete:  # the curvatures are no numbers of events
        return FirstOrder(_with_others(mean, target), 0.0)
    decided, events = float(curvature @ leverage), float(np.broadcast_to(curvature, weight.shape).sum())
    unlikeness = decided / (2.0 * events) + decided**3 / (6.0 * problem.sum_weights * events)
    return FirstOrder(_with_others(mean, target), unlikeness)


def _with_others(mean: Float[np.ndarray, " d"], target: RowTarget) -> Moments:
    """Add the coordinates of nuisance parameters and scales, which come last."""
    d = mean.size + len(target.scales.sampled)
    return Moments(np.concatenate([mean, np.zeros(d - mean.size)]), np.eye(d))
