"""The data of a command, as its options say."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import final

from ...data.files.table import Table, read_table
from ..words.terminal import print_aside


@final
@dataclass(frozen=True)
class Rows:
    """Where the data are: a file, and what its columns are for.

    Attributes
    ----------
    file, target, features, exclude, weights, drop_missing, missing, missing_level, levels, reference
        As `read_table` takes them.
    max_levels, gather_rare, numbers, dates, separator, decimal, encoding, comment
        As `read_table` takes them.
    """

    file: Path
    target: str
    features: tuple[str, ...]
    exclude: tuple[str, ...]
    weights: str | None
    drop_missing: bool
    missing: tuple[str, ...]
    missing_level: tuple[str, ...]
    levels: tuple[str, ...]
    reference: tuple[str, ...]
    max_levels: int | None
    gather_rare: int | None
    numbers: tuple[str, ...]
    dates: tuple[str, ...]
    separator: str | None
    decimal: str
    encoding: str | None
    comment: str | None

    def read(self, folds: str | None = None) -> Table:
        """Read them; what the file is other than what it seems goes to standard error.

        Parameters
        ----------
        folds : str, optional
            A column that says which rows are held out together.
        """
        table = read_table(**asdict(self), folds=folds)
        if table.was:
            print_aside(f"{self.file} is read as {', '.join(table.was)}.")
        return table
