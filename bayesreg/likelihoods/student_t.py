"""The Student-t likelihood: noise with heavy tails, so that outliers pull little."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ..base.namespace import namespace
from ..priors.penalty import checked_noise_scale, checked_positive
from ..priors.scales import check_positive_distribution, is_distribution
from .base import Array, Likelihood, Nuisance
from .noise import default_noise_prior


@final
@dataclass(frozen=True)
class StudentTLikelihood(Likelihood):
    """Noise with heavy tails: (yᵢ − ηᵢ)/σ has Student's t distribution.

    Parameters
    ----------
    df : float or NumPyro distribution, default 4.0
        Degrees of freedom ν. A float: they are known. A distribution on positive numbers: their prior.
    noise_scale : float or NumPyro distribution, optional
        σ, in units of y. The noise's standard deviation is σ√(ν/(ν − 2)) if ν > 2. A float: σ is known. A
        distribution on positive numbers: the prior on σ. None: the default prior of a GaussianLikelihood.
    """

    family = "student-t"
    formula = "{y} ~ StudentT(ν, {mean}, σ)"
    is_convex = False
    df: Any = 4.0
    noise_scale: Any = None

    def __post_init__(self) -> None:
        if is_distribution(self.df):
            check_positive_distribution("df", self.df)
        else:
            object.__setattr__(self, "df", checked_positive("df", self.df))
        if is_distribution(self.noise_scale):
            check_positive_distribution("noise_scale", self.noise_scale)
        elif self.noise_scale is not None:
            object.__setattr__(self, "noise_scale", checked_noise_scale(self.noise_scale))

    def parameters(self) -> dict[str, Any]:
        """Return ν and σ as given."""
        return {"df": self.df, "noise_scale": self.noise_scale}

    def nuisance_priors(self, response_scale: float) -> dict[str, Any]:
        """Return the priors of ν and σ, if they are not known."""
        priors = {name: value for name, value in self.parameters().items() if name not in self.known}
        if "noise_scale" in priors and self.noise_scale is None:
            priors["noise_scale"] = default_noise_prior(response_scale)
        return priors

    def check_response(self, y: Array) -> None:
        """Allow any finite numbers."""

    def loss(self, eta: Any, y: Any, nuisance: Nuisance) -> Any:
        """Evaluate ½(ν + 1) log(1 + z²/ν), with z = (y − η)/σ. It is not convex."""
        df, z = _standardised(eta, y, nuisance)
        return 0.5 * (df + 1.0) * namespace(z).log1p(z**2 / df)

    def slope(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate −(ν + 1)z/(ν + z²)/σ."""
        df, z = _standardised(eta, y, nuisance)
        return np.asarray(-(df + 1.0) * z / (df + z**2) / nuisance["noise_scale"])

    def curvature(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate (ν + 1)/(ν + z²)/σ²: the curvature of the parabola that touches the loss from above."""
        df, z = _standardised(eta, y, nuisance)
        return np.asarray((df + 1.0) / (df + z**2) / np.square(nuisance["noise_scale"]))

    def skewness(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate the loss's third derivative in η."""
        df, z = _standardised(eta, y, nuisance)
        third = 2.0 * (df + 1.0) * z * (3.0 * df - z**2) / (df + z**2) ** 3
        return np.asarray(third / np.power(nuisance["noise_scale"], 3))

    def conjugate(self, slope: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate 0 at slope 0, else infinity: the loss grows more slowly than any line."""
        return np.where(slope == 0.0, 0.0, np.inf)

    def excess(self, eta: Array, y: Array, share: float, nuisance: Nuisance) -> Array:
        """Evaluate the loss if the share is 0, else infinity where the slope is not 0."""
        loss = self.loss(eta, y, nuisance)
        return loss if share == 0.0 else np.where(loss == 0.0, 0.0, np.inf)

    def log_prob(self, eta: Any, y: Any, nuisance: Nuisance) -> Any:
        """Evaluate log Γ(½(ν + 1)) − log Γ(½ν) − ½ log πν − log σ − loss."""
        df, noise_scale = nuisance["df"], nuisance["noise_scale"]
        xp = namespace(eta, df, noise_scale)
        if xp is np:
            from scipy.special import gammaln
        else:
            from jax.scipy.special import gammaln
        constant = gammaln(0.5 * (df + 1.0)) - gammaln(0.5 * df) - 0.5 * xp.log(np.pi * df)
        return constant - xp.log(noise_scale) - self.loss(eta, y, nuisance)

    def numpyro_distribution(self, eta: Any, nuisance: Nuisance) -> Any:
        """Return NumPyro's StudentT."""
        import numpyro.distributions as dist

        return dist.StudentT(nuisance["df"], eta, nuisance["noise_scale"])

    def draw(self, rng: np.random.Generator, eta: Array, nuisance: Nuisance) -> Array:
        """Draw a response."""
        return eta + nuisance["noise_scale"] * rng.standard_t(np.broadcast_to(nuisance["df"], eta.shape))

    def cdf(self, eta: Array, y: Array, nuisance: Nuisance) -> Array:
        """Evaluate the distribution function of Student's t at z."""
        from scipy.special import stdtr

        df, z = _standardised(eta, y, nuisance)
        return np.asarray(stdtr(df, z))

    def quantile(self, eta: Array, probability: float, nuisance: Nuisance) -> Array:
        """Return η + σ times the quantile of Student's t."""
        from scipy.special import stdtrit

        return np.asarray(eta + nuisance["noise_scale"] * stdtrit(nuisance["df"], probability))

    def variance(self, eta: Array, nuisance: Nuisance) -> Array:
        """Return σ²ν/(ν − 2), or infinity if ν ≤ 2."""
        df = np.asarray(nuisance["df"], dtype=float)
        heavy = df <= 2.0
        ratio = np.where(heavy, np.inf, df / np.where(heavy, 1.0, df - 2.0))
        return np.asarray(np.square(nuisance["noise_scale"]) * ratio)


def _standardised(eta: Any, y: Any, nuisance: Nuisance) -> tuple[Any, Any]:
    """Return ν and (y − η)/σ."""
    return nuisance["df"], (y - eta) / nuisance["noise_scale"]
