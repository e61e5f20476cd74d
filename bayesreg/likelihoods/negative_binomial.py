"""The negative binomial likelihood with a log link: counts whose variance exceeds their mean."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ..base.namespace import namespace
from ..priors.penalty import checked_positive
from ..priors.scales import check_positive_distribution, is_distribution
from .base import Array, Likelihood, Nuisance
from .bernoulli import entropy_terms, kl_bernoulli
from .counts import check_counts, smallest_count
from .softplus import softplus


@final
@dataclass(frozen=True)
class NegativeBinomialLikelihood(Likelihood):
    """Counts with mean μᵢ = exp(ηᵢ) and variance μᵢ + μᵢ²/k (NB2). An exposure e is the offset log(e) of the data.

    For a known k the loss is that of a logistic regression: weight y + k, response y/(y + k), offset −log k.

    Parameters
    ----------
    dispersion : float or NumPyro distribution, optional
        k. A float: it is known. A distribution on positive numbers: its prior. A large k is nearly Poisson. None: a
        log-normal prior with median e and nine tenths of its mass between 0.1 and 73.
    """

    family = "negative-binomial"
    formula = "{y} ~ NegativeBinomial(mean exp({mean}), variance mean + mean²/k)"
    is_discrete = True
    dispersion: Any = None

    def __post_init__(self) -> None:
        if is_distribution(self.dispersion):
            check_positive_distribution("dispersion", self.dispersion)
        elif self.dispersion is not None:
            object.__setattr__(self, "dispersion", checked_positive("dispersion", self.dispersion))

    def parameters(self) -> dict[str, Any]:
        """Return k as given."""
        return {"dispersion": self.dispersion}

    def nuisance_priors(self, response_scale: float) -> dict[str, Any]:
        """Return the prior of k if it is not known."""
        if self.known:
            return {}
        return {"dispersion": _default_prior() if self.dispersion is None else self.dispersion}

    def check_response(self, y: Array) -> None:
        """Allow whole numbers from 0."""
        check_counts(y, type(self).__name__)

    def loss(self, eta: Any, y: Any, nuisance: Nuisance) -> Any:
        """Evaluate (y + k) log(1 + exp(η − log k)) − y(η − log k)."""
        k, t = _logistic(eta, nuisance)
        return (y + k) * softplus(t) - y * t

    def slope(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate (y + k)s − y, with s = μ/(μ + k)."""
        from scipy.special import expit

        k, t = _logistic(eta, nuisance)
        return np.asarray((y + k) * expit(t) - y)

    def curvature(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate (y + k)s(1 − s)."""
        from scipy.special import expit

        k, t = _logistic(eta, nuisance)
        return np.asarray((y + k) * expit(t) * expit(-t))

    def skewness(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate (y + k)s(1 − s)(1 − 2s)."""
        _, t = _logistic(eta, nuisance)
        return -self.curvature(eta, y, nuisance) * np.tanh(0.5 * t)

    def conjugate(self, slope: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate u log k + (y + k)(ν log ν + (1 − ν) log(1 − ν)) at ν = (y + u)/(y + k)."""
        k = nuisance["dispersion"]
        return np.asarray(slope * np.log(k) + (y + k) * entropy_terms((y + slope) / (y + k)))

    def excess(self, eta: Array, y: Array, share: float, nuisance: Nuisance) -> Array:
        """Evaluate y + k times the divergence of the logistic regression that has the same loss."""
        k, t = _logistic(eta, nuisance)
        return np.asarray((y + k) * kl_bernoulli(t, y / (y + k), share))

    def bounded(self, y: Array) -> tuple[Array, Array]:
        """Tell whether y is 0: then the loss stays bounded as η goes to −∞."""
        return np.zeros(np.shape(y), dtype=bool), y == 0.0

    def log_prob(self, eta: Any, y: Any, nuisance: Nuisance) -> Any:
        """Evaluate log Γ(y + k) − log Γ(k) − log y! − loss."""
        k = nuisance["dispersion"]
        if namespace(eta, k) is np:
            from scipy.special import gammaln
        else:
            from jax.scipy.special import gammaln
        return gammaln(y + k) - gammaln(k) - gammaln(y + 1.0) - self.loss(eta, y, nuisance)

    def numpyro_distribution(self, eta: Any, nuisance: Nuisance) -> Any:
        """Return NumPyro's NegativeBinomial2."""
        import numpyro.distributions as dist

        return dist.NegativeBinomial2(namespace(eta).exp(eta), nuisance["dispersion"])

    def draw(self, rng: np.random.Generator, eta: Array, nuisance: Nuisance) -> Array:
        """Draw a count: Poisson with a mean that is Gamma distributed."""
        k = np.broadcast_to(nuisance["dispersion"], eta.shape)
        return rng.poisson(np.minimum(rng.gamma(k) * self.mean(eta, nuisance) / k, _LARGEST)).astype(float)

    def cdf(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate the probability of a count of at most y."""
        from scipy.special import betainc, expit

        k, t = _logistic(eta, nuisance)
        return np.where(y < 0.0, 0.0, betainc(k, np.maximum(np.floor(y), 0.0) + 1.0, expit(-t)))

    def quantile(self, eta: Array, probability: float, nuisance: Nuisance) -> Array:
        """Return the smallest count whose `cdf` is at least a probability."""
        from scipy.special import expit
        from scipy.stats import nbinom

        k, t = _logistic(eta, nuisance)
        near = nbinom.ppf(probability, k, expit(-t))
        return smallest_count(lambda y: self.cdf(eta, y, nuisance), probability, near)

    def mean(self, eta: Array, nuisance: Nuisance) -> Array:
        """Return μ."""
        with np.errstate(over="ignore"):
            return np.exp(eta)

    def mean_slope(self, eta: Array, nuisance: Nuisance) -> Array:
        """Return μ."""
        return self.mean(eta, nuisance)

    def variance(self, eta: Array, nuisance: Nuisance) -> Array:
        """Return μ + μ²/k."""
        mu = self.mean(eta, nuisance)
        return np.asarray(mu + mu**2 / nuisance["dispersion"])


_LARGEST = 9e18  # the largest mean that NumPy draws from
_LOG_CENTRE, _LOG_SPREAD = 1.0, 2.0  # of the default prior


def _default_prior() -> Any:
    import numpyro.distributions as dist

    return dist.LogNormal(_LOG_CENTRE, _LOG_SPREAD)


def _logistic(eta: Any, nuisance: Nuisance) -> tuple[Any, Any]:
    """Return k, and the linear predictor of the logistic regression that has the same loss."""
    k = nuisance["dispersion"]
    return k, eta - namespace(k).log(k)
