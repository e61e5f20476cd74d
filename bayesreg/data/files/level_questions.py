"""Columns with so many levels that they tell rows apart, not groups of them."""

import re
from typing import TYPE_CHECKING

from ...base.quotes import in_quotes
from .dates import looks_like_a_date
from .doubtful_text import telling_entry
from .most_levels import most_levels, tell_rows_apart
from .pasted import pasted
from .questions import Question

if TYPE_CHECKING:
    import pandas as pd

_TIME = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?")


def question_of_levels(
    column: "pd.Series", n_levels: int, allowed: int | None, *, stated: bool
) -> Question | None:
    """Ask about a column with too many levels for its rows.

    Parameters
    ----------
    column : series
        Of text, the rows that are left.
    n_levels : int
        How many it has, with those that are gathered counted as one.
    allowed : int or None
        How many may be, as --max-levels says; None looks at the rows.
    stated : bool
        Whether --levels says that its entries name groups.  Then they may be many, but no more than one for each two
        rows.

    Returns
    -------
    Question or None
        With what there is, and the options that take it; None if the levels are few enough.
    """
    n_rows = len(column)
    identifies = tell_rows_apart(n_levels, n_rows)
    most = most_levels(n_rows) if allowed is None else allowed
    if n_levels <= most or (allowed is None and stated and not identifies):
        return None
    name, entry = str(column.name), str(telling_entry(column))
    told = (
        f"column {name!r} holds text with {n_levels} levels in {n_rows} rows, for example {in_quotes(entry)}"
    )
    gathered = _gathered(column, most)
    if allowed is not None:
        said = f"{told}, and --max-levels allows {allowed}. {gathered}"
        return Question((name,), name, said.strip(), (("--exclude", name),))
    leave_out = f"{pasted('--exclude', name)} leaves it out."
    is_what = (
        f"That is an identifier, not groups of rows. {leave_out}"
        if stated
        else f"Is it an identifier? {leave_out}"
    )
    if looks_like_a_date(entry):
        is_what += f" Is it a date? {pasted('--dates', f'{name}=%d.%m.%Y')} reads it, with what stands for its parts."
    if _TIME.fullmatch(entry):
        is_what += " Is it a time? Write it as a number in the file, of hours say."
    take_all = f"--max-levels {n_levels} takes them all, each with a column." if n_levels < n_rows else ""
    return Question((name,), name, f"{told}. {is_what} {gathered}{take_all}".strip(), (("--exclude", name),))


def _gathered(column: "pd.Series", most: int) -> str:
    """Say how few rows make a level so rare that gathering them leaves levels enough; "" if that leaves too few.

    What is gathered has at most half of the rows: else one level would be nearly all there is.
    """
    counts = column.astype("str").value_counts()
    for n in (2, 5, 10, 20, 50, 100, 200, 500, 1000):
        left = int((counts >= n).sum()) + 1
        if 2 < left <= most and 2 * counts[counts < n].sum() <= len(column):
            return (
                f"--gather-rare {n} makes one level of those with fewer than {n} rows, which leaves {left}. "
            )
    return ""
