"""The base class of priors: a prior's density, and its rates.

The *rates* are the coefficients of ``|β|`` and of ``½β²`` in the negative log density: ``1/b`` and ``1/τ²``.
``penalty.py`` multiplies them by a power of σ to make a penalty. No other module knows a prior's formula.
"""

from abc import ABC, abstractmethod
from dataclasses import fields, replace
from typing import Any, ClassVar, Self

import numpy as np
from jaxtyping import Float

from ..base.listed import quoted
from ..base.shown import as_call
from .elastic_net_law import ELASTIC_NET
from .law import Law
from .scales import ScaleLike, checked, is_distribution

Array = Float[np.ndarray, "..."]

DEFAULT_SCALE = 2.5  # in units of σ/sd(x), like the weakly informative choice of rstanarm and Bambi


def _is_number(value: object) -> bool:
    return isinstance(value, float | np.ndarray)


def _same(a: object, b: object) -> bool:
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return np.array_equal(a, b)  # type: ignore[arg-type]
    return bool(a == b)


class Prior(ABC):
    """A prior under which coefficients are independent and symmetric around zero.

    Attributes
    ----------
    mode_name : str
        The common name of the mode.
    symbols : tuple of str
        The symbols of its scales, in their order.
    formula : str
        Its density as text, with places for {beta} and, by number, for its symbols.
    order : int
        The rates are proportional to 1/scaleᵒʳᵈᵉʳ.
    integrates : bool
        Whether coefficients integrate out in closed form under a Gaussian likelihood.
    """

    mode_name: ClassVar[str]
    symbols: ClassVar[tuple[str, ...]]
    formula: ClassVar[str]
    order: ClassVar[int] = 1
    integrates: ClassVar[bool] = False
    factor: ScaleLike = None
    relative_to_noise: bool = False

    def __post_init__(self) -> None:
        check_fields(self)

    def scales(self) -> dict[str, ScaleLike]:
        """Return the scales as given, by name: by default the field ``scale``."""
        return {"scale": self.scale}  # type: ignore[attr-defined]

    @abstractmethod
    def rates(self, *scales: Array) -> tuple[Array, Array]:
        """Return the coefficients of ``|β|`` and ``½β²`` in −log p(β), for resolved scales."""

    @property
    def law(self) -> Law:
        """The density of a coefficient at its rates."""
        return ELASTIC_NET

    def unit_log_prob(self, coef: Array, *scales: Array) -> Array:
        """Evaluate the log density of each coefficient, for resolved finite scales."""
        l1, l2 = self.rates(*scales)
        return np.asarray(-self.law.energy(coef, l1, l2) - self.law.log_normaliser(l1, l2))

    def with_scale(self, scale: float) -> Self:
        """Return this prior at another scale, with everything else kept."""
        return replace(self, scale=scale)  # type: ignore[type-var]

    def multiples(self, scales: Array) -> Array:
        """Return the rates at each scale, as multiples of the rates at scale 1."""
        return 1.0 / scales**self.order

    def scales_at(self, multiples: Array) -> Array:
        """Return the scales whose rates are these multiples of the rates at scale 1."""
        return 1.0 / multiples if self.order == 1 else 1.0 / np.sqrt(multiples)

    @property
    def has_zeros(self) -> bool:
        """Whether its mode has exact zeros: it has a part in |β|."""
        l1, _ = self.rates(*(np.ones(1) for _ in self.scales()))
        return bool(l1.any())

    @property
    def has_sampled_scale(self) -> bool:
        """Whether a scale is a distribution, which is sampled together with the coefficients."""
        return any(is_distribution(value) for value in self.scales().values())

    def numeric_scales(self, noise_scale: float = 1.0) -> list[Array]:
        """Return the scales in the units of the coefficients, if numbers alone determine them.

        Raises
        ------
        ValueError
            If a scale is a default, a mapping or a distribution. These need data.
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
            σ. It matters only if the scale is relative to the noise.

        Returns
        -------
        array (..., p)
            Log density of each coefficient, with its normalising constant. It is 0
            for an unpenalised coefficient (an improper flat prior).
        """
        coef = np.asarray(coef, dtype=np.float64)
        scales = self.numeric_scales(noise_scale)
        flat = np.all([np.isinf(scale) for scale in scales], axis=0) if scales else True
        with np.errstate(invalid="ignore", over="ignore"):
            return np.where(flat, 0.0, self.unit_log_prob(coef, *scales))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the arguments that make this prior, by name, as scikit-learn's estimators do.

        Parameters
        ----------
        deep : bool, default True
            Without effect: no argument has parameters of its own.
        """
        return {field.name: getattr(self, field.name) for field in fields(self) if field.init}  # type: ignore[arg-type]

    def set_params(self, **params: Any) -> Self:
        """Return this prior with some arguments changed; it stays as it is itself.

        Raises
        ------
        TypeError, ValueError
            If there is no such argument, or its value cannot be one.
        """
        known = self.get_params()
        for name in params:
            if name not in known:
                valid = f"Its parameters are {quoted(list(known))}." if known else "It has none."
                raise ValueError(f"{type(self).__name__} has no parameter {name!r}. {valid}")
        return replace(self, **params)  # type: ignore[type-var]

    def __sklearn_clone__(self) -> Self:
        return self  # nothing can change it

    def __repr__(self) -> str:
        return as_call(self)

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(_same(getattr(self, f.name), getattr(other, f.name)) for f in fields(self))  # type: ignore[arg-type]

    def __hash__(self) -> int:
        return hash(type(self))


def check_fields(prior: Prior) -> None:
    """Turn the fields of a new prior into floats and arrays, or refuse them."""
    for name, value in prior.scales().items():
        object.__setattr__(prior, name, checked(name, value))
    if is_distribution(prior.factor):
        raise TypeError("`factor` must be numbers. Give the distribution as the scale.")
    object.__setattr__(prior, "factor", checked("factor", prior.factor))
    if not isinstance(prior.relative_to_noise, bool | np.bool_):
        raise TypeError(f"`relative_to_noise` must be True or False; got {prior.relative_to_noise!r}.")
