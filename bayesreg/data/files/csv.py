"""A CSV file: its delimiter, the shape of its rows and its columns."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from io import BytesIO, TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .columns import FileColumns
from .dialect import Dialect
from .missing_texts import MissingTexts
from .numeric import is_numeric
from .plain_text import plain_text
from .shape_faults import title_above, what_is_wrong

if TYPE_CHECKING:
    import pandas as pd

_DELIMITERS = ",;\t|"
_SNIFFED_LINES = 50
_OF_EXCEL = re.compile(r'"?sep=.?"?')
_BLANKS = " "
_LOOKED_AT = 20  # rows, for a title above the header
_BLOCK = 2**24  # bytes


def csv_columns(file: Path, raw: bytes, dialect: Dialect | None = None) -> FileColumns:
    """Look through a CSV file.

    Parameters
    ----------
    file : Path
        What it is called.
    raw : bytes
        Text with a header, which may be packed.
    dialect : Dialect, optional
        How it is written.  Default: UTF-8, separated by comma, semicolon, tab or bar.

    Returns
    -------
    FileColumns

    Raises
    ------
    ValueError
        If the file is no such table, with the line and the remedy.
    """
    said = dialect or Dialect()
    raw, was = plain_text(file, raw, said)
    delimiter = said.separator or _delimiter(file, raw)
    by = delimiter
    if delimiter == _BLANKS:
        raw, by = _tabs_for_blanks(raw), "\t"
    header, n_rows = _checked_shape(file, raw, by, delimiter)
    reader = partial(_parsed, raw, by, said.decimal, header)
    return FileColumns(
        tuple(header), n_rows, delimiter, was, reader, lambda names: reader(names, as_text=names)
    )


def csv_rows(raw: bytes, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line where each row ends, and its entries; blank lines are none."""
    reader = csv.reader(_lines(raw), delimiter=delimiter, skipinitialspace=True)
    for row in reader:
        if row:
            yield reader.line_num, row


def _tabs_for_blanks(raw: bytes) -> bytes:
    """Write one tab for each run of blanks outside of quotes."""
    trimmed = re.sub(rb"(?m)^[ \t]+|[ \t]+(?=\r?$)", b"", raw)
    return re.sub(rb'("(?:[^"]|"")*")|[ \t]+', lambda run: run[1] or b"\t", trimmed)


def _lines(raw: bytes) -> TextIOWrapper:
    return TextIOWrapper(BytesIO(raw), encoding="utf-8", newline="")


def _delimiter(file: Path, raw: bytes) -> str:
    lines = list(islice((line for line in _lines(raw) if line.strip()), _SNIFFED_LINES))
    if _OF_EXCEL.fullmatch(lines[0].strip()):
        raise ValueError(
            f"line 1 of {file} is {lines[0].strip()!r}, which only Excel reads. Delete that line, or pass over it by "
            "--comment sep=."
        )
    possible = [delimiter for delimiter in _DELIMITERS if delimiter in lines[0]]
    if not possible:  # one column, or a title stands above the header
        return _most_regular(lines[1:], _DELIMITERS)
    try:
        found = csv.Sniffer().sniff("".join(lines), delimiters=_DELIMITERS).delimiter
    except csv.Error:
        found = ""
    return found if found in possible else _most_regular(lines[1:], possible)


def _most_regular(lines: Sequence[str], delimiters: Sequence[str]) -> str:
    """Return the delimiter that most lines have as often, else a comma."""
    filled = [line for line in lines if line.strip()]
    for delimiter in delimiters:
        counts = Counter(line.count(delimiter) for line in filled)
        if any(often > 0 and 2 * times > len(filled) for often, times in counts.items()):
            return delimiter
    return ","


def _checked_shape(file: Path, raw: bytes, delimiter: str, said: str) -> tuple[list[str], int]:
    """Return the header and the number of rows; every row has as many entries as the header.

    `said` is what separates entries for the reader, where tabs stand for blanks.
    """
    header, n_rows = _shape(file, raw, delimiter, said)
    if 2 * sum(map(bool, header)) < len(header):
        title = title_above(file, list(islice(csv_rows(raw, delimiter), _LOOKED_AT)), said)
        if title:
            raise ValueError(title)
    return header, n_rows


def _shape(file: Path, raw: bytes, delimiter: str, said: str) -> tuple[list[str], int]:
    n_rows, header = 0, None
    try:
        n_lines = _regular_lines(raw, delimiter)
        if n_lines is not None:
            return [name.strip() for name in next(csv_rows(raw, delimiter))[1]], n_lines - 1
        for _, row in csv_rows(raw, delimiter):
            if header is None:
                header = [name.strip() for name in row]
                continue
            if len(row) != len(header):
                rows = list(csv_rows(raw, delimiter))
                by_blanks = list(islice(csv_rows(_tabs_for_blanks(raw), "\t"), _LOOKED_AT))
                raise ValueError(what_is_wrong(file, rows, said, by_blanks))
            n_rows += 1
    except csv.Error as error:
        raise ValueError(f"{file} is no CSV file: {error}.") from None
    assert header is not None  # the text is not blank
    return header, n_rows


def _regular_lines(raw: bytes, delimiter: str) -> int | None:
    """Count lines that all have as many delimiters, at least one, and no quotes; None where a closer look is needed."""
    import numpy as np

    if b'"' in raw or raw.count(b"\r") != raw.count(b"\r\n"):
        return None
    n_lines, start, expected = 0, 0, raw[: raw.find(b"\n")].count(delimiter.encode())
    while start < len(raw):
        end = raw.rfind(b"\n", start, start + _BLOCK) + 1 or raw.find(b"\n", start) + 1 or len(raw)
        letters = np.frombuffer(raw, np.uint8, end - start, start)
        ends = np.flatnonzero(letters == ord("\n"))
        if not ends.size or ends[-1] + 1 < letters.size:
            ends = np.append(ends, letters.size)
        found = np.searchsorted(np.flatnonzero(letters == ord(delimiter)), ends)
        if expected == 0 or (np.diff(found, prepend=0) != expected).any():
            return None
        n_lines, start = n_lines + ends.size, end
    return n_lines


def _parsed(
    raw: bytes,
    delimiter: str,
    decimal: str,
    header: list[str],
    names: Sequence[str],
    as_text: Sequence[str] = (),
    missing: MissingTexts | None = None,
    dates: Sequence[str] = (),
) -> "pd.DataFrame":
    import pandas as pd

    def read(used: Sequence[str], **options: Any) -> "pd.DataFrame":
        try:
            return pd.read_csv(
                BytesIO(raw),
                sep=delimiter,
                decimal=decimal,
                names=[name or f"\0{position}" for position, name in enumerate(header)],
                header=0,
                usecols=list(used),
                index_col=False,
                skipinitialspace=True,
                low_memory=False,
                **options,
            )
        except pd.errors.ParserError as error:
            if "out of memory" in str(error):  # by nothing else does pandas tell it
                raise MemoryError from error
            raise

    text = [name for name in names if name in as_text or name in dates]
    inferred = [name for name in names if name not in text]
    words = {name: [*(missing or MissingTexts()).of(name)] for name in inferred}
    found = read(inferred, na_values=words) if inferred else pd.DataFrame()
    text += [name for name in inferred if not is_numeric(found[name])]
    as_written = read(text, dtype=str, keep_default_na=False, na_filter=False) if text else pd.DataFrame()
    return pd.concat([found.drop(columns=text, errors="ignore"), as_written], axis=1)[list(names)]
