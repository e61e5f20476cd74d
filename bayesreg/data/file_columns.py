"""A file's columns before any is chosen: their names, and how to read some of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    import pandas as pd

_MOST_LISTED = 20


@final
@dataclass(frozen=True, eq=False)
class FileColumns:
    """What a file holds.

    Attributes
    ----------
    names : tuple of str
        Of all columns in order, "" where one has none.
    n_rows : int
    delimiter : str or None
        Of a CSV file.
    read : callable
        Reads the columns of these names into a data frame.
    """

    names: tuple[str, ...]
    n_rows: int
    delimiter: str | None
    read: "Callable[[list[str]], pd.DataFrame]"


def listed(names: Sequence[str]) -> str:
    """Return names in quotes, twenty at most."""
    shown = ", ".join(map(repr, names[:_MOST_LISTED]))
    return shown if len(names) <= _MOST_LISTED else f"{shown} and {len(names) - _MOST_LISTED} more"
