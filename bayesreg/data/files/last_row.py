"""A last row that sums up the others, as spreadsheets have it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .columns import FileColumns

if TYPE_CHECKING:
    import pandas as pd

_SUMS = frozenset(
    (
        *("total", "totals", "grand total", "sum", "mean", "average", "avg", "median", "overall", "all"),
        *(
            "summe",
            "gesamt",
            "mittelwert",
            "somme",
            "moyenne",
            "suma",
            "promedio",
            "média",
            "media",
            "totale",
        ),
    )
)
_SIGNS = " :.()[]*-="
_MOST_ROWS, _MOST_COLUMNS = 100_000, 20  # that are read for it


def caution_of_last_row(
    source: FileColumns, frame: "pd.DataFrame", text: Sequence[str], others: Sequence[str]
) -> str:
    """Say that the last row may be a sum of the others; "" if nothing says so.

    Parameters
    ----------
    source : FileColumns
    frame : data frame
        As read, all rows.
    text : sequence of str
        Columns of it that are text.
    others : sequence of str
        Columns of the file that are no features.
    """
    last = {name: frame[name].iloc[-1] for name in text}
    if source.n_rows <= _MOST_ROWS and 0 < len(others) <= _MOST_COLUMNS:
        last |= {str(name): entry for name, entry in source.written(others).iloc[-1].items()}
    for name, entry in last.items():
        said = str(entry).strip()
        if said.strip(_SIGNS).lower() in _SUMS:
            return (
                f"The last row says {said!r} in {name!r}: if it sums up the others, it is no row of data, and weighs "
                "much. Delete it from the file."
            )
    return ""
