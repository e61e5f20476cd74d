"""The canonical penalty Σ l1ⱼ|βⱼ| + ½ Σ l2ⱼβⱼ², and its conversion to and from a prior."""

from dataclasses import dataclass, fields
from typing import Any, Self, final

import numpy as np
from jaxtyping import Float

from ..base.errors import NoEquivalent
from ..base.shown import as_call
from .base import Prior
from .elastic_net import ElasticNetPrior
from .flat import FlatPrior
from .gaussian import GaussianPrior
from .laplace import LaplacePrior
from .scales import LARGEST, SMALLEST

_WEAKEST, _STRONGEST = 1e-300, 1e300  # equivalent to no penalty, and to an infinite one
_SAME = 1e-12  # relative difference of penalty weights that counts as rounding

Strength = float | Float[np.ndarray, " p"]


def _checked_strength(name: str, value: Any) -> Strength:
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"`{name}` must be a number or an array of them; got {value!r}.") from None
    if array.size == 0:
        raise ValueError(f"`{name}` must not be empty.")
    if array.ndim > 1:
        raise ValueError(f"`{name}` must be a number or have shape (n_features,); got shape {array.shape}.")
    if np.isnan(array).any() or (array < 0).any():
        raise ValueError(f"`{name}` must be at least 0 (np.inf forces a zero); got {value!r}.")
    if array.ndim == 0:
        return float(array)
    array.setflags(write=False)
    return array


def checked_noise_scale(noise_scale: Any) -> float:
    """Return σ as a float, or raise an error if it is not a positive number."""
    try:
        value = float(noise_scale)
    except (TypeError, ValueError):
        value = np.nan
    if isinstance(noise_scale, bool | str) or not SMALLEST <= value <= LARGEST:
        raise ValueError(
            "`noise_scale` must be a positive finite number, the sd of the noise in units of y, "
            f"between {SMALLEST:g} and {LARGEST:g}; got {noise_scale!r}."
        )
    return value


def checked_positive(label: str, value: Any) -> float:
    """Return a number as a float, or raise an error if it is not positive and finite."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if isinstance(value, bool | str) or not SMALLEST <= number <= LARGEST:
        raise ValueError(
            f"`{label}` must be a positive finite number between {SMALLEST:g} and {LARGEST:g}, or a NumPyro "
            f"distribution; got {value!r}."
        )
    return number


def penalty_weights(l1_rate: Any, l2_rate: Any, noise_scale: Any, relative_to_noise: Any) -> tuple[Any, Any]:
    """Return (l1, l2) = σ²·(1/b, 1/τ²), or (σ/b, 1/τ²) if scales are relative to the noise."""
    relative = np.asarray(relative_to_noise)
    if relative.size and relative.all() == relative.any():
        relative = relative.flat[0]  # the same for all coefficients
    with np.errstate(over="ignore"):
        l1 = l1_rate * np.where(relative, noise_scale, noise_scale**2)
        l2 = l2_rate * np.where(relative, 1.0, noise_scale**2)
    return _within_float64(l1, l1_rate), _within_float64(l2, l2_rate)


def _within_float64(strength: Any, rate: Any) -> Any:
    """Limit a weight so that its square root and inverse are finite. It is 0 only if its rate is 0."""
    if not np.any(rate):
        return np.zeros_like(strength)
    if np.min(strength) >= _WEAKEST and np.max(strength) <= _STRONGEST:
        return strength
    return np.where(np.asarray(rate) > 0.0, np.clip(strength, _WEAKEST, _STRONGEST), 0.0)


@final
@dataclass(frozen=True, eq=False, repr=False)
class Penalty:
    """Penalty Σ l1ⱼ|βⱼ| + ½ Σ l2ⱼβⱼ² added to the loss ½ Σ wᵢrᵢ².

    The package uses only this scaling: the loss is a sum, not a mean, and both squared
    terms have a ½. For other packages' numbers use `translate`.

    Parameters
    ----------
    l1, l2 : float or array (p,), default 0
        Weights, at least 0. l1 is in units of x·y, l2 of x². ``np.inf`` forces a zero.
    """

    l1: Any = 0.0
    l2: Any = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, _checked_strength(field.name, getattr(self, field.name)))
        sizes = {np.size(value) for value in (self.l1, self.l2) if np.ndim(value)}
        if len(sizes) > 1:
            raise ValueError(f"`l1` and `l2` must have the same length; got {sorted(sizes)}.")

    @classmethod
    def from_prior(cls, prior: Prior, noise_scale: float = 1.0) -> Self:
        """Return the penalty that is equivalent to a prior at a noise scale.

        Parameters
        ----------
        prior : Prior
            With scales given as numbers or arrays.
        noise_scale : float, default 1.0
            σ, in units of y.

        Returns
        -------
        Penalty
            (σ²/b, σ²/τ²), or (σ/b, 1/τ²) if scales are relative to the noise.
        """
        if not isinstance(prior, Prior):
            raise TypeError(f"`prior` must be a bayesreg prior; got {type(prior).__name__}.")
        sigma = checked_noise_scale(noise_scale)
        l1, l2 = penalty_weights(*prior.rates(*prior.numeric_scales()), sigma, prior.relative_to_noise)
        return cls(l1, l2)

    def to_prior(self, noise_scale: float = 1.0) -> Prior:
        """Return the prior, with absolute scales, that is equivalent to this penalty at a noise scale.

        Parameters
        ----------
        noise_scale : float, default 1.0
            σ, in units of y.

        Returns
        -------
        LaplacePrior, GaussianPrior, ElasticNetPrior or FlatPrior
            The kind depends on which of l1 and l2 have a nonzero entry.

        Raises
        ------
        NoEquivalent
            If a weight is infinite: a prior scale cannot be zero.
        """
        laplace_scale, gaussian_scale = self.prior_scales(noise_scale)
        has_l1, has_l2 = bool(np.any(self.l1)), bool(np.any(self.l2))
        if has_l1 and has_l2:
            return ElasticNetPrior(laplace_scale, gaussian_scale)
        if has_l1:
            return LaplacePrior(laplace_scale)
        if has_l2:
            return GaussianPrior(gaussian_scale)
        return FlatPrior()

    def on_equal_columns(self) -> "tuple[Penalty, Float[np.ndarray, ' p']] | None":
        """Divide columns by units so that all coefficients have one penalty; return that penalty and the units.

        Returns
        -------
        tuple of Penalty, with two numbers, and array (p,), of mean 1 (for l2 alone: root mean square 1); or None
            None if no units do that: a weight is infinite, only some columns have a penalty, or
            the ratio of l1 to l2 differs between columns.
        """
        l1, l2 = np.broadcast_arrays(np.atleast_1d(self.l1), np.atleast_1d(self.l2))
        if not (np.isfinite(l1).all() and np.isfinite(l2).all()):
            return None
        if l1.all():
            unit = l1 / l1.mean()
        elif l2.all():
            unit = np.sqrt(l2 / l2.mean())
        else:
            unit = np.ones(l1.size)
        parts = (l1 / unit, l2 / unit**2)
        if any(np.ptp(part) > _SAME * part.max() for part in parts):
            return None
        return type(self)(*(float(part.flat[0]) for part in parts)), unit

    def prior_scales(self, noise_scale: float = 1.0) -> tuple[Any, Any]:
        """Return (b, τ) = (σ²/l1, σ/√l2), floats or arrays; ``np.inf`` if a weight is 0.

        Raises
        ------
        NoEquivalent
            If a weight is infinite.
        """
        sigma = checked_noise_scale(noise_scale)
        if np.isinf(self.l1).any() or np.isinf(self.l2).any():
            raise NoEquivalent("an infinite penalty has no prior: a scale must be positive. Drop the column.")
        with np.errstate(divide="ignore"):
            scales = sigma**2 / np.asarray(self.l1), sigma / np.sqrt(np.asarray(self.l2))
        laplace_scale, gaussian_scale = (float(s) if s.ndim == 0 else s for s in scales)
        return laplace_scale, gaussian_scale

    def value(self, coef: Any) -> float:
        """Evaluate Σ l1ⱼ|βⱼ| + ½ Σ l2ⱼβⱼ² at coefficients of shape (p,)."""
        coef = np.asarray(coef, dtype=np.float64)
        nonzero = coef != 0.0  # an infinite weight times 0 is 0
        terms = (
            np.where(nonzero, self.l1, 0.0) * np.abs(coef) + 0.5 * np.where(nonzero, self.l2, 0.0) * coef**2
        )
        return float(np.sum(terms))

    def __repr__(self) -> str:
        return as_call(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Penalty):
            return NotImplemented
        return np.array_equal(self.l1, other.l1) and np.array_equal(self.l2, other.l2)

    def __hash__(self) -> int:
        return hash((np.size(self.l1), np.size(self.l2)))
