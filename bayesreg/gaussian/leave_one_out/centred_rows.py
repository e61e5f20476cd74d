"""The rows of a problem in dense and centred blocks. X is never copied as a whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
from jaxtyping import Bool, Int

from ...data.rows import RowData
from ...model.problem import Problem
from ..path_spectrum import Matrix, Vector

FEWEST_ROWS = 256  # least size of a block, so that calls are few


@final
@dataclass(frozen=True)
class CentredRows:
    """The rows of a problem in dense and centred blocks. X is never copied as a whole."""

    problem: Problem
    data: RowData
    unit: Vector  # units of the penalised columns

    @property
    def weights(self) -> Vector:
        """Row weights."""
        return self.data.sample_weight

    @cached_property
    def present(self) -> Int[np.ndarray, " m"]:
        """The rows with a positive weight."""
        return np.flatnonzero(self.weights)

    @property
    def n_columns(self) -> int:
        """Number of columns, with one for the intercept if it has a prior."""
        return self.problem.rates.l1.size

    @property
    def n_directions(self) -> int:
        """Number of columns, with one for the intercept if there is any."""
        return self.n_columns + self.problem.centred

    def centred(self, rows: Any, out: Matrix | None = None) -> Matrix:
        """Return some rows, less the columns' means."""
        return self._read(self.data.X[rows], slice(None), out)

    def centred_columns(self, columns: Int[np.ndarray, " c"]) -> Matrix:
        """Return some columns, less their means, for the rows with a positive weight."""
        inside = columns[columns < self.data.X.shape[1]]
        return self._read(self.data.X[self.present[:, None], inside], columns)

    def _read(self, part: Any, columns: Any, out: Matrix | None = None) -> Matrix:
        """Centre a part of X as a dense array, and append ones if the intercept is a column of its own."""
        means = self.problem.means.x[columns]
        if not isinstance(part, np.ndarray):
            part = part.toarray()
        if out is None:
            out = np.empty((part.shape[0], means.size))
        out[:, part.shape[1] :] = 1.0
        np.subtract(part, means[: part.shape[1]], out=out[:, : part.shape[1]])
        return out

    def response(self, rows: Any) -> Vector:
        """Return y less the offset and their mean."""
        return self.data.less_offset[rows] - self.problem.means.y

    def stacked(self, rows: Any) -> Matrix:
        """Return [intercept, flat columns, Z, y] of some rows, times the roots of their weights."""
        X, problem = self.centred(rows), self.problem
        intercept = np.ones((len(X), int(problem.centred)))
        flat = X[:, problem.rates.flat] * self.flat_alive
        parts = [intercept, flat, X[:, problem.penalised] * self.unit, self.response(rows)[:, None]]
        return np.hstack(parts) * np.sqrt(self.weights[rows])[:, None]

    @property
    def flat_alive(self) -> Bool[np.ndarray, " f"]:
        """Which flat columns differ from 0."""
        return self.problem.least_squares.squared_norms[self.problem.rates.flat] > 0.0

    def blocks(self, rows: Any, size: int | None = None) -> Iterator[Any]:
        """Split an index of rows into blocks that stay in cache."""
        size = size or max(FEWEST_ROWS, 4 * self.n_columns)
        for first in range(0, len(rows), size):
            yield rows[first : first + size]
