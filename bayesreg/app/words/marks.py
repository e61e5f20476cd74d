"""Numbers that may stand for a missing entry: -99, 999 and their like, far from all others."""

from typing import TYPE_CHECKING

from ...data.files.pasted import pasted

if TYPE_CHECKING:
    import pandas as pd

    from ...data.files.table import Table

_MARKS = tuple(sign * int("9" * digits) for digits in range(1, 8) for sign in (-1, 1))
_LEAST_TIMES = 2


def mark_notes(table: "Table") -> tuple[str, ...]:
    """Ask about each such number, with the option that says that it is missing."""
    of_text = {feature for one in table.levels for feature in one.features}
    columns = [table.y, *(table.X[name] for name in table.X.columns if name not in of_text)]
    found = []
    for column in columns:
        mark = _mark(column)
        if mark is not None:
            value, times = mark
            as_missing = pasted("--missing", f"{column.name}={value:.0f}")
            found.append(
                f"{value:.0f} stands {times} times in {str(column.name)!r}, far from all its other numbers, and is "
                f"taken as a number. If it says that the entry is missing: {as_missing}"
            )
    return tuple(found)


def _mark(column: "pd.Series") -> tuple[float, int] | None:
    """Return a mark at an end of a column, with how often it is there, if the others span less than the gap to it."""
    for end in (column.min(), column.max()):
        times = int((column == end).sum())
        if end not in _MARKS or not _LEAST_TIMES <= times < len(column):
            continue
        others = column[column != end]
        low, high = others.min(), others.max()
        if min(abs(end - low), abs(end - high)) > high - low > 0.0:
            return float(end), times
    return None
