"""The Gaussian prior: its mode is ridge regression."""

from dataclasses import KW_ONLY, dataclass
from typing import final

import numpy as np

from .base import Array, Prior
from .scales import ScaleLike


@final
@dataclass(frozen=True, eq=False, repr=False)
class GaussianPrior(Prior):
    """Gaussian prior: β ~ Normal(0, τ²). Its mode is ridge regression.

    Parameters
    ----------
    scale : float, array (p,), mapping of feature names or NumPyro distribution, optional
        The standard deviation τ, in units of y per unit of x. ``np.inf`` leaves a
        coefficient unpenalised. None: 2.5/sd(x) relative to the noise. A
        distribution is a hyperprior, for sampling only.
    factor : float, array (p,) or mapping, optional
        Multipliers of the scale. Names that a mapping omits have factor 1.
    relative_to_noise : bool, default False
        Whether the scale is in units of σ (the conjugate prior).
    """

    mode_name = "ridge"
    symbols = ("τ",)
    formula = "{beta} ~ Normal(0, {0}²)"
    order = 2
    integrates = True
    scale: ScaleLike = None
    _: KW_ONLY
    factor: ScaleLike = None
    relative_to_noise: bool = False

    def rates(self, *scales: Array) -> tuple[Array, Array]:
        """Return 0 and ``1/τ²``."""
        (tau,) = scales
        return np.zeros_like(tau), 1.0 / tau**2

    def unit_log_prob(self, coef: Array, *scales: Array) -> Array:
        """Evaluate −½(β/τ)² − log τ√(2π)."""
        (tau,) = scales
        return -0.5 * (coef / tau) ** 2 - np.log(tau) - 0.5 * np.log(2.0 * np.pi)
