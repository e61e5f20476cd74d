"""Which columns of a source are read, and what becomes of missing entries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict, final


class BatchOptions(TypedDict, total=False):
    """What else `BatchSpec` takes, for callers that pass it on."""

    offset: str | None
    held_out: float | None
    missing: Literal["refuse", "drop"]
    filters: Any


@final
@dataclass(frozen=True, kw_only=True)
class BatchSpec:
    """What `reduce_batch` makes of a batch of rows: which column is what.

    Attributes
    ----------
    target : str
        The column of the response.
    features : sequence of str or None, default None
        The columns of features; None: all columns that have no other part here. Numbers and truth values are taken as
        they are; text becomes one column a level, ``city=a``, without an expanded copy.
    weight : str or None, default None
        A column of weights. A row of weight 0 is absent.
    offset : str or None, default None
        A column with the known part of the response's mean.
    folds : int, str or None, default None
        K: each row goes into one of K folds by its place, as shuffled. A name: the column of the folds' labels.
    held_out : float or None, default None
        A share of the rows that is kept apart, as `GramData.held_out`, to test predictions on.
    missing : {"refuse", "drop"}, default "refuse"
        What becomes of rows with a missing entry (null or NaN) in a column that is used. Rows that are dropped are
        counted in `GramData.dropped`.
    filters : list of (str, str, value), or of lists of these, default None
        Which rows are read, as pyarrow's `filters_to_expression` takes them: all conditions of a list, or of any one
        of the lists.
    """

    target: str
    features: Sequence[str] | None = None
    weight: str | None = None
    offset: str | None = None
    folds: int | str | None = None
    held_out: float | None = None
    missing: Literal["refuse", "drop"] = "refuse"
    filters: Any = None

    def __post_init__(self) -> None:
        if isinstance(self.features, str):
            raise TypeError(f"`features` must be a sequence of names, not the text {self.features!r}.")
        if self.features is not None and not len(self.features):
            raise ValueError("`features` names no column. Give at least one, or None for all.")
        if self.missing not in ("refuse", "drop"):
            raise ValueError(f"`missing` must be 'refuse' or 'drop'; got {self.missing!r}.")
        if isinstance(self.folds, bool) or not isinstance(self.folds, int | str | None):
            raise TypeError(f"`folds` must be a whole number or the name of a column; got {self.folds!r}.")
        if isinstance(self.folds, int) and self.folds < 2:
            raise ValueError(
                f"`folds` must be at least 2, so that some rows are left to fit; got {self.folds}."
            )
        if self.held_out is not None and not 0.0 < self.held_out < 1.0:
            raise ValueError(f"`held_out` must be a share between 0 and 1; got {self.held_out}.")
        named = [*(self.features or ()), *self.others]
        twice = sorted({name for name in named if named.count(name) > 1})
        if twice:
            raise ValueError(f"column {twice[0]!r} is given two parts. Give each column one.")

    @property
    def others(self) -> tuple[str, ...]:
        """The columns that are no features."""
        of_folds = self.folds if isinstance(self.folds, str) else None
        return tuple(one for one in (self.target, self.weight, self.offset, of_folds) if one is not None)

    def features_among(self, names: Sequence[str], place: str) -> tuple[str, ...]:
        """Return the names of the features among a source's columns.

        Raises
        ------
        ValueError
            If a column is not there, with the nearest name.
        """
        from ...base.listed import quoted
        from ...base.suggestions import did_you_mean

        wanted = [*(self.features or ()), *self.others]
        for name in wanted:
            if name not in names:
                raise ValueError(
                    f"{place} has no column {name!r}.{did_you_mean(name, names)} It has {quoted(names, 12)}."
                )
        found = self.features or [name for name in names if name not in self.others]
        if not len(found):
            raise ValueError(f"{place} has no column beside {quoted(self.others)}, so there is no feature.")
        if len(set(names)) < len(names):
            twice = next((name for name in [*found, *self.others] if list(names).count(name) > 1), None)
            if twice is not None:
                raise ValueError(f"{place} has several columns {twice!r}. Rename them, or leave them out.")
        return tuple(found)
