"""A CSV file: its encoding, its delimiter and the shape of its rows."""

import csv
import gzip
import zlib
from collections.abc import Iterator
from functools import partial
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from .file_columns import FileColumns

if TYPE_CHECKING:
    import pandas as pd

_DELIMITERS = ",;\t|"
_SNIFFED_LINES = 50
_GZIP = b"\x1f\x8b"


def csv_columns(file: Path, decimal: str = ".") -> FileColumns:
    """Look through a CSV file.

    Parameters
    ----------
    file : Path
        UTF-8 with a header, separated by comma, semicolon, tab or bar; gzip may have packed it.
    decimal : "." or ",", default "."

    Returns
    -------
    FileColumns

    Raises
    ------
    ValueError
        Where the file is no such table, with the line and the remedy.
    OSError
        Where it cannot be read.
    """
    text = _decoded(file)
    delimiter = _delimiter(text)
    header, n_rows = _checked_shape(file, text, delimiter)
    return FileColumns(tuple(header), n_rows, delimiter, partial(_parsed, text, delimiter, decimal, header))


def _decoded(file: Path) -> str:
    raw = _unpacked(file, file.read_bytes())
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ValueError(
            f"{file} is not UTF-8 text (byte 0x{raw[error.start]:02x} in line {line}). Save it as "
            "'CSV UTF-8', or convert it, for example with iconv -f LATIN1 -t UTF-8."
        ) from None
    if "\0" in text:
        raise ValueError(f"{file} is no text file: it holds zero bytes. Save it as 'CSV UTF-8'.")
    if not text.strip():
        raise ValueError(
            f"{file} is empty. It needs a header of column names and a row for each observation."
        )
    return text


def _unpacked(file: Path, raw: bytes) -> bytes:
    """Unpack what gzip has packed, whatever the file is called."""
    if not raw.startswith(_GZIP):
        return raw
    try:
        return gzip.decompress(raw)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{file} is a damaged gzip file: {error}.") from None


def _delimiter(text: str) -> str:
    lines = list(islice(StringIO(text), _SNIFFED_LINES))
    try:
        found = csv.Sniffer().sniff("".join(lines), delimiters=_DELIMITERS).delimiter
    except csv.Error:
        return ","
    return found if found in lines[0] else ","


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line where each row ends, and its entries; blank lines are none."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    for row in reader:
        if row:
            yield reader.line_num, row


def _checked_shape(file: Path, text: str, delimiter: str) -> tuple[list[str], int]:
    """Return the header and the number of rows; every row has as many entries as the header."""
    n_rows, header = 0, None
    try:
        for line, row in _rows(text, delimiter):
            if header is None:
                header = [name.strip() for name in row]
                continue
            if len(row) != len(header):
                raise ValueError(
                    f"line {line} of {file} has {len(row)} entries separated by {delimiter!r}, the header "
                    f"{len(header)}. Put an entry that contains {delimiter!r} in double quotes."
                )
            n_rows += 1
    except csv.Error as error:
        raise ValueError(f"{file} is no CSV file: {error}.") from None
    assert header is not None  # the text is not blank
    return header, n_rows


def _parsed(text: str, delimiter: str, decimal: str, header: list[str], used: list[str]) -> "pd.DataFrame":
    import pandas as pd

    placeholders = [name or f"\0{position}" for position, name in enumerate(header)]
    return pd.read_csv(
        StringIO(text),
        sep=delimiter,
        decimal=decimal,
        names=placeholders,
        header=0,
        usecols=used,
        index_col=False,
        skipinitialspace=True,
        low_memory=False,
    )
