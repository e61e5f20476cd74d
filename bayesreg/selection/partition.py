"""Data cut into folds. Each fold comes with the other data, for a fit."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, final

import numpy as np

from ..data.folds import FoldRows, Label, Positions, Rows, split_rows, sums_without_each
from ..data.gram import GramData
from ..data.rows import RowData
from ..data.smaller import statistics_are_smaller, statistics_if_smaller
from ..model.problem import Data

DEFAULT_FOLDS = 5


class Split(NamedTuple):
    """The data of one fit, and the fold that it predicts."""

    label: Label
    train: Data
    held_out: Data


@final
@dataclass(frozen=True, eq=False)
class Partition:
    """Data cut into folds. They become statistics if these are smaller than the rows."""

    data: Data
    rows: dict[Label, Rows] | None = None  # of each fold, if the data are held as rows
    trains: dict[Label, Positions] | None = None  # that predict a fold, if not all others do
    in_order: bool = False  # whether folds are blocks of rows as they come
    as_rows: bool = False  # whether rows have to stay rows

    @classmethod
    def of(cls, data: Data, folds: Any, *, as_rows: bool = False) -> "Partition":
        """Cut data into folds. `GramData` has its folds already; rows stay rows if that is needed.

        Raises
        ------
        TypeError, ValueError
            If `folds` does not fit the data, or a fold has no row.
        """
        if isinstance(data, GramData):
            _check_axis(data, folds)
            return cls(data, in_order=data.folds is not None and data.folds.in_order)
        found = split_rows(folds, data.X, data.y)
        held = {label: own for label, own in found.rows.items() if data.sample_weight[own].any()}
        _require_folds(found.n_splits, tuple(held), data.n_samples)
        if as_rows or found.trains is not None or not statistics_are_smaller(data, 2 * len(held)):
            return cls(data, held, found.trains, found.in_order, as_rows)
        return cls(GramData.from_folds(data, FoldRows(found.n_splits, held)), in_order=found.in_order)

    @property
    def labels(self) -> tuple[Label, ...]:
        """The folds' numbers or labels."""
        return tuple(self._parts if self.rows is None else self.rows)

    @property
    def parts(self) -> tuple[Data, ...]:
        """The data of each fold."""
        if isinstance(self.data, RowData):
            assert self.rows is not None
            return tuple(self.data.at(own) for own in self.rows.values())
        return tuple(self._parts.values())

    @property
    def _parts(self) -> dict[Label, GramData]:
        assert isinstance(self.data, GramData)
        assert self.data.folds is not None
        return self.data.folds.parts

    def splits(self) -> Iterator[Split]:
        """Yield each fold with the data of its fit."""
        if isinstance(self.data, RowData):
            yield from self._row_splits(self.data)
            return
        trains = sums_without_each(list(self._parts.values()))
        for (label, held_out), train in zip(self._parts.items(), trains, strict=True):
            yield Split(label, train, held_out)

    def _row_splits(self, data: RowData) -> Iterator[Split]:
        assert self.rows is not None
        for label, own in self.rows.items():
            if self.trains is not None and label in self.trains:
                train: Data = data.at(self.trains[label])
                train = train if self.as_rows else statistics_if_smaller(train)
            else:
                others = np.ones(data.y.size, dtype=bool)
                others[own] = False
                train = data.at(others)
            yield Split(label, train, data.at(own))


def _check_axis(data: GramData, folds: Any) -> None:
    if data.folds is None:
        raise ValueError(
            "cross-validation needs the statistics of each fold, but these have none. Make them with "
            "GramData.from_arrays(X, y, folds=5) or from_chunks(..., folds=5), or give the rows (RowData)."
        )
    present = tuple(data.folds.parts)
    n_folds = data.folds.n_splits or len(present)
    if not isinstance(folds, int | np.integer) or folds not in (DEFAULT_FOLDS, n_folds):
        raise ValueError(
            f"these statistics have {n_folds} folds, and these cannot change now; got folds={folds!r}. "
            "Leave `folds` out, or make the statistics with other folds."
        )
    _require_folds(data.folds.n_splits, present, data.n_samples, of_blocks=True)


def _require_folds(
    n_splits: int | None, present: tuple[Label, ...], n_samples: int, *, of_blocks: bool = False
) -> None:
    missing = [] if n_splits is None else sorted(set(range(n_splits)) - set(present))
    if missing:
        of_each_block = (
            " Each chunk was cut into that many folds by itself. If it has fewer rows, its last folds are empty. Give "
            "larger chunks, or a label for each row."
            if of_blocks and n_samples >= (n_splits or 0)
            else ""
        )
        raise ValueError(
            f"each of {n_splits} folds needs a row with a positive weight, but fold {missing[0]} (from 0) has none; "
            f"there are {n_samples} such rows.{of_each_block or ' Give fewer `folds`.'}"
        )
    if len(present) < 2:
        raise ValueError(
            f"cross-validation needs at least 2 folds; got {list(present)}. Give `folds` two or more labels."
        )
