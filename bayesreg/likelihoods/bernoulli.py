"""The Bernoulli likelihood with a logit link: logistic regression."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ..base.namespace import namespace
from .base import Array, Likelihood, Nuisance


@final
@dataclass(frozen=True)
class BernoulliLikelihood(Likelihood):
    """Yes or no: yᵢ ~ Bernoulli(1/(1 + exp(−ηᵢ))); y is 0 or 1, or a share of trials that the weight counts."""

    family = "bernoulli"
    formula = "{y} ~ Bernoulli(1/(1 + exp(−{mean})))"

    def check_response(self, y: Array) -> None:
        """Allow numbers from 0 to 1."""
        outside = np.flatnonzero((y < 0.0) | (y > 1.0))
        if outside.size:
            raise ValueError(
                f"`y` must be 0 or 1, or a share between them, beside a BernoulliLikelihood; got {y[outside[0]]:g} at "
                f"row {outside[0]}. Code the classes so, for example y == label."
            )

    def loss(self, eta: Any, y: Any, nuisance: Nuisance) -> Any:
        """Evaluate log(1 + exp(η)) − y·η."""
        return namespace(eta).logaddexp(0.0, eta) - y * eta

    def slope(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate μ − y."""
        return _mean(eta) - y

    def curvature(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate μ(1 − μ)."""
        return self.variance(eta, nuisance)

    def conjugate(self, slope: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate ν log ν + (1 − ν) log(1 − ν) at ν = y + slope."""
        from scipy.special import xlogy

        nu = y + slope
        return np.asarray(xlogy(nu, nu) + xlogy(1.0 - nu, 1.0 - nu))

    def excess(self, eta: Array, y: Array, share: float, nuisance: Nuisance) -> Array:
        """Evaluate the Kullback-Leibler divergence from μ to (1 − share)·y + share·μ."""
        if share == 0.0:  # half the deviance, where μ may be 0 to float64 and y 1
            return np.maximum(self.loss(eta, y, nuisance) + self.conjugate(0.0 * y, y, nuisance), 0.0)
        from scipy.special import kl_div

        mu = _mean(eta)
        nu = y + share * (mu - y)
        return np.maximum(kl_div(nu, mu) + kl_div(1.0 - nu, _mean(-eta)), 0.0)

    def log_prob(self, eta: Any, y: Any, nuisance: Nuisance) -> Any:
        """Evaluate y·η − log(1 + exp(η)); of shares without the number of ways in which the trials can fall."""
        return -self.loss(eta, y, nuisance)

    def draw(self, rng: np.random.Generator, eta: Array, nuisance: Nuisance) -> Array:
        """Draw 0 or 1."""
        return (rng.random(eta.shape) < _mean(eta)).astype(float)

    def cdf(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate 1 − μ from 0 on and 1 from 1 on."""
        return np.where(y < 0.0, 0.0, np.where(y < 1.0, _mean(-eta), 1.0))

    def quantile(self, eta: Array, probability: float, nuisance: Nuisance) -> Array:
        """Return 0 up to a probability of 1 − μ, then 1."""
        return (probability > _mean(-eta)).astype(float)

    def variance(self, eta: Array, nuisance: Nuisance) -> Array:
        """Return μ(1 − μ)."""
        return _mean(eta) * _mean(-eta)


def _mean(eta: Array) -> Array:
    from scipy.special import expit

    return np.asarray(expit(eta))
