"""Least squares on rows that are never copied: weights, centring and projection are applied to products."""

from collections.abc import Iterator
from functools import cached_property
from typing import final

import numpy as np
from jaxtyping import Bool, Float, Int

from ..base.blas import dot, gram_of, product, times
from ..base.threads import is_tall, over_ranges, single_threaded_blas
from .checks import Design, Matrix, Vector, sparse_column_sums
from .flat import FlatBlock, basis_maps
from .gram_least_squares import GramLeastSquares
from .least_squares import (
    NULL_AFTER_CENTRING,
    Means,
    Spectrum,
    check_dense_size,
    check_gram_size,
    relative_rounding,
)

_RESIDUAL_BLOCK = 2**24  # entries of residuals held at once
_ROW_BLOCK, _FEWEST_ROWS = 2**17, 256  # entries of a block of rows that is centred while it is in cache
_COLUMN_BLOCK = 2**22  # entries of columns held at once
_NULL_AFTER_PROJECTION = 1e-12
_CANCELS = 1e-3  # share of a squared norm below which a difference of squares is not trusted
_FAR = 1e4  # squared ratio of mean to spread from which a product with uncentred columns loses digits
_NEAR = 10.0  # the same ratio up to which a Gram matrix may be centred after it is formed
_SAFE_SQUARE = 1e-9  # least eigenvalue, relative to the largest, that a Gram matrix gives to six digits

_Sums = tuple[Float[np.ndarray, "p p"], Float[np.ndarray, " p"], Float[np.ndarray, " p"]]


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
    ) -> None:
        self.X, self.y, self.root, self.shift, self.basis = X, y, root, shift, basis
        self.null = null if null is not None and null.any() else None

    @property
    def is_sparse(self) -> bool:
        """Whether X is a SciPy sparse array."""
        return not isinstance(self.X, np.ndarray)

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
            return self._tall_sums[1]
        return self._gradients(self.y[None, :])[0]

    @cached_property
    def squared_norms(self) -> Float[np.ndarray, " p"]:
        """The diagonal of X'X."""
        if self._is_tall:
            return np.diagonal(self.gram)
        if self.is_sparse:
            weights = 1.0 if self.root is None else self.root[self.X.indices] ** 2
            raw = sparse_column_sums(self.X, weights * self.X.data**2)
        else:
            raw = _squares(self.X, self.root)
        squares = raw.copy()
        if self.shift is not None:
            squares -= self._sum_weights * self.shift**2
        if self.basis is not None:
            squares -= np.square(self._basis_cross).sum(axis=0)
        for block in _blocks(np.flatnonzero(squares < _CANCELS * raw), self.y.size):
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
            return self._tall_sums[0]
        gram = self._sparse_gram() if self.is_sparse else self._dense_gram()
        if self.null is not None:
            gram[self.null] = 0.0
            gram[:, self.null] = 0.0
        return gram

    @cached_property
    def statistics(self) -> GramLeastSquares:
        """The same loss as sufficient statistics."""
        return GramLeastSquares(self.gram, self.cross, self.response_ss, self.rounding)

    def columns(self, indices: Int[np.ndarray, " m"]) -> Matrix:
        """Return copies of columns, centred, weighted and projected, column by column in memory."""
        if self.is_sparse:
            columns = np.asfortranarray(self.X[:, indices].toarray(order="F"))
        else:
            columns = np.asfortranarray(self.X[:, indices])
            if np.shares_memory(columns, self.X):
                columns = columns.copy(order="F")
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
        values = coefs[:, used]
        if self.is_sparse:
            part = self.X if used.size == coefs.shape[1] else self.X[:, used]
            fitted = np.ascontiguousarray((part @ values.T).T)
        elif self._worth_a_copy(used.size, len(coefs)):
            fitted = product(values, np.asfortranarray(self.X[:, used]).T)
        else:
            fitted = product(coefs if self.null is None else np.where(self.null, 0.0, coefs), self.X.T)
        if self.shift is not None:
            fitted -= times(values, self.shift[used])[:, None]
        if self.root is not None:
            fitted *= self.root
        return self._projected(fitted)

    def _worth_a_copy(self, n_used: int, n_products: int) -> bool:
        """Tell whether some columns are so few that copying them costs less than products with all."""
        if n_products > 1:
            return 2 * n_used <= self.X.shape[1]
        touched = 3 if self.X.flags.f_contiguous else 24  # read, written, read; of a row a whole cache line
        return touched * n_used <= self.X.shape[1]

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
        gradients = (
            np.ascontiguousarray((self.X.T @ weighted.T).T) if self.is_sparse else product(weighted, self.X)
        )
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
    def _tall_sums(self) -> _Sums:
        """X'X, X'y and X'√w, a range of rows for each thread, block by block while it is in cache."""
        n, p = self.X.shape

        def part(rows: range) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            gram, cross, sums = np.zeros((p, p)), np.zeros(p), np.zeros(p)
            for block in _slices(rows, p):
                X = self._weighted(block)
                gram += X.T @ X
                cross += X.T @ self.y[block]
                if self.shift is not None:
                    sums += X.sum(axis=0) if self.root is None else X.T @ self.root[block]
            return gram, cross, sums

        with single_threaded_blas() as n_threads:
            parts = over_ranges(part, n, n_threads)
        sums_of_all = (np.sum(each, axis=0) for each in zip(*parts, strict=True))
        return _zeroed_sums(self.null, *sums_of_all)

    def _weighted(self, rows: slice) -> Matrix:
        """Return some rows, centred and weighted."""
        block = self.X[rows]
        if self.shift is not None:
            block = block - self.shift
        return block if self.root is None else block * self.root[rows, None]

    def _sparse_gram(self) -> Float[np.ndarray, "p p"]:
        everything = np.arange(self.X.shape[1])
        gram = self.sparse_products(everything, everything)
        np.fill_diagonal(gram, self.squared_norms)
        return gram

    def sparse_products(
        self, left: Int[np.ndarray, " a"], right: Int[np.ndarray, " b"]
    ) -> Float[np.ndarray, "a b"]:
        """Return products of sparse columns with each other, no column made dense."""
        own = self.X[:, right] if self.root is None else self.X[:, right].multiply(self.root[:, None] ** 2)
        products = np.asarray((self.X[:, left].T @ own).todense())
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
        n, p = self.X.shape
        gram = np.zeros((p, p))
        for block in _slices(range(n), p):
            gram += gram_of(self._weighted(block))
        return gram

    @property
    def _is_near_centre(self) -> bool:
        """Whether means are so small beside the spread that they may be taken off a Gram matrix."""
        if self.shift is None:
            return True
        return bool((self._sum_weights * self.shift**2 <= _NEAR * self.squared_norms).all())

    def spectrum(self, unit: Float[np.ndarray, " p"]) -> Spectrum:
        """Return the spectrum of Z = X·diag(unit): of Z'Z where that is small and safe, else by singular values.

        Raises
        ------
        MemoryError
            Where sparse columns would have to be made dense beyond the budget.
        """
        from scipy.linalg import svd

        n, p = self.X.shape
        if p < n // 2 or (self.is_sparse and p <= n):
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
        rows = RowLeastSquares(self.X, self.y, self.root, self.shift, self.basis, null)
        if "_tall_sums" in self.__dict__:
            rows.__dict__["_tall_sums"] = _zeroed_sums(null, *self._tall_sums)
        return rows

    def without(self, flat: Bool[np.ndarray, " p"]) -> tuple["RowLeastSquares", FlatBlock]:
        """Profile the flat columns out of the others and of y."""
        from scipy.linalg import svd

        U = self.columns(np.flatnonzero(flat))
        norms = np.sqrt(np.einsum("ij,ij->j", U, U))
        Q, values, right = svd(U / np.where(norms > 0.0, norms, 1.0), full_matrices=False)
        rank = int((values > values[0] * max(U.shape) * np.finfo(float).eps).sum()) if values[0] > 0 else 0
        Q = np.asfortranarray(Q[:, :rank])
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
        to_coef, row_space = basis_maps(right[:rank].T, values[:rank], norms)
        return reduced, FlatBlock(to_coef, row_space, cross, response, doubt=0.0)

    def subset(self, indices: Int[np.ndarray, " m"]) -> "RowLeastSquares":
        """Return the loss on some of the columns."""
        null = None if self.null is None else self.null[indices]
        shift = None if self.shift is None else self.shift[indices]
        return RowLeastSquares(self.X[:, indices], self.y, self.root, shift, self.basis, null)


def centred_rows(X: Design, y: Vector, root: Vector | None) -> tuple[RowLeastSquares, Means]:
    """Return the loss on columns and a response that are centred by their weighted means.

    X is copied only where means are so large that products with uncentred columns would lose digits.
    """
    sum_weights = float(y.size) if root is None else dot(root, root)
    share = (np.ones(y.size) if root is None else root**2) / sum_weights
    y_mean = dot(y, share)
    centred = y - y_mean
    left = dot(share, centred)  # the first mean is right to 1e-16 of its size only
    centred -= left
    if root is not None:
        centred *= root
    square = dot(centred, centred)
    size = square + sum_weights * y_mean**2
    if square <= NULL_AFTER_CENTRING**2 * size:
        centred[:] = 0.0
    rows = _centred_in_one_pass(X, centred, root, sum_weights)
    if rows is None:
        rows = RowLeastSquares(X, centred, root, _means(X, share))
    assert rows.shift is not None
    x_mean = rows.shift
    means = Means(x_mean, y_mean + left)
    squares, of_means = rows.squared_norms, sum_weights * x_mean**2
    rows = rows.zeroed(squares <= NULL_AFTER_CENTRING**2 * (squares + of_means))
    far = of_means > _FAR * squares
    if rows.null is not None:
        far &= ~rows.null
    if far.any() and not rows.is_sparse:
        rows.shift = x_mean + np.where(far, _means(X - x_mean, share), 0.0)  # to the last digit
        means = Means(rows.shift, means.y)
        copied = RowLeastSquares(rows.columns(np.arange(x_mean.size)), centred)
        return copied, means
    return rows, means


def _zeroed_sums(null: Bool[np.ndarray, " p"] | None, gram: Matrix, cross: Vector, sums: Vector) -> _Sums:
    """Set columns to 0 in products; the sums stay."""
    if null is None:
        return gram, cross, sums
    kept = ~null
    return gram * kept * kept[:, None], cross * kept, sums


def _centred_in_one_pass(
    X: Design, y: Vector, root: Vector | None, sum_weights: float
) -> RowLeastSquares | None:
    """Return the loss of tall rows, means and products from one reading of them.

    Rows are centred by the means of the first; None where these are too far from those of all.
    """
    first = RowLeastSquares(X, y, root, np.zeros(X.shape[1]))
    if not first._is_tall:
        return None
    first.shift = X[:_FEWEST_ROWS].mean(axis=0)
    gram, cross, sums = first._tall_sums
    left = sums / sum_weights
    is_constant = np.diagonal(gram) <= NULL_AFTER_CENTRING**2 * sum_weights * (first.shift + left) ** 2
    gram -= sum_weights * np.outer(left, left)
    if not (is_constant | (sum_weights * left**2 <= _NEAR * np.diagonal(gram))).all():
        return None
    rows = RowLeastSquares(X, y, root, first.shift + left)
    rows.__dict__["_tall_sums"] = gram, cross, np.zeros_like(left)
    return rows


def _means(X: Design, share: Vector) -> Float[np.ndarray, " p"]:
    if not isinstance(X, np.ndarray):
        return X.T @ share
    if not is_tall(X):
        return times(X.T, share)

    def part(rows: range) -> np.ndarray:
        return share[rows.start : rows.stop] @ X[rows.start : rows.stop]

    with single_threaded_blas() as n_threads:
        return sum(over_ranges(part, share.size, n_threads), np.zeros(X.shape[1]))


def _slices(rows: range, n_columns: int) -> Iterator[slice]:
    """Cut rows into blocks that stay in cache."""
    step = max(_FEWEST_ROWS, _ROW_BLOCK // n_columns)
    for first in range(rows.start, rows.stop, step):
        yield slice(first, min(first + step, rows.stop))


def _squares(X: Matrix, root: Vector | None) -> Float[np.ndarray, " p"]:
    """Return the columns' weighted sums of squares."""
    if root is None:
        return np.einsum("ij,ij->j", X, X)
    squares = np.empty(X.shape[1])
    for block in _blocks(np.arange(X.shape[1]), len(X)):
        columns = X[:, block[0] : block[-1] + 1] * root[:, None]
        squares[block] = np.einsum("ij,ij->j", columns, columns)
    return squares


def _blocks(indices: Int[np.ndarray, " m"], n_rows: int) -> list[Int[np.ndarray, " b"]]:
    """Cut indices of columns so that one block's columns are few bytes."""
    step = max(1, _COLUMN_BLOCK // max(1, n_rows))
    return [indices[first : first + step] for first in range(0, indices.size, step)]
