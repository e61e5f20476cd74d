"""How many levels a text column may have, by the rows that there are for each."""

from typing import TYPE_CHECKING

from .doubtful_text import telling_entry
from .levels import Levels
from .pasted import pasted

if TYPE_CHECKING:
    import pandas as pd

_FEW, _ROWS_OF_FEW = 50, 2
_MOST, _ROWS_OF_MANY = 1000, 10
_MOST_ENTRIES = 2**27


def most_levels(n_rows: int) -> int:
    """Return how many levels are taken without a question.

    They are up to 50 if there are more than two rows for each, and up to 1,000 if there are ten and their columns take
    less than a gigabyte.
    """
    few = min(_FEW, (n_rows - 1) // _ROWS_OF_FEW)
    many = min(_MOST, n_rows // _ROWS_OF_MANY, _MOST_ENTRIES // n_rows)
    return max(2, few, many)


def check_number_of_levels(levels: Levels, column: "pd.Series", allowed: int | None) -> None:
    """Refuse so many levels that a column tells rows apart, not groups of them.

    Parameters
    ----------
    levels : Levels
    column : series
        The rows that are left.
    allowed : int or None
        How many may be; None looks at the rows.

    Raises
    ------
    ValueError
        With what there is, and the options that take it.
    """
    n_rows, n_levels = len(column), len(levels.values)
    most = most_levels(n_rows) if allowed is None else allowed
    if n_levels <= most:
        return
    told = (
        f"column {column.name!r} holds text with {n_levels} levels in {n_rows} rows, for example "
        f"{telling_entry(column)!r}"
    )
    if allowed is not None:
        raise ValueError(f"{told}, and --max-levels allows {allowed}. {_gathered(column, most)}".strip())
    name = str(column.name)
    leave_out = f"Is it an identifier? {pasted('--exclude', name)} leaves it out."
    if any(letter.isdigit() for letter in str(telling_entry(column))):
        leave_out += f" Is it a date? {pasted('--dates', f'{name}=%d.%m.%Y')} reads it, with what stands for its parts."
    take_all = f"--max-levels {n_levels} takes them all, each with a column." if n_levels < n_rows else ""
    raise ValueError(f"{told}. {leave_out} {_gathered(column, most)}{take_all}".strip())


def _gathered(column: "pd.Series", most: int) -> str:
    """Say how few rows make a level so rare that gathering them leaves levels enough; "" if that leaves too few."""
    counts = column.astype("str").value_counts()
    for n in (2, 5, 10, 20, 50, 100, 200, 500, 1000):
        left = int((counts >= n).sum()) + 1
        if 2 < left <= most:
            return (
                f"--gather-rare {n} makes one level of those with fewer than {n} rows, which leaves {left}. "
            )
    return ""
