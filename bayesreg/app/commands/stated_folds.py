"""The folds of a command's cross-validation, as its options say."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, final

import numpy as np
from jaxtyping import Bool, Int

from ...data.gram import GramData
from ...data.statistics import FoldAxis
from ...selection.methods import METHOD_WORDS

if TYPE_CHECKING:
    import pandas as pd

    from ...data.files.table import Table

DEFAULT_FOLDS = 5


class Folds(NamedTuple):
    """Folds as `select_scale` takes them, and in words."""

    folds: Any
    text: str


@final
@dataclass(frozen=True)
class StatedFolds:
    """Folds as options state them.

    Attributes
    ----------
    folds : int or None
        How many; None is 5.
    groups : str or None
        Column of groups; rows of one group are in one fold.
    folds_by : str or None
        Column whose values are the folds.
    time_order : bool
        Whether rows are in the order of time, so that a fold is predicted from earlier rows only.
    """

    folds: int | None = None
    groups: str | None = None
    folds_by: str | None = None
    time_order: bool = False

    @property
    def column(self) -> str | None:
        """The column that says which rows are held out together."""
        return self.groups if self.folds_by is None else self.folds_by

    def check(self, method: str | None) -> None:
        """Refuse options that no method here has folds for, or that contradict one another.

        Parameters
        ----------
        method : str or None
            That chooses the scale.

        Raises
        ------
        ValueError
        """
        given = [
            option
            for option, value in (
                ("--groups", self.groups),
                ("--folds-by", self.folds_by),
                ("--time-order", self.time_order),
                ("--folds", self.folds),
            )
            if value
        ]
        if given and not (method and METHOD_WORDS[method].folds):
            raise ValueError(
                f"{given[0]} is about the folds of cross-validation, and there is none. "
                f"Add --scale cv or --scale cv-1se, or leave {given[0]} out."
            )
        kinds = [option for option in given if option != "--folds"]
        if len(kinds) > 1:
            raise ValueError(f"{kinds[0]} and {kinds[1]} are two kinds of folds. Give one of them.")
        if self.folds_by is not None and self.folds is not None:
            raise ValueError(
                f"the folds are the values of {self.folds_by!r}, so --folds cannot say how many. Leave it out."
            )

    def of(self, table: "Table", seed: int) -> Folds:
        """Return the folds of a table's rows.

        Parameters
        ----------
        table : Table
            Read with `column`.
        seed : int
            Of the shuffle.

        Raises
        ------
        ValueError
            If there are too few rows, groups or values.
        """
        from sklearn.model_selection import KFold, TimeSeriesSplit

        k = DEFAULT_FOLDS if self.folds is None else self.folds
        present = (
            np.ones(len(table.y), dtype=bool) if table.weights is None else table.weights.to_numpy() > 0.0
        )
        if table.folds is not None:
            return self._of_column(table.folds, present, k, seed)
        n = int(present.sum())
        if self.time_order:
            _check_enough(n, 2 * (k + 1), k, "in the order of time ")
            return Folds(TimeSeriesSplit(k), f"{k} folds, each predicted from the rows above it in the file")
        _check_enough(n, k, k, "")
        shuffled = KFold(k, shuffle=True, random_state=seed % 2**32)
        return Folds(shuffled, f"{k} folds, rows shuffled by seed {seed}")

    @property
    def of_a_pass(self) -> int | str:
        """The folds that a pass over rows is to keep apart: so many, or the values of a column."""
        return self.column or self.folds or DEFAULT_FOLDS

    def of_statistics(self, data: GramData, seed: int, *, share_out: bool) -> tuple[GramData, Folds]:
        """Return statistics with the folds that are wanted, and these folds.

        Parameters
        ----------
        data : GramData
            With folds.
        seed : int
            Of ties, where labels are shared out.
        share_out : bool
            Whether labels are those of groups, of which several make a fold.

        Raises
        ------
        ValueError
            If other folds are wanted than the statistics have, or there are too few labels.
        """
        axis = data.folds
        assert axis is not None
        if axis.n_splits is not None:
            if self.folds not in (None, axis.n_splits):
                raise ValueError(
                    f"the statistics have {axis.n_splits} folds, and these cannot change now. Leave --folds out, or "
                    f"reduce the rows again with --folds {self.folds}."
                )
            return data, Folds(
                axis.n_splits, f"{axis.n_splits} folds, into which rows were dealt by their place"
            )
        labels = sorted(axis.parts, key=str)
        if not share_out:
            return data, Folds(len(labels), f"{len(labels)} folds, one for each value of the column of folds")
        k = self.folds or DEFAULT_FOLDS
        _check_groups("the column of groups" if self.groups is None else repr(self.groups), len(labels), k)
        sizes = [axis.parts[label].n_samples for label in labels]
        of_row = _shared_out(np.repeat(np.arange(len(labels)), sizes), len(labels), k, seed)
        of_label = of_row[np.cumsum([0, *sizes[:-1]])]
        parts = {
            fold: sum(axis.parts[label] for label, its in zip(labels, of_label, strict=True) if its == fold)
            for fold in range(k)
        }
        shared = replace(data, folds=FoldAxis(k, parts))
        return shared, Folds(k, f"{k} folds, the {len(labels)} groups shared out by seed {seed}")

    def _of_column(self, column: "pd.Series", present: Bool[np.ndarray, " n"], k: int, seed: int) -> Folds:
        labels = column.to_numpy(dtype=str)
        values, codes = np.unique(labels[present], return_inverse=True)
        if values.size < 2:
            raise ValueError(
                f"{column.name!r} has the same value in every row, so it makes no two folds. Give another."
            )
        if self.groups is None:
            return Folds(labels, f"{values.size} folds, one for each value of {column.name!r}")
        _check_groups(repr(column.name), values.size, k)
        of_row = np.zeros(labels.size, dtype=int)  # nobody asks about absent rows
        of_row[present] = _shared_out(codes, values.size, k, seed)
        return Folds(
            of_row, f"{k} folds, the {values.size} groups of {column.name!r} shared out by seed {seed}"
        )


def _check_enough(n: int, least: int, k: int, how: str) -> None:
    if n < least:
        raise ValueError(f"{k} folds {how}need at least {least} rows, and there are {n}. Give fewer --folds.")


def _check_groups(name: str, n_groups: int, k: int) -> None:
    if n_groups < k:
        raise ValueError(
            f"{name} has {n_groups} groups, too few for {k} folds. Give --folds {n_groups} or fewer."
        )


def _shared_out(codes: Int[np.ndarray, " m"], n_groups: int, k: int, seed: int) -> Int[np.ndarray, " m"]:
    """Return the fold of each row. Groups go, the largest first, to the fold with fewest rows; chance breaks ties."""
    from sklearn.model_selection import GroupKFold

    shuffled = np.random.default_rng(seed).permutation(n_groups)[codes]
    labels = np.zeros(codes.size, dtype=int)
    for fold, (_, test) in enumerate(GroupKFold(k).split(codes, groups=shuffled)):
        labels[test] = fold
    return labels
