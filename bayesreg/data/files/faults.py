"""Why rows cannot be predicted, gathered column by column."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from .written_numbers import plain_number

if TYPE_CHECKING:
    import pandas as pd

ABSENT = "missing"
_LETTERS = 40  # of an entry that are shown


@final
@dataclass(frozen=True)
class Fault:
    """What is wrong with entries of one column.

    Attributes
    ----------
    column, what : str
    n_rows : int
    entries : tuple of str
        The different ones, sorted; none if they are missing.
    """

    column: str
    what: str
    n_rows: int
    entries: tuple[str, ...]

    def has_numbers_with(self, decimal: str) -> bool:
        """Tell whether an entry is a number with another decimal mark."""
        return any(plain_number(entry, decimal) is not None for entry in self.entries)

    def __str__(self) -> str:
        """Say it of all rows that have it."""
        rows = f"{self.n_rows} row{'s' * (self.n_rows != 1)}"
        if self.what == ABSENT:
            return f"{rows} with nothing in {self.column!r}"
        shown = ", ".join(_shown(entry) for entry in self.entries[:3])
        more = f" and {len(self.entries) - 3} more" if len(self.entries) > 3 else ""
        is_or_are = "is" if len(self.entries) == 1 else "are"
        return f"{rows} with {shown}{more} in {self.column!r}, which {is_or_are} {self.what}"


@final
class Faults:
    """Faults of rows, as they are found.

    Attributes
    ----------
    found : list of Fault
    reasons : series of str
        Of each row; "" if nothing is wrong with it.
    """

    def __init__(self, index: "pd.Index") -> None:
        import pandas as pd

        self.found: list[Fault] = []
        self.reasons = pd.Series("", index=index, dtype="str")

    def add(self, column: "pd.Series", bad: "pd.Series", what: str) -> None:
        """Add the rows in which an entry of a column is bad."""
        if not bad.any():
            return
        name, entries = str(column.name), column[bad].astype("str")
        absent = what == ABSENT
        distinct = () if absent else tuple(sorted(entries.unique()))
        self.found.append(Fault(name, what, int(bad.sum()), distinct))
        said = entries.map(
            lambda entry: f"{name!r} is missing" if absent else f"{_shown(entry)} in {name!r} is {what}"
        )
        before = self.reasons[bad]
        self.reasons[bad] = before.where(before == "", before + "; ") + said


def _shown(entry: str) -> str:
    return repr(entry if len(entry) <= _LETTERS else f"{entry[:_LETTERS]}...")
