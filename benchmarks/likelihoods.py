"""The rows' losses of the families, in plain NumPy; one divergence says all that the referee needs."""

from dataclasses import dataclass

import numpy as np

from .problem import Array, Family

_ROUNDS = 200


@dataclass(frozen=True)
class Bernoulli:
    """Labels 0 and 1, or fractions, under log odds η."""

    def mean(self, eta: Array) -> Array:
        """Evaluate 1/(1 + exp(−η))."""
        return 0.5 * (1.0 + np.tanh(0.5 * eta))

    def curvature(self, eta: Array) -> Array:
        """Evaluate μ(1 − μ)."""
        return 0.25 / np.cosh(np.clip(0.5 * eta, -300.0, 300.0)) ** 2

    def divergence(self, nu: Array, eta: Array) -> Array:
        """Evaluate the Kullback-Leibler divergence from μ(η) to ν. At ν = y it is half the deviance."""
        away = np.abs(eta) * np.where(eta > 0.0, 1.0 - nu, nu) + np.log1p(np.exp(-np.abs(eta)))
        return np.maximum(_x_log_x(nu) + _x_log_x(1.0 - nu) + away, 0.0)

    def link(self, mean: float) -> float:
        """Return the log odds."""
        return float(np.log(mean / (1.0 - mean)))

    def intercept(self, eta: Array, y: Array) -> float:
        """Return the number c at which the means at η + c add up to y's, by Newton's method within bounds."""
        centre = self.link(float(y.mean()))
        low, high = centre - float(eta.max()), centre - float(eta.min())
        c = 0.5 * (low + high)
        for _ in range(_ROUNDS):
            excess = float((self.mean(eta + c) - y).sum())
            low, high = (low, c) if excess > 0.0 else (c, high)
            slope = float(self.curvature(eta + c).sum())
            proposed = c - excess / slope if slope > 0.0 else np.inf
            moved = proposed if low <= proposed <= high else 0.5 * (low + high)
            if abs(moved - c) <= 1e-15 * max(1.0, abs(c)):
                break
            c = moved
        return c


@dataclass(frozen=True)
class Poisson:
    """Counts of mean exp(η)."""

    def mean(self, eta: Array) -> Array:
        """Evaluate exp(η); infinite where that overflows."""
        with np.errstate(over="ignore"):
            return np.exp(eta)

    def curvature(self, eta: Array) -> Array:
        """Evaluate exp(η)."""
        return self.mean(eta)

    def divergence(self, nu: Array, eta: Array) -> Array:
        """Evaluate ν log(ν/μ) − ν + μ. At ν = y it is half the deviance."""
        return np.maximum(_x_log_x(nu) - nu - nu * eta + self.mean(eta), 0.0)

    def link(self, mean: float) -> float:
        """Return the log of the mean."""
        return float(np.log(mean))

    def intercept(self, eta: Array, y: Array) -> float:
        """Return the number c at which the means at η + c add up to y's."""
        largest = float(eta.max())
        return float(np.log(y.sum()) - largest - np.log(np.exp(eta - largest).sum()))


def likelihood(family: Family) -> Bernoulli | Poisson:
    """Return the losses of a family other than the Gaussian one."""
    return Poisson() if family == "poisson" else Bernoulli()


def _x_log_x(x: Array) -> Array:
    return x * np.log(np.where(x > 0.0, x, 1.0))
