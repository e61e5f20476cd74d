"""Entries that are missing, among numbers and among text."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .doubtful_text import PLAIN_NUMBER

if TYPE_CHECKING:
    import pandas as pd


def is_numeric(column: "pd.Series") -> bool:
    """Tell numbers and truth values, also beside missing entries, from text."""
    from pandas.api.types import infer_dtype, is_numeric_dtype

    return is_numeric_dtype(column) or infer_dtype(column, skipna=True) == "boolean"


def cleaned(column: "pd.Series", missing: Sequence[str] = ()) -> "pd.Series":
    """Strip text; what is blank, or stands for a missing entry, is missing."""
    if is_numeric(column):
        numbers = [float(word) for word in missing if PLAIN_NUMBER.fullmatch(word)]
        return column.mask(column.isin(numbers)) if numbers and column.dtype.kind in "iuf" else column
    text = column.astype("str").str.strip()
    return text.mask(column.isna() | text.isin(["", *missing]))


def without_missing(frame: "pd.DataFrame", *, drop_missing: bool) -> "tuple[pd.DataFrame, dict[str, int]]":
    """Return the rows that are complete, and how many entries each column lacks.

    Raises
    ------
    ValueError
        If entries are missing and `drop_missing` is False, or fewer than two rows are left.
    """
    counts = missing_entries(frame)
    if not counts:
        return frame, {}
    where = counted(counts)
    complete = frame.dropna()
    if not drop_missing:
        raise ValueError(
            f"entries are missing: {where}. --drop-missing leaves out the rows that have them "
            f"({len(complete)} of {len(frame)} rows are complete); or leave out a column with --exclude, "
            "or impute them."
        )
    if len(complete) < 2:
        raise ValueError(
            f"--drop-missing leaves {len(complete)} of {len(frame)} rows. Missing are {where}. "
            "Leave out the emptiest column with --exclude."
        )
    return complete, counts


def missing_entries(frame: "pd.DataFrame") -> dict[str, int]:
    """Return how many entries a column lacks, by the names of those that lack some."""
    return {str(name): int(count) for name, count in frame.isna().sum().items() if count}


def counted(counts: dict[str, int]) -> str:
    """Say how many entries each column lacks."""
    return ", ".join(f"{count} in {name!r}" for name, count in counts.items())
