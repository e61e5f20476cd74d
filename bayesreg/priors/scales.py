"""Values for each coefficient: a number, an array, or a mapping of feature names."""

from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
from jaxtyping import Float

from ..base.listed import quoted

ScaleLike = Any  # None, positive number, array (p,), mapping {name: number}, or a NumPyro distribution

SMALLEST, LARGEST = 1e-100, 1e100
SCALE_NAMES = ("prior_scale", "laplace_scale", "gaussian_scale")  # of sampled scales, in a posterior
_MOST_NAMED = 10


def draw_proper(distribution: Any, key: Any, n: int) -> Float[np.ndarray, " n"] | None:
    """Draw from a NumPyro distribution; return None if it is improper.

    The number of draws is rounded up to a power of two, so that few programs are compiled. Only the first n are kept.
    """
    try:
        draws = distribution.sample(key, (1 << (n - 1).bit_length(),))
    except NotImplementedError:
        # NumPyro's `sample` raises it where a distribution, or a part of it, is improper; no attribute tells.
        return None
    return np.asarray(draws, dtype=np.float64)[:n]


def is_distribution(value: object) -> bool:
    """Tell whether `value` is a NumPyro distribution, without importing NumPyro."""
    return hasattr(value, "log_prob") and hasattr(value, "support")


def bounds(distribution: Any) -> tuple[float, float]:
    """Return the ends of a distribution's support."""
    support = distribution.support
    while hasattr(support, "base_constraint"):
        support = support.base_constraint
    return float(getattr(support, "lower_bound", -np.inf)), float(getattr(support, "upper_bound", np.inf))


def check_positive_distribution(label: str, distribution: Any) -> None:
    """Refuse a value that is not a prior on one positive number.

    Raises
    ------
    TypeError, ValueError
    """
    name = type(distribution).__name__
    if isinstance(distribution, type):
        raise TypeError(f"`{label}` must be a distribution, not the class {distribution.__name__}. Call it.")
    if distribution.batch_shape != () or distribution.event_shape != ():
        raise ValueError(
            f"`{label}` must be a distribution of one number; {name} has batch shape "
            f"{distribution.batch_shape} and event shape {distribution.event_shape}."
        )
    low, high = bounds(distribution)
    if getattr(distribution.support, "is_discrete", False) or not 0.0 <= low < high:
        raise ValueError(
            f"`{label}` must be a continuous distribution on positive numbers; {name} is on "
            f"{distribution.support}. Try HalfNormal, LogNormal, or TruncatedNormal(..., low=0.0)."
        )


def log_prob_within(distribution: Any, values: Float[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
    """Return the log density, and −inf outside of the support: NumPyro would warn or return a finite number there."""
    low, high = bounds(distribution)
    inside = (values >= low) & (values <= high)
    if not inside.any():
        return np.full(values.size, -np.inf)
    log_prob = np.asarray(distribution.log_prob(np.where(inside, values, values[inside][0])), dtype=float)
    return np.where(inside, log_prob, -np.inf)


def _is_mapping(value: object) -> bool:
    is_series = hasattr(value, "items") and hasattr(value, "index") and hasattr(value, "dtype")
    return isinstance(value, Mapping) or is_series


def _positive(label: str, value: object) -> float:
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        raise TypeError(
            f"`{label}` must be a positive number, an array or a mapping of feature names; "
            f"got {value!r} of type {type(value).__name__}."
        )
    number = float(value)
    if np.isnan(number) or number <= 0:
        raise ValueError(
            f"`{label}` must be positive; got {number!r}. "
            "np.inf leaves a coefficient unpenalised; a smaller scale shrinks more."
        )
    if number != np.inf and not SMALLEST <= number <= LARGEST:
        raise ValueError(
            f"`{label}` must lie between {SMALLEST:g} and {LARGEST:g} or be np.inf; got {number!r}. "
            "Change the units of X or y."
        )
    return number


def _checked_mapping(label: str, items: Iterable[tuple[Any, Any]]) -> dict[str, float]:
    checked: dict[str, float] = {}
    for key, value in items:
        name = str(key)  # names of columns are str too
        if name in checked:
            raise ValueError(f"`{label}` names {name!r} more than once. Give each name once.")
        checked[name] = _positive(label, value)
    return checked


def checked(label: str, value: ScaleLike) -> ScaleLike:
    """Check `value`, and return it in a form that cannot change later.

    Parameters
    ----------
    label : str
        The argument's name, for the message.
    value : None, positive number, array (p,), mapping or distribution
        The user's value.

    Returns
    -------
    None, float, read-only array (p,), dict, or the distribution itself

    Raises
    ------
    TypeError, ValueError
        If an entry is not a positive number, the array is not one-dimensional or
        a name is repeated.
    """
    if value is None:
        return value
    if is_distribution(value):
        check_positive_distribution(label, value)
        return value
    if _is_mapping(value):
        return _checked_mapping(label, value.items())
    if isinstance(value, Real | str | bytes):
        return _positive(label, value)
    array = np.asarray(value)
    if array.ndim == 0:
        return _positive(label, array.item())
    if array.ndim != 1:
        raise ValueError(
            f"`{label}` must be one number or one for each feature, shape (n_features,); "
            f"got shape {array.shape}."
        )
    if array.dtype.kind in "iuf":
        values = array.astype(np.float64)
        right = (values == np.inf) | ((values >= SMALLEST) & (values <= LARGEST))
        if not right.all():
            _positive(label, array[~right][0].item())
    else:
        values = np.array([_positive(label, entry) for entry in array.tolist()], dtype=np.float64)
    values.setflags(write=False)
    return values


def per_feature(
    label: str, value: ScaleLike, names: Sequence[str], missing: float | None = None
) -> Float[np.ndarray, " p"]:
    """Spread a checked value over the features.

    Parameters
    ----------
    label : str
        The argument's name, for the message.
    value : float, array (p,) or dict
        A checked value.
    names : sequence of p str
        The features' names, in the order of the columns.
    missing : float, optional
        The value for names that a mapping omits. None: they are an error.

    Returns
    -------
    array (p,)

    Raises
    ------
    ValueError
        If the length is wrong, or a mapping has names that are unknown,
        ambiguous, or missing without a default.
    """
    if isinstance(value, dict):
        return _mapping_per_feature(label, value, names, missing)
    array = np.asarray(value, dtype=np.float64)
    if array.ndim == 1 and array.size != len(names):
        raise ValueError(
            f"`{label}` must have one value for each of the {len(names)} features; got {array.size}."
        )
    return np.broadcast_to(array, (len(names),)).copy()


def _mapping_per_feature(
    label: str, value: dict[str, float], names: Sequence[str], missing: float | None
) -> Float[np.ndarray, " p"]:
    position = {name: j for j, name in enumerate(names)}
    unknown = [name for name in value if name not in position]
    if unknown:
        raise ValueError(
            f"`{label}` names features that the data do not have: {quoted(unknown, _MOST_NAMED)}. "
            f"The data's features: {quoted(names, _MOST_NAMED)}."
        )
    ambiguous = [name for name in value if list(names).count(name) > 1]
    if ambiguous:
        raise ValueError(
            f"`{label}` names {quoted(ambiguous, _MOST_NAMED)}, but more than one column has that name. "
            "Rename the columns, or give an array."
        )
    absent = [name for name in names if name not in value]
    if absent and missing is None:
        raise ValueError(
            f"`{label}` has no value for {quoted(absent, _MOST_NAMED)}. "
            "Name every feature (np.inf leaves one unpenalised), or give one number as the scale "
            "and the exceptions as `factor`."
        )
    return np.array([value.get(name, missing) for name in names], dtype=np.float64)
