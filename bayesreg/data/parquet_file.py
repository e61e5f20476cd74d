"""A Parquet file, by pyarrow: its columns of numbers, truth values and text."""

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .file_columns import FileColumns

if TYPE_CHECKING:
    import pandas as pd

_MAGIC = b"PAR1"
_INDEX = re.compile(r"__index_level_\d+__")  # how pandas keeps an index that had no name


def is_parquet(file: Path) -> bool:
    """Tell whether a file begins as Parquet does.

    Raises
    ------
    OSError
        Where it cannot be read.
    """
    with file.open("rb") as stream:
        return stream.read(len(_MAGIC)) == _MAGIC


def parquet_columns(file: Path) -> FileColumns:
    """Look into a Parquet file.

    Parameters
    ----------
    file : Path

    Returns
    -------
    FileColumns

    Raises
    ------
    ImportError
        Where pyarrow is absent, naming the extra that brings it.
    ValueError
        Where the file is damaged.
    """
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise ImportError(
            f"{file} is a Parquet file, and reading it needs pyarrow: pip install 'bayesreg[parquet]'. "
            "Or save it as CSV."
        ) from None
    try:
        with ParquetFile(file) as opened:
            schema, n_rows = opened.schema_arrow, opened.metadata.num_rows
    except (ArrowException, OSError) as error:
        raise ValueError(f"{file} is a damaged Parquet file: {error}.") from None
    names = tuple("" if _INDEX.fullmatch(name) else name for name in schema.names)
    return FileColumns(names, n_rows, None, partial(_parsed, file, schema))


def _parsed(file: Path, schema: Any, used: list[str]) -> "pd.DataFrame":
    from pyarrow.parquet import ParquetFile

    for name in used:
        _check_type(file, name, schema.field(name).type)
    with ParquetFile(file) as opened:
        # A name with a dot brings its namesake before the dot along: hence the second choice.
        columns = opened.read(columns=used).select(used)
    return columns.cast(_plain(columns.schema)).to_pandas(ignore_metadata=True)


def _check_type(file: Path, name: str, kind: Any) -> None:
    from pyarrow import types

    while types.is_dictionary(kind):
        kind = kind.value_type
    number = types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)
    text = types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
    if not (number or text or types.is_boolean(kind) or types.is_null(kind)):
        raise ValueError(
            f"column {name!r} of {file} holds {kind}, which is neither number nor text. Write it as a number, or "
            "leave it out with --exclude."
        )


def _plain(schema: Any) -> Any:
    """Return the schema with decimals as floats, and values in place of a dictionary's codes."""
    import pyarrow

    for position, field in enumerate(schema):
        kind = field.type.value_type if pyarrow.types.is_dictionary(field.type) else field.type
        if pyarrow.types.is_decimal(kind):
            kind = pyarrow.float64()
        schema = schema.set(position, field.with_type(kind))
    return schema
