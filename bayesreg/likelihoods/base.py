"""What a likelihood is: the mathematics of one row, given its linear predictor η and its nuisance parameters."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float

from ..priors.hyperpriors import LogDensity

Array = Float[np.ndarray, "..."]
Nuisance = Mapping[str, Any]


class Likelihood(ABC):
    """What a row tells of its linear predictor η = β₀ + xᵢ'β.

    A likelihood is abstract or final, and a frozen dataclass. All methods from `loss` on work on each entry of
    arrays of rows, or of draws and rows, and get the nuisance parameters by name (σ is ``noise_scale``). A weight
    multiplies a row's whole log-likelihood, outside. `loss` and `log_prob` are traced by JAX, too
    (`bayesreg.base.namespace`).

    Attributes
    ----------
    family : str
        Its name where only a name is at hand.
    formula : str
        Its density in words, with places for {y} and {mean}.
    is_quadratic : bool
        Whether the loss is ½(y − η)²/σ² with one σ for all rows. Then sufficient statistics tell all that rows do.
    """

    family: ClassVar[str]
    formula: ClassVar[str]
    is_quadratic: ClassVar[bool] = False

    @abstractmethod
    def check_response(self, y: Array) -> None:
        """Refuse responses that it does not allow.

        Raises
        ------
        ValueError
        """

    def parameters(self) -> dict[str, Any]:
        """Return the nuisance parameters as given, by name: numbers, priors, or None for a default prior."""
        return {}

    @property
    def known(self) -> dict[str, float]:
        """The nuisance parameters that are known, by name."""
        return {name: value for name, value in self.parameters().items() if isinstance(value, float)}

    def nuisance_priors(self, response_scale: float) -> dict[str, Any]:
        """Return the priors of the others as NumPyro distributions on positive numbers, by name.

        Parameters
        ----------
        response_scale : float
            The spread of y, for default priors.
        """
        return {}

    @abstractmethod
    def loss(self, eta: Any, y: Any, nuisance: Nuisance) -> Any:
        """Evaluate −log p(y | η) but for what does not depend on η. It is convex in η."""

    @abstractmethod
    def slope(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate the loss's first derivative along η."""

    @abstractmethod
    def curvature(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate the loss's second derivative along η, at least 0; it is broadcast against η."""

    @abstractmethod
    def conjugate(self, slope: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate the loss's convex conjugate, sup over η of slope·η − loss(η)."""

    def excess(self, eta: Array, y: Array, share: float, nuisance: Nuisance) -> Array:
        """Evaluate loss(η) + conjugate(u) − u·η at a share of the loss's slope at η, u = share·slope.

        It is at least 0 (Fenchel and Young), and 0 if the share is 1. A likelihood that can write it so that nothing
        cancels has sharper certificates.
        """
        u = share * self.slope(eta, y, nuisance)
        terms = self.loss(eta, y, nuisance) + self.conjugate(u, y, nuisance) - u * eta
        return np.maximum(terms, 0.0)

    @abstractmethod
    def log_prob(self, eta: Any, y: Any, nuisance: Nuisance) -> Any:
        """Evaluate log p(y | η)."""

    @abstractmethod
    def draw(self, rng: np.random.Generator, eta: Array, nuisance: Nuisance) -> Array:
        """Draw a response for each η."""

    @abstractmethod
    def cdf(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate the probability of a response of at most y."""

    @abstractmethod
    def quantile(self, eta: Array, probability: float, nuisance: Nuisance) -> Array:
        """Return the smallest response whose `cdf` is at least a probability."""

    @abstractmethod
    def variance(self, eta: Array, nuisance: Nuisance) -> Array:
        """Return the variance of a response; it is broadcast against η."""


class QuadraticLikelihood(Likelihood):
    """A likelihood whose loss is ½(y − η)²/σ², with one σ that is known or has a prior."""

    is_quadratic = True

    @property
    def known_noise_scale(self) -> float | None:
        """σ if it is known, else None."""
        return self.known.get("noise_scale")

    @abstractmethod
    def noise_prior(self, response_scale: float) -> Any:
        """Return the prior on σ as a NumPyro distribution; `response_scale` is the spread of y."""

    @abstractmethod
    def noise_bounds(self) -> tuple[float, float]:
        """Return the support of the prior on σ."""

    @abstractmethod
    def noise_log_prior(self, response_scale: float) -> LogDensity:
        """Return the log prior density of σ and its derivative, as one function."""

    def nuisance_priors(self, response_scale: float) -> dict[str, Any]:
        """Return the prior of σ if it is not known."""
        return {} if self.known else {"noise_scale": self.noise_prior(response_scale)}
