"""The Bernoulli likelihood with a logit link: logistic regression."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from .base import Array, Likelihood, Nuisance
from .softplus import softplus


@final
@dataclass(frozen=True)
class BernoulliLikelihood(Likelihood):
    """Binary responses: yᵢ ~ Bernoulli(1/(1 + exp(−ηᵢ))).

    y holds labels of two kinds, of which the larger is 1; or the fraction of wᵢ trials that are 1.
    """

    family = "bernoulli"
    formula = "{y} ~ Bernoulli(1/(1 + exp(−{mean})))"
    is_discrete = True
    takes_labels = True

    def coded(self, y: Array) -> Array:
        """Return two numbers that are no fractions as 0 and 1."""
        low, high = y.min(), y.max()
        if (low < 0.0 or high > 1.0) and low < high and ((y == low) | (y == high)).all():
            return (y == high).astype(float)
        return y

    def check_response(self, y: Array) -> None:
        """Allow numbers from 0 to 1."""
        outside = np.flatnonzero((y < 0.0) | (y > 1.0))
        if outside.size:
            raise ValueError(
                "`y` must hold two labels, or fractions from 0 to 1, for a BernoulliLikelihood; it holds "
                f"{np.unique(y).size} different numbers, {y[outside[0]]:g} at row {outside[0]} among them. "
                "Ask about one label, y == label; or give counts a PoissonLikelihood."
            )

    def loss(self, eta: Any, y: Any, nuisance: Nuisance) -> Any:
        """Evaluate log(1 + exp(η)) − y·η."""
        return softplus(eta) - y * eta

    def slope(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate μ − y."""
        return _mean(eta) - y

    def slope_in_sums(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate μ − y as ½·tanh(½η) + ½ − y."""
        slope = np.tanh(0.5 * eta)
        slope *= 0.5
        slope += 0.5 - y
        return slope

    def curvature(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate μ(1 − μ)."""
        return self.variance(eta, nuisance)

    def skewness(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate μ(1 − μ)(1 − 2μ)."""
        return -self.variance(eta, nuisance) * np.tanh(0.5 * eta)

    def conjugate(self, slope: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate ν log ν + (1 − ν) log(1 − ν) at ν = y + slope."""
        return entropy_terms(y + slope)

    def excess(self, eta: Array, y: Array, share: float, nuisance: Nuisance) -> Array:
        """Evaluate the Kullback-Leibler divergence from μ to (1 − share)·y + share·μ."""
        return kl_bernoulli(eta, y, share)

    def deviance_and_slope(self, eta: Array, y: Array, nuisance: Nuisance) -> tuple[Array, Array]:
        """Evaluate both with one exponential."""
        decay = np.exp(-np.abs(eta))
        mean = np.where(eta < 0.0, decay, 1.0) / (1.0 + decay)
        return _half_deviance(np.maximum(eta, 0.0) + np.log1p(decay) - y * eta, y), mean - y

    def bounded(self, y: Array) -> tuple[Array, Array]:
        """Tell whether y is 1, and whether it is 0."""
        return y == 1.0, y == 0.0

    def log_prob(self, eta: Any, y: Any, nuisance: Nuisance) -> Any:
        """Evaluate y·η − log(1 + exp(η)); for fractions, without the binomial coefficient."""
        return -self.loss(eta, y, nuisance)

    def numpyro_distribution(self, eta: Any, nuisance: Nuisance) -> Any:
        """Return NumPyro's BernoulliLogits."""
        import numpyro.distributions as dist

        return dist.BernoulliLogits(eta)

    def draw(self, rng: np.random.Generator, eta: Array, nuisance: Nuisance) -> Array:
        """Draw 0 or 1."""
        return (rng.random(eta.shape) < _mean(eta)).astype(float)

    def cdf(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate 0 if y < 0, 1 − μ if 0 ≤ y < 1, and 1 if y ≥ 1."""
        return np.where(y < 0.0, 0.0, np.where(y < 1.0, _mean(-eta), 1.0))

    def quantile(self, eta: Array, probability: float, nuisance: Nuisance) -> Array:
        """Return 0 if the probability is at most 1 − μ, else 1."""
        return (probability > _mean(-eta)).astype(float)

    def mean(self, eta: Array, nuisance: Nuisance) -> Array:
        """Return μ."""
        return _mean(eta)

    def mean_slope(self, eta: Array, nuisance: Nuisance) -> Array:
        """Return μ(1 − μ)."""
        return self.variance(eta, nuisance)

    def variance(self, eta: Array, nuisance: Nuisance) -> Array:
        """Return μ(1 − μ)."""
        decay = np.exp(-np.abs(eta))
        return np.asarray(decay / np.square(1.0 + decay))


def entropy_terms(nu: Array) -> Array:
    """Return ν log ν + (1 − ν) log(1 − ν)."""
    from scipy.special import xlogy

    return np.asarray(xlogy(nu, nu) + xlogy(1.0 - nu, 1.0 - nu))


def kl_bernoulli(eta: Array, y: Array, share: float) -> Array:
    """Return the Kullback-Leibler divergence from μ = 1/(1 + exp(−η)) to (1 − share)·y + share·μ."""
    if share == 0.0:  # half the deviance: μ may round to 0 while y is 1
        return _half_deviance(softplus(eta) - y * eta, y)
    from scipy.special import kl_div

    mu = _mean(eta)
    nu = y + share * (mu - y)
    return np.maximum(kl_div(nu, mu) + kl_div(1.0 - nu, _mean(-eta)), 0.0)


def _half_deviance(loss: Array, y: Array) -> Array:
    """Return the loss less its smallest possible value, which is 0 at y = 0 and y = 1."""
    inside = (y > 0.0) & (y < 1.0)
    return np.maximum(loss + entropy_terms(y), 0.0) if inside.any() else loss


def _mean(eta: Array) -> Array:
    from scipy.special import expit

    return np.asarray(expit(eta))
