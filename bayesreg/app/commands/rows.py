"""The data of a command, as its options say."""

from pathlib import Path
from typing import NamedTuple

from ...data.files.table import Table, read_table


class Rows(NamedTuple):
    """Where the data are: a file, and what its columns are for."""

    file: Path
    target: str
    features: tuple[str, ...]
    exclude: tuple[str, ...]
    weights: str | None
    drop_missing: bool
    decimal: str
    missing: tuple[str, ...]
    levels: tuple[str, ...]

    def read(self) -> Table:
        """Read them."""
        return read_table(
            self.file,
            self.target,
            self.features,
            exclude=self.exclude,
            weights=self.weights,
            drop_missing=self.drop_missing,
            decimal=self.decimal,
            missing=self.missing,
            levels=self.levels,
        )
