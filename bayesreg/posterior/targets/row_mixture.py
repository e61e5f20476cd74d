"""A target for rows that are weaker than the prior: any likelihood, and the prior as a scale mixture of Gaussians.

Under the prior alone the coordinates of penalised coefficients are independent at any scale.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...priors.law import ScaleMixture
from .density import Position, Scales, Values
from .reference_point import as_arrays
from .rows import RowTarget


class RowMixtureTarget(NamedTuple):
    """coef = √variance(mixing)·z, or reference + spread·z under a flat prior. The intercept is last."""

    rows: RowTarget
    spread: Float[Any, " d"]  # of unpenalised coefficients near the mode

    @property
    def scales(self) -> Scales:
        """The coordinates of nuisance parameters and the prior's scales."""
        return self.rows.scales

    @property
    def law(self) -> ScaleMixture:
        """The density of a coefficient."""
        assert isinstance(self.rows.prior.law, ScaleMixture)
        return self.rows.prior.law

    def start(self, key: Array) -> Position:
        """Draw a position to start from."""
        key_coef, key_mixing, key_rest = jax.random.split(key, 3)
        shape = self.spread.shape
        return {
            "coef": 0.5 * jax.random.normal(key_coef, shape, dtype=jnp.float64),
            "mixing": 0.5 * jax.random.normal(key_mixing, shape, dtype=jnp.float64),
            **self.scales.start(key_rest),
        }

    def natural(self, position: Position) -> Values:
        """Turn sampler coordinates into coefficients, nuisance parameters and prior scales."""
        nuisance, scales, _ = self.scales.at(position)
        coef, _ = self._coef(position, nuisance, scales)
        return Values(coef, nuisance, scales)

    def log_density(self, position: Position) -> Array:
        """Evaluate the log posterior density of a position, up to a constant."""
        nuisance, scales, log_prior = self.scales.at(position)
        coef, log_weight = self._coef(position, nuisance, scales)
        z, log_mixing = position["coef"], position["mixing"]
        of_mixing = self.law.log_mixing(jnp.exp(log_mixing), log_mixing, log_weight) - 0.5 * z**2
        # the mixing of a coefficient under a flat prior means nothing: a proper density that is easy to sample
        own = jnp.where(self.rows.penalised > 0.0, of_mixing, -0.5 * log_mixing**2)
        return self.rows.log_likelihood(coef, nuisance) + jnp.sum(own) + log_prior

    def _coef(self, position: Position, nuisance: Any, scales: Any) -> tuple[Array, Array]:
        prior, sigma = self.rows.prior, nuisance.get("noise_scale", 1.0)
        l1, l2 = prior.rates(sigma, scales)
        held = self.rows.penalised > 0.0
        l1, l2 = jnp.where(held, l1, 1.0), jnp.where(held, l2, 0.0)
        variance, log_weight = self.law.variance(
            jnp.exp(position["mixing"]), l1, l2, prior.log_normalisers(sigma, scales)
        )
        z = position["coef"]
        return jnp.where(held, jnp.sqrt(variance) * z, self.rows.reference + self.spread * z), log_weight


def row_mixture_target(rows: RowTarget) -> RowMixtureTarget:
    """State the same posterior with the prior as a scale mixture.

    Parameters
    ----------
    rows : RowTarget
        Not in blocks.

    Returns
    -------
    RowMixtureTarget
        Of float64 arrays.
    """
    spread = np.sqrt(np.square(np.asarray(rows.transform)).sum(axis=1))
    return as_arrays(RowMixtureTarget(rows, spread))
