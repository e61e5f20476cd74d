"""The data of a command, as its options say."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import final

from ...data.files.table import Table, read_table


@final
@dataclass(frozen=True)
class Rows:
    """Where the data are: a file, and what its columns are for.

    Attributes
    ----------
    file, target, features, exclude, weights, drop_missing, decimal, missing, levels
        As `read_table` takes them.
    """

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
        return read_table(**asdict(self))
