"""A Parquet file, by pyarrow: its columns of numbers, truth values and text."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .columns import FileColumns
from .doubtful_text import plain_numbers

if TYPE_CHECKING:
    import pandas as pd

MAGIC = b"PAR1"
_INDEX = re.compile(r"__index_level_\d+__")  # how pandas keeps an index that had no name


def parquet_columns(file: Path, content: bytes | None = None) -> FileColumns:
    """Look into a Parquet file.

    Parameters
    ----------
    file : Path
    content : bytes, optional
        Of the file, where it can be read but once.

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
    with _opened(file, content) as opened:
        schema, n_rows = opened.schema_arrow, opened.metadata.num_rows
    names = tuple("" if _INDEX.fullmatch(name) else name for name in schema.names)
    return FileColumns(names, n_rows, None, partial(_parsed, file, content, schema))


@contextmanager
def _opened(file: Path, content: bytes | None) -> Iterator[Any]:
    """Open a file whose pages are checked against their checksums, where they have any."""
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise ImportError(
            f"{file} is a Parquet file, and reading it needs pyarrow: pip install 'bayesreg[parquet]'. "
            "Or save it as CSV."
        ) from None
    source = file if content is None else BytesIO(content)
    try:
        with ParquetFile(source, page_checksum_verification=True) as opened:
            yield opened
    except (ArrowException, OSError) as error:
        raise ValueError(f"{file} is a damaged Parquet file: {error}.") from None


def _parsed(
    file: Path,
    content: bytes | None,
    schema: Any,
    names: Sequence[str],
    as_text: Sequence[str],
    missing: Sequence[str],
) -> "pd.DataFrame":
    for name in names:
        _check_type(file, name, schema.field(name).type)
    used = list(names)
    with _opened(file, content) as opened:
        # A name with a dot brings its namesake before the dot along: hence the second choice.
        columns = opened.read(columns=used).select(used)
    frame = columns.cast(_plain(file, columns.schema, as_text)).to_pandas(ignore_metadata=True)
    for name in frame.columns.difference(list(as_text)):
        frame[name] = _numbers_beside(frame[name], missing)
    return frame


def _numbers_beside(column: "pd.Series", missing: Sequence[str]) -> "pd.Series":
    """Return text as numbers where only what stands for a missing entry makes it text."""
    marked = column.isin(list(missing))
    if not marked.any() or column.dtype.kind in "iufb":
        return column
    numbers = plain_numbers(column.mask(marked))
    return column if numbers is None else numbers


def _check_type(file: Path, name: str, kind: Any) -> None:
    from pyarrow import types

    kind = _value_type(kind)
    number = types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)
    if not (number or _is_text(kind) or types.is_boolean(kind) or types.is_null(kind)):
        raise ValueError(
            f"column {name!r} of {file} holds {kind}, which is neither number nor text. Write it as a number, or "
            "leave it out with --exclude."
        )


def _value_type(kind: Any) -> Any:
    from pyarrow import types

    while types.is_dictionary(kind):
        kind = kind.value_type
    return kind


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    return types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)


def _plain(file: Path, schema: Any, as_text: Sequence[str]) -> Any:
    """Return the schema with decimals as floats, values in place of a dictionary's codes, and levels as text."""
    import pyarrow

    for position, field in enumerate(schema):
        kind = _value_type(field.type)
        if field.name in as_text:
            if pyarrow.types.is_floating(kind) or pyarrow.types.is_decimal(kind):
                raise ValueError(
                    f"column {field.name!r} of {file} holds {kind}, which does not tell how its levels are written "
                    "(1.1 or 1.10). Write it as text or as whole numbers."
                )
            kind = pyarrow.string()
        elif pyarrow.types.is_decimal(kind):
            kind = pyarrow.float64()
        schema = schema.set(position, field.with_type(kind))
    return schema
