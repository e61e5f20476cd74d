"""The checks of X, y and sample weights, with a clear error for each fault."""

from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np
from jaxtyping import Float

from ..base.errors import warn
from ..base.loops import LOOPS
from ..base.threads import n_cores, over_ranges

Matrix = Float[np.ndarray, "n p"]
Vector = Float[np.ndarray, " n"]
Design = Any  # a Matrix, or a scipy.sparse.csc_array of its shape

_AS_NUMBERS = "Turn them into numbers first, for example days since the first."
_COLUMNS_AT_ONCE = 256
_LARGE = 2**22  # entries from which threads pay
_LARGEST, _SMALLEST = 1e100, 1e-100  # the product of three such numbers is still finite


def is_frame(X: Any) -> bool:
    """Tell whether `X` is a data frame of pandas, polars or a similar library."""
    return hasattr(X, "columns") and hasattr(X, "__getitem__") and hasattr(X, "shape")


def column_names(X: Any, feature_names: Sequence[str] | None) -> tuple[str, ...] | None:
    """Return the given names, else the columns of a data frame, else None."""
    if isinstance(feature_names, str):
        raise TypeError(f"`feature_names` must be a sequence of names, not the text {feature_names!r}.")
    if feature_names is not None:
        if not isinstance(feature_names, Iterable):
            raise TypeError(f"`feature_names` must be a sequence of names; got {feature_names!r}.")
        return _sound_names(feature_names)
    return _sound_names(X.columns) if is_frame(X) else None


def _sound_names(names: Iterable[Any]) -> tuple[str, ...]:
    """Return names as text, or refuse one that a file of draws cannot hold."""
    sound = tuple(str(name) for name in names)
    for name in sound:
        if "\0" in name:
            raise ValueError(
                f"a feature is called {name!r}. This name holds a zero byte, and no file of draws can hold that. "
                "Rename the feature, or the level that gives it this name."
            )
        if not name.isascii() and any("\ud800" <= letter <= "\udfff" for letter in name):
            raise ValueError(
                f"a feature is called {name!r}. This name holds half a character (a lone surrogate), and no file can "
                "hold that. Rename the feature."
            )
    return sound


@lru_cache(maxsize=16)
def numbered_names(n_features: int) -> tuple[str, ...]:
    """Return "x0", "x1", ... for columns without names."""
    return tuple(f"x{j}" for j in range(n_features))


def as_design(X: Any, names: Sequence[str] | None = None) -> Design:
    """Return X as finite float64 of shape (n, p), with n ≥ 1 and p ≥ 1. Sparse X becomes CSC.

    Raises
    ------
    TypeError, ValueError
        The message names the column, the row and the remedy.
    """
    read = (
        _sparse_values
        if is_sparse(X)
        else _frame_values
        if is_frame(X)
        else partial(_numeric_array, what="X")
    )
    values = read(X)
    if values.ndim != 2:
        raise ValueError(
            f"`X` must have shape (n_samples, n_features). Expected 2D array, got {values.ndim}D array "
            "instead. Reshape your data: array.reshape(-1, 1) for one feature, array.reshape(1, -1) for one row."
        )
    n, p = values.shape
    if p == 0:
        raise ValueError(
            f"`X` has no column: 0 feature(s) (shape=({n}, 0)) while a minimum of 1 is required."
        )
    if n == 0:
        raise ValueError(f"`X` has no row: 0 sample(s) (shape=(0, {p})) while a minimum of 1 is required.")
    if names is not None and len(names) != p:
        raise ValueError(f"`feature_names` must have one name for each of the {p} columns; got {len(names)}.")
    _refuse_non_finite(values, names or numbered_names(p))
    if isinstance(values, np.ndarray) and not (values.flags.c_contiguous or values.flags.f_contiguous):
        return np.ascontiguousarray(values)  # otherwise each product would copy it
    return values


def is_sparse(X: Any) -> bool:
    """Tell whether `X` is a SciPy sparse array or matrix."""
    return hasattr(X, "toarray") and hasattr(X, "nnz")


def _sparse_values(X: Any) -> Design:
    from scipy.sparse import csc_array

    if not hasattr(X, "tocsc"):
        raise TypeError(f"`X` is a sparse {type(X).__name__} without tocsc(). Give a scipy.sparse array.")
    if X.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: `X` is {X.dtype}. Give real and imaginary parts.")
    values = csc_array(X, dtype=np.float64)
    rows = values.indices
    if rows.size and not 0 <= rows.min() <= rows.max() < values.shape[0]:  # no later loop looks
        raise ValueError(
            f"sparse `X` has {values.shape[0]} rows, but its indices go from {rows.min()} to {rows.max()}. "
            "They were changed after X was made: make it anew."
        )
    if not values.has_canonical_format:
        values = values.copy()
        values.sum_duplicates()
    parts = values.data, values.indices, values.indptr
    one_type = parts[1].dtype == parts[2].dtype and parts[1].dtype in (np.int32, np.int64)
    if not (one_type and all(part.flags.c_contiguous for part in parts)):  # for the loops in C
        indices, begins = (np.ascontiguousarray(part, dtype=np.int64) for part in parts[1:])
        whole = csc_array(values.shape, dtype=np.float64)
        whole.data, whole.indices, whole.indptr = np.ascontiguousarray(parts[0]), indices, begins
        return whole
    return values


def as_response(y: Any, n_samples: int) -> Vector:
    """Return y as finite float64 of shape (n,). Shape (n, 1) is flattened, with a DataConversionWarning."""
    if y is None:
        raise ValueError("This estimator requires y to be passed, but the target y is None.")
    _refuse_sparse(y, "y")
    values = _numeric_array(y, "y")
    if values.ndim == 2 and values.shape[1] == 1:
        from sklearn.exceptions import DataConversionWarning

        message = (
            "A column-vector y was passed when a 1d array was expected. "
            f"`y` has shape {values.shape}; it is read as y.ravel()."
        )
        warn(message, DataConversionWarning)
        values = values.ravel()
    if values.ndim != 1:
        raise ValueError(
            f"`y` must have shape (n_samples,); got shape {values.shape}. "
            "Fit one model for each column: the responses do not share a noise scale."
        )
    if values.size != n_samples:
        raise ValueError(
            f"`X` and `y` have inconsistent numbers of samples: X has {n_samples} rows, y has {values.size}."
        )
    _refuse_non_finite(values[:, None], ("y",), what="y")
    return values


def as_weights(sample_weight: Any, n_samples: int, *, may_be_absent: bool = False) -> Vector:
    """Return weights as finite float64 of shape (n,), each at least 0. None: 1 for each row.

    Weights that are all 0 are refused, unless `may_be_absent` is true.
    """
    if sample_weight is None:
        return np.ones(n_samples)
    values = _numeric_array(sample_weight, "sample_weight")
    if values.ndim == 0:
        values = np.full(n_samples, float(values))
    if values.shape != (n_samples,):
        raise ValueError(
            f"`sample_weight` must have one weight for each of the {n_samples} rows, shape ({n_samples},); "
            f"got shape {values.shape}."
        )
    _refuse_non_finite(values[:, None], ("sample_weight",), what="sample_weight")
    if (values < 0).any():
        row = int(np.argmax(values < 0))
        raise ValueError(
            f"`sample_weight` has {int((values < 0).sum())} negative entries (first at row {row}: {values[row]:g}). "
            "A weight of 2 counts the row twice, and 0 leaves it out; a negative weight has no meaning."
        )
    if not (values.any() or may_be_absent):
        raise ValueError(
            "`sample_weight` is zero for every row, so no data are left. Give some row a positive weight."
        )
    return values


def as_offset(offset: Any, n_samples: int) -> Vector | None:
    """Return an offset as float64 of shape (n,), all finite, or None."""
    if offset is None:
        return None
    values = _numeric_array(offset, "offset")
    if values.shape != (n_samples,):
        raise ValueError(
            f"`offset` must have one number for each of the {n_samples} rows, shape ({n_samples},); "
            f"got shape {values.shape}."
        )
    if np.isneginf(values).any():
        row = int(np.argmax(np.isneginf(values)))
        raise ValueError(
            f"`offset` is -inf at row {row}: an exposure of 0 has no logarithm. Leave out rows without exposure."
        )
    _refuse_non_finite(values[:, None], ("offset",), what="offset")
    return values


def _refuse_sparse(value: Any, what: str) -> None:
    if is_sparse(value):
        raise TypeError(
            f"`{what}` is a sparse {type(value).__name__}. Sparse data was passed, but dense data is required: "
            f"use {what}.toarray()."
        )


def _numeric_array(value: Any, what: str) -> np.ndarray:
    if isinstance(value, np.ma.MaskedArray):
        value = np.ma.filled(value.astype(np.float64), np.nan)
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"`{what}` is no array of numbers: its rows differ in length ({error}).") from None
    if array.dtype.kind == "c":
        raise ValueError(
            f"Complex data not supported: `{what}` is {array.dtype}. Give real and imaginary parts."
        )
    if array.dtype.kind in "US":
        raise ValueError(_text_message(what, []))
    if array.dtype.kind in "mM":
        raise ValueError(f"`{what}` holds dates or durations ({array.dtype}). {_AS_NUMBERS}")
    if array.dtype.kind == "O" and array.ndim == 0:
        hint = " Call .collect() first." if hasattr(value, "collect") else ""
        raise TypeError(
            f"`{what}` must be an array or a data frame of numbers; got {type(value).__name__}.{hint}"
        )
    if array.dtype.kind == "O":
        array = _from_objects(array, what)
    return np.asarray(array, dtype=np.float64)


def _from_objects(array: np.ndarray, what: str) -> np.ndarray:
    import pandas as pd

    flat = array.ravel()
    if any(isinstance(entry, str | bytes) for entry in flat):
        raise ValueError(_text_message(what, []))
    missing = np.array([entry is None or entry is pd.NA for entry in flat], dtype=bool)
    try:
        return np.where(missing, np.nan, flat).astype(np.float64).reshape(array.shape)
    except (TypeError, ValueError) as error:
        if any(np.iscomplexobj(entry) for entry in flat):
            raise ValueError(f"Complex data not supported: `{what}` holds complex numbers.") from None
        of_time = _kind_of_time(flat[~missing])
        if of_time is not None:
            raise ValueError(f"`{what}` holds {of_time}. {_AS_NUMBERS}") from None
        raise TypeError(
            f"`{what}` must hold numbers; argument must be a string or a number, got an entry that is neither "
            f"({error}). Check for ragged rows."
        ) from None


def _kind_of_time(entries: np.ndarray) -> str | None:
    """Name the kind of dates, times or intervals among the entries. Return None if there are none."""
    import datetime

    import pandas as pd

    kinds = {
        "dates": datetime.date,  # a timestamp is one too
        "times of day": datetime.time,
        "durations": datetime.timedelta,
        "periods": pd.Period,
        "intervals": pd.Interval,
    }
    return next((name for name, kind in kinds.items() if any(isinstance(one, kind) for one in entries)), None)


def _frame_values(X: Any) -> Matrix:
    text: list[str] = []
    columns: list[np.ndarray] = []
    for position, name in enumerate(X.columns):
        values = np.asarray(X.iloc[:, position] if hasattr(X, "iloc") else X[:, position])
        if values.dtype.kind in "US" or (
            values.dtype.kind == "O" and any(isinstance(entry, str | bytes) for entry in values)
        ):
            text.append(str(name))
            continue
        columns.append(_numeric_array(values, f"X[{str(name)!r}]"))
    if text:
        raise ValueError(_text_message("X", text))
    return np.column_stack(columns) if columns else np.empty((X.shape[0], 0))


def _text_message(what: str, columns: list[str]) -> str:
    place = f" in {', '.join(repr(name) for name in columns)}" if columns else ""
    remedy = (
        "Encode it, for example with sklearn.preprocessing.OneHotEncoder."
        if what == "X"
        else "If it holds numbers written as text, convert them, for example with pandas.to_numeric."
    )
    return f"`{what}` holds text{place}, but a linear model needs numbers. {remedy}"


def _refuse_non_finite(values: Design, names: Sequence[str], what: str = "X") -> None:
    with np.errstate(over="ignore", invalid="ignore"):  # NaN, infinity and extreme sizes show in the sums
        squares = (
            dense_column_squares(values) if isinstance(values, np.ndarray) else sparse_column_squares(values)
        )
    suspect = np.flatnonzero(~((squares < _LARGEST**2) & (squares > values.shape[0] * _SMALLEST**2)))
    if suspect.size == 0:
        return
    if not isinstance(values, np.ndarray):
        suspect = suspect[np.diff(values.indptr)[suspect] > 0]
    for first in range(0, suspect.size, _COLUMNS_AT_ONCE):
        columns = suspect[first : first + _COLUMNS_AT_ONCE]
        part = values[:, columns] if isinstance(values, np.ndarray) else values[:, columns].toarray()
        _refuse_non_finite_columns(part, [names[j] for j in columns], what)


def sparse_column_sums(X: Design, entries: Float[np.ndarray, " nnz"]) -> Float[np.ndarray, " p"]:
    """Add up values of the stored entries of each column."""
    sums = np.zeros(X.shape[1])
    filled = np.diff(X.indptr) > 0
    if filled.any():
        sums[filled] = np.add.reduceat(entries, X.indptr[:-1][filled])
    return sums


def sparse_column_squares(X: Design) -> Float[np.ndarray, " p"]:
    """Return the columns' sums of squares."""
    if not LOOPS:
        return sparse_column_sums(X, X.data**2)
    squares = np.empty(X.shape[1])
    LOOPS.sparse_squares(X.indptr, X.data, squares, has_long_indices(X))
    return squares


def has_long_indices(X: Design) -> bool:
    """Tell which of the two integer types the indices of a sparse array have."""
    return bool(X.indptr.dtype == np.int64)


def dense_column_squares(X: Matrix) -> Float[np.ndarray, " p"]:
    """Return the sum of squares of each column; of a large X each thread takes a part of the columns."""
    if X.size < _LARGE or not X.flags.f_contiguous:
        return np.einsum("ij,ij->j", X, X)

    def part(columns: range) -> np.ndarray:
        own = X[:, columns.start : columns.stop]
        with np.errstate(over="ignore", invalid="ignore"):  # a thread has its own state of errors
            return np.einsum("ij,ij->j", own, own)

    return np.concatenate(over_ranges(part, X.shape[1], n_cores()))


def _refuse_non_finite_columns(values: Matrix, names: Sequence[str], what: str) -> None:
    extreme = np.maximum(values.max(axis=0), -values.min(axis=0))  # NaN and infinity stay visible
    if not np.isfinite(extreme).all():
        is_nan = np.isnan(values)
        if is_nan.any():
            _raise_non_finite("NaN", is_nan, names, what)
        _raise_non_finite("infinity", np.isinf(values), names, what)
    outside = (extreme > _LARGEST) | ((extreme < _SMALLEST) & (extreme > 0))
    if outside.any():
        column = int(np.argmax(outside))
        raise ValueError(
            f"`{what}` reaches {extreme[column]:.3g} in column {names[column]!r}. "
            "float64 cannot hold its square. Change its units."
        )


def _raise_non_finite(kind: str, bad: np.ndarray, names: Sequence[str], what: str) -> None:
    columns = np.flatnonzero(bad.any(axis=0))
    first = int(columns[0])
    count, row = int(bad[:, first].sum()), int(np.argmax(bad[:, first]))
    more = f", and {columns.size - 1} other column(s) have some too" if columns.size > 1 else ""
    place = f" in column {names[first]!r}" if what == "X" else ""
    raise ValueError(f"`{what}` has {count} {kind}{place} (first at row {row}){more}. Drop or impute them.")
