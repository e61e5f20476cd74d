"""The working-set solver for wide or sparse X: it solves on a few columns, and checks all of them.

Each round computes the gradient of all columns, adds those that violate their optimality
condition most, and improves the coefficients of the held columns. Each round reads X once.
Only the held columns are copied.
"""

from contextlib import nullcontext
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ...base.blas import dot
from ...base.loops import LOOPS
from ...base.threads import many_threaded_blas, single_threaded_blas
from ...data.least_squares import LeastSquares
from ...data.row_least_squares import RowLeastSquares
from ...priors.elastic_net_algebra import violation
from .column_sweeps import sweeps_on
from .gap import duality_gap
from .restricted_quadratic import GramQuadratic, HeldQuadratic, ProductQuadratic, SweptQuadratic

_MAX_ROUNDS = 300
_WARM_ROUNDS = 10  # at each larger l1 before the requested one
_FARTHEST = 1e12  # largest factor of l1 at the first of these
_CONTINUATION = 8.0  # factor from one l1 to the next
_ROUGH = 1e-4  # sufficient relative duality gap at a larger l1
_PATIENCE = 8  # rounds without progress near the optimum: float64 allows no more
_NEWTON_STEPS = 3  # in a round, while steps are short; times this again for each round without progress
_PRODUCTS_A_COLUMN = 0.04  # products X'(Xv) in the time of X'X, for each column of X
_LEAST_OF_ALL = 1e-6  # if all columns are held
_LEAST_SHARE, _MOST_SHARE = (
    0.02,
    0.5,
)  # of the largest violation, to which a round lowers those of held columns
_FEWEST_NEW = 128  # columns that one round may add, or half the support if that is more


class _Penalty(NamedTuple):
    """One penalty, on unit-norm columns, and a sufficient duality gap (0: as small as float64 allows)."""

    l1: Float[np.ndarray, " p"]
    l2: Float[np.ndarray, " p"]
    enough: float


class _Slopes(NamedTuple):
    """The gradient, the violation of optimality and the duality gap at a point."""

    gradient: Float[np.ndarray, " p"]
    violation: Float[np.ndarray, " p"]
    gap: float


def solve_by_working_set(
    least_squares: LeastSquares,
    l1: Float[np.ndarray, "k p"],
    l2: Float[np.ndarray, "k p"],
    *,
    start: Float[np.ndarray, " p"] | None = None,
    enough: float = 0.0,
    by_products: bool = False,
) -> tuple[Float[np.ndarray, "k p"], Int[np.ndarray, " k"]]:
    """Minimise k penalised quadratics; each solve starts from the solutions before it.

    Parameters
    ----------
    least_squares : LeastSquares
    l1, l2 : array (k, p)
        Penalties.
    start : array (p,), optional
        0 by default.
    enough : float, default 0
        Duality gap, in units of the objective, at which to stop. 0: as small as float64 allows.
    by_products : bool, default False
        Whether to try first to hold all columns without a Gram matrix, for one penalty on rows.
        The number of products is limited to the time of one Gram matrix.

    Returns
    -------
    coefs : array (k, p)
    n_rounds : array (k,)
    """
    if by_products:
        found = _by_products(least_squares, l1, l2, enough)
        if found is not None:
            return found
        with many_threaded_blas():
            return solve_by_working_set(least_squares, l1, l2, start=start, enough=enough)
    working_set = _WorkingSet(least_squares, start)
    coefs, n_rounds = np.empty(l1.shape), np.empty(len(l1), dtype=int)
    sizes = l1.sum(axis=1)
    before = last = working_set.coef
    for k, (own_l1, own_l2) in enumerate(zip(l1, l2, strict=True)):
        step = sizes[k - 1] - sizes[k - 2] if k > 1 else 0.0
        share = min(max((sizes[k] - sizes[k - 1]) / step, 0.0), 2.0) if step else 0.0
        penalty = _Penalty(own_l1 * working_set.unit, own_l2 * working_set.unit**2, enough)
        working_set.coef = _ahead(last, before, share) if share else last
        n_rounds[k] = working_set.solve_from_afar(penalty)
        before, last = last, working_set.coef
        coefs[k] = last * working_set.unit
    return coefs, n_rounds


def _by_products(
    least_squares: LeastSquares, l1: Float[np.ndarray, "1 p"], l2: Float[np.ndarray, "1 p"], enough: float
) -> tuple[Float[np.ndarray, "1 p"], Int[np.ndarray, " 1"]] | None:
    """Minimise by products with all columns; return None if they are too collinear for that."""
    most, sweeps = _PRODUCTS_A_COLUMN * l1.shape[1], sweeps_on(least_squares)
    quadratic = (
        ProductQuadratic(least_squares, most)
        if sweeps is None
        else SweptQuadratic(least_squares, sweeps, most)
    )
    working_set = _WorkingSet(least_squares, quadratic=quadratic)
    unit = working_set.unit
    with nullcontext() if sweeps is None else single_threaded_blas():
        n_rounds = working_set.solve(_Penalty(l1[0] * unit, l2[0] * unit**2, enough))
    return None if working_set.gave_up else ((working_set.coef * unit)[None, :], np.array([n_rounds]))


def _ahead(coef: Float[np.ndarray, " p"], before: Float[np.ndarray, " p"], share: float) -> np.ndarray:
    """Extrapolate a path from its last two solutions; a coefficient stops at 0 if its sign would change."""
    moved = coef + share * (coef - before)
    return np.where(moved * coef > 0.0, moved, 0.0)


def _quadratic_of(least_squares: LeastSquares) -> HeldQuadratic:
    is_sparse = isinstance(least_squares, RowLeastSquares) and least_squares.is_sparse
    sweeps = sweeps_on(least_squares) if is_sparse else None
    return GramQuadratic(least_squares) if sweeps is None else SweptQuadratic(least_squares, sweeps)


class _WorkingSet:
    """The held columns, and the coefficients of all columns, scaled to unit norm."""

    def __init__(
        self,
        least_squares: LeastSquares,
        start: Float[np.ndarray, " p"] | None = None,
        quadratic: HeldQuadratic | None = None,
    ) -> None:
        """Start without held columns, or with all columns if a `quadratic` is given."""
        norms = np.sqrt(least_squares.squared_norms)
        self.usable = norms > 0.0
        self._n_usable = int(self.usable.sum())
        self._usable_as_float = self.usable.astype(float)
        self.unit = np.divide(1.0, norms, out=np.zeros_like(norms), where=self.usable)
        zero = np.zeros(norms.size)
        self.coef = zero if start is None else start * norms
        # the point with a known gradient
        self._point = zero, least_squares.cross * self.unit, least_squares.response_ss
        self.gave_up = False
        self._least_squares = least_squares
        self._indices = np.empty(0, dtype=np.intp)
        self._is_held = np.zeros(norms.size, dtype=bool)
        self._quadratic = _quadratic_of(least_squares) if quadratic is None else quadratic
        if quadratic is not None:
            by_size = np.argsort(-np.where(self.usable, np.abs(self._point[1]), -1.0))
            self._hold(by_size[: self._n_usable])  # large ones first: fewer sweeps

    def solve_from_afar(self, penalty: _Penalty) -> int:
        """Minimise along a falling l1, from a value for which the point is nearly optimal; return the rounds."""
        self._hold(np.flatnonzero(self.usable & ((penalty.l1 == 0.0) | (self.coef != 0.0))))
        slope = np.abs(self._gradient()[0] - penalty.l2 * self.coef)
        with np.errstate(over="ignore"):
            ratios = np.divide(slope, penalty.l1, out=np.zeros_like(slope), where=penalty.l1 > 0.0)
        excess, n_rounds = min(ratios.max(initial=1.0), _FARTHEST) / self._quadratic.reach, 0
        roughly = max(penalty.enough, _ROUGH * 0.5 * self._least_squares.response_ss)
        while excess > 1.0:
            n_rounds += self.solve(penalty._replace(l1=excess * penalty.l1, enough=roughly), _WARM_ROUNDS)
            excess /= _CONTINUATION
        return n_rounds + self.solve(penalty, _MAX_ROUNDS)

    def solve(self, penalty: _Penalty, max_rounds: int = _MAX_ROUNDS) -> int:
        """Minimise from the current coefficients; return the rounds."""
        best, idle = np.inf, 0
        for n_rounds in range(max_rounds):
            slopes = self._slopes(penalty)
            largest, rounding = slopes.violation.max(initial=0.0), self._rounding()
            idle = 0 if largest < 0.5 * best else idle + 1
            best = min(best, largest)
            stuck = idle >= _PATIENCE and largest < 1e4 * rounding
            near_enough = penalty.enough > 0.0 and slopes.gap <= penalty.enough
            if near_enough or largest <= rounding or stuck:
                return n_rounds
            if self._quadratic.is_spent:
                self.gave_up = True
                return n_rounds
            self._take_in(slopes.violation)
            target = self._share(penalty.enough, slopes.gap) * largest
            held, steps = self._indices, _NEWTON_STEPS ** (1 + min(idle, _PATIENCE))
            coef = self._quadratic.improve(
                self.coef[held], slopes.gradient[held], penalty.l1[held], penalty.l2[held], steps, target
            )
            self.coef = np.zeros_like(self.coef)
            self.coef[held] = coef
        return max_rounds

    def _share(self, enough: float, gap: float) -> float:
        """Return the share of the largest violation to which a round lowers those of held columns.

        The gap is linear in it. Columns that are not held may violate too, so that a small share would be in vain.
        """
        share = enough / gap if gap > 0.0 else 0.0
        least = _LEAST_SHARE if self._indices.size < self._n_usable else _LEAST_OF_ALL
        return min(max(share, least), _MOST_SHARE)

    def _gradient(self) -> tuple[Float[np.ndarray, " p"], float]:
        """Return X'r for unit-norm columns, and r'r. They are computed once for each point."""
        if self._point[0] is not self.coef:
            gradient, rss = self._quadratic.gradient(self.coef[self._indices])
            self._point = self.coef, gradient * self.unit, rss
        return self._point[1:]

    def _slopes(self, penalty: _Penalty) -> _Slopes:
        gradient, rss = self._gradient()
        coef, (l1, l2, _) = self.coef, penalty
        if LOOPS:
            away = np.empty_like(coef)
            return _Slopes(
                gradient, away, LOOPS.slopes(coef, gradient, l1, l2, self._usable_as_float, away, rss)
            )
        slope = gradient - l2 * coef
        away = violation(coef, slope, l1)
        away *= self.usable
        return _Slopes(gradient, away, float(duality_gap(coef, gradient, rss, l1, l2)))

    def _rounding(self) -> float:
        """Return the largest violation that rounding alone can cause."""
        size = np.sqrt(self._least_squares.response_ss) + 2.0 * np.sqrt(dot(self.coef, self.coef))
        return 4.0 * np.finfo(float).eps * float(size)

    def _take_in(self, violation: Float[np.ndarray, " p"]) -> None:
        """Add the columns with the largest violations."""
        new = np.flatnonzero((violation > 0.0) & ~self._is_held)
        most = max(_FEWEST_NEW, int(np.count_nonzero(self.coef)) // 2)
        if new.size > most:
            new = new[np.argpartition(-violation[new], most)[:most]]
        self._hold(new)

    def _hold(self, indices: Int[np.ndarray, " m"]) -> None:
        new = indices[~self._is_held[indices]]
        if new.size == 0:
            return
        self._is_held[new] = True
        self._indices = np.append(self._indices, new)
        if self._quadratic.has_room(self._indices.size):
            self._quadratic.hold(new, self.unit[new])
        else:
            self._quadratic = ProductQuadratic(self._least_squares)
            self._quadratic.hold(self._indices, self.unit[self._indices])
