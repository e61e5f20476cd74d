"""A file's columns, whatever the file is."""

from pathlib import Path

from ...base.listed import quoted
from .columns import FileColumns
from .csv import csv_columns
from .dialect import Dialect
from .parquet import MAGIC, first_rows, parquet_columns

_FIRST_BYTES = 2**20


def open_columns(file: Path, dialect: Dialect, *, least: int, first_only: bool = False) -> FileColumns:
    """Look into a CSV or Parquet file, told by how it begins.

    Parameters
    ----------
    file : Path
    dialect : Dialect
        How a CSV file is written.
    least : int
        Rows that are needed.
    first_only : bool, default False
        Whether to look at the first rows only, as if the file had no others.

    Raises
    ------
    ValueError
        If it is no table, its columns' names are not all different, or rows are too few.
    ImportError
        If the file is Parquet and pyarrow is absent.
    OSError
        If it cannot be read.
    """
    source = _first_of(file, dialect) if first_only else _columns_of(file, dialect)
    _check_source(file, source, least)
    return source


def _columns_of(file: Path, dialect: Dialect) -> FileColumns:
    """Look into a file, which is opened once: of a pipe nothing is left for a second time."""
    with file.open("rb") as stream:
        start = stream.read(len(MAGIC))
        if start == MAGIC and stream.seekable():
            return parquet_columns(file)
        content = start + stream.read()
    return parquet_columns(file, content) if start == MAGIC else csv_columns(file, content, dialect)


def _first_of(file: Path, dialect: Dialect) -> FileColumns:
    with file.open("rb") as stream:
        content = stream.read(_FIRST_BYTES)
        cut = bool(stream.read(1))
    if content.startswith(MAGIC):
        return parquet_columns(file, first_rows(file))
    return csv_columns(file, _whole_lines(content) if cut else content, dialect)


def _whole_lines(content: bytes) -> bytes:
    """Leave out the last row, which is cut. A line that ends between quotes ends no row."""
    end = content.rfind(b"\n") + 1
    while content.count(b'"', 0, end) % 2:
        end = content.rfind(b"\n", 0, end - 1) + 1
    return content[:end]


def _check_source(file: Path, source: FileColumns, least: int) -> None:
    named = [name for name in source.names if name]
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise ValueError(f"{file} has more than one column called {quoted(twice)}. Rename them.")
    if source.n_rows < least:
        had = "a header and no row" if source.n_rows == 0 else "one row"
        needed = "One row at least is" if least == 1 else "At least two rows are"
        more = "" if least == 1 else ", and more to learn anything"
        raise ValueError(f"{file} has {had}. {needed} needed{more}.")
