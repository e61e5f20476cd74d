"""The columns of a sparse array, and products with them, without centring or weights."""

from functools import partial
from itertools import pairwise
from typing import final

import numpy as np
from jaxtyping import Float, Int

from ..base.loops import LOOPS
from ..base.threads import n_cores, shared
from .checks import Design, Matrix, Vector, has_long_indices, sparse_column_squares, sparse_column_sums

_WORTH_A_THREAD = 2**19  # multiplications


def entries(X: Design) -> tuple[Int[np.ndarray, " q"], Int[np.ndarray, " e"], Vector]:
    """Return a sparse array as the loops in C want it: where columns begin, rows of the entries, entries."""
    return X.indptr, X.indices, X.data


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
        if LOOPS:
            return self._by_loops(coefs, transposed=False)
        part = self.X if used.size == coefs.shape[1] else self.X[:, used]
        return np.ascontiguousarray((part @ coefs[:, used].T).T)

    def gradients(self, residuals: Float[np.ndarray, "k n"]) -> Float[np.ndarray, "k p"]:
        """Return X'r for each row r of `residuals`."""
        if LOOPS:
            return self._by_loops(residuals, transposed=True)
        return np.ascontiguousarray((self.X.T @ residuals.T).T)

    def _by_loops(self, vectors: Float[np.ndarray, "k a"], transposed: bool) -> Float[np.ndarray, "k b"]:
        """Return X'v, or Xv, for each row v of `vectors`; several rows, or parts of the columns, share the cores."""
        vectors = np.ascontiguousarray(vectors, dtype=float)
        out = np.zeros((len(vectors), self.X.shape[1 if transposed else 0]))
        first, rows, data = entries(self.X)
        is_long, p = has_long_indices(self.X), self.X.shape[1]
        shares = transposed and len(vectors) == 1 and data.size >= _WORTH_A_THREAD
        edges = np.linspace(0, p, (n_cores() if shares else 1) + 1).astype(int)

        def product(row: int, begin: int, end: int) -> None:
            found = out[row, begin:end] if transposed else out[row]
            LOOPS.sparse_product(first[begin : end + 1], rows, data, vectors[row], found, is_long, transposed)

        parts = [(row, *each) for row in range(len(vectors)) for each in pairwise(edges.tolist())]
        tasks = [partial(product, *part) for part in parts]
        if len(vectors) * data.size < _WORTH_A_THREAD:
            for task in tasks:
                task()
        else:
            shared(tasks)
        return out

    def sums_of_squares(self, root: Vector | None) -> Float[np.ndarray, " p"]:
        """Return the columns' sums of squares, after each row is multiplied by its root."""
        if root is None:
            return sparse_column_squares(self.X)
        return sparse_column_sums(self.X, (root[self.X.indices] * self.X.data) ** 2)

    def products(
        self, left: Int[np.ndarray, " a"], right: Int[np.ndarray, " b"], root: Vector | None
    ) -> Float[np.ndarray, "a b"]:
        """Return products of columns with each other, after each row is multiplied by its root."""
        own = self.X[:, right] if root is None else self.X[:, right].multiply(root[:, None] ** 2)
        return np.asarray((self.X[:, left].T @ own).todense())
