"""Sufficient statistics of a Gaussian regression. Blocks of rows can be merged into them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Self, final

import numpy as np
from jaxtyping import Float

from ..base.listed import quoted
from ..base.shown import Shown
from .checks import column_names, numbered_names
from .folds import FoldRows, Label, split_rows
from .gram_least_squares import GramLeastSquares, without_null
from .kept import LIGHT, Kept, without_kept
from .least_squares import NULL_AFTER_CENTRING, Means, check_gram_size, matrices_of, relative_rounding
from .rows import RowData

if TYPE_CHECKING:
    import pandas as pd


class FoldAxis(NamedTuple):
    """The statistics of each fold, by its number or label; a fold without rows is left out.

    `n_splits` is the number of folds if they are numbered, None if they have labels. `in_order` says that folds are
    blocks of rows as they came.
    """

    n_splits: int | None
    parts: "dict[Label, GramData]"
    in_order: bool = False

    def __repr__(self) -> str:
        return f"<FoldAxis: {len(self.parts)} folds ({quoted(list(self.parts), 6)})>"


@final
@dataclass(frozen=True, eq=False, repr=False)
class GramData(Shown):
    """Sufficient statistics of rows. The rows need not be kept. Make it with `from_arrays` or `from_chunks`.

    ``a + b`` are the statistics of the rows of both, fold by fold if they have folds. Sums are
    centred and merged pairwise, so that a large mean costs no digits.

    Attributes
    ----------
    n_samples : int
        Number of rows with a positive weight.
    sum_weights : float
        Σw. It takes the place of n everywhere.
    x_mean : array (p,)
        Weighted means of the columns.
    y_mean : float
    gram : array (p, p)
        Weighted X'X about the means.
    cross : array (p,)
        Weighted X'y about the means.
    response_ss : float
        Weighted y'y about the mean.
    feature_names : tuple of p str
    folds : FoldAxis, optional
        The statistics of each fold. The attributes above are their sum.

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

    @classmethod
    def from_arrays(
        cls,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        feature_names: Sequence[str] | None = None,
        folds: Any = None,
    ) -> Self:
        """Reduce one block of rows.

        Parameters
        ----------
        X : array or data frame (n, p)
            Finite numbers. One row is enough for a block.
        y : array (n,)
            Finite numbers.
        sample_weight : array (n,), optional
            At least 0, not all 0.
        feature_names : sequence of p str, optional
            Default: the frame's columns, else "x0", "x1", ...
        folds : int, scikit-learn splitter or array (n,), optional
            Keeps the statistics of each fold, for `select_scale`. K: contiguous blocks of the
            rows with a positive weight, as in scikit-learn's unshuffled KFold; if there are fewer
            than K rows, the last folds get none. A splitter whose test folds partition these rows.
            An array: a label for each row.

        Returns
        -------
        GramData

        Raises
        ------
        TypeError, ValueError
            The message names the column, the row and the remedy.
        MemoryError
            If p × p numbers exceed the budget.
        """
        return cls._reduced(RowData._checked(X, y, sample_weight, feature_names), folds)

    @classmethod
    def _reduced(cls, rows: RowData, folds: Any) -> Self:
        if folds is None:
            return cls.from_rows(rows)
        rows, folds = rows.present(folds)
        return cls.from_folds(rows, split_rows(folds, rows.X, rows.y))

    @classmethod
    def from_folds(cls, rows: RowData, folds: FoldRows) -> Self:
        """Reduce checked rows fold by fold.

        Raises
        ------
        ValueError
            If a fold is not to be predicted from all others: then their sums are not enough.
        """
        if folds.trains is not None:
            raise ValueError(
                "statistics hold folds of which each is predicted from all others, and this splitter trains on fewer "
                "rows. Give the rows (RowData), and the splitter to select_scale."
            )
        parts = {}
        for label, own in folds.rows.items():
            weight = rows.sample_weight[own]
            if weight.any():
                parts[label] = cls.from_rows(rows.at(own))
        return replace(_sum(list(parts.values())), folds=FoldAxis(folds.n_splits, parts, folds.in_order))

    @classmethod
    def from_rows(cls, rows: RowData) -> Self:
        """Reduce checked rows."""
        check_gram_size(rows.n_features)
        centred, means = rows.least_squares(centre=True)
        return cls(
            n_samples=rows.n_samples,
            sum_weights=rows.sum_weights,
            x_mean=means.x,
            y_mean=means.y,
            gram=centred.gram,
            cross=centred.cross,
            response_ss=centred.response_ss,
            feature_names=rows.feature_names,
        )

    @classmethod
    def from_chunks(
        cls, chunks: Iterable[Any], feature_names: Sequence[str] | None = None, folds: Any = None
    ) -> Self:
        """Reduce an iterable of blocks of rows. One block is held at a time.

        Parameters
        ----------
        chunks : iterable of (X, y), (X, y, sample_weight) or (X, y, sample_weight, labels)
            All blocks have the same columns. Blocks without rows, or with weights that are all 0, are skipped.
            `sample_weight` may be None. `labels` name the fold of each row of the block.
        feature_names : sequence of p str, optional
            Default: the frames' columns, else "x0", "x1", ...
        folds : int or scikit-learn splitter, optional
            How each block is cut into folds, as in `from_arrays`: fold k of the whole is fold k
            of every block. None if the blocks have labels.

        Returns
        -------
        GramData

        Raises
        ------
        TypeError, ValueError
            The message names the block, by its number from 0, and what is wrong with it.
        MemoryError
            If p × p numbers exceed the budget.
        """
        # Partial sums of equal size are merged first, as in a binary counter: the error grows with log(blocks).
        partial: list[tuple[int, Self]] = []
        known: tuple[str, ...] | None = None
        for number, chunk in enumerate(chunks):
            names, block = cls._from_chunk(number, chunk, feature_names, folds)
            known = known or names
            mismatch = _other_names(known, names) if known and names else None
            if partial and block is not None:
                mismatch = mismatch or _mismatch(partial[-1][1], block)
            if mismatch is not None:
                raise ValueError(f"chunk {number}: {mismatch}")
            if block is None:
                continue
            size = 1
            while partial and partial[-1][0] == size:
                block = partial.pop()[1] + block
                size *= 2
            partial.append((size, block))
        if not partial:
            raise ValueError("`chunks` holds no row with a positive weight. Was the iterator used before?")
        total = partial.pop()[1]
        while partial:
            total = partial.pop()[1] + total
        return total

    @classmethod
    def _from_chunk(
        cls, number: int, chunk: Any, feature_names: Sequence[str] | None, folds: Any
    ) -> tuple[tuple[str, ...] | None, Self | None]:
        """Return the names of a block's columns and its statistics. Either is None if the block has none."""
        if not isinstance(chunk, tuple | list) or len(chunk) not in (2, 3, 4):
            raise TypeError(
                f"chunk {number} must be (X, y), (X, y, sample_weight) or (X, y, sample_weight, labels); "
                f"got {type(chunk).__name__}."
            )
        if folds is not None and (len(chunk) == 4 or np.ndim(folds) > 0):
            raise TypeError(
                "labels of rows belong in the chunks: give (X, y, sample_weight, labels), and leave `folds` out."
            )
        X, y, weight, labels = (*chunk, None, None)[:4]
        try:
            if np.shape(X)[:1] == (0,):
                return _names_without_rows(X, y, weight, labels, feature_names), None
            rows = RowData._checked(X, y, weight, feature_names, may_be_absent=True)
            if rows.n_samples == 0:
                if labels is not None:
                    split_rows(labels, rows.X, rows.y)  # refuses labels that do not fit these rows
                return rows.feature_names, None
            return rows.feature_names, cls._reduced(rows, folds if labels is None else labels)
        except (TypeError, ValueError) as error:
            raise type(error)(f"chunk {number}: {error}") from error

    def __add__(self, other: object) -> "GramData":
        if not isinstance(other, GramData):
            return NotImplemented
        mismatch = _mismatch(self, other)
        if mismatch is not None:
            raise ValueError(mismatch)
        total = self.sum_weights + other.sum_weights
        x_shift, y_shift = other.x_mean - self.x_mean, other.y_mean - self.y_mean
        share = other.sum_weights / total
        between = self.sum_weights * share
        return GramData(
            n_samples=self.n_samples + other.n_samples,
            sum_weights=total,
            x_mean=self.x_mean + share * x_shift,
            y_mean=self.y_mean + share * y_shift,
            gram=self.gram + other.gram + between * np.outer(x_shift, x_shift),
            cross=self.cross + other.cross + between * y_shift * x_shift,
            response_ss=self.response_ss + other.response_ss + between * y_shift**2,
            feature_names=self.feature_names,
            folds=_merged(self.folds, other.folds),
        )

    def __radd__(self, other: object) -> "GramData":
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
        return (
            f"statistics of {self.n_samples} rows{folds}, {p} feature{'s' * (p != 1)} "
            f"({quoted(self.feature_names, 6)}){weighted}"
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


def _sum(blocks: Sequence[GramData]) -> GramData:
    """Add blocks in pairs, so that the error grows with log(blocks)."""
    if len(blocks) == 1:
        return blocks[0]
    half = len(blocks) // 2
    return _sum(blocks[:half]) + _sum(blocks[half:])


def _merged(a: FoldAxis | None, b: FoldAxis | None) -> FoldAxis | None:
    if a is None or b is None:
        return None
    parts = dict(a.parts)
    for label, part in b.parts.items():
        parts[label] = parts[label] + part if label in parts else part
    ordered = sorted(parts, key=lambda label: (type(label).__name__, label))
    return FoldAxis(a.n_splits, {label: parts[label] for label in ordered}, a.in_order and b.in_order)


def _names_without_rows(
    X: Any, y: Any, weight: Any, labels: Any, feature_names: Sequence[str] | None
) -> tuple[str, ...] | None:
    """Return the names of columns without rows. Refuse other arrays that have rows."""
    for what, values in (("y", y), ("sample_weight", weight), ("labels", labels)):
        if values is not None and np.size(values) and np.ndim(values):
            raise ValueError(
                f"`X` has no row, but `{what}` has {np.shape(values)[0]}. Give the rows of both."
            )
    names, shape = column_names(X, feature_names), np.shape(X)
    if len(shape) < 2:
        return names
    if names is not None and len(names) != shape[1]:
        raise ValueError(
            f"`feature_names` must have one name for each of the {shape[1]} columns; got {len(names)}."
        )
    return names or numbered_names(shape[1])


def _other_names(a: tuple[str, ...], b: tuple[str, ...]) -> str | None:
    if a == b:
        return None
    return (
        "statistics can be added only if they have the same features in the same order; "
        f"got {list(a)} and {list(b)}. Reorder the columns of one block."
    )


def _mismatch(a: GramData, b: GramData) -> str | None:
    """Say why two blocks cannot be added, and what to do. Return None if they can be added."""
    others = _other_names(a.feature_names, b.feature_names)
    if others is not None:
        return others
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
