"""A file's columns before any is chosen: their names, and how to read some of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, final

from .missing_texts import MissingTexts

if TYPE_CHECKING:
    import pandas as pd


class Reader(Protocol):
    """Reads columns of a file into a data frame: numbers as numbers, text as it is written."""

    def __call__(
        self,
        names: Sequence[str],
        as_text: Sequence[str] = (),
        missing: MissingTexts | None = None,
        dates: Sequence[str] = (),
    ) -> "pd.DataFrame":
        """Read them.

        Parameters
        ----------
        names : sequence of str
            Of the columns, in the order that is wanted.
        as_text : sequence of str
            Those that are text, even if they look like numbers.
        missing : MissingTexts, optional
            What stands for a missing entry among numbers.
        dates : sequence of str
            Those that hold dates, which become text.
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
    was : tuple of str
        What a CSV file was other than UTF-8 text, such as "text packed by bzip2".
    read : Reader
    written : callable
        Returns columns as they are written, whatever they hold: a data frame of text, "" where there is nothing.
    """

    names: tuple[str, ...]
    n_rows: int
    delimiter: str | None
    was: tuple[str, ...]
    read: Reader
    written: Callable[[Sequence[str]], "pd.DataFrame"]
