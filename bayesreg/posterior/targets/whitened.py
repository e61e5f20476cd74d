"""A target for data that dominate the prior: the posterior is nearly standard normal in its coordinates.

The data enter only through their sufficient statistics around a point near the
mode, so nothing cancels.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...base.blas import eigh, product
from ...data.least_squares import told_by_gram
from ...gaussian.propriety import as_told, power
from ...model.problem import Problem
from .density import CoefPrior, Position, Scales, Values, log_noise_likelihood
from .reference_point import (
    ReferencePoint,
    as_arrays,
    coef_prior,
    prior_precision,
    reference_coef,
    scale_coordinates,
)


class WhitenedTarget(NamedTuple):
    """coef = reference + transform·z."""

    reference: Float[Any, " q"]
    transform: Float[Any, "q q"]
    curvature: Float[Any, " q"]  # transform'X'X·transform, which is diagonal
    slope: Float[Any, " q"]  # transform'X'r at the reference point
    rss: Any  # r'r at the reference point
    power: Any  # Σw minus the number of coefficients that were integrated out
    prior: CoefPrior
    scales: Scales

    @property
    def data_share(self) -> float:
        """The data's share of the posterior precision near the reference point, averaged over directions."""
        if not self.curvature.size:
            return 1.0
        sigma = float(self.scales.middle[0]["noise_scale"])
        return float(np.asarray(self.curvature).mean() / sigma**2)

    def start(self, key: Array) -> Position:
        """Draw a position to start from."""
        key_coef, key_rest = jax.random.split(key)
        z = jax.random.normal(key_coef, self.reference.shape, dtype=jnp.float64)
        return {"coef": z, **self.scales.start(key_rest)}

    def natural(self, position: Position) -> Values:
        """Turn sampler coordinates into coefficients, σ and prior scales."""
        sigma, scales, _ = self.scales.with_noise(position)
        return Values(self._coef(position), {"noise_scale": sigma}, scales)

    def log_density(self, position: Position) -> Array:
        """Evaluate the log posterior density of a position, up to a constant."""
        sigma, scales, log_prior = self.scales.with_noise(position)
        z = position["coef"]
        rss = self.rss - 2.0 * self.slope @ z + z @ (self.curvature * z)
        log_prior += jnp.sum(self.prior.log_density(self._coef(position), sigma, scales))
        return log_noise_likelihood(self.power, rss, sigma) + log_prior

    def _coef(self, position: Position) -> Array:
        return self.reference + self.transform @ position["coef"]


def whitened_target(problem: Problem, near: ReferencePoint) -> WhitenedTarget:
    """State a problem's posterior around a reference point, in whitened coordinates.

    Parameters
    ----------
    problem : Problem
        Of a proper posterior.
    near : ReferencePoint

    Returns
    -------
    WhitenedTarget
        Of float64 arrays.
    """
    mode = reference_coef(problem.as_statistics, near.rates, near.noise_scale)
    of_prior = prior_precision(problem, near.rates, near.noise_scale, mode)
    transform, curvature = _whitening(problem, of_prior, near.noise_scale)
    gradients, rss = as_told(problem).residuals(mode[None, :])
    return as_arrays(
        WhitenedTarget(
            reference=mode,
            transform=transform,
            curvature=curvature,
            slope=transform.T @ gradients[0],
            rss=rss[0],
            power=power(problem),
            prior=coef_prior(problem),
            scales=scale_coordinates(problem, near),
        )
    )


def _whitening(
    problem: Problem, of_prior: Float[np.ndarray, " q"], sigma: float
) -> tuple[Float[np.ndarray, "q q"], Float[np.ndarray, " q"]]:
    """Return a root of the covariance of the Gaussian with the likelihood's curvature and the prior's variance.

    It is the root that makes X'X diagonal. Return that diagonal too.
    """
    if not problem.has_rows or told_by_gram(problem.reduced):
        return _by_gram(problem, of_prior, sigma)
    unit = 1.0 / np.sqrt(of_prior)
    spectrum = problem.reduced.spectrum(unit)
    if spectrum.values.size < unit.size:  # fewer rows than columns
        return _by_gram(problem, of_prior, sigma)
    precision = (
        spectrum.values / sigma**2 + 1.0
    )  # from singular values of the rows: a Gram matrix would square them
    return unit[:, None] * spectrum.vectors / np.sqrt(precision), spectrum.values / precision


def _by_gram(
    problem: Problem, of_prior: Float[np.ndarray, " q"], sigma: float
) -> tuple[Float[np.ndarray, "q q"], Float[np.ndarray, " q"]]:
    from scipy.linalg import cholesky, solve_triangular

    unit = 1.0 / np.sqrt(problem.reduced.squared_norms / sigma**2 + of_prior)
    gram = problem.reduced.gram / sigma**2 * unit * unit[:, None]
    gram[np.diag_indices_from(gram)] += of_prior * unit**2
    gram[np.diag_indices_from(gram)] += 1e-12  # for a duplicate column under a very wide prior
    lower = cholesky(gram, lower=True)
    root = unit[:, None] * solve_triangular(lower, np.eye(unit.size), lower=True, trans="T")
    values, vectors = eigh(product(root.T, product(problem.reduced.gram, root)))
    return product(root, vectors), np.maximum(values, 0.0)
