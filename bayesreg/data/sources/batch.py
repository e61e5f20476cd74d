"""One batch of rows as statistics: missing entries left out or refused, rows put into folds, sums made of each."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Int

from ..checks import as_design, as_weights
from ..folds import Label
from ..least_squares import check_gram_size
from ..moments import Codes, as_numbers, first_means, moments_of
from ..source_columns import SourceColumns
from ..statistics import Dropped, FoldAxis, Statistics, check_folds_size
from .columns import Batch, Text, as_table, columns_of, names_of
from .spec import BatchSpec

_LARGEST_SQUARE = 1e200
_MIXED = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)  # the constants of SplitMix64
_MOST_ROWS = 2**40  # of a part
_APART = -1  # the fold of rows that are held out

Rows = Int[np.ndarray, " n"]


class Place(NamedTuple):
    """Where a batch comes from: what errors call it, the number of its first row, and the part of which it is a row."""

    name: str = "the batch"
    first_row: int = 0
    part: int = 0

    def numbers(self, rows: Rows) -> Rows:
        """Return a number for each row of the batch that no other row of any part has."""
        return rows + (self.first_row + self.part * _MOST_ROWS)


class RowsUsed(NamedTuple):
    """The rows of a batch that are used."""

    batch: Batch
    features: tuple[str, ...]
    kept: Rows | None  # their places among all rows of the batch; None: these are all
    dropped: Dropped


def rows_used(batch: Any, spec: BatchSpec, place: Place) -> RowsUsed:
    """Read the columns of a batch, without rows that are filtered out, of weight 0, or dropped for a missing entry.

    The parameters and errors are those of `statistics_of`.
    """
    table = as_table(batch)
    features = spec.features_among(names_of(table), place.name)
    used = columns_of(_filtered(table, spec), spec, features, place.name)
    kept, dropped = _kept(used, spec, place)
    return RowsUsed(used if kept is None else at_rows(used, kept), features, kept, dropped)


def statistics_of[Kind: Statistics](kind: type[Kind], batch: Any, spec: BatchSpec, place: Place) -> Kind:
    """Reduce a batch.

    Parameters
    ----------
    kind : type
        Of the statistics.
    batch : Arrow data, data frame, or mapping of str to array
    spec : BatchSpec
    place : Place

    Returns
    -------
    Statistics
        Of no row, if none is left.

    Raises
    ------
    TypeError, ValueError
        If a column is not there or is no numbers, or an entry is missing and that is refused.
    MemoryError
        If p × p numbers exceed the budget.
    """
    used, features, kept, dropped = rows_used(batch, spec, place)
    fold, labels = _folds_of(used, place.numbers(np.arange(used.n_rows) if kept is None else kept), spec)
    sums = _Sums(kind, used, spec, features, place, _in_order(fold, len(labels)))
    if fold is None:
        return replace(sums.of(slice(0, used.n_rows)), dropped=dropped, target=spec.target)
    check_folds_size(len(labels), len(sums.columns.feature_names))
    ends = np.cumsum(np.bincount(fold - _APART, minlength=len(labels) + 1)).tolist()
    apart = None if spec.held_out is None else sums.of(slice(0, ends[0]))
    parts: dict[Label, Kind] = {
        label: sums.of(slice(first, last))
        for label, first, last in zip(labels, ends, ends[1:], strict=False)
        if first < last
    }
    first, *others = *parts.values(), sums.of(slice(0, 0))
    total = first.joined(others)
    n_splits = spec.folds if isinstance(spec.folds, int) else None
    folds = None if spec.folds is None else FoldAxis(n_splits, parts)
    return replace(total, folds=folds, dropped=dropped, held_out=apart, target=spec.target)


def _in_order(fold: Rows | None, n_labels: int) -> Rows | None:
    """Return the rows fold by fold; None if there are no folds."""
    if fold is None:
        return None
    return np.argsort(fold.astype(np.int8 if n_labels < 127 else np.int64), kind="stable")


def _filtered(table: Any, spec: BatchSpec) -> Any:
    if spec.filters is None:
        return table
    from pyarrow.parquet import filters_to_expression

    if not hasattr(table, "schema"):
        import pyarrow

        table = pyarrow.table(dict(table))
    return table.filter(filters_to_expression(spec.filters))


def _kept(used: Batch, spec: BatchSpec, place: Place) -> tuple[Rows | None, Dropped]:
    """Return the rows to keep, None if these are all, and what was dropped."""
    present = np.ones(used.n_rows, dtype=bool)
    if spec.weight is not None and used.n_rows:
        weight = used.numbers[spec.weight]
        absent = _absent(weight, used.missing.get(spec.weight))
        _check_weights(weight if absent is None else weight[~absent], place)
        present &= (weight > 0.0) if absent is None else (weight > 0.0) | absent
    counted = present
    entries: dict[str, int] = {}
    for name, values in [*used.numbers.items(), *((name, None) for name in (*used.text, *used.unknown))]:
        absent = _absent(values, used.missing.get(name))
        if absent is None or not (absent & counted).any():
            continue
        if spec.missing == "refuse":
            row = place.first_row + int(np.argmax(absent & counted))
            raise ValueError(
                f"column {name!r} of {place.name} has {int((absent & counted).sum())} missing entries (first at row "
                f"{row}). missing='drop' leaves such rows out, and counts them."
            )
        entries[name] = int((absent & counted).sum())
        present = present & ~absent
    rows = None if present.all() else np.flatnonzero(present)
    return rows, Dropped(int(counted.sum() - present.sum()), entries)


def _check_weights(weight: np.ndarray, place: Place) -> None:
    try:
        as_weights(weight, weight.size, may_be_absent=True)
    except ValueError as error:
        raise ValueError(f"{place.name}: {error}") from None


def _absent(values: np.ndarray | None, null: Bool[np.ndarray, " n"] | None) -> Bool[np.ndarray, " n"] | None:
    """Tell where entries are null or NaN; None if there are none."""
    if values is None or values.dtype.kind != "f" or np.isfinite(values.sum()):
        return null
    nan = np.isnan(values)
    return nan if null is None else nan | null


def at_rows(used: Batch, rows: Rows) -> Batch:
    """Return some rows."""
    return Batch(
        rows.size,
        # by brackets it takes four times as long
        {name: np.take(values, rows, mode="clip") for name, values in used.numbers.items()},
        {
            name: Text(one.levels, Codes(one.codes.of[rows], one.codes.n_levels))
            for name, one in used.text.items()
        },
        None if used.labels is None else used.labels[rows],
        {},
        used.unknown,
    )


def _folds_of(used: Batch, rows: Rows, spec: BatchSpec) -> tuple[Rows | None, list[Label]]:
    """Return the fold of each row by its position among the labels, or `_APART`; None if there are no folds."""
    labels: list[Label] = [0]
    fold = np.zeros(used.n_rows, dtype=int)
    if isinstance(spec.folds, int):
        labels, fold = list(range(spec.folds)), (shuffled(rows) % np.uint64(spec.folds)).astype(int)
    elif used.labels is not None:
        found, fold = np.unique(used.labels, return_inverse=True)
        labels = found.tolist()
    elif spec.held_out is None:
        return None, []
    if spec.held_out is not None:
        apart = (shuffled(rows) >> np.uint64(32)).astype(float) < spec.held_out * 2.0**32
        fold = np.where(apart, _APART, fold)
    return fold, labels


def shuffled(rows: Rows) -> np.ndarray:
    """Return 64 bits for each row, as good as random, that its number alone decides.

    References
    ----------
    G. Steele, D. Lea and C. Flood (2014), "Fast splittable pseudorandom number generators",
    doi:10.1145/2660193.2660195.
    """
    add, first, second = (np.uint64(one) for one in _MIXED)
    bits = (rows.astype(np.uint64) + np.uint64(1)) * add
    bits = (bits ^ (bits >> np.uint64(30))) * first
    bits = (bits ^ (bits >> np.uint64(27))) * second
    return np.asarray(bits ^ (bits >> np.uint64(31)))


def statistics_of_used[Kind: Statistics](
    kind: type[Kind], rows: RowsUsed, spec: BatchSpec, place: Place
) -> Kind:
    """Return the statistics of the rows used, without folds."""
    sums = _Sums(kind, rows.batch, spec, rows.features, place)
    return replace(sums.of(slice(0, rows.batch.n_rows)), dropped=rows.dropped)


class _Sums[Kind: Statistics]:
    """The sums over any range of rows of a batch."""

    def __init__(
        self,
        kind: type[Kind],
        used: Batch,
        spec: BatchSpec,
        features: tuple[str, ...],
        place: Place,
        order: Rows | None = None,
    ) -> None:
        text = [name for name in features if name in used.text]
        numeric = [name for name in features if name in used.numbers]
        self.columns = SourceColumns(features, {name: used.text[name].levels for name in text}, used.unknown)
        check_gram_size(len(self.columns.feature_names))
        self._kind, self._place, self._names = kind, place, (*numeric, spec.target)
        y = used.numbers[spec.target]
        y = y if spec.offset is None else y - used.numbers[spec.offset]
        codes = [used.text[name].codes for name in text]
        numbers = as_numbers([*(used.numbers[name] for name in numeric), y])
        weight = None if spec.weight is None else used.numbers[spec.weight].astype(float)
        if order is not None:
            numbers = np.take(numbers, order, axis=1, mode="clip")  # four times faster than by brackets
            codes = [Codes(one.of[order], one.n_levels) for one in codes]
            weight = None if weight is None else weight[order]
        self._numbers, self._levels, self._weight = numbers, codes, weight
        self._shift = first_means(numbers)
        at = {name: j for j, name in enumerate(numeric)}
        last = len(self._numbers)
        for name in text:
            for level in used.text[name].levels:
                at[f"{name}={level}"] = last
                last += 1
        self._order = np.array([at[name] for name in self.columns.feature_names], dtype=int)

    def of(self, rows: slice) -> Kind:
        """Return the statistics of some rows, of none too."""
        order, q = self._order, len(self._numbers) - 1  # the response is the last of the numbers
        if rows.start == rows.stop:
            p = order.size
            return self._kind(
                0, 0.0, np.zeros(p), 0.0, np.zeros((p, p)), np.zeros(p), 0.0,
                self.columns.feature_names, columns=self.columns,
            )  # fmt: skip
        total, mean, rest, products = moments_of(self._numbers, self._levels, self._weight, rows, self._shift)
        if not (np.diagonal(products) < _LARGEST_SQUARE).all():
            self._refuse_what_is_not_finite(rows)
        return self._kind(
            n_samples=rows.stop - rows.start,
            sum_weights=total,
            x_mean=mean[order],
            y_mean=float(mean[q]),
            gram=products[np.ix_(order, order)],
            cross=products[order, q],
            response_ss=float(products[q, q]),
            feature_names=self.columns.feature_names,
            columns=self.columns,
            rest=np.append(rest[order], rest[q]),
        )

    def _refuse_what_is_not_finite(self, rows: slice) -> None:
        block = self._numbers[:, rows].T.astype(float)
        try:
            as_design(block, self._names)
        except ValueError as error:
            raise ValueError(f"{self._place.name}: {error}") from None
