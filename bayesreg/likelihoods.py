"""Likelihoods: the loss of a row, and what is believed of its nuisance parameter."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

from .penalty import checked_noise_scale
from .scales import is_distribution

LogDensity = Callable[[float], tuple[float, float]]

_DEGREES_OF_FREEDOM = 4.0


@final
@dataclass(frozen=True)
class GaussianLikelihood:
    """Gaussian noise: yᵢ ~ Normal(β₀ + xᵢ'β, σ²).

    Parameters
    ----------
    noise_scale : float or NumPyro distribution, optional
        σ, the standard deviation of the noise in units of y. A float: known. A
        distribution on the positives: the prior on σ itself
        (``ImproperUniform(constraints.positive, (), ())`` is flat on σ). None: a
        half-Student-t prior with 4 degrees of freedom whose scale is the weighted
        standard deviation of y (its root mean square in a model without intercept).
    """

    noise_scale: Any = None

    def __post_init__(self) -> None:
        if self.noise_scale is not None and not is_distribution(self.noise_scale):
            object.__setattr__(self, "noise_scale", checked_noise_scale(self.noise_scale))

    @property
    def known_noise_scale(self) -> float | None:
        """σ where it is known, else None."""
        return self.noise_scale if isinstance(self.noise_scale, float) else None

    def noise_prior(self, response_scale: float) -> Any:
        """Return the prior on σ as a NumPyro distribution.

        Parameters
        ----------
        response_scale : float
            The spread of y that scales the default prior.
        """
        if self.noise_scale is not None:
            return self.noise_scale
        import numpyro.distributions as dist

        return dist.LeftTruncatedDistribution(dist.StudentT(_DEGREES_OF_FREEDOM, 0.0, response_scale), low=0.0)

    def noise_log_prior(self, response_scale: float) -> LogDensity:
        """Return the log prior density of σ and its derivative, up to a constant, as one function.

        Parameters
        ----------
        response_scale : float
            The spread of y that scales the default prior.
        """
        if self.noise_scale is None:
            return _half_student_t(response_scale)
        return _from_distribution(self.noise_scale)


def _half_student_t(scale: float) -> LogDensity:
    from math import log1p

    nu = _DEGREES_OF_FREEDOM

    def log_density(sigma: float) -> tuple[float, float]:
        z = (sigma / scale) ** 2 / nu
        return -0.5 * (nu + 1) * log1p(z), -(nu + 1) * z / (sigma * (1 + z))

    return log_density


def _from_distribution(distribution: Any) -> LogDensity:
    import jax
    import jax.numpy as jnp

    with jax.enable_x64(True):
        distribution = jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype=jnp.float64), distribution)
        value_and_derivative = jax.jit(
            jax.value_and_grad(lambda d, sigma: jnp.sum(d.log_prob(sigma)), argnums=1)
        )

    def log_density(sigma: float) -> tuple[float, float]:
        with jax.enable_x64(True):
            value, derivative = value_and_derivative(distribution, jnp.asarray(sigma, dtype=jnp.float64))
        return float(value), float(derivative)

    return log_density
