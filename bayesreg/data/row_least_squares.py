"""Least squares on rows that are never copied: weights, centring and projection are applied to products."""

from functools import cached_property
from typing import final

import numpy as np
from jaxtyping import Bool, Float, Int

from ..base.blas import dot, gram_of, product, times
from ..base.threads import blas_for, is_tall
from .checks import Design, Matrix, Vector
from .dense_columns import DenseColumns, column_blocks
from .flat import FlatBlock, orthonormal_basis
from .gram_least_squares import GramLeastSquares
from .kept import LIGHT, Kept
from .least_squares import SPECTRA, Spectrum, check_dense_size, check_gram_size, relative_rounding
from .row_blocks import Sums, gram_by_blocks, sums_over_rows
from .sparse_columns import SparseColumns

_RESIDUAL_BLOCK = 2**24  # entries of residuals held at once
_NULL_AFTER_PROJECTION = 1e-12
_CANCELS = 1e-3  # share of a squared norm below which a difference of squares is not trusted
NEAR = 10.0  # squared ratio of mean to spread up to which a Gram matrix may be centred after it is formed
_SAFE_SQUARE = 1e-9  # least eigenvalue, relative to the largest, that a Gram matrix gives to six digits


@final
class RowLeastSquares:
    """Least squares on diag(root)·(X − 1·shift'), projected off the span of `basis`.

    Parameters
    ----------
    X : array or csc_array (n, p)
        Shared, not copied.
    y : array (n,)
        With weights, centring and projection applied.
    root : array (n,), optional
        Square roots of the weights; None for ones.
    shift : array (p,), optional
        Means that are taken off; None where nothing is centred.
    basis : array (n, r), optional
        Orthonormal columns that are projected out.
    null : array (p,) of bool, optional
        Columns that count as zero.
    sums : Sums, optional
        Of these rows, where they are at hand.
    """

    rss_rounding = 1e-24  # a perfect fit leaves residuals of 1e-12

    def __init__(
        self,
        X: Design,
        y: Vector,
        root: Vector | None = None,
        shift: Vector | None = None,
        basis: Matrix | None = None,
        null: Bool[np.ndarray, " p"] | None = None,
        sums: Sums | None = None,
    ) -> None:
        self.X, self.y, self.root, self.shift, self.basis = X, y, root, shift, basis
        self.null = null if null is not None and null.any() else None
        self._columns = DenseColumns(X) if isinstance(X, np.ndarray) else SparseColumns(X)
        self._spectra = Kept[Spectrum](SPECTRA)
        self._reduced = Kept[tuple[RowLeastSquares, FlatBlock]](1)
        if sums is not None:
            self._sums = sums.zeroed(self.null)

    @property
    def is_sparse(self) -> bool:
        """Whether X is a SciPy sparse array."""
        return isinstance(self._columns, SparseColumns)

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
        raw = self._columns.sums_of_squares(self.root)
        squares = raw.copy()
        if self.shift is not None:
            squares -= self._sum_weights * self.shift**2
        if self.basis is not None:
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
        """The Cholesky factor of X'X on unit-norm columns; None where that is large, or does not tell what X does."""
        return self.statistics.factor if self._gram_is_small else None

    @property
    def _gram_is_small(self) -> bool:
        n, p = self.X.shape
        return p < n // 2 or (self.is_sparse and p <= n)

    def columns(self, indices: Int[np.ndarray, " m"]) -> Matrix:
        """Return copies of columns, centred, weighted and projected, column by column in memory."""
        columns = self._columns.copied(indices)
        if self.shift is not None:
            columns -= self.shift[indices]
        if self.root is not None:
            columns *= self.root[:, None]
        if self.shift is not None:
            columns -= self._intercept_part(columns.T).T  # the means are right to 1e-16 of their size only
        if self.basis is not None:
            for _ in range(2):  # the first projection leaves 1e-16 of what it took away
                columns -= product(self.basis, product(self.basis.T, columns))
        if self.null is not None:
            columns[:, self.null[indices]] = 0.0
        return columns

    def fitted(self, coefs: Float[np.ndarray, "k p"]) -> Float[np.ndarray, "k n"]:
        """Return Xβ for each row β of `coefs`."""
        used = np.flatnonzero(coefs.any(axis=0)) if 2 * len(coefs) < coefs.size else np.arange(coefs.shape[1])
        if self.null is not None:
            used = used[~self.null[used]]
            coefs = np.where(self.null, 0.0, coefs)
        fitted = self._columns.fitted(coefs, used)
        if self.shift is not None:
            fitted -= times(coefs[:, used], self.shift[used])[:, None]
        if self.root is not None:
            fitted *= self.root
        return self._projected(fitted)

    def residuals(
        self, coefs: Float[np.ndarray, "k p"]
    ) -> tuple[Float[np.ndarray, "k p"], Float[np.ndarray, " k"]]:
        """Return X'r and r'r at r = y − Xβ, for each row β of `coefs`."""
        gradients, squares = np.empty(coefs.shape), np.empty(len(coefs))
        step = max(1, _RESIDUAL_BLOCK // max(1, self.y.size))
        for first in range(0, len(coefs), step):
            block = slice(first, first + step)
            residual = self.y - self.fitted(coefs[block])
            gradients[block] = self._gradients(residual)
            squares[block] = np.einsum("kn,kn->k", residual, residual)
        return gradients, squares

    def gradient(self, residual: Vector) -> Float[np.ndarray, " p"]:
        """Return X'r for a residual in the span that is left."""
        return self._gradients(residual[None, :])[0]

    def _gradients(self, residuals: Float[np.ndarray, "k n"]) -> Float[np.ndarray, "k p"]:
        weighted = residuals if self.root is None else residuals * self.root
        gradients = self._columns.gradients(weighted)
        if self.shift is not None:
            gradients -= np.outer(weighted.sum(axis=1), self.shift)
        if self.null is not None:
            gradients[:, self.null] = 0.0
        return gradients

    def _projected(self, rows: Float[np.ndarray, "k n"]) -> Float[np.ndarray, "k n"]:
        if self.shift is not None:
            rows -= self._intercept_part(rows)
        if self.basis is not None:
            rows -= product(product(rows, self.basis), self.basis.T)
        return rows

    def _intercept_part(self, rows: Float[np.ndarray, "k n"]) -> Float[np.ndarray, "k n"]:
        if self.root is None:
            return rows.mean(axis=1, keepdims=True)
        return np.outer(times(rows, self.root), self.root) / self._sum_weights

    @cached_property
    def _sum_weights(self) -> float:
        return float(self.y.size) if self.root is None else dot(self.root, self.root)

    @cached_property
    def _basis_cross(self) -> Float[np.ndarray, "r p"]:
        """Basis'X, of X before it is projected."""
        assert self.basis is not None
        before = RowLeastSquares(self.X, self.y, self.root, self.shift)
        return before._gradients(np.ascontiguousarray(self.basis.T))

    @property
    def _is_tall(self) -> bool:
        """Whether products are best formed in one pass over blocks of rows, all at once."""
        return self.basis is None and is_tall(self.X)

    @cached_property
    def _sums(self) -> Sums:
        return sums_over_rows(self.X, self.y, self.root, self.shift).zeroed(self.null)

    def _sparse_gram(self) -> Float[np.ndarray, "p p"]:
        everything = np.arange(self.X.shape[1])
        gram = self.sparse_products(everything, everything)
        np.fill_diagonal(gram, self.squared_norms)
        return gram

    def sparse_products(
        self, left: Int[np.ndarray, " a"], right: Int[np.ndarray, " b"]
    ) -> Float[np.ndarray, "a b"]:
        """Return products of sparse columns with each other, no column made dense."""
        assert isinstance(self._columns, SparseColumns)
        products = self._columns.products(left, right, self.root)
        if self.shift is not None:
            products -= self._sum_weights * np.outer(self.shift[left], self.shift[right])
        if self.basis is not None:
            products -= product(self._basis_cross[:, left].T, self._basis_cross[:, right])
        return products

    def _dense_gram(self) -> Float[np.ndarray, "p p"]:
        assert self.basis is None, "dense columns are projected explicitly"
        if self.root is None and self._is_near_centre:
            gram = gram_of(self.X)
            if self.shift is not None:
                gram -= self._sum_weights * np.outer(self.shift, self.shift)
            return gram
        return gram_by_blocks(self.X, self.root, self.shift)

    @property
    def _is_near_centre(self) -> bool:
        """Whether means are so small beside the spread that they may be taken off a Gram matrix."""
        if self.shift is None:
            return True
        return bool((self._sum_weights * self.shift**2 <= NEAR * self.squared_norms).all())

    def spectrum(self, unit: Float[np.ndarray, " p"]) -> Spectrum:
        """Return the spectrum of Z = X·diag(unit): of Z'Z where that is small and safe, else by singular values.

        Raises
        ------
        MemoryError
            Where sparse columns would have to be made dense beyond the budget.
        """
        with blas_for(self.X):  # as in the calls that hold BLAS to one thread: bits depend on their number
            return self._spectra.get(unit.tobytes(), lambda: self._spectrum(unit))

    def _spectrum(self, unit: Float[np.ndarray, " p"]) -> Spectrum:
        from scipy.linalg import svd

        n, p = self.X.shape
        with blas_for(self.X):  # whoever asks: bits depend on the number of threads
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
        return RowLeastSquares(
            self.X, self.y, self.root, self.shift, self.basis, null, sums=self.__dict__.get("_sums")
        )

    def without(self, flat: Bool[np.ndarray, " p"]) -> tuple["RowLeastSquares", FlatBlock]:
        """Profile the flat columns out of the others and of y."""
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
        others = self.subset(np.flatnonzero(~flat))
        kept = RowLeastSquares(others.X, y, others.root, others.shift, Q, others.null)
        limit = _NULL_AFTER_PROJECTION**2 * self.squared_norms[~flat]
        reduced = kept.zeroed(kept.squared_norms <= limit)
        cross = kept._basis_cross if self.null is None else np.where(self.null[~flat], 0.0, kept._basis_cross)
        if not self.is_sparse:
            reduced = RowLeastSquares(reduced.columns(np.arange(kept.X.shape[1])), y)
        return reduced, FlatBlock(to_coef, row_space, cross, response, doubt=0.0)

    def subset(self, indices: Int[np.ndarray, " m"]) -> "RowLeastSquares":
        """Return the loss on some of the columns."""
        null = None if self.null is None else self.null[indices]
        shift = None if self.shift is None else self.shift[indices]
        return RowLeastSquares(self.X[:, indices], self.y, self.root, shift, self.basis, null)
