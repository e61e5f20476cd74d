"""Sufficient statistics of a Gaussian regression, which blocks of rows can be merged into."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self, final

import numpy as np
from jaxtyping import Bool, Float

from .flat import FlatBlock, basis_maps
from .least_squares import NULL_AFTER_CENTRING, Means, Spectrum, check_gram_size, relative_rounding
from .rows import RowData

# A Gram matrix squares what it measures, so a norm below √ε of its column is rounding.
_NULL_AFTER_PROJECTION = 1e-7


@final
@dataclass(frozen=True, eq=False)
class GramData:
    """Sufficient statistics of rows that need not be held. Make it with `from_arrays` or `from_chunks`.

    ``a + b`` are the statistics of the rows of both. Sums are centred and merged
    pairwise, so that a large mean costs no digits.

    Attributes
    ----------
    n_samples : int
        Number of rows with a positive weight.
    sum_weights : float
        Σw, which stands for n everywhere.
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

    @classmethod
    def from_arrays(
        cls,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        feature_names: Sequence[str] | None = None,
    ) -> Self:
        """Reduce one block of rows.

        Parameters
        ----------
        X : array or data frame (n, p)
            Finite numbers; one row is enough for a block.
        y : array (n,)
            Finite numbers.
        sample_weight : array (n,), optional
            At least 0, not all 0.
        feature_names : sequence of p str, optional
            Default: the frame's columns, else "x0", "x1", ...

        Returns
        -------
        GramData

        Raises
        ------
        TypeError, ValueError
            Naming the column, the row and the remedy.
        MemoryError
            Where p × p numbers pass the budget.
        """
        return cls.from_rows(RowData._checked(X, y, sample_weight, feature_names))

    @classmethod
    def from_rows(cls, rows: RowData) -> Self:
        """Reduce checked rows."""
        check_gram_size(rows.n_features)
        X, y, means = rows.centred()
        root = np.sqrt(rows.sample_weight)
        X *= root[:, None]
        y *= root
        return cls(
            n_samples=rows.n_samples,
            sum_weights=rows.sum_weights,
            x_mean=means.x,
            y_mean=means.y,
            gram=X.T @ X,
            cross=X.T @ y,
            response_ss=float(y @ y),
            feature_names=rows.feature_names,
        )

    @classmethod
    def from_chunks(cls, chunks: Iterable[Any], feature_names: Sequence[str] | None = None) -> Self:
        """Reduce an iterable of blocks of rows, holding one at a time.

        Parameters
        ----------
        chunks : iterable of (X, y) or (X, y, sample_weight)
            Blocks without rows, or whose weights are all 0, are passed over.
        feature_names : sequence of p str, optional
            Default: the frames' columns, else "x0", "x1", ...

        Returns
        -------
        GramData

        Raises
        ------
        TypeError, ValueError
            Naming the block, by its number from 0, and what is wrong with it.
        """
        # Equal-sized partial sums are merged first, as in a binary counter: the error grows with log(blocks).
        partial: list[tuple[int, Self]] = []
        for number, chunk in enumerate(chunks):
            block = cls._from_chunk(number, chunk, feature_names)
            if block is None:
                continue
            if partial and partial[-1][1].feature_names != block.feature_names:
                raise ValueError(f"chunk {number}: {_mismatch(partial[-1][1], block)}")
            size = 1
            while partial and partial[-1][0] == size:
                block = partial.pop()[1] + block
                size *= 2
            partial.append((size, block))
        if not partial:
            raise ValueError("`chunks` holds no row with a positive weight. Was the iterator used up before?")
        total = partial.pop()[1]
        while partial:
            total = partial.pop()[1] + total
        return total

    @classmethod
    def _from_chunk(cls, number: int, chunk: Any, feature_names: Sequence[str] | None) -> Self | None:
        if not isinstance(chunk, tuple | list) or len(chunk) not in (2, 3):
            raise TypeError(
                f"chunk {number} must be (X, y) or (X, y, sample_weight); got {type(chunk).__name__}."
            )
        X, y, weight = chunk if len(chunk) == 3 else (*chunk, None)
        if np.shape(X)[:1] == (0,) or (weight is not None and np.ndim(weight) and not np.any(weight)):
            return None
        try:
            return cls.from_arrays(X, y, weight, feature_names)
        except (TypeError, ValueError) as error:
            raise type(error)(f"chunk {number}: {error}") from error

    def __add__(self, other: object) -> "GramData":
        if not isinstance(other, GramData):
            return NotImplemented
        if self.feature_names != other.feature_names:
            raise ValueError(_mismatch(self, other))
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
        )

    def __radd__(self, other: object) -> "GramData":
        return self if isinstance(other, int) and other == 0 else NotImplemented  # so that sum() works

    @property
    def n_features(self) -> int:
        """Number of columns p."""
        return len(self.feature_names)

    @property
    def response_sd(self) -> float:
        """Weighted standard deviation of y, ddof 0."""
        return float(np.sqrt(self.response_ss / self.sum_weights))

    @cached_property
    def column_sd(self) -> Float[np.ndarray, " p"]:
        """Weighted standard deviations of the columns, ddof 0; 0 for a constant column."""
        return np.sqrt(self.least_squares(centre=True)[0].squared_norms / self.sum_weights)

    def least_squares(
        self, *, centre: bool, intercept_column: bool = False
    ) -> "tuple[GramLeastSquares, Means]":
        """Return the loss with weights absorbed: centred, or with a last column for the intercept."""
        total, x_mean, y_mean = self.sum_weights, self.x_mean, self.y_mean
        rounding = relative_rounding(self.n_samples)
        if centre:
            diagonal = np.diagonal(self.gram)
            x_limit = NULL_AFTER_CENTRING**2 * (diagonal + total * x_mean**2)
            y_limit = NULL_AFTER_CENTRING**2 * (self.response_ss + total * y_mean**2)
            centred = GramLeastSquares(self.gram, self.cross, self.response_ss, rounding)
            return _without_null(centred, x_limit, y_limit), Means(x_mean, y_mean)
        gram = self.gram + total * np.outer(x_mean, x_mean)
        cross = self.cross + total * y_mean * x_mean
        if intercept_column:
            edge = total * x_mean
            gram = np.block([[gram, edge[:, None]], [edge[None, :], np.array([[total]])]])
            cross = np.append(cross, total * y_mean)
        uncentred = GramLeastSquares(gram, cross, self.response_ss + total * y_mean**2, rounding)
        return uncentred, Means(np.zeros_like(cross), 0.0)


def _mismatch(a: GramData, b: GramData) -> str:
    return (
        "statistics can be added only over the same features in the same order; "
        f"got {list(a.feature_names)} and {list(b.feature_names)}. Reorder the columns of one block."
    )


@final
class GramLeastSquares:
    """Least squares on sufficient statistics."""

    def __init__(
        self,
        gram: Float[np.ndarray, "p p"],
        cross: Float[np.ndarray, " p"],
        response_ss: float,
        rounding: float,
    ) -> None:
        self.gram, self.cross, self.response_ss = gram, cross, response_ss
        self.rounding = rounding

    @property
    def squared_norms(self) -> Float[np.ndarray, " p"]:
        """The diagonal of X'X."""
        return np.diagonal(self.gram)

    @property
    def rss_rounding(self) -> float:
        """Residual sum of squares, relative to y'y, that may be rounding alone: y'y − β'X'y cancels."""
        return self.rounding

    def residuals(
        self, coefs: Float[np.ndarray, "k p"]
    ) -> tuple[Float[np.ndarray, "k p"], Float[np.ndarray, " k"]]:
        """Return X'r and r'r at r = y − Xβ, for each row β of `coefs`."""
        gradients = self.cross - coefs @ self.gram
        squares = self.response_ss - np.einsum("kp,kp->k", coefs, self.cross + gradients)
        return gradients, np.maximum(squares, 0.0)

    def spectrum(self, unit: Float[np.ndarray, " p"]) -> Spectrum:
        """Return the spectrum of Z = X·diag(unit), by an eigendecomposition of Z'Z."""
        from scipy.linalg import eigh

        values, vectors = eigh(self.gram * unit * unit[:, None])
        cross = vectors.T @ (unit * self.cross)
        rounding = values[-1] * values.size * np.finfo(float).eps if values.size else 0.0
        seen = values > rounding
        return Spectrum(np.where(seen, values, 0.0), vectors, np.where(seen, cross, 0.0))

    def zeroed(self, columns: Bool[np.ndarray, " p"]) -> "GramLeastSquares":
        """Set columns to 0, so that their coefficients are 0."""
        gram = np.where(columns[:, None] | columns[None, :], 0.0, self.gram)
        return GramLeastSquares(gram, np.where(columns, 0.0, self.cross), self.response_ss, self.rounding)

    def without(self, flat: Bool[np.ndarray, " p"]) -> tuple["GramLeastSquares", FlatBlock]:
        """Profile the flat columns out of the others and of y."""
        from scipy.linalg import eigh

        inner, cross_flat = self.gram[np.ix_(flat, flat)], self.cross[flat]
        norms = np.sqrt(np.diagonal(inner))
        unit = np.where(norms > 0.0, norms, 1.0)
        values, vectors = eigh(inner / unit / unit[:, None])
        seen = values > max(values[-1], 0.0) * values.size * 10.0 * np.finfo(float).eps
        to_coef, row_space = basis_maps(vectors[:, seen], np.sqrt(values[seen]), norms)
        cross, response = to_coef.T @ self.gram[np.ix_(flat, ~flat)], to_coef.T @ cross_flat
        outer = self.gram[np.ix_(~flat, ~flat)]
        projected = GramLeastSquares(
            outer - cross.T @ cross,
            self.cross[~flat] - cross.T @ response,
            self.response_ss - float(response @ response),
            self.rounding,
        )
        limit = _NULL_AFTER_PROJECTION**2
        reduced = _without_null(projected, limit * np.diagonal(outer), limit * self.response_ss)
        unseen = vectors[:, ~seen].T @ (cross_flat / unit)
        doubt = 0.5 * np.minimum(unseen**2 / self.rounding, self.response_ss).sum()
        return reduced, FlatBlock(to_coef, row_space, cross, response, float(doubt))


def _without_null(
    least_squares: GramLeastSquares, x_limit: Float[np.ndarray, " p"], y_limit: float
) -> GramLeastSquares:
    """Set to exactly 0 what belongs to columns, or to a y, whose squared norm is rounding."""
    cross, response_ss = least_squares.cross, least_squares.response_ss
    if response_ss <= y_limit:
        cross, response_ss = np.zeros_like(cross), 0.0
    kept = GramLeastSquares(least_squares.gram, cross, response_ss, least_squares.rounding)
    return kept.zeroed(np.diagonal(least_squares.gram) <= x_limit)
