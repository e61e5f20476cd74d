"""Rows, dense or sparse (SciPy), with weights and names."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, final

import numpy as np
from jaxtyping import Bool, Float

from ..base.blas import dot
from ..base.listed import quoted
from ..base.memory import keep_freed_memory
from ..base.shown import Shown
from .adjustment import Adjustment
from .centring import centred_rows
from .checks import (
    Design,
    Vector,
    as_design,
    as_offset,
    as_response,
    as_weights,
    column_names,
    numbered_names,
)
from .kept import LIGHT, Kept, fingerprint, without_kept
from .labels import Labels, coded
from .least_squares import Means, matrices_of
from .row_least_squares import RowLeastSquares

if TYPE_CHECKING:
    import pandas as pd

_SHOWN_ROWS, _SHOWN_COLUMNS = 5, 9  # in a notebook


@final
@dataclass(frozen=True, eq=False, repr=False)
class RowData(Shown):
    """The checked rows of a regression. Make it with `from_arrays`.

    Arrays of float64 are not copied. Values computed from the arrays are kept, and are computed again after the arrays
    change. Of an array with more than 262,144 entries only 4,096 are compared, so do not change only a few entries of
    such an array.

    Attributes
    ----------
    X : array or scipy.sparse.csc_array (n, p)
        The design matrix in float64, without a column for the intercept.
    y : array (n,)
        The response; 0 and 1 if labels were given.
    sample_weight : array (n,)
        wᵢ multiplies row i's log-likelihood. A weight of 2 counts the row twice, and 0 leaves it out.
    feature_names : tuple of p str
    offset : array (n,) or None
        The known part of η.
    labels : pair or None
        The labels that 0 and 1 stand for, if y was text of two kinds.
    """

    X: Design
    y: Vector
    sample_weight: Vector
    feature_names: tuple[str, ...]
    offset: Vector | None = None
    labels: Labels | None = None

    @classmethod
    def from_arrays(
        cls,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        feature_names: Sequence[str] | None = None,
        offset: Any = None,
    ) -> Self:
        """Check arrays or data frames and hold them as float64.

        Parameters
        ----------
        X : array, data frame or SciPy sparse array (n, p)
            Finite numbers, with at least 2 rows of positive weight. Sparse X stays sparse, as CSC.
        y : array (n,)
            Finite numbers; or text of two kinds, for a BernoulliLikelihood: the first in order is 0, the other 1.
        sample_weight : array (n,), optional
            At least 0, not all 0.
        feature_names : sequence of p str, optional
            Default: the frame's columns, else "x0", "x1", ...
        offset : array (n,), optional
            Finite numbers: a known part of η, in its units. An exposure e is the offset log(e) of a log link.

        Returns
        -------
        RowData

        Raises
        ------
        TypeError, ValueError
            The message names the column, the row and the remedy.
        """
        values, labels = coded(y)
        data = cls._checked(X, values, sample_weight, feature_names, offset)
        require_two_rows(data.n_samples)
        return replace(data, labels=labels)

    @classmethod
    def _checked(
        cls,
        X: Any,
        y: Any,
        sample_weight: Any,
        feature_names: Sequence[str] | None,
        offset: Any = None,
        *,
        may_be_absent: bool = False,
    ) -> Self:
        keep_freed_memory()
        names = column_names(X, feature_names)
        values = as_design(X, names)
        n, p = values.shape
        weights = as_weights(sample_weight, n, may_be_absent=may_be_absent)
        return cls(values, as_response(y, n), weights, names or numbered_names(p), as_offset(offset, n))

    def at(self, rows: Any) -> Self:
        """Return some of the rows: a slice, or their positions."""
        offset = None if self.offset is None else self.offset[rows]
        return replace(
            self, X=self.X[rows], y=self.y[rows], sample_weight=self.sample_weight[rows], offset=offset
        )

    def present(self, folds: Any) -> tuple[Self, Any]:
        """Leave out rows of weight 0, and their labels in `folds`. Such rows have no effect."""
        if self.n_samples == self.y.size:
            return self, folds
        kept = self.sample_weight > 0.0
        if not hasattr(folds, "split") and np.ndim(folds) == 1 and np.size(folds) == kept.size:
            folds = np.asarray(folds)[kept]
        return self.at(np.flatnonzero(kept)), folds

    @property
    def less_offset(self) -> Vector:
        """The response less the offset: what X has to explain if the link is the identity."""
        return self.y if self.offset is None else self.y - self.offset

    @property
    def n_features(self) -> int:
        """Number of columns p."""
        return len(self.feature_names)

    def design(self, *, intercept_column: bool) -> Design:
        """Return X of shape (n, p), or with a last column of ones of shape (n, p + 1)."""
        return _with_ones(self.X) if intercept_column else self.X

    def columns(self, chosen: Bool[np.ndarray, " d"]) -> Float[np.ndarray, "n k"]:
        """Return some columns of X, dense. If there are p + 1 to choose from, the last is a column of ones."""
        p = self.n_features
        of_features = self.X[:, np.flatnonzero(chosen[:p])]
        dense = of_features if isinstance(of_features, np.ndarray) else of_features.toarray()
        return np.column_stack([dense, np.ones(len(dense))]) if chosen[p:].any() else dense

    @property
    def n_samples(self) -> int:
        """Number of rows with a positive weight."""
        return int(np.count_nonzero(self.sample_weight))

    @property
    def sum_weights(self) -> float:
        """Σw. It takes the place of n everywhere."""
        return float(self.sample_weight.sum())

    @property
    def column_sd(self) -> Float[np.ndarray, " p"]:
        """Weighted standard deviations of the columns (ddof 0). It is 0 for a constant column."""
        return np.sqrt(self.least_squares(centre=True)[0].squared_norms / self.sum_weights)

    @property
    def response_sd(self) -> float:
        """Weighted standard deviation of y less the offset, ddof 0."""
        share = self.sample_weight / self.sum_weights
        response = self.less_offset
        centred = response - dot(share, response)
        return float(np.sqrt(dot(share, centred**2)))

    def least_squares(self, *, centre: bool, intercept_column: bool = False) -> tuple[RowLeastSquares, Means]:
        """Return the loss with weights absorbed: centred, or with a last column for the intercept.

        If it takes little memory, or less than the rows, it is the same object each time, with all that was computed
        from it.
        """
        arrays = (self.X, self.y, self.sample_weight, *(() if self.offset is None else (self.offset,)))
        about = centre, intercept_column, fingerprint(*arrays)
        return self._losses.get(about, lambda: self._loss(centre, intercept_column), worth=self._is_light)

    @cached_property
    def _losses(self) -> Kept[tuple[RowLeastSquares, Means]]:
        return Kept(1)

    def _is_light(self, loss: tuple[RowLeastSquares, Means]) -> bool:
        """Tell whether a loss, its Gram matrix and spectra take little memory, or less than the rows."""
        rows = loss[0]
        copied = 0 if rows.X is self.X else rows.X.size
        return copied + matrices_of(rows.X.shape[1]) <= max(LIGHT, self.X.size)

    def _loss(self, centre: bool, intercept_column: bool) -> tuple[RowLeastSquares, Means]:
        root = None if (self.sample_weight == 1.0).all() else np.sqrt(self.sample_weight)
        if centre:
            return centred_rows(self.X, self.less_offset, root)
        X, y = self.X, self.less_offset if root is None else self.less_offset * root
        if intercept_column:
            X = _with_ones(X)
        return RowLeastSquares(X, y, Adjustment(y.size, root)), Means(np.zeros(X.shape[1]), 0.0)

    def __str__(self) -> str:
        rows, p = self.y.size, self.n_features
        sparse = "" if isinstance(self.X, np.ndarray) else f", sparse with {self.X.nnz} entries"
        weighted = "" if (self.sample_weight == 1.0).all() else f"; the weights sum to {self.sum_weights:g}"
        known = "" if self.offset is None else ", with an offset"
        names = quoted(self.feature_names, 6)
        return f"{rows} rows, {p} feature{'s' * (p != 1)} ({names}){sparse}{known}{weighted}"

    def _table(self) -> "pd.DataFrame":
        import pandas as pd

        first = self.X[:_SHOWN_ROWS, :_SHOWN_COLUMNS]
        values = first if isinstance(first, np.ndarray) else first.toarray()
        frame = pd.DataFrame(values, columns=list(self.feature_names[:_SHOWN_COLUMNS]))
        frame.insert(0, "sample_weight", self.sample_weight[:_SHOWN_ROWS], allow_duplicates=True)
        frame.insert(0, "y", self.y[:_SHOWN_ROWS], allow_duplicates=True)
        return frame

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes for a pickle or a copy, without values computed from them."""
        return without_kept(self)


def _with_ones(X: Design) -> Design:
    """Return X with a last column of ones."""
    if isinstance(X, np.ndarray):
        return np.column_stack([X, np.ones(len(X))])
    from scipy.sparse import csc_array, hstack

    return csc_array(hstack([X, np.ones((X.shape[0], 1))]))


def require_two_rows(n_samples: int) -> None:
    """Refuse data of a single row.

    Raises
    ------
    ValueError
    """
    if n_samples < 2:
        raise ValueError(
            f"a regression needs at least 2 rows with a positive weight; got n_samples = {n_samples}. "
            "One row cannot separate a coefficient from the intercept or the noise."
        )
