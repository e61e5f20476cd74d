"""Rows centred by their weighted means."""

import numpy as np
from jaxtyping import Float

from ..base.blas import dot, gram_of, product, times
from ..base.threads import is_tall, over_ranges, single_threaded_blas
from .adjustment import Adjustment
from .checks import Design, Matrix, Vector
from .dense_columns import DenseColumns
from .least_squares import NULL_AFTER_CENTRING, Means
from .row_blocks import FEWEST_ROWS, Sums, adds_up_in_c, sums_over_rows
from .row_least_squares import NEAR, RowLeastSquares

_FEW = 1 / 8  # share of the columns
_FAR = 1e4  # squared ratio of mean to spread above which a product with uncentred columns loses digits


def centred_rows(X: Design, y: Vector, root: Vector | None) -> tuple[RowLeastSquares, Means]:
    """Return the loss on columns and a response that are centred by their weighted means.

    X is copied only if some means are so large that products with uncentred columns would lose digits.
    """
    sum_weights = float(y.size) if root is None else dot(root, root)
    centred, y_mean = _centred_response(y, root, sum_weights)
    rows = _centred_in_one_pass(X, centred, root, sum_weights)
    if rows is None:
        rows = RowLeastSquares(X, centred, Adjustment(y.size, root, _means(X, root, sum_weights)))
    x_mean = rows.means
    squares, of_means = rows.squared_norms, sum_weights * x_mean**2
    rows = rows.zeroed(squares <= NULL_AFTER_CENTRING**2 * (squares + of_means))
    far = of_means > _FAR * squares
    if rows.null is not None:
        far &= ~rows.null
    if not far.any() or rows.is_sparse:
        return rows, Means(x_mean, y_mean)
    x_mean = x_mean + np.where(far, _means(X - x_mean, root, sum_weights), 0.0)  # to the last digit
    columns = RowLeastSquares(X, centred, Adjustment(y.size, root, x_mean), rows.null).columns(
        np.arange(x_mean.size)
    )
    return RowLeastSquares(columns, centred), Means(x_mean, y_mean)


def _centred_response(y: Vector, root: Vector | None, sum_weights: float) -> tuple[Vector, float]:
    """Return y less its mean, weighted, and the mean. Centred values that are all rounding become exactly 0."""

    def mean_of(values: Vector) -> float:
        return float(values.sum() if root is None else dot(root**2, values)) / sum_weights

    mean = mean_of(y)
    centred = y - mean
    left = mean_of(centred)  # the first mean has a relative error of 1e-16
    centred -= left
    if root is not None:
        centred *= root
    square = dot(centred, centred)
    if square <= NULL_AFTER_CENTRING**2 * (square + sum_weights * mean**2):
        centred[:] = 0.0
    return centred, mean + left


def _centred_in_one_pass(
    X: Design, y: Vector, root: Vector | None, sum_weights: float
) -> RowLeastSquares | None:
    """Return the loss of tall rows; one pass over them gives means and products.

    The pass centres rows by the means of the first rows if some of these are large; if rows have to be copied for that,
    only if many are. Products of the few columns whose means are still large are computed again from centred copies.
    Return None if these are many, or if the rows are not tall.
    """
    if not is_tall(X):
        return None
    shift = _shift(X)
    gram, cross, roots = sums_over_rows(X, y, root, shift, with_roots=True)
    left = roots / sum_weights
    squares = np.diagonal(gram) - sum_weights * left**2
    far = np.flatnonzero(~(sum_weights * left**2 <= NEAR * squares))
    if far.size > _FEW * left.size:
        return None
    weighted = np.sqrt(sum_weights) * left
    gram -= np.outer(weighted, weighted)
    about = Adjustment(y.size, root, left if shift is None else shift + left)
    if far.size:
        columns = about.columns(DenseColumns(X).copied(far), far)
        varies = columns.any(axis=0)
        cross[far], gram[far], gram[:, far] = times(columns.T, y), 0.0, 0.0
        far, columns = far[varies], columns[:, varies]
        weighted = about.weighted(columns.T)
        gram[far] = about.gradients(product(weighted, X), weighted)
        gram[:, far] = gram[far].T
        gram[np.ix_(far, far)] = gram_of(columns)
    return RowLeastSquares(X, y, about, sums=Sums(gram, cross, np.zeros_like(left)))


def _shift(X: Matrix) -> Vector | None:
    """Return the means of the first rows; None if too few are large beside the spread for that to be worth it."""
    first = X[:FEWEST_ROWS]
    means = first.mean(axis=0)
    centred = first - means
    variances = np.einsum("ij,ij->j", centred, centred) / len(first)
    far = ~(means**2 <= 0.5 * NEAR * variances)
    if adds_up_in_c(X):
        return means if far.any() else None
    far &= variances > NULL_AFTER_CENTRING**2 * means**2  # constant columns need no shift
    return means if np.count_nonzero(far) > 0.5 * _FEW * far.size else None


def _means(X: Design, root: Vector | None, sum_weights: float) -> Float[np.ndarray, " p"]:
    share = (np.ones(X.shape[0]) if root is None else root**2) / sum_weights
    if not isinstance(X, np.ndarray):
        return X.T @ share
    if not is_tall(X):
        return times(X.T, share)

    def part(rows: range) -> np.ndarray:
        return share[rows.start : rows.stop] @ X[rows.start : rows.stop]

    with single_threaded_blas() as n_threads:
        return sum(over_ranges(part, share.size, n_threads), np.zeros(X.shape[1]))
