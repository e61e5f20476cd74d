"""Priors on the coefficients: each complete with its density and the penalty it amounts to.

A prior becomes a penalty through its *rates*, the coefficients of ``|β|`` and of
``½β²`` in its negative log density: ``1/b`` and ``1/τ²``. ``penalty.py`` brings in
the noise; no other module knows a prior's formula.
"""

from abc import ABC, abstractmethod
from dataclasses import KW_ONLY, dataclass, field, fields, replace
from typing import Any, final

import numpy as np
from jaxtyping import Float

from .scales import ScaleLike, checked, is_distribution

Array = Float[np.ndarray, "..."]

_FAR = 1e3  # of l1/√(2 l2), above which the elastic net is a Laplace prior
DEFAULT_SCALE = 2.5  # in units of sd(y)/sd(x), the weakly informative choice of rstanarm and Bambi


def _is_number(value: object) -> bool:
    return isinstance(value, float | np.ndarray)


def _same(a: object, b: object) -> bool:
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return np.array_equal(a, b)  # type: ignore[arg-type]
    return bool(a == b)


class Prior(ABC):
    """A prior under which coefficients are independent and symmetric around zero."""

    factor: ScaleLike
    relative_to_noise: bool

    @abstractmethod
    def scales(self) -> dict[str, ScaleLike]:
        """Return the scales as given, by name."""

    @abstractmethod
    def rates(self, *scales: Array) -> tuple[Array, Array]:
        """Return the coefficients of ``|β|`` and ``½β²`` in −log p(β), for resolved scales."""

    @abstractmethod
    def unit_log_prob(self, coef: Array, *scales: Array) -> Array:
        """Evaluate the log density of each coefficient, for resolved finite scales."""

    @abstractmethod
    def with_scale(self, scale: float) -> "Prior":
        """Return this prior at another value of its scale, everything else kept."""

    @property
    def has_sampled_scale(self) -> bool:
        """Whether a scale is a distribution, to be sampled along with the coefficients."""
        return any(is_distribution(value) for value in self.scales().values())

    def numeric_scales(self, noise_scale: float = 1.0) -> list[Array]:
        """Return the scales in the units of the coefficients, where numbers alone settle them.

        Raises
        ------
        ValueError
            Where a scale is a default, a mapping or a distribution, which need data.
        """
        factor = 1.0 if self.factor is None else self.factor
        for name, value in {**self.scales(), "factor": factor}.items():
            if not _is_number(value):
                raise ValueError(
                    f"`{name}` is {value!r}, which only data can turn into numbers. "
                    "Give a number or an array, or read `.penalty` of map_estimate(model, data)."
                )
        multiplier = np.asarray(factor) * (noise_scale if self.relative_to_noise else 1.0)
        return [np.asarray(value) * multiplier for value in self.scales().values()]

    def log_prob(self, coef: Any, noise_scale: float = 1.0) -> Array:
        """Evaluate the log density of each coefficient.

        Parameters
        ----------
        coef : array (..., p)
            Coefficients.
        noise_scale : float, default 1.0
            σ; matters only where the scale is relative to the noise.

        Returns
        -------
        array (..., p)
            Log density of each coefficient, its normalising constant included, and 0
            where a coefficient is unpenalised (an improper flat prior).
        """
        coef = np.asarray(coef, dtype=np.float64)
        scales = self.numeric_scales(noise_scale)
        flat = np.all([np.isinf(scale) for scale in scales], axis=0) if scales else True
        with np.errstate(invalid="ignore", over="ignore"):
            return np.where(flat, 0.0, self.unit_log_prob(coef, *scales))

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(_same(getattr(self, f.name), getattr(other, f.name)) for f in fields(self))  # type: ignore[arg-type]

    def __hash__(self) -> int:
        return hash(type(self))


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


def _check_fields(prior: Prior) -> None:
    for name, value in prior.scales().items():
        object.__setattr__(prior, name, checked(name, value))
    if is_distribution(prior.factor):
        raise TypeError("`factor` must be numbers. Give the distribution as the scale.")
    object.__setattr__(prior, "factor", checked("factor", prior.factor))
    if not isinstance(prior.relative_to_noise, bool | np.bool_):
        raise TypeError(f"`relative_to_noise` must be True or False; got {prior.relative_to_noise!r}.")


@final
@dataclass(frozen=True, eq=False)
class LaplacePrior(Prior):
    """Laplace prior, whose mode is the lasso: p(β) = exp(−|β|/b) / (2b).

    Parameters
    ----------
    scale : float, array (p,), mapping of feature names or NumPyro distribution, optional
        The scale b, in units of y per unit of x. ``np.inf`` leaves a coefficient
        unpenalised. None: 2.5/sd(x) relative to the noise. A distribution is a
        hyperprior, for sampling only.
    factor : float, array (p,) or mapping, optional
        Multipliers of the scale; names that a mapping leaves out have factor 1.
    relative_to_noise : bool, default False
        Whether the scale is in units of σ (Park & Casella's conditional prior).

    References
    ----------
    T. Park and G. Casella (2008), "The Bayesian Lasso", doi:10.1198/016214508000000337.
    """

    scale: ScaleLike = None
    _: KW_ONLY
    factor: ScaleLike = None
    relative_to_noise: bool = False

    def __post_init__(self) -> None:
        _check_fields(self)

    def scales(self) -> dict[str, ScaleLike]:
        """Return the scale as given, by name."""
        return {"scale": self.scale}

    def rates(self, *scales: Array) -> tuple[Array, Array]:
        """Return ``1/b`` and 0."""
        (b,) = scales
        return 1.0 / b, np.zeros_like(b)

    def unit_log_prob(self, coef: Array, *scales: Array) -> Array:
        """Evaluate −|β|/b − log 2b."""
        (b,) = scales
        return -np.abs(coef) / b - np.log(2.0 * b)

    def with_scale(self, scale: float) -> "LaplacePrior":
        """Return this prior at another b."""
        return replace(self, scale=scale)


@final
@dataclass(frozen=True, eq=False)
class GaussianPrior(Prior):
    """Gaussian prior, whose mode is ridge regression: β ~ Normal(0, τ²).

    Parameters
    ----------
    scale : float, array (p,), mapping of feature names or NumPyro distribution, optional
        The standard deviation τ, in units of y per unit of x. ``np.inf`` leaves a
        coefficient unpenalised. None: 2.5/sd(x) relative to the noise. A
        distribution is a hyperprior, for sampling only.
    factor : float, array (p,) or mapping, optional
        Multipliers of the scale; names that a mapping leaves out have factor 1.
    relative_to_noise : bool, default False
        Whether the scale is in units of σ (the conjugate prior).
    """

    scale: ScaleLike = None
    _: KW_ONLY
    factor: ScaleLike = None
    relative_to_noise: bool = False

    def __post_init__(self) -> None:
        _check_fields(self)

    def scales(self) -> dict[str, ScaleLike]:
        """Return the scale as given, by name."""
        return {"scale": self.scale}

    def rates(self, *scales: Array) -> tuple[Array, Array]:
        """Return 0 and ``1/τ²``."""
        (tau,) = scales
        return np.zeros_like(tau), 1.0 / tau**2

    def unit_log_prob(self, coef: Array, *scales: Array) -> Array:
        """Evaluate −½(β/τ)² − log τ√(2π)."""
        (tau,) = scales
        return -0.5 * (coef / tau) ** 2 - np.log(tau) - 0.5 * np.log(2.0 * np.pi)

    def with_scale(self, scale: float) -> "GaussianPrior":
        """Return this prior at another τ."""
        return replace(self, scale=scale)


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

    laplace_scale: ScaleLike
    gaussian_scale: ScaleLike
    _: KW_ONLY
    factor: ScaleLike = None
    relative_to_noise: bool = False

    def __post_init__(self) -> None:
        for name, value in self.scales().items():
            if value is None:
                raise TypeError(f"`{name}` must be given: an elastic net has no default scale.")
        _check_fields(self)

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


@final
@dataclass(frozen=True, eq=False)
class FlatPrior(Prior):
    """Improper flat prior on every coefficient, whose mode is least squares."""

    factor: ScaleLike = field(default=None, init=False, repr=False)
    relative_to_noise: bool = field(default=False, init=False, repr=False)

    def scales(self) -> dict[str, ScaleLike]:
        """Return nothing: a flat prior has no scale."""
        return {}

    def rates(self, *scales: Array) -> tuple[Array, Array]:
        """Return 0 and 0."""
        return np.zeros(()), np.zeros(())

    def unit_log_prob(self, coef: Array, *scales: Array) -> Array:
        """Evaluate 0 for each coefficient."""
        return np.zeros_like(coef)

    def with_scale(self, scale: float) -> "FlatPrior":
        """Refuse: a flat prior has no scale."""
        raise TypeError("FlatPrior has no scale. Choose LaplacePrior, GaussianPrior or ElasticNetPrior.")
