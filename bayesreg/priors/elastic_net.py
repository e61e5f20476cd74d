"""The elastic-net prior."""

from dataclasses import KW_ONLY, dataclass, replace
from typing import final

import numpy as np

from .base import Array, Prior, check_fields
from .elastic_net_law import log_normaliser_at
from .scales import ScaleLike


@final
@dataclass(frozen=True, eq=False, repr=False)
class ElasticNetPrior(Prior):
    """Elastic-net prior: p(β) ∝ exp(−|β|/b − ½(β/τ)²), with its exact normaliser.

    Parameters
    ----------
    laplace_scale, gaussian_scale : float, array (p,), mapping or NumPyro distribution
        b and τ, in units of y per unit of x. ``np.inf`` removes that part.
    factor : float, array (p,) or mapping, optional
        Multipliers of both scales. Names that a mapping omits have factor 1.
    relative_to_noise : bool, default False
        Whether both scales are in units of σ.

    References
    ----------
    H. Zou and T. Hastie (2005), doi:10.1111/j.1467-9868.2005.00503.x;
    Q. Li and N. Lin (2010), "The Bayesian elastic net", doi:10.1214/10-BA506.
    """

    mode_name = "elastic net"
    symbols = ("b", "τ")
    formula = "density of {beta} proportional to exp(−|{beta}| / {0} − {beta}² / (2{1}²))"
    laplace_scale: ScaleLike
    gaussian_scale: ScaleLike
    _: KW_ONLY
    factor: ScaleLike = None
    relative_to_noise: bool = False

    def __post_init__(self) -> None:
        for name, value in self.scales().items():
            if value is None:
                raise TypeError(f"`{name}` must be given: an elastic net has no default scale.")
        check_fields(self)

    def scales(self) -> dict[str, ScaleLike]:
        """Return both scales as given, by name."""
        return {"laplace_scale": self.laplace_scale, "gaussian_scale": self.gaussian_scale}

    def rates(self, *scales: Array) -> tuple[Array, Array]:
        """Return ``1/b`` and ``1/τ²``."""
        b, tau = scales
        return 1.0 / b, 1.0 / tau**2

    def unit_log_prob(self, coef: Array, *scales: Array) -> Array:
        """Evaluate −|β|/b − ½(β/τ)² − log(τ√(2π)·erfcx(τ/(b√2)))."""
        b, tau = scales
        return -np.abs(coef) / b - 0.5 * (coef / tau) ** 2 - log_normaliser_at(b, tau)

    def with_scale(self, scale: float) -> "ElasticNetPrior":
        """Return this prior at another b. τ changes too, so that the ratio of l1 to l2 stays the same."""
        if not (isinstance(self.laplace_scale, float) and isinstance(self.gaussian_scale, float)):
            raise TypeError(
                "a path over an elastic net needs both scales as numbers. "
                "Give values that differ between coefficients as `factor`."
            )
        ratio = 1.0 if self.laplace_scale == np.inf else scale / self.laplace_scale
        return replace(self, laplace_scale=scale, gaussian_scale=self.gaussian_scale * np.sqrt(ratio))
