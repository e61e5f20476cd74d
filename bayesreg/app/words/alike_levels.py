"""Levels of a text column that may be one, as they differ in upper and lower case only."""

from typing import TYPE_CHECKING

from ...data.files.alike import alike, said_of_alike

if TYPE_CHECKING:
    from ...data.files.table import Table

_MOST_SHOWN = 3


def alike_notes(table: "Table") -> tuple[str, ...]:
    """Ask about each column with such levels."""
    found = []
    for levels in table.levels:
        groups = alike(levels.values)
        if groups:
            found.append(
                f"levels of {levels.column!r} differ in upper and lower case, or in blanks, only: "
                f"{said_of_alike(groups, _MOST_SHOWN)}. Each has a coefficient of its own. If they are one, write "
                "them alike in the file"
            )
    return tuple(found)
