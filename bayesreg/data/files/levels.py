"""Text columns as numbers: one-hot, by levels that are found once and kept."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, final

from ...base.listed import quoted
from .doubtful_text import NUMBERS_AS_TEXT, telling_entry

if TYPE_CHECKING:
    import pandas as pd

_MOST_LEVELS = 50


@final
@dataclass(frozen=True)
class Levels:
    """How one text column became numbers.

    Attributes
    ----------
    column : str
    values : tuple of str
        Its levels, sorted.
    features : tuple of str
        The columns that stand for it; of two levels one, which is 1 at the second.
    """

    column: str
    values: tuple[str, ...]
    features: tuple[str, ...]

    def encoded(self, column: "pd.Series") -> "pd.DataFrame":
        """Return a text column, none of it missing, as the features.

        Raises
        ------
        ValueError
            Where it holds another level.
        """
        import pandas as pd

        text = column.astype("str")
        unknown = sorted(set(text) - set(self.values))
        if unknown:
            raise ValueError(
                f"column {self.column!r} holds {quoted(unknown)}, which the fit has not seen: it knows "
                f"{quoted(self.values)}. Leave these rows out, or fit again with rows that have them."
            )
        shown = self.values[-len(self.features) :]
        ones = {
            name: (text == value).astype("float64") for name, value in zip(self.features, shown, strict=True)
        }
        return pd.DataFrame(ones, index=column.index)


def found_levels(column: "pd.Series", n_rows: int | None) -> Levels:
    """Find the levels of a text column.

    Parameters
    ----------
    column : series
        No entry missing.
    n_rows : int or None
        Of the file; None where it was said that the entries name groups.

    Returns
    -------
    Levels

    Raises
    ------
    ValueError
        Where there are so many that the column tells rows apart, not groups of them.
    """
    values = sorted(column.astype("str").unique())
    if n_rows is not None and len(values) > 2 and (len(values) > _MOST_LEVELS or 2 * len(values) >= n_rows):
        raise ValueError(
            f"column {column.name!r} holds text with {len(values)} levels in {n_rows} rows, for example "
            f"{telling_entry(column)!r}. Is it an identifier or a date? Leave it out with --exclude. "
            f"Are numbers written as text? {NUMBERS_AS_TEXT}"
        )
    shown = values[1:] if len(values) == 2 else values
    return Levels(str(column.name), tuple(values), tuple(f"{column.name}={value}" for value in shown))


def levels_to_json(levels: Sequence[Levels]) -> str:
    """Return levels as text, for a file to keep."""
    return json.dumps([asdict(one) for one in levels])


def levels_from_json(text: str) -> tuple[Levels, ...]:
    """Return the levels that levels_to_json made text of."""
    return tuple(
        Levels(one["column"], tuple(one["values"]), tuple(one["features"])) for one in json.loads(text)
    )
