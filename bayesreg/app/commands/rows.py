"""The data of a command, as its options say."""

from collections.abc import Container
from dataclasses import asdict, dataclass, fields
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
    file
        Where the rows are.
    target : str or None
        As `read_table` takes it; None if the file holds statistics that know it.
    features, exclude, weights, drop_missing, missing, missing_level, levels, reference
        As `read_table` takes them.
    max_levels, gather_rare, numbers, dates, separator, decimal, encoding, comment
        As `read_table` takes them.
    """

    file: Path
    target: str | None
    features: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    weights: str | None = None
    drop_missing: bool = False
    missing: tuple[str, ...] = ()
    missing_level: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    reference: tuple[str, ...] = ()
    max_levels: int | None = None
    gather_rare: int | None = None
    numbers: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    separator: str | None = None
    decimal: str = "."
    encoding: str | None = None
    comment: str | None = None

    def read(self, **more: Any) -> Table:
        """Read them; what the file is other than what it seems goes to standard error.

        Parameters
        ----------
        **more
            What else `read_table` takes: folds, offset, exposure, takes_labels, positive, first_only.
        """
        table = read_table(**asdict(self), **more)
        if table.was:
            print_aside(f"{self.file} is read as {', '.join(table.was)}.")
        return table

    def options_beside(self, known: Container[str]) -> list[str]:
        """Return the options that were given, but for the file and those whose names are known."""
        return [
            f"--{one.name.replace('_', '-')}"
            for one in fields(self)
            if one.name not in known and one.name != "file" and getattr(self, one.name) != one.default
        ]
