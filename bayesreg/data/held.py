"""Columns that a working set holds: scaled to unit norm, with their products and gradients."""

from typing import Protocol

import numpy as np
from jaxtyping import Float, Int

from .checks import Matrix
from .gram_least_squares import GramLeastSquares
from .row_least_squares import RowLeastSquares


class HeldColumns(Protocol):
    """Some columns of a least-squares loss, in the order in which they were added."""

    def add(
        self, indices: Int[np.ndarray, " m"], unit: Float[np.ndarray, " m"]
    ) -> Float[np.ndarray, "held m"]:
        """Hold more columns, times `unit`; return the products of all that are held with the new ones."""

    def gradient(
        self, positions: Int[np.ndarray, " s"], coefs: Float[np.ndarray, " s"]
    ) -> tuple[Float[np.ndarray, " p"], float]:
        """Return X'r and r'r for all columns, at coefficients of some held ones."""


def hold_columns(least_squares: RowLeastSquares | GramLeastSquares) -> HeldColumns:
    """Return an empty set of columns."""
    return _HeldRows(least_squares) if isinstance(least_squares, RowLeastSquares) else _HeldGram(least_squares)


class _Growing:
    """A matrix that columns are added to, with room to spare."""

    def __init__(self, n_rows: int) -> None:
        self._columns, self.count = np.empty((n_rows, 0), order="F"), 0

    @property
    def filled(self) -> Matrix:
        return self._columns[:, : self.count]

    def append(self, columns: Matrix) -> None:
        count = self.count + columns.shape[1]
        if count > self._columns.shape[1]:
            grown = np.empty((len(columns), max(count, 5 * self.count // 4)), order="F")
            grown[:, : self.count] = self.filled
            self._columns = grown
        self._columns[:, self.count : count] = columns
        self.count = count


class _HeldRows:
    def __init__(self, least_squares: RowLeastSquares) -> None:
        self._least_squares = least_squares
        self._columns = _Growing(least_squares.y.size)

    def add(self, indices: Int[np.ndarray, " m"], unit: Float[np.ndarray, " m"]) -> Matrix:
        columns = self._least_squares.columns(indices)
        columns *= unit
        self._columns.append(columns)
        return self._columns.filled.T @ columns

    def gradient(
        self, positions: Int[np.ndarray, " s"], coefs: Float[np.ndarray, " s"]
    ) -> tuple[Float[np.ndarray, " p"], float]:
        full = np.zeros(self._columns.count)
        full[positions] = coefs
        residual = self._least_squares.y - self._columns.filled @ full
        return self._least_squares.gradient(residual), float(residual @ residual)


class _HeldGram:
    def __init__(self, least_squares: GramLeastSquares) -> None:
        self._least_squares = least_squares
        self._indices, self._unit = np.empty(0, dtype=np.intp), np.empty(0)

    def add(self, indices: Int[np.ndarray, " m"], unit: Float[np.ndarray, " m"]) -> Matrix:
        self._indices, self._unit = np.append(self._indices, indices), np.append(self._unit, unit)
        return self._least_squares.gram[np.ix_(self._indices, indices)] * self._unit[:, None] * unit

    def gradient(
        self, positions: Int[np.ndarray, " s"], coefs: Float[np.ndarray, " s"]
    ) -> tuple[Float[np.ndarray, " p"], float]:
        full = np.zeros(self._least_squares.cross.size)
        full[self._indices[positions]] = coefs * self._unit[positions]
        gradients, squares = self._least_squares.residuals(full[None, :])
        return gradients[0], float(squares[0])
