"""Least squares on rows without a copy of them: weights, centring and projection are applied to products."""

from functools import cached_property
from typing import final

import numpy as np
from jaxtyping import Bool, Float, Int

from ..base.blas import dot, gram_of, product, times
from ..base.threads import blas_for, is_tall, over_ranges, single_threaded_blas
from .adjustment import Adjustment
from .checks import Design, Matrix, Vector
from .dense_columns import DenseColumns, column_blocks
from .flat import FlatBlock, orthonormal_basis
from .gram_least_squares import GramLeastSquares
from .kept import LIGHT, WHOLE, Kept
from .least_squares import SPECTRA, Spectrum, check_dense_size, check_gram_size, relative_rounding
from .row_blocks import Sums, gram_by_blocks, sums_over_rows
from .sparse_columns import SparseColumns

_RESIDUAL_BLOCK = 2**24  # entries of the residuals that are held at once
_FEWEST_POINTS_CUT = 16  # that two threads share
_NULL_AFTER_PROJECTION = 1e-12
_CANCELS = 1e-3  # share of a squared norm below which a difference of squares is not accurate
NEAR = 10.0  # largest squared ratio of mean to spread with which a Gram matrix may be centred afterwards
_SAFE_SQUARE = 1e-9  # least eigenvalue, relative to the largest, that a Gram matrix gives with six digits


@final
class RowLeastSquares:
    """Least squares on rows, with weights, means subtracted and a span projected out if there are any.

    Parameters
    ----------
    X : array or csc_array (n, p)
        Shared, not copied.
    y : array (n,)
        The response, already adjusted.
    adjustment : Adjustment, optional
        The adjustment of the rows of X.
    null : array (p,) of bool, optional
        Columns that are treated as 0.
    sums : Sums, optional
        Sums of these rows, if they are known already.
    """

    rss_rounding = 1e-24  # a perfect fit leaves residuals of 1e-12

    def __init__(
        self,
        X: Design,
        y: Vector,
        adjustment: Adjustment | None = None,
        null: Bool[np.ndarray, " p"] | None = None,
        sums: Sums | None = None,
    ) -> None:
        self.X, self.y = X, y
        self._adjustment = Adjustment(y.size) if adjustment is None else adjustment
        self.null = null if null is not None and null.any() else None
        self._columns = DenseColumns(X) if isinstance(X, np.ndarray) else SparseColumns(X)
        self._spectra = Kept[Spectrum](SPECTRA)
        self._latest = Kept[tuple[np.ndarray, np.ndarray]](1)
        self._reduced = Kept[tuple[RowLeastSquares, FlatBlock]](1)
        if sums is not None:
            self._sums = sums.zeroed(self.null)

    @property
    def means(self) -> Vector:
        """Means that are subtracted. They are 0 if nothing is centred."""
        shift = self._adjustment.shift
        return np.zeros(self.X.shape[1]) if shift is None else shift

    @property
    def is_sparse(self) -> bool:
        """Whether X is a SciPy sparse array."""
        return isinstance(self._columns, SparseColumns)

    @property
    def root(self) -> Vector | None:
        """Square roots of the weights; None for ones."""
        return self._adjustment.root

    @property
    def sum_weights(self) -> float:
        """Σw."""
        return self._adjustment.sum_weights

    @property
    def is_projected(self) -> bool:
        """Whether a span is projected out of the rows."""
        return self._adjustment.basis is not None

    @property
    def rounding(self) -> float:
        """Relative error of the product of two columns."""
        return relative_rounding(self.y.size)

    @property
    def response_ss(self) -> float:
        """Y'y."""
        return dot(self.y, self.y)

    @cached_property
    def cross(self) -> Float[np.ndarray, " p"]:
        """X'y."""
        if self._is_tall:
            return self._sums.cross
        return self._gradients(self.y[None, :])[0]

    @cached_property
    def squared_norms(self) -> Float[np.ndarray, " p"]:
        """The diagonal of X'X."""
        if self._is_tall:
            return np.diagonal(self.gram)
        raw = self._columns.sums_of_squares(self._adjustment.root)
        squares = self._adjustment.squared_norms(raw)
        if self._basis_cross is not None:
            squares -= np.square(self._basis_cross).sum(axis=0)
        for block in column_blocks(np.flatnonzero(squares < _CANCELS * raw), self.y.size):
            columns = self.columns(block)
            squares[block] = np.einsum("ij,ij->j", columns, columns)
        if self.null is not None:
            squares[self.null] = 0.0
        return squares

    @cached_property
    def gram(self) -> Float[np.ndarray, "p p"]:
        """X'X."""
        check_gram_size(self.X.shape[1])
        if self._is_tall:
            return self._sums.gram
        gram = self._sparse_gram() if self.is_sparse else self._dense_gram()
        np.fill_diagonal(gram, self.squared_norms)  # the same bits, whatever the products' order of sums
        if self.null is not None:
            gram[self.null] = 0.0
            gram[:, self.null] = 0.0
        return gram

    @cached_property
    def statistics(self) -> GramLeastSquares:
        """The same loss as sufficient statistics."""
        return GramLeastSquares(self.gram, self.cross, self.response_ss, self.rounding)

    @property
    def factor(self) -> Float[np.ndarray, "p p"] | None:
        """The Cholesky factor of X'X on unit-norm columns. None if X'X is large, or loses digits that X has."""
        return self.statistics.factor if self._gram_is_small else None

    @property
    def _gram_is_small(self) -> bool:
        n, p = self.X.shape
        return p < n // 2 or (self.is_sparse and p <= n)

    def columns(self, indices: Int[np.ndarray, " m"]) -> Matrix:
        """Return adjusted copies of columns, contiguous column by column."""
        columns = self._adjustment.columns(self._columns.copied(indices), indices)
        if self.null is not None:
            columns[:, self.null[indices]] = 0.0
        return columns

    def fitted(self, coefs: Float[np.ndarray, "k p"]) -> Float[np.ndarray, "k n"]:
        """Return Xβ for each row β of `coefs`."""
        used = np.flatnonzero(coefs.any(axis=0)) if 2 * len(coefs) < coefs.size else np.arange(coefs.shape[1])
        if self.null is not None:
            used = used[~self.null[used]]
            coefs = np.where(self.null, 0.0, coefs)
        return self._adjustment.fitted(self._columns.fitted(coefs, used), coefs, used)

    def residuals(
        self, coefs: Float[np.ndarray, "k p"]
    ) -> tuple[Float[np.ndarray, "k p"], Float[np.ndarray, " k"]]:
        """Return X'r and r'r at r = y − Xβ, for each row β of `coefs`. The latest points are kept, if they are few."""
        if coefs.size <= WHOLE:
            return self._latest.get(coefs.tobytes(), lambda: self._residuals(coefs))
        return self._residuals(coefs)

    def _residuals(
        self, coefs: Float[np.ndarray, "k p"]
    ) -> tuple[Float[np.ndarray, "k p"], Float[np.ndarray, " k"]]:
        gradients, squares = np.empty(coefs.shape), np.empty(len(coefs))
        step = max(1, _RESIDUAL_BLOCK // max(1, self.y.size))

        def part(points: range) -> None:
            for first in range(points.start, points.stop, step):
                block = slice(first, min(first + step, points.stop))
                residual = self.y - self.fitted(coefs[block])
                gradients[block] = self._gradients(residual)
                squares[block] = np.einsum("kn,kn->k", residual, residual)

        if not is_tall(self.X) or len(coefs) < _FEWEST_POINTS_CUT:
            part(range(len(coefs)))
        else:
            with single_threaded_blas() as n_threads:
                over_ranges(part, len(coefs), n_threads)
        gradients.setflags(write=False)  # they may be kept
        squares.setflags(write=False)
        return gradients, squares

    def gradient(self, residual: Vector) -> Float[np.ndarray, " p"]:
        """Return X'r for a residual without a part in the projected span."""
        return self._gradients(residual[None, :])[0]

    def _gradients(self, residuals: Float[np.ndarray, "k n"]) -> Float[np.ndarray, "k p"]:
        weighted = self._adjustment.weighted(residuals)
        gradients = self._adjustment.gradients(self._columns.gradients(weighted), weighted)
        if self.null is not None:
            gradients[:, self.null] = 0.0
        return gradients

    @cached_property
    def _basis_cross(self) -> Float[np.ndarray, "r p"] | None:
        """Basis'X for X before the projection. None if nothing is projected out."""
        basis = self._adjustment.basis
        if basis is None:
            return None
        before = RowLeastSquares(self.X, self.y, self._adjustment.off(None))
        return before._gradients(np.ascontiguousarray(basis.T))

    @property
    def _is_tall(self) -> bool:
        """Whether one pass over blocks of rows is the fastest way to all products."""
        return self._adjustment.basis is None and is_tall(self.X)

    @cached_property
    def _sums(self) -> Sums:
        return sums_over_rows(self.X, self.y, self._adjustment.root, self._adjustment.shift).zeroed(self.null)

    def _sparse_gram(self) -> Float[np.ndarray, "p p"]:
        everything = np.arange(self.X.shape[1])
        return self.sparse_products(everything, everything)

    def sparse_products(
        self, left: Int[np.ndarray, " a"], right: Int[np.ndarray, " b"]
    ) -> Float[np.ndarray, "a b"]:
        """Return products of sparse columns with each other. No column is made dense."""
        assert isinstance(self._columns, SparseColumns)
        own = self._columns.products(left, right, self._adjustment.root)
        products = self._adjustment.products(own, left, right)
        if self._basis_cross is not None:
            products -= product(self._basis_cross[:, left].T, self._basis_cross[:, right])
        return products

    def _dense_gram(self) -> Float[np.ndarray, "p p"]:
        root, shift = self._adjustment.root, self._adjustment.shift
        assert self._adjustment.basis is None, "dense columns are projected explicitly"
        if root is None and (shift is None or self._adjustment.is_near(self.squared_norms, NEAR)):
            everything = np.arange(self.X.shape[1])
            return self._adjustment.products(gram_of(self.X), everything, everything)
        return gram_by_blocks(self.X, root, shift)

    def spectrum(self, unit: Float[np.ndarray, " p"]) -> Spectrum:
        """Return the spectrum of Z = X·diag(unit): from Z'Z if it is small and accurate, else by singular values.

        Raises
        ------
        MemoryError
            If a dense copy of sparse columns would exceed the budget.
        """
        return self._spectra.get(unit.tobytes(), lambda: self._spectrum(unit))

    def _spectrum(self, unit: Float[np.ndarray, " p"]) -> Spectrum:
        from scipy.linalg import svd

        n, p = self.X.shape
        with blas_for(self.X):  # for the same bits from every caller: they depend on the number of threads
            if self._gram_is_small:
                spectrum = self.statistics.spectrum(unit)
                if spectrum.values.min(initial=np.inf) > _SAFE_SQUARE * spectrum.values.max(initial=0.0):
                    return spectrum
            if self.is_sparse:
                check_dense_size(n, p)
            left, values, right = svd(self.columns(np.arange(p)) * unit, full_matrices=False)
        return Spectrum(values**2, right.T, values * times(left.T, self.y))

    def zeroed(self, columns: Bool[np.ndarray, " p"]) -> "RowLeastSquares":
        """Set columns to 0, so that their coefficients are 0."""
        if not columns.any():
            return self
        null = columns if self.null is None else columns | self.null
        return RowLeastSquares(self.X, self.y, self._adjustment, null, self.__dict__.get("_sums"))

    def without(self, flat: Bool[np.ndarray, " p"]) -> tuple["RowLeastSquares", FlatBlock]:
        """Profile the flat columns out of the others and out of y."""
        return self._reduced.get(
            flat.tobytes(), lambda: self._without(flat), worth=lambda found: found[0].X.size <= LIGHT
        )

    def _without(self, flat: Bool[np.ndarray, " p"]) -> tuple["RowLeastSquares", FlatBlock]:
        Q, to_coef, row_space = orthonormal_basis(self.columns(np.flatnonzero(flat)))
        response = times(Q.T, self.y)
        y = self.y - times(Q, response)
        y -= times(Q, times(Q.T, y))
        if np.sqrt(dot(y, y)) <= _NULL_AFTER_PROJECTION * np.sqrt(self.response_ss):
            y[:] = 0.0
        others = np.flatnonzero(~flat)
        null = None if self.null is None else self.null[others]
        kept = RowLeastSquares(self.X[:, others], y, self._adjustment.of(others).off(Q), null)
        limit = _NULL_AFTER_PROJECTION**2 * self.squared_norms[~flat]
        reduced = kept.zeroed(kept.squared_norms <= limit)
        cross = kept._basis_cross
        assert cross is not None
        if null is not None:
            cross = np.where(null, 0.0, cross)
        if not self.is_sparse:
            reduced = RowLeastSquares(reduced.columns(np.arange(kept.X.shape[1])), y)
        return reduced, FlatBlock(to_coef, row_space, cross, response, doubt=0.0)

    def subset(self, indices: Int[np.ndarray, " m"]) -> "RowLeastSquares":
        """Return the loss on some of the columns."""
        null = None if self.null is None else self.null[indices]
        return RowLeastSquares(self.X[:, indices], self.y, self._adjustment.of(indices), null)
