"""Text columns as numbers: one-hot, by levels that are found once and kept."""

import json
from collections.abc import Container, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, final

from ...base.listed import quoted
from ...base.suggestions import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

MISSING, OTHER = "(missing)", "(other)"


@final
@dataclass(frozen=True)
class Levels:
    """How one text column became numbers.

    Attributes
    ----------
    column : str
    values : tuple of str
        Its levels, sorted; those for missing and for gathered entries stand last.
    features : tuple of str
        The columns that stand for it, in the order of the levels.  Of two levels it is one, which is 1 at the second;
        a reference level has none.
    missing : str or None
        The level of a missing entry, if it has one.
    other : str or None
        The level of rare entries, and of those that are unknown, if there is one.
    reference : str or None
        The level without a column, if one was named.
    gathered : tuple of str
        The rare entries that became the level `other`, sorted.
    """

    column: str
    values: tuple[str, ...]
    features: tuple[str, ...]
    missing: str | None = None
    other: str | None = None
    reference: str | None = None
    gathered: tuple[str, ...] = ()

    @property
    def shown(self) -> tuple[str, ...]:
        """The level that each feature stands for."""
        if self.reference is not None:
            return tuple(value for value in self.values if value != self.reference)
        return self.values[-len(self.features) :]

    def of(self, column: "pd.Series") -> "pd.Series":
        """Return the level of each entry of a text column; NaN if it is missing or unknown, and has none."""
        text = column.astype("str").where(column.notna())
        if self.missing is not None:
            text = text.fillna(self.missing)
        known = text.isin(self.values)
        return text.where(known) if self.other is None else text.where(known | text.isna(), self.other)

    def encoded(self, column: "pd.Series") -> "pd.DataFrame":
        """Return a text column as the features.

        Raises
        ------
        ValueError
            If an entry has no level.
        """
        import pandas as pd

        levels = self.of(column)
        if levels.isna().any():
            raise ValueError(self.unknown(sorted(column[levels.isna()].astype("str").unique())))
        codes = pd.Categorical(levels, categories=list(self.values)).codes
        ones = {
            name: (codes == self.values.index(value)).astype("float64")
            for name, value in zip(self.features, self.shown, strict=True)
        }
        return pd.DataFrame(ones, index=column.index)

    def unknown(self, entries: Sequence[str]) -> str:
        """Say that entries are none of the levels, and which these are."""
        return (
            f"column {self.column!r} holds {quoted(entries)}, which the fit has not seen: it knows "
            f"{quoted(self.values)}. Leave these rows out, or fit again with rows that have them."
        )


def found_levels(
    column: "pd.Series",
    *,
    missing: str | None = None,
    gather_rare: int | None = None,
    reference: str | None = None,
) -> Levels:
    """Find the levels of a text column.

    Parameters
    ----------
    column : series
        No entry missing.
    missing : str, optional
        The level that stands for a missing entry.
    gather_rare : int, optional
        Levels of fewer rows than this become one, but for the reference and for missing entries.
    reference : str, optional
        The level that has no column.

    Returns
    -------
    Levels

    Raises
    ------
    ValueError
        If there is no such reference.
    """
    counts = column.astype("str").value_counts()
    missing = missing if missing in counts.index else None
    spared = [level for level in (missing, reference) if level is not None]
    rare = [] if gather_rare is None else [*counts.index[counts < gather_rare].difference(spared)]
    kept = sorted(counts.index.difference([*rare, *([] if missing is None else [missing])]))
    other = free_name(OTHER, counts.index) if rare else None
    values = (*kept, *(level for level in (missing, other) if level is not None))
    found = levels_of(str(column.name), values, reference)
    return replace(found, missing=missing, other=other, gathered=tuple(sorted(rare)))


def levels_of(column: str, values: Sequence[str], reference: str | None = None) -> Levels:
    """Return what stands for the levels of a text column.

    Parameters
    ----------
    column : str
    values : sequence of str
        Its levels in their order.
    reference : str, optional
        The level that has no column.

    Raises
    ------
    ValueError
        If there is no such reference.
    """
    if reference is not None and reference not in values:
        raise ValueError(
            f"column {column!r} has no level {reference!r} for --reference.{did_you_mean(reference, values)} Its "
            f"levels are {quoted(values)}."
        )
    with_column = (
        [value for value in values if value != reference]
        if reference is not None
        else values[1:]
        if len(values) == 2
        else values
    )
    features = tuple(f"{column}={value}" for value in with_column)
    return Levels(column, tuple(values), features, reference=reference)


def free_name(name: str, taken: "Container[str] | pd.Index") -> str:
    """Return a name that is not taken: "(other)", else "(other 2)"."""
    tried, place = name, 2
    while tried in taken:
        tried, place = f"{name[:-1]} {place})", place + 1
    return tried


def levels_to_json(levels: Sequence[Levels]) -> str:
    """Return levels as text, for a file to keep."""
    return json.dumps([asdict(one) for one in levels])


def levels_from_json(text: str) -> tuple[Levels, ...]:
    """Return the levels that levels_to_json made text of, of an earlier version too."""
    return tuple(
        Levels(
            one["column"],
            tuple(one["values"]),
            tuple(one["features"]),
            one.get("missing"),
            one.get("other"),
            one.get("reference"),
            tuple(one.get("gathered", ())),
        )
        for one in json.loads(text)
    )
