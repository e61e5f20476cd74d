"""Coordinate descent on sparse columns, in C; it keeps the residual, and no product of two columns."""

from typing import final

import numpy as np
from jaxtyping import Float, Int

from ...base.blas import dot
from ...base.loops import LOOPS
from ...data.checks import has_long_indices
from ...data.row_least_squares import RowLeastSquares

Held = Float[np.ndarray, " m"]

_MOST_SWEEPS = 50


@final
class SparseSweeps:
    """Coordinate descent on sparse columns, with weights and means if there are any.

    Parameters
    ----------
    least_squares : RowLeastSquares
        With nothing projected out.
    """

    def __init__(self, least_squares: RowLeastSquares) -> None:
        X, root = least_squares.X, least_squares.root
        data = X.data if root is None else X.data * root[X.indices]
        self._entries = X.indptr, X.indices, data
        self._is_long = has_long_indices(X)
        self._y = least_squares.y
        # Centred columns are x − m·w with w'w = 1, and y is orthogonal to w.
        self._means = least_squares.means * np.sqrt(least_squares.sum_weights)
        self._squares = np.ascontiguousarray(least_squares.squared_norms)

    def __call__(
        self, held: Int[np.ndarray, " m"], coef: Held, l1: Held, l2: Held, target: float
    ) -> tuple[Held, Held, bool]:
        """Sweep over the held columns until no column of unit norm moves by more than `target`, or for a while.

        Returns
        -------
        coef, gradient : array (m,)
        settled : bool
            Whether the changes became that small. The gradient is NaN then.
        """
        full, l1s, l2s = (self._spread(held, values) for values in (coef, l1, l2))
        residual, along = self._y.copy(), np.array([dot(full, self._means)])
        LOOPS.sparse_product(*self._entries, -full, residual, self._is_long, False)
        held = np.ascontiguousarray(held, dtype=np.int64)
        given = (held, *self._entries, self._means, self._squares, l1s, l2s, full, residual, along)
        changed = LOOPS.sparse_sweeps(*given, self._is_long, _MOST_SWEEPS, float(target))
        if changed <= target:
            return full[held], np.full(held.size, np.nan), True
        gradient = np.zeros_like(full)
        LOOPS.sparse_product(*self._entries, residual, gradient, self._is_long, True)
        return full[held], (gradient + along * self._means)[held], False

    def _spread(self, held: Int[np.ndarray, " m"], values: Held) -> Float[np.ndarray, " p"]:
        full = np.zeros_like(self._means)
        full[held] = values
        return full
