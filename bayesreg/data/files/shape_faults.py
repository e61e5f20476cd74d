"""What is wrong with the shape of a CSV file, and what to do."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from .dialect import SEPARATOR_NAMES
from .pasted import pasted
from .written_numbers import plain_numbers

_MOST_LETTERS = 40

Lines = Sequence[tuple[int, list[str]]]


def what_is_wrong(file: Path, rows: Lines, delimiter: str, by_blanks: Lines) -> str:
    """Say why rows have not as many entries as the header, the first of them.

    Parameters
    ----------
    file : Path
    rows : sequence of (int, list of str)
        The line where each row ends, and its entries.
    delimiter : str
        Between them.
    by_blanks : sequence of (int, list of str)
        The first rows, if blanks separated the entries.
    """
    header = rows[0][1]
    lengths = Counter(len(row) for _, row in rows[1:])
    length = lengths.most_common(1)[0][0]
    start = next(place for place, (_, row) in enumerate(rows) if len(row) == length)
    after_start = all(len(row) == length for _, row in rows[start:])
    if after_start and start >= 1 and _is_header(rows[start][1]):
        return _title(file, rows, start, delimiter)
    if len(header) == 1 and _are_regular(by_blanks):
        return f"the entries of {file} seem to be separated by blanks: say --separator space."
    if len(lengths) == 1 and length == len(header) + 1:
        if all(row[-1].strip() == "" for _, row in rows[1:]):
            return f"each row of {file} ends with {_sign(delimiter)}, and the header does not: delete what is trailing."
        return (
            f"each row of {file} has one more entry than the header. Where these are row names, as R's write.table "
            "writes them, give their column a name; write.csv(..., row.names = FALSE) leaves them out."
        )
    line, row = next((line, row) for line, row in rows[1:] if len(row) != len(header))
    n, sign = len(row), _sign(delimiter)
    return (
        f"line {line} of {file} has {n} entr{'y' if n == 1 else 'ies'} separated by {sign}, the header {len(header)}. "
        f"Put an entry that contains {sign} in double quotes."
    )


def title_above(file: Path, rows: Lines, delimiter: str) -> str:
    """Say that a title stands above the header, padded to as many entries; "" if no header follows."""
    start = next((place for place, (_, row) in enumerate(rows) if place and _is_header(row)), None)
    return "" if start is None else _title(file, rows, start, delimiter)


def _title(file: Path, rows: Lines, start: int, delimiter: str) -> str:
    line, first = rows[0]
    above = delimiter.join(first).strip(delimiter)[:_MOST_LETTERS]
    return (
        f"line {line} of {file}, {above!r}, is no header for what follows: a title or a comment? The header seems to "
        f"be line {rows[start][0]}. Delete what stands above it{_or_call_it_a_comment(rows[:start])}."
    )


def _or_call_it_a_comment(rows: Lines) -> str:
    starts = {row[0].strip()[:1] for _, row in rows}
    sign = next(iter(starts))
    return f", or say {pasted('--comment', sign)}" if len(starts) == 1 and sign and not sign.isalnum() else ""


def _is_header(row: Sequence[str]) -> bool:
    """Tell names from entries, of which some are numbers; above row names there may be none."""
    import pandas as pd

    entries = [entry.strip() for entry in row]
    names = entries[1:] if len(entries) > 1 and not entries[0] else entries
    return all(name and plain_numbers(pd.Series([name])) is None for name in names)


def _are_regular(rows: Lines) -> bool:
    """Tell rows that all have as many entries as the header, or one more, which are row names."""
    lengths = {len(row) for _, row in rows[1:]}
    n_names = len(rows[0][1])
    return n_names > 1 and lengths in ({n_names}, {n_names + 1})


def _sign(delimiter: str) -> str:
    name = SEPARATOR_NAMES.get(delimiter)
    return repr(delimiter) if name is None else f"a {name}"
