"""Priors of σ and of scales: the distribution for bayesreg, and its density by SciPy."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy import stats

_SCIPY = {
    "HalfNormal": lambda scale: stats.halfnorm(scale=scale),
    "HalfCauchy": lambda scale: stats.halfcauchy(scale=scale),
    "Exponential": lambda rate: stats.expon(scale=1.0 / rate),
    "LogNormal": lambda loc, scale: stats.lognorm(scale, scale=np.exp(loc)),
    "Gamma": lambda shape, rate: stats.gamma(shape, scale=1.0 / rate),
    "InverseGamma": lambda shape, scale: stats.invgamma(shape, scale=scale),
}
FLAT, DEFAULT = "flat", "default"


@dataclass(frozen=True)
class Positive:
    """A prior on a positive number: a family and its parameters, in NumPyro's order."""

    family: str  # NumPyro's name; FLAT; or DEFAULT: half-Student-t with 4 degrees of freedom and a scale
    parameters: tuple[float, ...] = ()

    def __str__(self) -> str:
        return f"{self.family}({', '.join(f'{one:.4g}' for one in self.parameters)})"

    def numpyro(self) -> Any:
        """Return the argument for `GaussianLikelihood`, or for a prior's scale."""
        import numpyro.distributions as dist

        if self.family == DEFAULT:
            return None
        if self.family == FLAT:
            return dist.ImproperUniform(dist.constraints.positive, (), ())
        return getattr(dist, self.family)(*self.parameters)

    def log_density(self, value: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
        """Evaluate the log density, up to a constant."""
        if self.family == FLAT:
            return np.zeros_like(value)
        if self.family == DEFAULT:
            return stats.t(4.0, scale=self.parameters[0]).logpdf(value)
        return _SCIPY[self.family](*self.parameters).logpdf(value)

    @property
    def middle(self) -> float:
        """The median. 1 if there is none."""
        if self.family == FLAT:
            return 1.0
        if self.family == DEFAULT:
            return self.parameters[0]
        return float(_SCIPY[self.family](*self.parameters).median())
