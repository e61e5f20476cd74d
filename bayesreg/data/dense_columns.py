"""The columns of an array, and products with them: neither centred nor weighted."""

from typing import final

import numpy as np
from jaxtyping import Float, Int

from ..base.blas import product
from .checks import Matrix, Vector

_COLUMN_BLOCK = 2**22  # entries of columns held at once


@final
class DenseColumns:
    """Columns that are shared, not copied.

    Parameters
    ----------
    X : array (n, p)
    """

    def __init__(self, X: Matrix) -> None:
        self.X = X

    def copied(self, indices: Int[np.ndarray, " m"]) -> Matrix:
        """Return copies of columns, column by column in memory."""
        columns = np.asfortranarray(self.X[:, indices])
        return columns.copy(order="F") if np.shares_memory(columns, self.X) else columns

    def fitted(
        self, coefs: Float[np.ndarray, "k p"], used: Int[np.ndarray, " m"]
    ) -> Float[np.ndarray, "k n"]:
        """Return Xβ for each row β of `coefs`, which is 0 but in the columns used."""
        if self._worth_a_copy(used.size, len(coefs)):
            return product(coefs[:, used], np.asfortranarray(self.X[:, used]).T)
        return product(coefs, self.X.T)

    def _worth_a_copy(self, n_used: int, n_products: int) -> bool:
        """Tell whether some columns are so few that copying them costs less than products with all."""
        if n_products > 1:
            return 2 * n_used <= self.X.shape[1]
        touched = 3 if self.X.flags.f_contiguous else 24  # read, written, read; of a row a whole cache line
        return touched * n_used <= self.X.shape[1]

    def gradients(self, residuals: Float[np.ndarray, "k n"]) -> Float[np.ndarray, "k p"]:
        """Return X'r for each row r."""
        return product(residuals, self.X)

    def sums_of_squares(self, root: Vector | None) -> Float[np.ndarray, " p"]:
        """Return the columns' sums of squares, each row times its root."""
        if root is None:
            return np.einsum("ij,ij->j", self.X, self.X)
        squares = np.empty(self.X.shape[1])
        for block in column_blocks(np.arange(self.X.shape[1]), len(self.X)):
            columns = self.X[:, block[0] : block[-1] + 1] * root[:, None]
            squares[block] = np.einsum("ij,ij->j", columns, columns)
        return squares


def column_blocks(indices: Int[np.ndarray, " m"], n_rows: int) -> list[Int[np.ndarray, " b"]]:
    """Cut indices of columns so that one block's columns are few bytes."""
    step = max(1, _COLUMN_BLOCK // max(1, n_rows))
    return [indices[first : first + step] for first in range(0, indices.size, step)]
