"""Which texts stand for a missing entry."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

# What pandas takes for missing in a CSV file, beside a blank.
MISSING_WORDS = frozenset(
    (
        *(
            "#N/A",
            "#N/A N/A",
            "#NA",
            "<NA>",
            "N/A",
            "n/a",
            "NA",
            "NULL",
            "null",
            "None",
            "NaN",
            "nan",
            "-NaN",
            "-nan",
        ),
        *("-1.#IND", "-1.#QNAN", "1.#IND", "1.#QNAN"),
    )
)


@final
@dataclass(frozen=True)
class MissingTexts:
    """What stands for a missing entry, beside a blank.

    Attributes
    ----------
    everywhere : tuple of str
        In all columns.
    in_column : tuple of (str, str)
        A column, and what stands for a missing entry there.
    """

    everywhere: tuple[str, ...] = ()
    in_column: tuple[tuple[str, str], ...] = ()

    @classmethod
    def said(cls, texts: Sequence[str], names: Sequence[str]) -> "MissingTexts":
        """Read texts, of which NAME=TEXT speaks of one column."""
        pairs = [(text, column_before(text, names)) for text in texts]
        return cls(
            tuple(text for text, name in pairs if name is None),
            tuple((name, text[len(name) + 1 :]) for text, name in pairs if name is not None),
        )

    def of(self, column: str) -> tuple[str, ...]:
        """Return the texts of one column."""
        return (*self.everywhere, *(text for name, text in self.in_column if name == column))


def column_before(text: str, names: Sequence[str]) -> str | None:
    """Return the column that stands before an equals sign: the longest name that fits; None if there is none."""
    return max((name for name in names if text.startswith(f"{name}=")), key=len, default=None)
