"""The columns of an array, and products with them, without centring or weights."""

from typing import final

import numpy as np
from jaxtyping import Float, Int

from ..base.blas import product
from ..base.threads import is_tall
from .checks import Matrix, Vector, dense_column_squares

_COLUMN_BLOCK = 2**22  # entries of the columns that are held at once


@final
class DenseColumns:
    """The columns of an array. The array is shared, not copied.

    Parameters
    ----------
    X : array (n, p)
    """

    def __init__(self, X: Matrix) -> None:
        self.X = X

    def copied(self, indices: Int[np.ndarray, " m"]) -> Matrix:
        """Return copies of columns, contiguous column by column."""
        columns = np.asfortranarray(self.X[:, indices])
        return columns.copy(order="F") if np.shares_memory(columns, self.X) else columns

    def fitted(
        self, coefs: Float[np.ndarray, "k p"], used: Int[np.ndarray, " m"]
    ) -> Float[np.ndarray, "k n"]:
        """Return Xβ for each row β of `coefs`. Only the columns `used` have coefficients that are not 0."""
        if self._worth_a_copy(used.size, len(coefs)):
            return self._times(coefs[:, used], np.asfortranarray(self.X[:, used]).T)
        return self._times(coefs, self.X.T)

    def _worth_a_copy(self, n_used: int, n_products: int) -> bool:
        """Tell whether a copy of the used columns costs less than products with all columns."""
        if n_products > 1:
            return 2 * n_used <= self.X.shape[1]
        touched = 3 if self.X.flags.f_contiguous else 24  # read, write, read; in row order whole cache lines
        return touched * n_used <= self.X.shape[1]

    def gradients(self, residuals: Float[np.ndarray, "k n"]) -> Float[np.ndarray, "k p"]:
        """Return X'r for each row r of `residuals`."""
        return self._times(residuals, self.X)

    def _times(self, left: Matrix, right: Matrix) -> Matrix:
        """Return left @ right. On tall rows several threads may call it, and only NumPy's lets the others run."""
        return left @ right if is_tall(self.X) else product(left, right)

    def sums_of_squares(self, root: Vector | None) -> Float[np.ndarray, " p"]:
        """Return the columns' sums of squares, after each row is multiplied by its root."""
        if root is None:
            return dense_column_squares(self.X)
        squares = np.empty(self.X.shape[1])
        for block in column_blocks(np.arange(self.X.shape[1]), len(self.X)):
            columns = self.X[:, block[0] : block[-1] + 1] * root[:, None]
            squares[block] = np.einsum("ij,ij->j", columns, columns)
        return squares


def column_blocks(indices: Int[np.ndarray, " m"], n_rows: int) -> list[Int[np.ndarray, " b"]]:
    """Cut indices of columns into blocks, so that the columns of one block take little memory."""
    step = max(1, _COLUMN_BLOCK // max(1, n_rows))
    return [indices[first : first + step] for first in range(0, indices.size, step)]
