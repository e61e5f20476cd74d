"""The Laplace prior: its mode is the lasso."""

from dataclasses import KW_ONLY, dataclass
from typing import final

import numpy as np

from .base import Array, Prior
from .scales import ScaleLike


@final
@dataclass(frozen=True, eq=False, repr=False)
class LaplacePrior(Prior):
    """Laplace prior: p(β) = exp(−|β|/b) / (2b). Its mode is the lasso.

    Parameters
    ----------
    scale : float, array (p,), mapping of feature names or NumPyro distribution, optional
        The scale b, in units of y per unit of x. ``np.inf`` leaves a coefficient
        unpenalised. None: 2.5/sd(x) relative to the noise. A distribution is a
        hyperprior, for sampling only.
    factor : float, array (p,) or mapping, optional
        Multipliers of the scale. Names that a mapping omits have factor 1.
    relative_to_noise : bool, default False
        Whether the scale is in units of σ (Park & Casella's conditional prior).

    References
    ----------
    T. Park and G. Casella (2008), "The Bayesian Lasso", doi:10.1198/016214508000000337.
    """

    mode_name = "lasso"
    symbols = ("b",)
    formula = "{beta} ~ Laplace(0, {0}),  density exp(−|{beta}| / {0}) / (2{0})"
    scale: ScaleLike = None
    _: KW_ONLY
    factor: ScaleLike = None
    relative_to_noise: bool = False

    def rates(self, *scales: Array) -> tuple[Array, Array]:
        """Return ``1/b`` and 0."""
        (b,) = scales
        return 1.0 / b, np.zeros_like(b)

    def unit_log_prob(self, coef: Array, *scales: Array) -> Array:
        """Evaluate −|β|/b − log 2b."""
        (b,) = scales
        return -np.abs(coef) / b - np.log(2.0 * b)
