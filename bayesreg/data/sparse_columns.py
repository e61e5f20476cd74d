"""The columns of a sparse array, and products with them, without centring or weights."""

from typing import final

import numpy as np
from jaxtyping import Float, Int

from .checks import Design, Matrix, Vector, sparse_column_sums


@final
class SparseColumns:
    """The columns of a sparse array. The array is shared, not copied, and never made dense as a whole.

    Parameters
    ----------
    X : scipy.sparse.csc_array (n, p)
    """

    def __init__(self, X: Design) -> None:
        self.X = X

    def copied(self, indices: Int[np.ndarray, " m"]) -> Matrix:
        """Return dense copies of columns, contiguous column by column."""
        return np.asfortranarray(self.X[:, indices].toarray(order="F"))

    def fitted(
        self, coefs: Float[np.ndarray, "k p"], used: Int[np.ndarray, " m"]
    ) -> Float[np.ndarray, "k n"]:
        """Return Xβ for each row β of `coefs`. Only the columns `used` have coefficients that are not 0."""
        part = self.X if used.size == coefs.shape[1] else self.X[:, used]
        return np.ascontiguousarray((part @ coefs[:, used].T).T)

    def gradients(self, residuals: Float[np.ndarray, "k n"]) -> Float[np.ndarray, "k p"]:
        """Return X'r for each row r of `residuals`."""
        return np.ascontiguousarray((self.X.T @ residuals.T).T)

    def sums_of_squares(self, root: Vector | None) -> Float[np.ndarray, " p"]:
        """Return the columns' sums of squares, after each row is multiplied by its root."""
        weights = 1.0 if root is None else root[self.X.indices] ** 2
        return sparse_column_sums(self.X, weights * self.X.data**2)

    def products(
        self, left: Int[np.ndarray, " a"], right: Int[np.ndarray, " b"], root: Vector | None
    ) -> Float[np.ndarray, "a b"]:
        """Return products of columns with each other, after each row is multiplied by its root."""
        own = self.X[:, right] if root is None else self.X[:, right].multiply(root[:, None] ** 2)
        return np.asarray((self.X[:, left].T @ own).todense())
