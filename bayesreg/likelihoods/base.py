"""The base class of likelihoods: the mathematics of one row, given its linear predictor η and nuisance parameters."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float

from ..priors.hyperpriors import LogDensity

Array = Float[np.ndarray, "..."]
Nuisance = Mapping[str, Any]

_STEP = 1e-4  # of η, for a derivative


class Likelihood(ABC):
    """The density of a row's response given its linear predictor η = β₀ + xᵢ'β.

    A likelihood is abstract or final. It is a frozen dataclass. `loss` and the methods below it work on each entry of
    arrays of rows, or of draws and rows. They get the nuisance parameters by name (σ is ``noise_scale``). The caller
    multiplies a row's log-likelihood by its weight. JAX traces `loss` and `log_prob` too (`bayesreg.base.namespace`).

    Attributes
    ----------
    family : str
        Its short name, as files hold it.
    formula : str
        Its density as text, with places for {y} and {mean}.
    is_quadratic : bool
        Whether the loss is ½(y − η)²/σ² with one σ for all rows. Then sufficient statistics replace the rows.
    is_convex : bool
        Whether the loss is convex in η. Else a mode is a stationary point, without a duality gap.
    is_discrete : bool
        Whether responses are whole numbers.
    takes_labels : bool
        Whether responses may be labels of two kinds.
    """

    family: ClassVar[str]
    formula: ClassVar[str]
    is_quadratic: ClassVar[bool] = False
    is_convex: ClassVar[bool] = True
    is_discrete: ClassVar[bool] = False
    takes_labels: ClassVar[bool] = False

    @abstractmethod
    def check_response(self, y: Array) -> None:
        """Refuse responses that it does not allow.

        Raises
        ------
        ValueError
        """

    def coded(self, y: Array) -> Array:
        """Return responses as `loss` takes them: those given, unless a likelihood takes labels."""
        return y

    def parameters(self) -> dict[str, Any]:
        """Return the nuisance parameters as given, by name: a number, a prior, or None for the default prior."""
        return {}

    @property
    def holds_rows(self) -> bool:
        """Whether it holds arrays, one number for each row, so that it is of these rows only."""
        own = (getattr(self, field.name) for field in fields(self))  # type: ignore[arg-type]
        return any(isinstance(value, np.ndarray) and value.ndim > 0 for value in own)

    @property
    def known(self) -> dict[str, float]:
        """The nuisance parameters that are known, by name."""
        return {name: value for name, value in self.parameters().items() if isinstance(value, float)}

    def nuisance_priors(self, response_scale: float) -> dict[str, Any]:
        """Return the priors of the unknown nuisance parameters, by name: NumPyro distributions on positive numbers.

        Parameters
        ----------
        response_scale : float
            The spread of y, for default priors.
        """
        return {}

    @abstractmethod
    def loss(self, eta: Any, y: Any, nuisance: Nuisance) -> Any:
        """Evaluate −log p(y | η), up to terms without η. It is convex in η unless `is_convex` is False."""

    @abstractmethod
    def slope(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate the loss's first derivative in η."""

    def slope_in_sums(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate `slope` for a sum over rows: tiny ones may be off by the rounding of 1, if that is faster."""
        return self.slope(eta, y, nuisance)

    @abstractmethod
    def curvature(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate the loss's second derivative in η, at least 0, in a shape that broadcasts with η.

        If the loss is not convex: the curvature of a parabola that touches it from above.
        """

    def skewness(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate the loss's third derivative in η, in a shape that broadcasts with η."""
        above, below = (self.curvature(eta + sign * _STEP, y, nuisance) for sign in (1.0, -1.0))
        return (above - below) / (2.0 * _STEP)

    @abstractmethod
    def conjugate(self, slope: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate the loss's convex conjugate, sup over η of slope·η − loss(η)."""

    def excess(self, eta: Array, y: Array, share: float, nuisance: Nuisance) -> Array:
        """Evaluate loss(η) + conjugate(u) − u·η at u = share·slope(η).

        It is at least 0 (Fenchel and Young), and 0 if the share is 1. Certificates are sharper if a likelihood
        writes this without cancellation.
        """
        u = share * self.slope(eta, y, nuisance)
        terms = self.loss(eta, y, nuisance) + self.conjugate(u, y, nuisance) - u * eta
        return np.maximum(terms, 0.0)

    def deviance_and_slope(self, eta: Array, y: Array, nuisance: Nuisance) -> tuple[Array, Array]:
        """Evaluate `excess` at share 0, half the deviance, and `slope`: a likelihood may share work of the two."""
        return self.excess(eta, y, 0.0, nuisance), self.slope(eta, y, nuisance)

    def bounded(self, y: Array) -> tuple[Array, Array]:
        """Tell for each response whether the loss stays bounded as η goes to ∞, and as it goes to −∞."""
        never = np.zeros(np.shape(y), dtype=bool)
        return never, never

    @abstractmethod
    def log_prob(self, eta: Any, y: Any, nuisance: Nuisance) -> Any:
        """Evaluate log p(y | η)."""

    def numpyro_distribution(self, eta: Any, nuisance: Nuisance) -> Any:
        """Return NumPyro's distribution of a response, or None if it has none."""
        return None

    @abstractmethod
    def draw(self, rng: np.random.Generator, eta: Array, nuisance: Nuisance) -> Array:
        """Draw a response for each η."""

    @abstractmethod
    def cdf(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate the probability of a response of at most y."""

    @abstractmethod
    def quantile(self, eta: Array, probability: float, nuisance: Nuisance) -> Array:
        """Return the smallest response whose `cdf` is at least a probability."""

    def mean(self, eta: Array, nuisance: Nuisance) -> Array:
        """Return the mean of a response: η, unless the link is another than the identity."""
        return eta

    def mean_slope(self, eta: Array, nuisance: Nuisance) -> Array:
        """Return the derivative in η of a response's mean: 1, unless the link is another than the identity."""
        return np.ones(np.shape(eta))

    @abstractmethod
    def variance(self, eta: Array, nuisance: Nuisance) -> Array:
        """Return the variance of a response, in a shape that broadcasts with η."""


class QuadraticLikelihood(Likelihood):
    """A likelihood whose loss is ½(y − η)²/σ². The one σ is known or has a prior."""

    is_quadratic = True

    @property
    def known_noise_scale(self) -> float | None:
        """σ if it is known, else None."""
        return self.known.get("noise_scale")

    @abstractmethod
    def noise_prior(self, response_scale: float) -> Any:
        """Return the prior on σ as a NumPyro distribution. `response_scale` is the spread of y."""

    @abstractmethod
    def noise_bounds(self) -> tuple[float, float]:
        """Return the support of the prior on σ."""

    @abstractmethod
    def noise_log_prior(self, response_scale: float) -> LogDensity:
        """Return the log prior density of σ and its derivative, as one function."""

    def nuisance_priors(self, response_scale: float) -> dict[str, Any]:
        """Return the prior of σ if it is not known."""
        return {} if self.known else {"noise_scale": self.noise_prior(response_scale)}
