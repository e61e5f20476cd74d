"""The Poisson likelihood with a log link."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ..base.namespace import namespace
from .base import Array, Likelihood, Nuisance
from .counts import check_counts, smallest_count


@final
@dataclass(frozen=True)
class PoissonLikelihood(Likelihood):
    """Counts: yᵢ ~ Poisson(exp(ηᵢ)). An exposure e is the offset log(e) of the data."""

    family = "poisson"
    formula = "{y} ~ Poisson(exp({mean}))"
    is_discrete = True

    def check_response(self, y: Array) -> None:
        """Allow whole numbers from 0."""
        check_counts(y, type(self).__name__)

    def loss(self, eta: Any, y: Any, nuisance: Nuisance) -> Any:
        """Evaluate μ − y·η."""
        return _mean(eta) - y * eta

    def slope(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate μ − y."""
        return np.asarray(_mean(eta) - y)

    def curvature(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate μ."""
        return np.asarray(_mean(eta))

    def skewness(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate μ."""
        return np.asarray(_mean(eta))

    def conjugate(self, slope: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate ν log ν − ν at ν = y + slope."""
        from scipy.special import xlogy

        nu = y + slope
        return np.asarray(xlogy(nu, nu) - nu)

    def excess(self, eta: Array, y: Array, share: float, nuisance: Nuisance) -> Array:
        """Evaluate the Kullback-Leibler divergence from μ to ν = (1 − share)·y + share·μ: ν log(ν/μ) − ν + μ."""
        mu = np.asarray(_mean(eta))
        if share == 0.0:
            return _half_deviance(eta, mu, y)
        from scipy.special import kl_div

        return np.maximum(kl_div(y + share * (mu - y), mu), 0.0)

    def deviance_and_slope(self, eta: Array, y: Array, nuisance: Nuisance) -> tuple[Array, Array]:
        """Evaluate both with one exponential."""
        mu = np.asarray(_mean(eta))
        return _half_deviance(eta, mu, y), mu - y

    def bounded(self, y: Array) -> tuple[Array, Array]:
        """Tell whether y is 0: then the loss stays bounded as η goes to −∞."""
        return np.zeros(np.shape(y), dtype=bool), y == 0.0

    def log_prob(self, eta: Any, y: Any, nuisance: Nuisance) -> Any:
        """Evaluate y·η − μ − log y!."""
        xp = namespace(eta)
        if xp is np:
            from scipy.special import gammaln
        else:
            from jax.scipy.special import gammaln
        return -self.loss(eta, y, nuisance) - gammaln(y + 1.0)

    def numpyro_distribution(self, eta: Any, nuisance: Nuisance) -> Any:
        """Return NumPyro's Poisson."""
        import numpyro.distributions as dist

        return dist.Poisson(namespace(eta).exp(eta))

    def draw(self, rng: np.random.Generator, eta: Array, nuisance: Nuisance) -> Array:
        """Draw a count."""
        return rng.poisson(np.minimum(_mean(eta), _LARGEST)).astype(float)

    def cdf(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate the probability of a count of at most y."""
        from scipy.special import pdtr

        return np.where(y < 0.0, 0.0, pdtr(np.maximum(np.floor(y), 0.0), _mean(eta)))

    def quantile(self, eta: Array, probability: float, nuisance: Nuisance) -> Array:
        """Return the smallest count whose `cdf` is at least a probability."""
        from scipy.special import pdtrik

        mu = np.asarray(_mean(eta))
        return smallest_count(lambda y: self.cdf(eta, y, nuisance), probability, pdtrik(probability, mu))

    def mean(self, eta: Array, nuisance: Nuisance) -> Array:
        """Return μ."""
        return np.asarray(_mean(eta))

    def mean_slope(self, eta: Array, nuisance: Nuisance) -> Array:
        """Return μ."""
        return self.mean(eta, nuisance)

    def variance(self, eta: Array, nuisance: Nuisance) -> Array:
        """Return μ."""
        return np.asarray(_mean(eta))


_LARGEST = 9e18  # the largest mean that NumPy draws from


def _half_deviance(eta: Array, mu: Array, y: Array) -> Array:
    """Evaluate μ − y − y·(η − log y): μ may round to 0 while y does not."""
    with np.errstate(invalid="ignore"):  # 0·∞
        half = mu - y - y * (eta - np.log(np.maximum(y, 1.0)))  # y is a whole number
    return np.where(y > 0.0, np.maximum(half, 0.0), mu)


def _mean(eta: Any) -> Any:
    with np.errstate(over="ignore"):
        return namespace(eta).exp(eta)
