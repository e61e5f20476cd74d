"""Coordinates for data that are weaker than the prior: the Laplace part as a scale mixture of Gaussians.

With e ~ Exponential(1) and z ~ Normal(0, 1), b·√(2e)·z is Laplace(b) (Andrews and Mallows
1974), so that under the prior alone the coordinates are independent whatever the scale is.
An L2 part makes the variance 1/(1/v + 1/τ²) for v = 2b²e (Li and Lin 2010, doi:10.1214/10-BA506).
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ...gaussian.propriety import power
from ...gaussian.spectrum import root
from ...model.problem import Problem
from .density import CoefPrior, Position, Scales, Values, log_noise_likelihood
from .reference_point import ReferencePoint, as_arrays, coef_prior, scale_coordinates


class MixtureTarget(NamedTuple):
    """coef = √variance(mixing)·z; the data through a root R of their Gram matrix."""

    root: Float[Any, "r q"]
    response: Float[Any, " r"]
    rss: Any  # what no coefficient fits
    power: Any  # Σw less the number of coefficients that were integrated out
    prior: CoefPrior
    scales: Scales

    def start(self, key: Array) -> Position:
        """Draw a position to start from."""
        key_coef, key_mixing, key_rest = jax.random.split(key, 3)
        shape = self.prior.l1.shape
        return {
            "coef": 0.5 * jax.random.normal(key_coef, shape, dtype=jnp.float64),
            "mixing": 0.5 * jax.random.normal(key_mixing, shape, dtype=jnp.float64),
            **self.scales.start(key_rest),
        }

    def natural(self, position: Position) -> Values:
        """Turn sampler coordinates into coefficients, σ and prior scales."""
        sigma, scales, _ = self.scales.at(position)
        variance, _ = self.mixed(sigma, scales, jnp.exp(position["mixing"]))
        return Values(jnp.sqrt(variance) * position["coef"], sigma, scales)

    def log_density(self, position: Position) -> Array:
        """Evaluate the log posterior density of a position, up to a constant."""
        sigma, scales, log_prior = self.scales.at(position)
        z, mixing = position["coef"], jnp.exp(position["mixing"])
        variance, log_weight = self.mixed(sigma, scales, mixing)
        log_prior += jnp.sum(log_weight + position["mixing"] - mixing - 0.5 * z**2)
        return log_noise_likelihood(self.power, self.rss_at(jnp.sqrt(variance) * z), sigma) + log_prior

    def mixed(self, noise_scale: Any, scales: dict[str, Any], mixing: Array) -> tuple[Array, Array]:
        """Return what `mixed` does, at a noise scale and at sampled prior scales."""
        l1, l2 = self.prior.rates(noise_scale, scales)
        return mixed(l1, l2, mixing, self.prior.log_normalisers(noise_scale, scales))

    def rss_at(self, coef: Array) -> Array:
        """Return the residual sum of squares at coefficients."""
        residual = self.response - self.root @ coef
        return self.rss + residual @ residual


def mixed(l1: Array, l2: Array, mixing: Array, log_norm: Array) -> tuple[Array, Array]:
    """Return the variance of β given e, and the log factor by which e's density differs from Exponential(1)'s.

    ``log_norm`` is that of the prior's density. Where there is no L1 part, the variance is 1/l2 whatever e is.
    """
    has_l1 = l1 > 0.0
    rate = jnp.where(has_l1, l1, 1.0)
    v = 2.0 * mixing / rate**2
    variance = jnp.where(has_l1, v / (1.0 + v * l2), 1.0 / jnp.where(has_l1, 1.0, l2))
    log_weight = jnp.log(2.0 / rate) - log_norm - 0.5 * jnp.log1p(v * l2)
    return variance, jnp.where(has_l1, log_weight, 0.0)


def mixture_target(problem: Problem, near: ReferencePoint) -> MixtureTarget:
    """State a problem's posterior as a scale mixture.

    Parameters
    ----------
    problem : Problem
        Of a proper posterior.
    near : ReferencePoint
        Where chains start.

    Returns
    -------
    MixtureTarget
        Of float64 arrays.
    """
    factor, response, rss = root(problem.reduced)
    return as_arrays(
        MixtureTarget(
            root=factor,
            response=response,
            rss=rss,
            power=power(problem),
            prior=coef_prior(problem),
            scales=scale_coordinates(problem, near),
        )
    )
