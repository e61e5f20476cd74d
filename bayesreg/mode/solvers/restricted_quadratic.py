"""The quadratic of the columns in a working set, by their Gram matrix or by products with them."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from jaxtyping import Array, Float, Int

from ...base.blas import cholesky, cholesky_solve, dot, product, times
from ...base.jax_context import float64_on_cpu, jax_is_lost
from ...base.loops import LOOPS
from ...data.least_squares import LeastSquares, check_gram_size
from ...data.row_least_squares import RowLeastSquares
from ...priors.elastic_net_algebra import confined, zero_crossings
from .column_sweeps import ColumnSweeps
from .sizes import padded

Held = Float[np.ndarray, " m"]

_SWEEPS_PER_ROUND = 8
_DAMPING = 1e-11  # of the unit diagonal: bounds the step along directions without curvature
_LEAST_HELD = 256
_SWEPT_TOGETHER = 2048  # columns: the code of the compiled sweep grows with the square of their number
_STEP_LENGTHS = 0.5 ** np.arange(12)
_MOST_SPARSE_HELD = 1024  # with more sparse columns a dense Gram matrix does not pay
_LEAST_CURVATURE = 1e-3  # on unit-norm columns: bounds the next step after one without curvature
_CG_TOLERANCE, _CG_STEPS = 1e-2, 100  # of a Newton direction; divided and multiplied by the allowed steps
_FIRST_TOLERANCE = 0.3  # of the first, which often falls short
_PROXIMAL_STEPS = 9


class HeldQuadratic(Protocol):
    """½β'Gβ − c'β of the held columns, scaled to unit norm, in the order in which they were added."""

    reach: float
    """The factor of l1 from which it can start without a penalty in between."""

    def has_room(self, count: int) -> bool:
        """Tell whether this class is efficient for `count` columns."""

    @property
    def is_spent(self) -> bool:
        """Whether its limit of products is reached, so that another class should be used."""

    def hold(self, indices: Int[np.ndarray, " m"], unit: Held) -> None:
        """Add columns, times `unit`."""

    def gradient(self, coef: Held) -> tuple[Float[np.ndarray, " p"], float]:
        """Return X'r for all unscaled columns, and r'r."""

    def improve(
        self, coef: Held, gradient: Held, l1: Held, l2: Held, newton_steps: int, target: float = 0.0
    ) -> Held:
        """Lower the penalised objective, from the gradient at `coef`, until violations are `target` if that is easy."""


class GramQuadratic:
    """The quadratic by its Gram matrix: coordinate descent, then Newton steps confined to the support's orthant."""

    is_spent = False
    reach = 8.0

    def __init__(self, least_squares: LeastSquares) -> None:
        self._columns: _Rows | _SparseRows | _Statistics = _Statistics(least_squares)
        if isinstance(least_squares, RowLeastSquares):
            self._columns = (_SparseRows if least_squares.is_sparse else _Rows)(least_squares)
        self._count = 0
        self._gram = np.zeros((_LEAST_HELD, _LEAST_HELD))
        self._compiled_grams: list[Array] = []

    def has_room(self, count: int) -> bool:
        """Tell whether this class is efficient for `count` columns."""
        return not isinstance(self._columns, _SparseRows) or count <= _MOST_SPARSE_HELD

    def hold(self, indices: Int[np.ndarray, " m"], unit: Held) -> None:
        """Add columns, times `unit`."""
        first, last = self._count, self._count + indices.size
        if last > len(self._gram):
            size = padded(last)
            check_gram_size(size)
            grown = np.zeros((size, size))
            grown[:first, :first] = self._gram[:first, :first]
            self._gram = grown
        products = self._columns.add(indices, unit)
        self._gram[:last, first:last] = products
        self._gram[first:last, :first] = products[:first].T
        self._gram[np.arange(first, last), np.arange(first, last)] = 1.0
        self._count, self._compiled_grams = last, []

    def gradient(self, coef: Held) -> tuple[Float[np.ndarray, " p"], float]:
        """Return X'r for all unscaled columns, and r'r."""
        return self._columns.gradient(coef)

    def improve(
        self, coef: Held, gradient: Held, l1: Held, l2: Held, newton_steps: int, target: float = 0.0
    ) -> Held:
        """Lower the penalised objective, from the gradient at `coef`."""
        start = coef
        coef = self._sweep(coef.copy(), gradient.copy(), l1, l2)
        for _ in range(newton_steps):
            moved = gradient - self._times_gram(coef - start)
            coef, fell_short = _newton_step(self._gram, coef, moved, l1, l2)
            if not fell_short:
                break
        return coef

    def _times_gram(self, vector: Held) -> Held:
        padded_vector = np.zeros(len(self._gram))
        padded_vector[: vector.size] = vector
        return times(self._gram, padded_vector)[: vector.size]

    def _sweep(self, coef: Held, gradient: Held, l1: Held, l2: Held) -> Held:
        if LOOPS:
            LOOPS.gram_sweeps(self._gram, l1, l2, np.ones_like(coef), coef, gradient, _SWEEPS_PER_ROUND)
            return coef
        if jax_is_lost():
            return self._sweep_one_by_one(coef, gradient, l1, l2)
        return self._sweep_jitted(coef, gradient, l1, l2)

    def _sweep_jitted(self, coef: Held, gradient: Held, l1: Held, l2: Held) -> Held:
        """Sweep over blocks of the held columns, one after the other."""
        import jax

        from .sweeps import sweep_compiled

        starts = range(0, coef.size, _SWEPT_TOGETHER)
        with float64_on_cpu():
            if not self._compiled_grams:
                self._compiled_grams = [jax.numpy.asarray(self._block(first)) for first in starts]
            for gram, first in zip(self._compiled_grams, starts, strict=True):
                own = slice(first, first + len(gram))
                count = coef[own].size
                padding = (0, len(gram) - count)
                wanted = (coef != 0.0) | (np.abs(gradient) > l1) | (l1 == 0.0)
                vectors = (coef, gradient, l1, 1.0 / (1.0 + l2), wanted)
                moved, _ = sweep_compiled(
                    gram, *(np.pad(vector[own], padding) for vector in vectors), _SWEEPS_PER_ROUND
                )
                change = np.asarray(moved)[:count] - coef[own]
                coef[own] += change
                if len(starts) > 1:
                    gradient -= self._times_gram(np.pad(change, (first, coef.size - first - count)))
        return coef

    def _sweep_one_by_one(self, coef: Held, gradient: Held, l1: Held, l2: Held) -> Held:
        """Sweep by NumPy alone, in a process in which JAX cannot compute."""
        wanted = np.flatnonzero((coef != 0.0) | (np.abs(gradient) > l1) | (l1 == 0.0))
        gram = self._gram[: coef.size, : coef.size]
        for _ in range(_SWEEPS_PER_ROUND):
            for j in wanted:
                z = coef[j] + gradient[j]  # of columns of unit norm
                new = np.sign(z) * max(abs(z) - l1[j], 0.0) / (1.0 + l2[j])
                gradient -= (new - coef[j]) * gram[j]
                coef[j] = new
        return coef

    def _block(self, first: int) -> np.ndarray:
        last = min(len(self._gram), first + _SWEPT_TOGETHER)
        return self._gram[first:last, first:last]


def _newton_step(
    gram: Float[np.ndarray, "m m"],
    coef: Float[np.ndarray, " m"],
    gradient: Float[np.ndarray, " m"],
    l1: Float[np.ndarray, " m"],
    l2: Float[np.ndarray, " m"],
) -> tuple[Float[np.ndarray, " m"], bool]:
    """Take a Newton step on the support; a coefficient stops at 0 if its sign would change.

    Also tell whether the step is shorter than the full step.
    """
    support = np.flatnonzero((coef != 0.0) | (l1 == 0.0))
    if support.size == 0:
        return coef, False
    own = coef[support]
    slope = gradient[support] - l2[support] * own - l1[support] * np.sign(own)
    system = gram.take(support, axis=0).take(support, axis=1)
    np.fill_diagonal(system, np.diagonal(system) + l2[support] + _DAMPING)
    factor = cholesky(system.copy())
    if factor is None:
        return coef, False
    direction = cholesky_solve(factor, slope)
    zero_at = zero_crossings(own, direction, l1[support])
    first = zero_at.min(initial=np.inf)
    moved = coef.copy()
    if first > 1.0:
        moved[support] += direction
        return moved, False
    lengths = np.append(_STEP_LENGTHS, first)[:, None]
    steps = confined(own, direction, zero_at, lengths)
    objective = (steps * (0.5 * product(steps, system) - slope)).sum(axis=1)
    best = int(np.argmin(objective))
    if not objective[best] < 0.0:
        return coef, False
    moved[support] = np.where(zero_at <= lengths[best], 0.0, own + steps[best])
    return moved, True


class ProductQuadratic:
    """The quadratic by products with its columns: proximal gradient steps, then Newton steps by conjugate gradients.

    Parameters
    ----------
    least_squares : LeastSquares
    most_products : float
        Largest number of products with the Gram matrix.
    """

    reach = 8.0

    def __init__(self, least_squares: LeastSquares, most_products: float = np.inf) -> None:
        assert isinstance(least_squares, RowLeastSquares)
        self._all = least_squares
        self._indices, self._unit = np.empty(0, dtype=np.intp), np.empty(0)
        self._left = most_products
        self._part: RowLeastSquares | None = None  # the held columns, if they are sparse

    @property
    def is_spent(self) -> bool:
        """Whether all allowed products have been used."""
        return self._left <= 0

    def has_room(self, count: int) -> bool:
        """Tell whether this class is efficient for `count` columns."""
        return True

    def hold(self, indices: Int[np.ndarray, " m"], unit: Held) -> None:
        """Add columns, times `unit`."""
        self._indices, self._unit = np.append(self._indices, indices), np.append(self._unit, unit)
        self._part = None

    def gradient(self, coef: Held) -> tuple[Float[np.ndarray, " p"], float]:
        """Return X'r for all unscaled columns, and r'r."""
        return _full_gradient(self._all, self._indices, coef * self._unit)

    def improve(
        self, coef: Held, gradient: Held, l1: Held, l2: Held, newton_steps: int, target: float = 0.0
    ) -> Held:
        """Lower the penalised objective, from the gradient at `coef`."""
        coef, moved = self._proximal_steps(coef, gradient, l1, l2)
        return self._newton_steps(coef, moved, l1, l2, newton_steps)

    def _newton_steps(self, coef: Held, moved: Held, l1: Held, l2: Held, newton_steps: int) -> Held:
        """Go on from `coef` with gradient `moved`."""
        for done in range(newton_steps):
            support = np.flatnonzero((coef != 0.0) | (l1 == 0.0))
            if support.size == 0 or self.is_spent:
                break
            tolerance = _CG_TOLERANCE / newton_steps if done else _FIRST_TOLERANCE
            step, image, fell_short = self._newton_step(
                support, coef, moved, l1, l2, tolerance, _CG_STEPS * newton_steps
            )
            coef, moved = coef + step, moved - image
            if not fell_short and done:
                break
        return coef

    def _proximal_steps(self, coef: Held, gradient: Held, l1: Held, l2: Held) -> tuple[Held, Held]:
        """Find the support by steps in all coordinates at once; return the gradient too.

        The curvature along the last step sets the length of each (Barzilai and Borwein 1988,
        doi:10.1093/imanum/8.1.141). It is cut at the minimum along its own line.
        """
        curvature = 1.0
        for _ in range(_PROXIMAL_STEPS):
            z = coef + (gradient - l2 * coef) / (curvature + l2)
            target = np.sign(z) * np.maximum(np.abs(z) - l1 / (curvature + l2), 0.0)
            change = target - coef
            size = dot(change, change)
            if size == 0.0:
                break
            curved = self._times_gram(change)
            along = dot(change, curved)
            falls = dot(change, gradient - l2 * coef) - float((l1 * (np.abs(target) - np.abs(coef))).sum())
            if falls <= 0.0:  # only rounding is left
                break
            bends = along + dot(change, l2 * change)
            share = 1.0 if falls >= bends else falls / bends
            coef = target if share == 1.0 else coef + share * change
            gradient = gradient - share * curved
            curvature = max(along / size, _LEAST_CURVATURE)
        return coef, gradient

    def _newton_step(
        self,
        support: Int[np.ndarray, " s"],
        coef: Held,
        gradient: Held,
        l1: Held,
        l2: Held,
        tolerance: float,
        most_products: int,
    ) -> tuple[Held, Held, bool]:
        """Return a step, its product with the Gram matrix, and whether it is shorter than the full step."""
        own, l1, l2 = coef[support], l1[support], l2[support] + _DAMPING
        slope = gradient[support] - (l2 - _DAMPING) * own - l1 * np.sign(own)

        def image_of(step: np.ndarray) -> Held:
            return self._times_gram(_spread(step, support, coef.size))

        def lowers(step: np.ndarray, image: Held) -> bool:
            return dot(step, 0.5 * (image[support] + l2 * step) - slope) < 0.0

        steps = int(min(most_products, max(self._left, 1)))
        direction, image = _conjugate_gradients(image_of, support, l2, slope, coef.size, tolerance, steps)
        zero_at = zero_crossings(own, direction, l1)
        first = zero_at.min(initial=np.inf)
        if first > 1.0 and lowers(direction, image):
            return _spread(direction, support, coef.size), image, False
        for length in (*_STEP_LENGTHS, min(first, 1.0)):
            step = confined(own, direction, zero_at, length)
            image = image_of(step)
            if lowers(step, image):
                return _spread(step, support, coef.size), image, True
        return np.zeros_like(coef), np.zeros_like(coef), False

    def _times_gram(self, vector: Held) -> Held:
        """Multiply by the Gram matrix of the held columns."""
        self._left -= 1
        if self._all.is_sparse:
            if self._part is None:
                self._part = self._all.subset(self._indices)
            part = self._part
            return self._unit * part.gradient(part.fitted((self._unit * vector)[None, :])[0])
        full = _spread(self._unit * vector, self._indices, self._all.squared_norms.size)
        # dense columns are not copied
        return self._unit * self._all.gradient(self._all.fitted(full[None, :])[0])[self._indices]


def _spread(values: np.ndarray, places: Int[np.ndarray, " s"], size: int) -> np.ndarray:
    full = np.zeros(size)
    full[places] = values
    return full


class SweptQuadratic(ProductQuadratic):
    """The quadratic by coordinate descent on the columns themselves, in C.

    Newton steps by conjugate gradients follow where it is slow.

    Parameters
    ----------
    least_squares : RowLeastSquares
    sweeps : ColumnSweeps
        Of the same rows.
    most_products : float
        Largest number of products with the Gram matrix.
    """

    reach = 16.0

    def __init__(
        self, least_squares: LeastSquares, sweeps: ColumnSweeps, most_products: float = np.inf
    ) -> None:
        super().__init__(least_squares, most_products)
        self._sweeps = sweeps

    def improve(
        self, coef: Held, gradient: Held, l1: Held, l2: Held, newton_steps: int, target: float = 0.0
    ) -> Held:
        """Lower the penalised objective, from the gradient at `coef`."""
        unit = self._unit
        swept = self._sweeps(self._indices, coef * unit, l1 / unit, l2 / unit**2, target)
        self._left -= swept.n_products
        if swept.gradient is None:
            return swept.coef / unit
        return self._newton_steps(swept.coef / unit, swept.gradient * unit, l1, l2, newton_steps)


def _conjugate_gradients(
    image_of: Callable[[np.ndarray], Held],
    support: Int[np.ndarray, " s"],
    diagonal: np.ndarray,
    slope: np.ndarray,
    n_held: int,
    tolerance: float,
    most_steps: int,
) -> tuple[np.ndarray, Held]:
    """Solve (G + diagonal)·x = slope on the support; return x, and G·x for all held columns."""
    solution, residual, image = np.zeros_like(slope), slope.copy(), np.zeros(n_held)
    direction, square = residual.copy(), dot(residual, residual)
    enough = tolerance**2 * square
    for _ in range(most_steps):
        if square <= enough:
            break
        own_image = image_of(direction)
        curved = own_image[support] + diagonal * direction
        length = square / dot(direction, curved)
        solution += length * direction
        image = image + length * own_image
        residual -= length * curved
        previous, square = square, dot(residual, residual)
        direction = residual + (square / previous) * direction
    return solution, image


class _Growing:
    """A matrix to which columns are added, with spare room."""

    def __init__(self, n_rows: int) -> None:
        self._columns, self.count = np.empty((n_rows, 0), order="F"), 0

    @property
    def filled(self) -> np.ndarray:
        return self._columns[:, : self.count]

    def append(self, columns: np.ndarray) -> None:
        count = self.count + columns.shape[1]
        if count > self._columns.shape[1]:
            grown = np.empty((len(columns), max(count, 5 * self.count // 4)), order="F")
            grown[:, : self.count] = self.filled
            self._columns = grown
        self._columns[:, self.count : count] = columns
        self.count = count


class _Rows:
    """Columns copied from rows."""

    def __init__(self, least_squares: RowLeastSquares) -> None:
        self._least_squares = least_squares
        self._columns = _Growing(least_squares.y.size)

    def add(self, indices: Int[np.ndarray, " m"], unit: Held) -> np.ndarray:
        columns = self._least_squares.columns(indices)
        columns *= unit
        self._columns.append(columns)
        return product(self._columns.filled.T, columns)

    def gradient(self, coef: Held) -> tuple[Float[np.ndarray, " p"], float]:
        residual = self._least_squares.y - times(self._columns.filled, coef)
        return self._least_squares.gradient(residual), dot(residual, residual)


class _SparseRows:
    """Sparse columns, never made dense."""

    def __init__(self, least_squares: RowLeastSquares) -> None:
        self._least_squares = least_squares
        self._indices, self._unit = np.empty(0, dtype=np.intp), np.empty(0)

    def add(self, indices: Int[np.ndarray, " m"], unit: Held) -> np.ndarray:
        self._indices, self._unit = np.append(self._indices, indices), np.append(self._unit, unit)
        return self._least_squares.sparse_products(self._indices, indices) * self._unit[:, None] * unit

    def gradient(self, coef: Held) -> tuple[Float[np.ndarray, " p"], float]:
        return _full_gradient(self._least_squares, self._indices, coef * self._unit)


class _Statistics:
    """Columns of a Gram matrix."""

    def __init__(self, least_squares: LeastSquares) -> None:
        self._least_squares = least_squares
        self._indices, self._unit = np.empty(0, dtype=np.intp), np.empty(0)

    def add(self, indices: Int[np.ndarray, " m"], unit: Held) -> np.ndarray:
        self._indices, self._unit = np.append(self._indices, indices), np.append(self._unit, unit)
        return self._least_squares.gram[np.ix_(self._indices, indices)] * self._unit[:, None] * unit

    def gradient(self, coef: Held) -> tuple[Float[np.ndarray, " p"], float]:
        return _full_gradient(self._least_squares, self._indices, coef * self._unit)


def _full_gradient(
    least_squares: LeastSquares, indices: Int[np.ndarray, " m"], coef: Held
) -> tuple[Float[np.ndarray, " p"], float]:
    full = np.zeros((1, least_squares.squared_norms.size))
    full[0, indices] = coef
    gradients, squares = least_squares.residuals(full)
    return gradients[0], float(squares[0])
