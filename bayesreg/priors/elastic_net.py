"""The elastic-net prior, with its exact normaliser."""

from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, final

import numpy as np

from .base import Array, Prior, check_fields
from .scales import ScaleLike

_FAR = 1e3  # of l1/√(2 l2), above which the elastic net is a Laplace prior


def elastic_net_log_normaliser(b: Any, tau: Any) -> Array:
    """Return log ∫ exp(−|β|/b − ½(β/τ)²) dβ = log(τ√(2π)·erfcx(τ/(b√2))), which is log 2b for τ = ∞."""
    from scipy.special import erfcx

    b, tau = np.broadcast_arrays(b, tau)
    finite_tau = np.where(np.isinf(tau), 1.0, tau)
    gaussian = np.log(finite_tau * np.sqrt(2.0 * np.pi) * erfcx(finite_tau / (b * np.sqrt(2.0))))
    return np.where(np.isinf(tau), np.log(2.0 * b), gaussian)


def prior_energies(l1: Any, l2: Any) -> tuple[Any, Any]:
    """Return the prior means of l1|β| and ½ l2 β²: (1, 0) for a Laplace prior, (0, ½) for a Gaussian one."""
    from scipy.special import erfcx

    with np.errstate(divide="ignore", invalid="ignore"):
        t = l1 / np.sqrt(2.0 * l2)
        near = 2.0 * t * (1.0 / (np.sqrt(np.pi) * erfcx(t)) - t)
        far = 1.0 - 1.0 / t**2  # where the two above cancel
    absolute = np.where(t > _FAR, far, near)
    return absolute, 0.5 * (1.0 - absolute)


@final
@dataclass(frozen=True, eq=False)
class ElasticNetPrior(Prior):
    """Elastic-net prior: p(β) ∝ exp(−|β|/b − ½(β/τ)²), with its exact normaliser.

    Parameters
    ----------
    laplace_scale, gaussian_scale : float, array (p,), mapping or NumPyro distribution
        b and τ, in units of y per unit of x. ``np.inf`` switches that part off.
    factor : float, array (p,) or mapping, optional
        Multipliers of both scales; names that a mapping leaves out have factor 1.
    relative_to_noise : bool, default False
        Whether both scales are in units of σ.

    References
    ----------
    H. Zou and T. Hastie (2005), doi:10.1111/j.1467-9868.2005.00503.x;
    Q. Li and N. Lin (2010), "The Bayesian elastic net", doi:10.1214/10-BA506.
    """

    mode_name = "elastic net"
    symbols = ("b", "τ")
    formula = "density of {beta} proportional to exp(−|{beta}| / {b} − {beta}² / (2{tau}²))"
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
        return -np.abs(coef) / b - 0.5 * (coef / tau) ** 2 - elastic_net_log_normaliser(b, tau)

    def with_scale(self, scale: float) -> "ElasticNetPrior":
        """Return this prior at another b, with τ moved so that the ratio of l1 to l2 is kept."""
        if not (isinstance(self.laplace_scale, float) and isinstance(self.gaussian_scale, float)):
            raise TypeError(
                "a path over an elastic net needs both scales as numbers. "
                "Put what differs between coefficients into `factor`."
            )
        ratio = 1.0 if self.laplace_scale == np.inf else scale / self.laplace_scale
        return replace(self, laplace_scale=scale, gaussian_scale=self.gaussian_scale * np.sqrt(ratio))
