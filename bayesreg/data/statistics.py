"""Weighted sums over rows about their means. They add up: over blocks of rows, and over machines."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from jaxtyping import Float, Int

from ..base.listed import listed, quoted
from ..base.shown import Shown
from ..base.suggestions import did_you_mean
from .folds import Label
from .gram_least_squares import GramLeastSquares, without_null
from .kept import LIGHT, Kept, without_kept
from .least_squares import (
    GRAM_BUDGET,
    NULL_AFTER_CENTRING,
    Means,
    check_gram_size,
    matrices_of,
    relative_rounding,
)
from .moments import two_sum
from .source_columns import SourceColumns

if TYPE_CHECKING:
    import pandas as pd


class FoldAxis(NamedTuple):
    """The statistics of each fold, by its number or label; a fold without rows is left out.

    `n_splits` is the number of folds if they are numbered, None if they have labels. `in_order` says that folds are
    blocks of rows as they came.
    """

    n_splits: int | None
    parts: "dict[Label, Any]"
    in_order: bool = False

    def __repr__(self) -> str:
        return f"<FoldAxis: {len(self.parts)} folds ({quoted(list(self.parts), 6)})>"


class Dropped(NamedTuple):
    """Rows that were left out, and the missing entries of each column that are the cause."""

    n_rows: int = 0
    entries: Mapping[str, int] = {}

    def __bool__(self) -> bool:
        return self.n_rows > 0

    def __str__(self) -> str:
        most = sorted(self.entries.items(), key=lambda one: -one[1])
        return listed([f"{count} in {name!r}" for name, count in most], 6)

    def plus(self, other: "Dropped") -> "Dropped":
        """Return the counts of both."""
        names = {**self.entries, **other.entries}
        return Dropped(
            self.n_rows + other.n_rows,
            {name: self.entries.get(name, 0) + other.entries.get(name, 0) for name in names},
        )


NOTHING_DROPPED = Dropped()


@dataclass(frozen=True, eq=False, repr=False)
class Statistics(Shown):
    """Sums over rows, which add up.

    `GramData` states the attributes.

    References
    ----------
    T. Chan, G. Golub and R. LeVeque (1983), "Algorithms for computing the sample variance",
    doi:10.1080/00031305.1983.10483115.
    """

    n_samples: int
    sum_weights: float
    x_mean: Float[np.ndarray, " p"]
    y_mean: float
    gram: Float[np.ndarray, "p p"]
    cross: Float[np.ndarray, " p"]
    response_ss: float
    feature_names: tuple[str, ...]
    folds: FoldAxis | None = None
    columns: SourceColumns | None = None
    dropped: Dropped = NOTHING_DROPPED
    held_out: Any = None
    rest: Float[np.ndarray, " q"] | None = None
    target: str | None = None

    def __add__(self, other: object) -> Self:
        if not isinstance(other, type(self)):
            return NotImplemented
        mismatch = cannot_be_added(self, other)
        if mismatch is not None:
            raise ValueError(mismatch)
        columns = None if self.columns is None or other.columns is None else self.columns | other.columns
        return self._among(columns)._plus(other._among(columns), columns)

    def _plus(self, other: Self, columns: SourceColumns | None) -> Self:
        total = self.sum_weights + other.sum_weights
        means = self._means
        shift = (other._means - means) + (other._rest - self._rest)
        x_shift, y_shift = shift[:-1], float(shift[-1])
        share = other.sum_weights / total if total else 0.0
        between = self.sum_weights * share
        means, rest = two_sum(means, share * shift + self._rest)
        return type(self)(
            n_samples=self.n_samples + other.n_samples,
            sum_weights=total,
            x_mean=means[:-1],
            y_mean=float(means[-1]),
            rest=rest,
            gram=self.gram + other.gram + between * np.outer(x_shift, x_shift),
            cross=self.cross + other.cross + between * y_shift * x_shift,
            response_ss=self.response_ss + other.response_ss + between * y_shift**2,
            feature_names=self.feature_names,
            folds=_merged(self.folds, other.folds),
            columns=columns,
            dropped=self.dropped.plus(other.dropped),
            held_out=None
            if self.held_out is None or other.held_out is None
            else self.held_out + other.held_out,
            target=self.target or other.target,
        )

    def joined(self, others: "Sequence[Self]") -> Self:
        """Return the sum with others of the same columns, without their folds: as ``+``, but all at once."""
        parts = [self, *others]
        weight = np.array([one.sum_weights for one in parts])
        total = float(weight.sum())
        shifts = np.array([(one._means - self._means) + (one._rest - self._rest) for one in parts])
        middle = weight @ shifts / total if total else np.zeros(self.n_features + 1)
        apart = (shifts - middle) * np.sqrt(weight)[:, None]
        between = apart.T @ apart
        means, rest = two_sum(self._means, middle + self._rest)
        return replace(
            self,
            n_samples=sum(one.n_samples for one in parts),
            sum_weights=total,
            x_mean=means[:-1],
            y_mean=float(means[-1]),
            rest=rest,
            gram=np.sum([one.gram for one in parts], axis=0) + between[:-1, :-1],
            cross=np.sum([one.cross for one in parts], axis=0) + between[:-1, -1],
            response_ss=sum(one.response_ss for one in parts) + float(between[-1, -1]),
        )

    @property
    def _means(self) -> Float[np.ndarray, " q"]:
        return np.append(self.x_mean, self.y_mean)

    @property
    def _rest(self) -> Float[np.ndarray, " q"]:
        return np.zeros(self.n_features + 1) if self.rest is None else self.rest

    def _among(self, columns: SourceColumns | None) -> Self:
        """Return the statistics with the levels of more rows. Their columns are 0 in the rows so far."""
        if columns is None or self.columns is None or columns == self.columns:
            return self
        names = columns.feature_names
        check_gram_size(len(names))
        place = self.columns.places_in(columns)
        x_mean, cross, rest = (np.zeros(size) for size in (len(names), len(names), len(names) + 1))
        gram = np.zeros((len(names), len(names)))
        x_mean[place], cross[place], rest[[*place, -1]] = self.x_mean, self.cross, self._rest
        gram[np.ix_(place, place)] = self.gram
        wider = replace(
            self, x_mean=x_mean, gram=gram, cross=cross, rest=rest, feature_names=names, columns=columns
        )
        return wider._with_parts(lambda part: part._among(columns))

    def _with_parts(self, changed: Callable[[Any], Any]) -> Self:
        """Change the statistics of folds and of rows held out in the same way."""
        folds, held_out = self.folds, self.held_out
        if folds is not None:
            folds = folds._replace(parts={label: changed(part) for label, part in folds.parts.items()})
        return replace(self, folds=folds, held_out=None if held_out is None else changed(held_out))

    def select(self, feature_names: Sequence[str]) -> Self:
        """Return the statistics of some of the features, in the order given.

        Parameters
        ----------
        feature_names : sequence of str

        Returns
        -------
        GramData
            Text columns of it take no new levels.

        Raises
        ------
        ValueError
            If a name is not there or there twice, with the nearest name.
        """
        at: dict[str, int] = {name: j for j, name in enumerate(self.feature_names)}
        wanted = tuple(feature_names)
        for name in wanted:
            if name not in at or self.feature_names.count(name) > 1:
                raise ValueError(f"there is no one feature {name!r}.{did_you_mean(name, at)}")
        return self._at(np.array([at[name] for name in wanted], dtype=int))

    def _at(self, place: Int[np.ndarray, " k"]) -> Self:
        chosen = replace(
            self,
            x_mean=self.x_mean[place],
            gram=self.gram[np.ix_(place, place)],
            cross=self.cross[place],
            rest=self._rest[[*place, -1]],
            feature_names=tuple(self.feature_names[j] for j in place),
            columns=None,
        )
        return chosen._with_parts(lambda part: part._at(place))

    def __radd__(self, other: object) -> Self:
        return self if isinstance(other, int) and other == 0 else NotImplemented  # for sum()

    @property
    def n_features(self) -> int:
        """Number of columns p."""
        return len(self.feature_names)

    @property
    def response_sd(self) -> float:
        """Weighted standard deviation of y (ddof 0)."""
        return float(np.sqrt(self.response_ss / self.sum_weights))

    @cached_property
    def column_sd(self) -> Float[np.ndarray, " p"]:
        """Weighted standard deviations of the columns (ddof 0). It is 0 for a constant column."""
        return np.sqrt(self.least_squares(centre=True)[0].squared_norms / self.sum_weights)

    def least_squares(
        self, *, centre: bool, intercept_column: bool = False
    ) -> "tuple[GramLeastSquares, Means]":
        """Return the loss with weights absorbed: centred, or with a last column for the intercept.

        If it takes little memory, it is the same object each time, with all that was computed from it.
        """
        return self._losses.get(
            (centre, intercept_column),
            lambda: self._loss(centre, intercept_column),
            worth=lambda loss: matrices_of(loss[0].cross.size) <= LIGHT,
        )

    @cached_property
    def _losses(self) -> Kept[tuple[GramLeastSquares, Means]]:
        return Kept(1)

    def _loss(self, centre: bool, intercept_column: bool) -> "tuple[GramLeastSquares, Means]":
        total, x_mean, y_mean = self.sum_weights, self.x_mean, self.y_mean
        rounding = relative_rounding(self.n_samples)
        if centre:
            diagonal = np.diagonal(self.gram)
            x_limit = NULL_AFTER_CENTRING**2 * (diagonal + total * x_mean**2)
            y_limit = NULL_AFTER_CENTRING**2 * (self.response_ss + total * y_mean**2)
            centred = GramLeastSquares(self.gram, self.cross, self.response_ss, rounding)
            return without_null(centred, x_limit, y_limit), Means(x_mean, y_mean)
        gram = self.gram + total * np.outer(x_mean, x_mean)
        cross = self.cross + total * y_mean * x_mean
        if intercept_column:
            edge = total * x_mean
            gram = np.block([[gram, edge[:, None]], [edge[None, :], np.array([[total]])]])
            cross = np.append(cross, total * y_mean)
        uncentred = GramLeastSquares(gram, cross, self.response_ss + total * y_mean**2, rounding)
        return uncentred, Means(np.zeros_like(cross), 0.0)

    def __str__(self) -> str:
        p = self.n_features
        folds = "" if self.folds is None else f", in {len(self.folds.parts)} folds"
        weighted = "" if self.sum_weights == self.n_samples else f"; the weights sum to {self.sum_weights:g}"
        dropped = f"; {self.dropped.n_rows} rows left out, missing {self.dropped}" if self.dropped else ""
        apart = "" if self.held_out is None else f"; {self.held_out.n_samples} rows held out"
        return (
            f"statistics of {self.n_samples} rows{folds}, {p} feature{'s' * (p != 1)} "
            f"({quoted(self.feature_names, 6)}){weighted}{dropped}{apart}"
        )

    def _table(self) -> "pd.DataFrame":
        import pandas as pd

        columns = {
            "mean": np.append(self.y_mean, self.x_mean),
            "sd": np.append(self.response_sd, self.column_sd),
        }
        return pd.DataFrame(columns, index=["y", *self.feature_names])

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes for a pickle or a copy, without values computed from them."""
        return without_kept(self)


def _merged(a: FoldAxis | None, b: FoldAxis | None) -> FoldAxis | None:
    if a is None or b is None:
        return None
    parts = dict(a.parts)
    for label, part in b.parts.items():
        parts[label] = parts[label] + part if label in parts else part
    check_folds_size(len(parts), next(iter(parts.values())).n_features if parts else 0)
    ordered = sorted(parts, key=lambda label: (type(label).__name__, label))
    return FoldAxis(a.n_splits, {label: parts[label] for label in ordered}, a.in_order and b.in_order)


def check_folds_size(n_folds: int, n_features: int) -> None:
    """Refuse more folds than the budget of memory has room for.

    Raises
    ------
    MemoryError
        The message says how many bytes they would take.
    """
    size = 8 * n_folds * n_features**2
    if size > GRAM_BUDGET:
        raise MemoryError(
            f"the folds have {n_folds:,} labels, and a matrix of {n_features} features for each takes {size:,} bytes "
            f"together, above the budget of {GRAM_BUDGET:,}. Give `folds` a number, or a column of fewer values."
        )


def other_names(a: tuple[str, ...], b: tuple[str, ...]) -> str | None:
    """Say that features differ, and what to do. Return None if they do not."""
    if a == b:
        return None
    return (
        "statistics can be added only if they have the same features in the same order; "
        f"got {list(a)} and {list(b)}. Reorder the columns of one block."
    )


def cannot_be_added(a: Statistics, b: Statistics) -> str | None:
    """Say why two blocks cannot be added, and what to do. Return None if they can be added."""
    if a.columns is not None and b.columns is not None:
        difference = a.columns.difference(b.columns)
        if difference is not None:
            return f"statistics can be added only if they are of the same columns; {difference}."
    else:
        others = other_names(a.feature_names, b.feature_names)
        if others is not None:
            return others
    if a.target and b.target and a.target != b.target:
        return (
            f"statistics can be added only if they are of the same target; got {a.target!r} and {b.target!r}. Reduce "
            "the rows of one of them anew."
        )
    if (a.held_out is None) != (b.held_out is None):
        return "one has rows held out and the other none. Give `held_out` to both, or to neither."
    if (a.folds is None) != (b.folds is None):
        return (
            "statistics with folds and statistics without folds cannot be added: the folds of the latter are unknown. "
            "Give `folds` to both, or to neither."
        )
    if a.folds is not None and b.folds is not None and a.folds.n_splits != b.folds.n_splits:
        return (
            f"statistics can be added only fold by fold; got {_described(a.folds)} and {_described(b.folds)}. "
            "Give the same `folds` to both, or labels to both."
        )
    return None


def _described(folds: FoldAxis) -> str:
    return "folds with labels" if folds.n_splits is None else f"{folds.n_splits} numbered folds"


def no_row_left(source: str, dropped: Dropped) -> str:
    """Say that a source holds no row that can be used, and why."""
    why = f": all {dropped.n_rows} have missing entries ({dropped})" if dropped else ""
    return f"{source} holds no row that can be used{why}."
