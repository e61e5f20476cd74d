"""The Gaussian likelihood."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ..base.namespace import namespace
from ..priors.hyperpriors import LogDensity, half_student_t, log_density
from ..priors.penalty import checked_noise_scale
from ..priors.scales import bounds, check_positive_distribution, is_distribution
from .base import Array, Nuisance, QuadraticLikelihood
from .noise import DEGREES_OF_FREEDOM, default_noise_prior


@final
@dataclass(frozen=True)
class GaussianLikelihood(QuadraticLikelihood):
    """Gaussian noise: yᵢ ~ Normal(β₀ + xᵢ'β, σ²).

    Parameters
    ----------
    noise_scale : float or NumPyro distribution, optional
        σ, the standard deviation of the noise, in units of y. A float: σ is known. A
        distribution on positive numbers: the prior on σ itself
        (``ImproperUniform(constraints.positive, (), ())`` is flat on σ). None: a
        half-Student-t prior with 4 degrees of freedom. Its scale is the weighted
        standard deviation of y (the root mean square if the model has no intercept).
    """

    family = "gaussian"
    formula = "{y} ~ Normal({mean}, σ²)"
    noise_scale: Any = None

    def __post_init__(self) -> None:
        if self.noise_scale is None:
            return
        if is_distribution(self.noise_scale):
            check_positive_distribution("noise_scale", self.noise_scale)
        else:
            object.__setattr__(self, "noise_scale", checked_noise_scale(self.noise_scale))

    def parameters(self) -> dict[str, Any]:
        """Return σ as given."""
        return {"noise_scale": self.noise_scale}

    def noise_prior(self, response_scale: float) -> Any:
        """Return the prior on σ as a NumPyro distribution.

        Parameters
        ----------
        response_scale : float
            The spread of y that scales the default prior.
        """
        if self.noise_scale is not None:
            return self.noise_scale
        return default_noise_prior(response_scale)

    def noise_bounds(self) -> tuple[float, float]:
        """Return the support of the prior on σ."""
        return (0.0, float("inf")) if self.noise_scale is None else bounds(self.noise_scale)

    def noise_log_prior(self, response_scale: float) -> LogDensity:
        """Return the log prior density of σ and its derivative, as one function.

        Parameters
        ----------
        response_scale : float
            The spread of y that scales the default prior.
        """
        if self.noise_scale is None:
            return half_student_t(DEGREES_OF_FREEDOM, response_scale)
        return log_density(self.noise_scale)

    def check_response(self, y: Array) -> None:
        """Allow any finite numbers."""

    def loss(self, eta: Any, y: Any, nuisance: Nuisance) -> Any:
        """Evaluate ½((y − η)/σ)²."""
        return 0.5 * ((y - eta) / nuisance["noise_scale"]) ** 2

    def slope(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate (η − y)/σ²."""
        return (eta - y) / nuisance["noise_scale"] ** 2

    def curvature(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate 1/σ²."""
        return np.asarray(1.0 / np.square(nuisance["noise_scale"]))

    def skewness(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate 0."""
        return np.zeros(())

    def conjugate(self, slope: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate ½σ²u² + u·y at a slope u."""
        return 0.5 * (nuisance["noise_scale"] * slope) ** 2 + slope * y

    def excess(self, eta: Array, y: Array, share: float, nuisance: Nuisance) -> Array:
        """Evaluate ½(1 − share)²((y − η)/σ)²."""
        return (1.0 - share) ** 2 * self.loss(eta, y, nuisance)

    def log_prob(self, eta: Any, y: Any, nuisance: Nuisance) -> Any:
        """Evaluate −½((y − η)/σ)² − log σ − ½ log 2π."""
        noise_scale = nuisance["noise_scale"]
        log = namespace(eta, noise_scale).log
        return -0.5 * ((y - eta) / noise_scale) ** 2 - log(noise_scale) - 0.5 * np.log(2.0 * np.pi)

    def numpyro_distribution(self, eta: Any, nuisance: Nuisance) -> Any:
        """Return NumPyro's Normal."""
        import numpyro.distributions as dist

        return dist.Normal(eta, nuisance["noise_scale"])

    def draw(self, rng: np.random.Generator, eta: Array, nuisance: Nuisance) -> Array:
        """Draw from Normal(η, σ²)."""
        return eta + nuisance["noise_scale"] * rng.standard_normal(eta.shape)

    def cdf(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate Φ((y − η)/σ)."""
        from scipy.special import ndtr

        return np.asarray(ndtr((y - eta) / nuisance["noise_scale"]))

    def quantile(self, eta: Array, probability: float, nuisance: Nuisance) -> Array:
        """Return η + σ·Φ⁻¹(probability)."""
        from scipy.special import ndtri

        return eta + nuisance["noise_scale"] * ndtri(probability)

    def variance(self, eta: Array, nuisance: Nuisance) -> Array:
        """Return σ²."""
        return np.asarray(np.square(nuisance["noise_scale"]))


def deviance(sum_weights: Any, rss: Any, variance: Any) -> Any:
    """Evaluate −2 log likelihood of rows from their residual sum of squares: Σw·log 2πσ² + RSS/σ²."""
    return sum_weights * np.log(2.0 * np.pi * variance) + rss / variance
