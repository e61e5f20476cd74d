"""A file's columns before any is chosen: their names, and how to read some of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, final

if TYPE_CHECKING:
    import pandas as pd


class Reader(Protocol):
    """Reads columns of a file into a data frame: numbers as numbers, text as it is written."""

    def __call__(
        self, names: Sequence[str], as_text: Sequence[str], missing: Sequence[str]
    ) -> "pd.DataFrame":
        """Read them.

        Parameters
        ----------
        names : sequence of str
            Of the columns, in the order that is wanted.
        as_text : sequence of str
            Those that are text, even where they look like numbers.
        missing : sequence of str
            What stands for a missing entry among numbers.
        """
        ...


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
    read : Reader
    """

    names: tuple[str, ...]
    n_rows: int
    delimiter: str | None
    read: Reader

    @property
    def writes_missing_out(self) -> bool:
        """Whether a missing entry may be written as a word: in Parquet it is no text."""
        return self.delimiter is not None
