"""The columns of one batch as NumPy arrays: numbers as they are, text as codes of levels."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..moments import Codes
from .spec import BatchSpec

Filled = np.ndarray  # of truth values: which entries are there


class Text(NamedTuple):
    """A text column: its levels, sorted, and the position of each row's."""

    levels: tuple[str, ...]
    codes: Codes


class Batch(NamedTuple):
    """The columns of a batch that are used, by name; `text` of those that are text."""

    n_rows: int
    numbers: dict[str, np.ndarray]
    text: dict[str, Text]
    labels: np.ndarray | None  # of the folds, if a column has them
    missing: dict[str, Filled]  # where entries are absent, of the columns that have such
    unknown: frozenset[str]  # features without any entry


def names_of(batch: Any) -> tuple[str, ...]:
    """Return the names of a batch's columns."""
    if hasattr(batch, "schema"):
        return tuple(batch.schema.names)
    return tuple(str(name) for name in (batch.columns if hasattr(batch, "columns") else batch))


def length_of(batch: Any) -> int:
    """Return the number of a batch's rows."""
    if hasattr(batch, "num_rows"):
        return int(batch.num_rows)
    if hasattr(batch, "shape"):
        return int(batch.shape[0])
    return len(next(iter(batch.values()))) if isinstance(batch, Mapping) and batch else 0


def as_table(batch: Any) -> Any:
    """Return Arrow data as they are, and what offers itself as Arrow data as a pyarrow.Table; else a mapping.

    Raises
    ------
    TypeError
        If it is none of these.
    """
    if hasattr(batch, "schema") and hasattr(batch, "num_rows"):
        return batch
    if hasattr(batch, "__arrow_c_stream__") or hasattr(batch, "__arrow_c_array__"):
        try:
            import pyarrow
        except ImportError:
            if not hasattr(batch, "columns"):
                raise _without_pyarrow() from None
        else:
            if hasattr(batch, "__arrow_c_stream__"):
                return pyarrow.table(batch)
            return pyarrow.record_batch(batch)
    if hasattr(batch, "columns") or isinstance(batch, Mapping):
        return batch
    raise TypeError(
        "a batch must be Arrow data (a record batch, a table, or an object with __arrow_c_stream__), a data frame, "
        f"or a mapping of names to arrays; got {type(batch).__name__}."
    )


def _without_pyarrow() -> ImportError:
    return ImportError("reading Arrow data needs pyarrow: pip install 'bayesreg[parquet]'.")


def columns_of(table: Any, spec: BatchSpec, features: Sequence[str], place: str) -> Batch:
    """Return the columns that are used.

    Parameters
    ----------
    table : pyarrow.RecordBatch, pyarrow.Table or mapping of str to array
    spec : BatchSpec
    features : sequence of str
    place : str
        What errors call the batch.

    Raises
    ------
    ValueError
        If a column is neither numbers nor text.
    """
    is_arrow = hasattr(table, "num_rows")
    by_labels = spec.folds if isinstance(spec.folds, str) else None
    numbers, text, missing, unknown, labels, n_rows = {}, {}, {}, [], None, 0
    for name in [*features, *spec.others]:
        column = table[name]
        values, absent = _of_arrow(column, name, place) if is_arrow else _of_array(column, name, place)
        n_rows = len(values.codes.of) if isinstance(values, Text) else len(values)
        if absent is not None:
            missing[name] = absent
        if absent is not None and absent.all() and name in features:
            unknown.append(name)
        elif name == by_labels:
            labels = np.array(values.levels)[values.codes.of] if isinstance(values, Text) else values
        elif not isinstance(values, Text):
            numbers[name] = values
        elif name in features:
            text[name] = values
        else:
            raise ValueError(f"column {name!r} of {place} holds text, but it must hold numbers.")
    return Batch(n_rows, numbers, text, labels, missing, frozenset(unknown))


def _of_arrow(column: Any, name: str, place: str) -> tuple[np.ndarray | Text, Filled | None]:
    """Return a column's values, anything where an entry is absent, and where that is."""
    import pyarrow
    from pyarrow import types

    array = column.combine_chunks() if isinstance(column, pyarrow.ChunkedArray) else column
    if isinstance(array, pyarrow.ChunkedArray):  # no chunk, or too long for one
        array = pyarrow.concat_arrays(array.chunks) if array.num_chunks else pyarrow.array([], array.type)
    absent = array.is_null().to_numpy(zero_copy_only=False) if array.null_count else None
    kind = array.type
    if types.is_dictionary(kind) or is_text(kind):
        coded = array if types.is_dictionary(kind) else array.dictionary_encode()
        if is_text(coded.type.value_type):
            codes = (coded.indices.fill_null(0) if absent is not None else coded.indices).to_numpy(
                zero_copy_only=False
            )
            return _text(codes, coded.dictionary.to_pylist(), absent), absent
        array, kind = coded.dictionary_decode(), coded.type.value_type
    if types.is_null(kind):
        return np.zeros(len(array)), absent
    if types.is_boolean(kind):
        array = array.cast(pyarrow.uint8())
    elif types.is_decimal(kind):
        array = array.cast(pyarrow.float64())
    elif not (types.is_integer(kind) or types.is_floating(kind)):
        raise ValueError(
            f"column {name!r} of {place} holds {kind}, which is neither number nor text. Leave it out of `features`, "
            "or write it as a number, for example days since the first."
        )
    if absent is not None:
        array = array.fill_null(0)
    return array.to_numpy(zero_copy_only=False), absent


def is_text(kind: Any) -> bool:
    """Tell whether an Arrow type is text."""
    from pyarrow import types

    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _of_array(column: Any, name: str, place: str) -> tuple[np.ndarray | Text, Filled | None]:
    if isinstance(column, np.ma.MaskedArray):
        return np.asarray(column.filled(0)), np.ma.getmaskarray(column)
    values = np.asarray(column)
    if values.ndim != 1:
        raise ValueError(f"column {name!r} of {place} must have shape (n,); got {values.shape}.")
    if values.dtype.kind in "biuf":
        return values, None
    if values.dtype.kind in "OUST":
        absent = np.array([one is None or one != one for one in values], dtype=bool)
        known = [one for one, gone in zip(values, absent, strict=True) if not gone]
        if all(isinstance(one, str) for one in known):
            levels, codes = np.unique(np.where(absent, "", values).astype(str), return_inverse=True)
            return _text(codes, levels.tolist(), absent), absent if absent.any() else None
        if all(isinstance(one, bool | int | float | np.number) for one in known):
            return np.where(absent, 0.0, values).astype(float), absent if absent.any() else None
    raise ValueError(
        f"column {name!r} of {place} holds {values.dtype}, which is neither number nor text. Write it as a number, for "
        "example days since the first."
    )


def _text(codes: np.ndarray, values: list[str], absent: Filled | None) -> Text:
    """Keep the levels that occur, sorted. An absent entry gets any of them."""
    codes = codes.astype(np.intp, copy=False)
    known = codes if absent is None else codes[~absent]
    occurs = np.bincount(known, minlength=len(values)) > 0
    kept = sorted((value, place) for place, value in enumerate(values) if occurs[place])
    to = np.zeros(max(len(values), 1), dtype=np.intp)
    to[[place for _, place in kept]] = np.arange(len(kept))
    return Text(tuple(value for value, _ in kept), Codes(to[codes], len(kept)))
