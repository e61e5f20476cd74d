"""A Parquet file, by pyarrow: its columns of numbers, truth values and text."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .columns import FileColumns
from .missing_texts import MissingTexts
from .pasted import pasted

if TYPE_CHECKING:
    import pandas as pd

MAGIC = b"PAR1"
_FIRST = 2**13  # rows
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
    return FileColumns(
        names, n_rows, None, (), partial(_parsed, file, content, schema), partial(_written, file, content)
    )


def first_rows(file: Path) -> bytes:
    """Return the first rows of a Parquet file as a Parquet file.

    Raises
    ------
    ImportError
        Where pyarrow is absent.
    ValueError
        Where the file is damaged.
    """
    with _opened(file, None) as opened:
        from pyarrow import parquet, table

        content = BytesIO()
        first = next(opened.iter_batches(_FIRST), None)
        rows = opened.schema_arrow.empty_table() if first is None else table(first)
        parquet.write_table(rows, content)
    return content.getvalue()


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
    as_text: Sequence[str] = (),
    missing: MissingTexts | None = None,
    dates: Sequence[str] = (),
) -> "pd.DataFrame":
    for name in names:
        _check_type(file, name, schema.field(name).type, as_text, dates)
    used = list(names)
    with _opened(file, content) as opened:
        # A name with a dot brings its namesake before the dot along: hence the second choice.
        columns = opened.read(columns=used).select(used)
    frame = columns.cast(_plain(file, columns.schema, as_text, dates)).to_pandas(ignore_metadata=True)
    for name in as_text:
        if name in used and _is_truth(schema.field(name).type):
            frame[name] = frame[name].map({"true": "True", "false": "False"})  # as pandas writes them in CSV
    return frame


def _written(file: Path, content: bytes | None, names: Sequence[str]) -> "pd.DataFrame":
    used = list(names)
    with _opened(file, content) as opened:
        frame = (
            opened.read(columns=used).select(used).to_pandas(ignore_metadata=True, integer_object_nulls=True)
        )
    return frame.astype("object").map(str).where(frame.notna(), "")


def _check_type(file: Path, name: str, kind: Any, as_text: Sequence[str], dates: Sequence[str]) -> None:
    from pyarrow import types

    kind = _value_type(kind)
    number = types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)
    if number or _is_text(kind) or types.is_boolean(kind) or types.is_null(kind):
        return
    is_date = types.is_date(kind) or types.is_timestamp(kind)
    if is_date and (name in dates or (types.is_date(kind) and name in as_text)):
        return
    turned = (
        f"{pasted('--dates', name)} turns it into days since the first" if is_date else "Write it as a number"
    )
    raise ValueError(
        f"column {name!r} of {file} holds {kind}, which is neither number nor text. {turned}, "
        f"{pasted('--exclude', name)} leaves it out."
    )


def _is_truth(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_boolean(_value_type(kind)))


def _value_type(kind: Any) -> Any:
    from pyarrow import types

    while types.is_dictionary(kind):
        kind = kind.value_type
    return kind


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    return types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)


def _plain(file: Path, schema: Any, as_text: Sequence[str], dates: Sequence[str]) -> Any:
    """Return the schema with decimals as floats, a dictionary's values, and text for levels and dates."""
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
        elif field.name in dates:
            kind = pyarrow.string()
        elif pyarrow.types.is_decimal(kind):
            kind = pyarrow.float64()
        schema = schema.set(position, field.with_type(kind))
    return schema
