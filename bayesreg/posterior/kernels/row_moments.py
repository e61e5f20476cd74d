"""The first moments of proposals for rows, by expectation propagation, and how far a posterior is from Gaussian.

The likelihood of each row, and the prior of each coefficient, is replaced by a normal density of one variable, its
site. Each site is refined until the Gaussian of all sites has the mean and variance that the exact factor gives in the
place of its site (Minka 2001; Chopin and Ridgway 2017, doi:10.1214/16-STS581). All sites are refined at once.
"""

from functools import cache
from typing import Any, NamedTuple, Self

import numpy as np
from jaxtyping import Float

from ...base.blas import product
from ...model.problem import ModelOnData
from ...model.row_problem import RowProblem
from ..targets.row_reference import RowReference
from ..targets.rows import RowTarget
from .independence import Moments

_HOPELESS = 1.5  # expected variance of the log weights, from where proposals are rarely accepted
_NODES_OF_ROWS, _NODES_OF_PRIOR = 15, 63  # the prior has a kink
_SWEEPS, _STILL = 12, 0.02  # a step of the mean in sds: smaller ones do not change what is accepted
_LEAST_VARIANCE = 1e-12  # of η


class Expected(NamedTuple):
    """Proposals, and what is expected of them.

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


class _Sites(NamedTuple):
    """Normal densities exp(−½·precision·u² + shift·u) of the variables u = origin + spread·z."""

    spread: Float[np.ndarray, "k d"]
    origin: Float[np.ndarray, " k"]
    precision: Float[np.ndarray, " k"]
    shift: Float[np.ndarray, " k"]

    @property
    def of_z(self) -> tuple[Any, Any]:
        """Return the precision and the shift that they give z."""
        weighted = np.ascontiguousarray((self.spread * self.precision[:, None]).T)
        return product(weighted, self.spread), (self.shift - self.precision * self.origin) @ self.spread

    def refined(self, at: Moments, log_factor: Any, n_nodes: int) -> Self:
        """Return the sites with which z has the moments that the exact factors give, each in its site's place."""
        mean = self.origin + self.spread @ at.mean
        variance = np.square(product(self.spread, at.root)).sum(axis=1)
        told = variance > _LEAST_VARIANCE
        sd = np.sqrt(np.where(told, variance, 1.0))
        node, weight = _nodes(n_nodes)
        u = mean + sd * node[:, None]
        log_ratio = log_factor(u) + (0.5 * self.precision * u - self.shift) * u
        mass = weight[:, None] * np.exp(log_ratio - log_ratio.max(axis=0))
        mass /= mass.sum(axis=0)
        first = node @ mass  # in units of sd, around the mean
        second = np.square(node) @ mass - first**2
        precision = (1.0 / second - 1.0) / sd**2
        shift = (first / second) / sd + precision * mean
        return self._replace(
            precision=self.precision + np.where(told, precision, 0.0),
            shift=self.shift + np.where(told, shift, 0.0),
        )


class _Told(NamedTuple):
    """A likelihood that is one normal density of z, and so its own site."""

    precision: Float[np.ndarray, "d d"]
    shift: Float[np.ndarray, " d"]

    @property
    def of_z(self) -> tuple[Any, Any]:
        """Return its precision and shift."""
        return self

    def refined(self, at: Moments, log_factor: Any, n_nodes: int) -> Self:
        """Return it as it is."""
        return self


def moments_beside(
    problem: ModelOnData,
    coef: Float[np.ndarray, " d"],
    transform: Float[np.ndarray, "d d"],
    precision: Float[np.ndarray, "d d"],
    shift: Float[np.ndarray, " d"],
) -> Moments:
    """Return the moments of z, coefficients = coef + transform·z, beside a likelihood that is normal in z.

    Parameters
    ----------
    problem : ModelOnData
        Its rates are numbers without unit.
    coef : array (d,)
    transform : array (d, d)
    precision, shift : array (d, d), array (d,)
        The likelihood is exp(−½ z'·precision·z + shift'z).
    """
    l1, l2, held = problem.rates.l1, problem.rates.l2, problem.penalised
    of_prior = np.where(held, problem.law.precision(l1, l2, coef), 0.0)
    priors = _Sites(transform, coef, of_prior, np.zeros(coef.size))

    def of_coef(u: Any) -> Any:
        return np.where(held, -problem.law.energy(u, l1, l2), 0.0)

    is_normal = problem.law.is_normal(l1, l2)
    return _refined(_Told(precision, shift), None, priors, None if is_normal else of_coef)


def expected_on_rows(problem: RowProblem, target: RowTarget, near: RowReference) -> Expected:
    """Return the moments of a posterior.

    Sampled nuisance parameters and scales have the covariance of the reference point. The coefficients given their
    middle values are found here; their mean moves with those values.

    Parameters
    ----------
    problem : RowProblem
    target : RowTarget
        Whitened at the mode; not in blocks.
    near : RowReference
        The point at which it is whitened.
    """
    nuisance = {name: float(value) for name, value in target.middle.nuisance.items()}
    l1, l2 = target.middle_rates
    data, likelihood, held = problem.data, problem.likelihood, problem.penalised
    coef, transform = np.asarray(target.reference), np.asarray(target.transform)
    eta = problem.eta(coef)
    curvature = np.broadcast_to(likelihood.curvature(eta, data.y, nuisance), eta.shape) * data.sample_weight
    slope = data.sample_weight * likelihood.slope(eta, data.y, nuisance)
    of_prior = np.where(held, problem.law.precision(l1, l2, coef), 0.0)
    rows = _Sites(product(np.asarray(target.design), transform), eta, curvature, curvature * eta - slope)
    priors = _Sites(transform, coef, of_prior, np.zeros(coef.size))

    def of_row(u: Any) -> Any:
        return -data.sample_weight * likelihood.loss(u, data.y, nuisance)

    def of_coef(u: Any) -> Any:
        return np.where(held, -problem.law.energy(u, l1, l2), 0.0)

    found = _refined(rows, of_row, priors, None if problem.law.is_normal(l1, l2) else of_coef)
    return Expected(_with_others(found, transform, near), _unlikeness(problem, rows))


def _refined(rows: "_Sites | _Told", of_row: Any, priors: _Sites, of_coef: Any) -> Moments:
    """Refine sites until the mean is still. Normal priors are their own sites."""
    d = priors.spread.shape[1]
    found = Moments(np.zeros(d), np.eye(d))
    longest = np.inf
    for sweep in range(_SWEEPS):
        if sweep:
            with np.errstate(all="ignore"):  # what is not finite is found below
                rows = rows.refined(found, of_row, _NODES_OF_ROWS)
                priors = priors if of_coef is None else priors.refined(found, of_coef, _NODES_OF_PRIOR)
        following = _moments_of(rows, priors)
        if following is None:
            break
        length = float(np.linalg.norm(following.mean - found.mean))
        if sweep > 1 and not length < longest:
            break
        found, longest = following, length
        if sweep and length < _STILL:
            break
    return found


def _moments_of(rows: "_Sites | _Told", priors: _Sites) -> Moments | None:
    """Return the moments of z under all sites, or None if they are no density."""
    from scipy.linalg import LinAlgError, cholesky, solve_triangular

    (precision, shift), (of_prior, shift_of_prior) = rows.of_z, priors.of_z
    try:
        lower = cholesky(precision + of_prior, lower=True)
    except (LinAlgError, ValueError):  # not positive definite, or not finite
        return None
    root = solve_triangular(lower, np.eye(len(lower)), lower=True, trans="T")
    return Moments(root @ (root.T @ (shift + shift_of_prior)), root)


@cache
def _nodes(n: int) -> tuple[Any, Any]:
    """Return the nodes and weights of Gauss and Hermite for a standard normal variable."""
    node, weight = np.polynomial.hermite_e.hermegauss(n)
    return node, weight / weight.sum()


def _unlikeness(problem: RowProblem, rows: _Sites) -> float:
    if not problem.likelihood.is_discrete:  # the curvatures are no numbers of events
        return 0.0
    decided = float(rows.precision @ np.square(rows.spread).sum(axis=1))
    events = float(rows.precision.sum())
    return decided / (2.0 * events) + decided**3 / (6.0 * problem.sum_weights * events)


def _with_others(found: Moments, transform: Float[np.ndarray, "d d"], near: RowReference) -> Moments:
    """Add the coordinates of nuisance parameters and scales, which come last."""
    d, others = found.mean.size, len(near.coordinates)
    root = np.eye(d + others)
    root[:d, :d] = found.root
    if others:
        root[:d, d:] = np.linalg.solve(transform, near.moves) @ near.root
        root[d:, d:] = near.root
    return Moments(np.concatenate([found.mean, np.zeros(others)]), root)
