"""Numbers that may stand for a missing entry: -99, 999 and their like, far from all others; the only one below 0."""

from typing import TYPE_CHECKING, NamedTuple

from ...data.files.pasted import pasted

if TYPE_CHECKING:
    import pandas as pd

    from ...data.files.table import Table

_MARKS = tuple(sign * int("9" * digits) for digits in range(1, 8) for sign in (-1, 1))
_LEAST_TIMES = 2
_FEW_NUMBERS = 5  # beside -1, which may then be one of them


class _Mark(NamedTuple):
    value: float
    times: int
    why: str


def mark_notes(table: "Table") -> tuple[str, ...]:
    """Ask about each such number, with the option that says that it is missing."""
    of_text = {feature for one in table.levels for feature in one.features}
    columns = [table.y, *(table.X[name] for name in table.X.columns if name not in of_text)]
    found = []
    for column in columns:
        mark = _mark(column)
        if mark is not None:
            as_missing = pasted("--missing", f"{column.name}={mark.value:.0f}")
            found.append(
                f"{mark.value:.0f} stands {mark.times} times in {str(column.name)!r}, {mark.why}, and is taken as a "
                f"number. If it says that the entry is missing: {as_missing}"
            )
    return tuple(found)


def _mark(column: "pd.Series") -> _Mark | None:
    """Return a mark at an end of a column: far from all others, or the only number below 0."""
    for end in (column.min(), column.max()):
        times = int((column == end).sum())
        if not _LEAST_TIMES <= times < len(column):
            continue
        others = column[column != end]
        low, high = others.min(), others.max()
        if end in _MARKS and min(abs(end - low), abs(end - high)) > high - low > 0.0:
            return _Mark(float(end), times, "far from all its other numbers")
        if end < 0.0 <= low and (end in _MARKS or (end == -1.0 and others.nunique() > _FEW_NUMBERS)):
            return _Mark(float(end), times, "which has no other number below 0")
    return None
