"""A target for data that are weaker than the prior: the prior is a scale mixture of Gaussians.

Under the prior alone the coordinates are independent at any scale.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ...gaussian.propriety import power
from ...gaussian.spectrum import root
from ...model.problem import Problem
from ...priors.law import ScaleMixture
from .density import CoefPrior, Position, Scales, Values, log_noise_likelihood
from .reference_point import ReferencePoint, as_arrays, coef_prior, scale_coordinates


class MixtureTarget(NamedTuple):
    """coef = √variance(mixing)·z. The data enter through a root R of their Gram matrix."""

    root: Float[Any, "r q"]
    response: Float[Any, " r"]
    rss: Any  # the least residual sum of squares of all coefficients
    power: Any  # Σw minus the number of coefficients that were integrated out
    prior: CoefPrior
    scales: Scales

    @property
    def law(self) -> ScaleMixture:
        """The density of a coefficient."""
        assert isinstance(self.prior.law, ScaleMixture)
        return self.prior.law

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
        sigma, scales, _ = self.scales.with_noise(position)
        variance, _ = self.mixed(sigma, scales, jnp.exp(position["mixing"]))
        return Values(jnp.sqrt(variance) * position["coef"], {"noise_scale": sigma}, scales)

    def log_density(self, position: Position) -> Array:
        """Evaluate the log posterior density of a position, up to a constant."""
        sigma, scales, log_prior = self.scales.with_noise(position)
        z, mixing = position["coef"], jnp.exp(position["mixing"])
        variance, log_weight = self.mixed(sigma, scales, mixing)
        of_mixing = self.law.log_mixing(mixing, position["mixing"], log_weight)
        log_prior += jnp.sum(of_mixing - 0.5 * z**2)
        return log_noise_likelihood(self.power, self.rss_at(jnp.sqrt(variance) * z), sigma) + log_prior

    def mixed(self, noise_scale: Any, scales: dict[str, Any], mixing: Array) -> tuple[Array, Array]:
        """Return the variance of β given e, and the log weight of e, at a noise scale and at sampled prior scales."""
        l1, l2 = self.prior.rates(noise_scale, scales)
        return self.law.variance(mixing, l1, l2, self.prior.log_normalisers(noise_scale, scales))

    def rss_at(self, coef: Array) -> Array:
        """Return the residual sum of squares at coefficients."""
        residual = self.response - self.root @ coef
        return self.rss + residual @ residual


def mixture_target(problem: Problem, near: ReferencePoint) -> MixtureTarget:
    """State a problem's posterior as a scale mixture.

    Parameters
    ----------
    problem : Problem
        Of a proper posterior.
    near : ReferencePoint
        The centre of σ's and the scales' coordinates.

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
