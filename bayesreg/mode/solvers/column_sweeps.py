"""Coordinate descent on columns, in C; it keeps the residual, and no product of two columns."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol, final

import numpy as np
from jaxtyping import Float, Int

from ...base.blas import dot, times
from ...base.loops import LOOPS
from ...base.threads import n_cores
from ...data.checks import has_long_indices
from ...data.least_squares import LeastSquares
from ...data.row_least_squares import RowLeastSquares

Held = Float[np.ndarray, " m"]

_MOST_SWEEPS = 50
_ROOM_A_THREAD = 2 * (LOOPS.BLOCK + LOOPS.BLOCK**2) if LOOPS else 0
_ENTRIES_A_THREAD = 2**21  # with fewer, another thread takes longer to start than it saves
_LINE = 8  # numbers of a line of the cache: the counters of two threads must not share one


class Swept(NamedTuple):
    """Coefficients of the held columns after sweeps; gradients there, or None if the changes became small enough."""

    coef: Held
    gradient: Held | None
    n_products: float  # the work, in products with X'X


class ColumnSweeps(Protocol):
    """Coordinate descent on some columns, with weights and means if there are any."""

    def __call__(self, held: Int[np.ndarray, " m"], coef: Held, l1: Held, l2: Held, target: float) -> Swept:
        """Sweep over the held columns until no column of unit norm moves by more than `target`, or for a while."""


def sweeps_on(least_squares: LeastSquares) -> ColumnSweeps | None:
    """Return sweeps for these rows; None without the loops, or if the rows are projected or dense row by row."""
    if not (LOOPS and isinstance(least_squares, RowLeastSquares)) or least_squares.is_projected:
        return None
    if least_squares.is_sparse:
        return SparseSweeps(least_squares)
    return DenseSweeps(least_squares) if least_squares.X.flags.f_contiguous else None


class _Centred:
    """What both kinds of columns share: centred columns are x − m·w with w'w = 1, and y is orthogonal to w."""

    def __init__(self, least_squares: RowLeastSquares) -> None:
        self._y = least_squares.y
        self._means = least_squares.means * np.sqrt(least_squares.sum_weights)
        self._squares = np.ascontiguousarray(least_squares.squared_norms)

    def _spread(self, held: Int[np.ndarray, " m"], values: Held) -> Float[np.ndarray, " p"]:
        full = np.zeros_like(self._means)
        full[held] = values
        return full


@final
class SparseSweeps(_Centred):
    """Coordinate descent on sparse columns.

    Parameters
    ----------
    least_squares : RowLeastSquares
        With nothing projected out.
    """

    def __init__(self, least_squares: RowLeastSquares) -> None:
        super().__init__(least_squares)
        X, root = least_squares.X, least_squares.root
        data = X.data if root is None else X.data * root[X.indices]
        self._entries = X.indptr, X.indices, data
        self._is_long = has_long_indices(X)

    def __call__(self, held: Int[np.ndarray, " m"], coef: Held, l1: Held, l2: Held, target: float) -> Swept:
        """Sweep over the held columns until no column of unit norm moves by more than `target`, or for a while."""
        full, l1s, l2s = (self._spread(held, values) for values in (coef, l1, l2))
        residual, along = self._y.copy(), np.array([dot(full, self._means)])
        LOOPS.sparse_product(*self._entries, -full, residual, self._is_long, False)
        held = np.ascontiguousarray(held, dtype=np.int64)
        given = (held, *self._entries, self._means, self._squares, l1s, l2s, full, residual, along)
        changed = LOOPS.sparse_sweeps(*given, self._is_long, _MOST_SWEEPS, float(target))
        if changed <= target:
            return Swept(full[held], None, 0.0)
        gradient = np.zeros_like(full)
        LOOPS.sparse_product(*self._entries, residual, gradient, self._is_long, True)
        return Swept(full[held], (gradient + along * self._means)[held], 0.0)


@final
class DenseSweeps(_Centred):
    """Coordinate descent on dense columns that are contiguous; each thread has a range of the rows.

    Parameters
    ----------
    least_squares : RowLeastSquares
        With nothing projected out.
    """

    def __init__(self, least_squares: RowLeastSquares) -> None:
        super().__init__(least_squares)
        self._X, self._root = least_squares.X, least_squares.root
        self._weights = np.empty(0) if self._root is None else np.square(self._root)
        self._grams = np.empty((0, 0))  # of blocks of the held columns, once for each thread

    def __call__(self, held: Int[np.ndarray, " m"], coef: Held, l1: Held, l2: Held, target: float) -> Swept:
        """Sweep over the held columns until no column of unit norm moves by more than `target`, or for a while."""
        n_threads, size = self._n_threads(), LOOPS.BLOCK * held.size
        full, l1s, l2s = (self._spread(held, values) for values in (coef, l1, l2))
        held = np.ascontiguousarray(held, dtype=np.int64)
        knows_grams = self._grams.shape == (n_threads, size)
        if not knows_grams:
            self._grams = np.empty((n_threads, size))
        coefs, residual = np.tile(full, (n_threads, 1)), self._start(full)
        given = (held, self._X.T, self._weights, self._means, self._squares, l1s, l2s, coefs, residual)
        sums, met = np.empty(n_threads * _ROOM_A_THREAD), np.zeros((n_threads, _LINE), dtype=np.int64)
        edges = np.linspace(0, residual.size, n_threads + 1).astype(int).tolist()
        limits = _MOST_SWEEPS, float(target), knows_grams
        along = dot(full, self._means)

        def sweep(me: int) -> tuple[int, float, float]:
            rows = edges[me], edges[me + 1]
            found: tuple[int, float, float] = LOOPS.dense_sweeps(
                *given, self._grams, sums, met, *limits, *rows, me, along
            )
            return found

        def abandon() -> None:
            met[:] = -1  # or the other threads would wait

        n_sweeps, changed, along = _together(sweep, n_threads, abandon)
        if changed <= target:
            return Swept(coefs[0][held], None, float(n_sweeps))
        gradient = times(self._X.T, residual) + along * self._means
        return Swept(coefs[0][held], gradient[held], float(n_sweeps))

    def _n_threads(self) -> int:
        wanted = 1 + self._X.size // _ENTRIES_A_THREAD
        return max(1, min(n_cores(), LOOPS.MOST_THREADS, wanted))

    def _start(self, coef: Float[np.ndarray, " p"]) -> Float[np.ndarray, " n"]:
        """Return the residual with columns that are not centred, times the roots of the weights."""
        residual = self._y.copy() if self._root is None else self._y * self._root
        if coef.any():
            fitted = times(self._X, coef)
            residual -= fitted if self._root is None else fitted * self._weights
        return residual


def _together[Result](part: Callable[[int], Result], n_threads: int, abandon: Callable[[], None]) -> Result:
    """Call `part` on threads that wait for each other; return what the calling thread's gave.

    If one fails or does not start, or the calling thread is interrupted, `abandon` must end the others' waiting.
    """

    def guarded(me: int) -> Result:
        try:
            return part(me)
        except BaseException:
            abandon()
            raise

    if n_threads == 1:
        return part(0)
    with ThreadPoolExecutor(n_threads - 1) as pool:
        try:
            others = [pool.submit(guarded, me) for me in range(1, n_threads)]
            own = part(0)
        except BaseException:
            abandon()
            raise
        for other in others:
            other.result()
    return own
