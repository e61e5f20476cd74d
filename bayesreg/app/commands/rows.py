"""The data of a command, as its options say."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, final

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

    def read(self, **more: Any) -> Table:
        """Read them; what the file is other than what it seems goes to standard error.

        Parameters
        ----------
        **more
            What else `read_table` takes: folds, offset, exposure, takes_labels, positive.
        """
        table = read_table(**asdict(self), **more)
        if table.was:
            print_aside(f"{self.file} is read as {', '.join(table.was)}.")
        return table
