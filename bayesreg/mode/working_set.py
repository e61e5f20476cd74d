"""Wide or sparse X: solve on the few columns that matter, prove on all of them.

Each round computes the gradient of all columns, takes in those that violate their optimality
condition most, improves the coefficients by coordinate descent on the Gram matrix of the held
columns, and makes them exact by Newton steps on their support, confined to its orthant. X is
read once a round; what is copied of it are the held columns.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Float, Int

from ..data.held import hold_columns
from ..data.least_squares import LeastSquares, check_gram_size
from .sweeps import padded, sweep_compiled

_SWEEPS_PER_ROUND = 8
_MAX_ROUNDS = 300
_WARM_ROUNDS = 10  # at each l1 on the way to the one asked for
_CONTINUATION = 4.0  # factor from one l1 to the next on that way
_PATIENCE = 8  # rounds without progress near the optimum: float64 gives no more
_NEWTON_STEPS = 3  # in a round, while steps fall short; times this again for each round without progress
_DAMPING = 1e-11  # of the unit diagonal: bounds the step along directions without curvature
_FEWEST_NEW = 64  # columns taken in at once, where so many violate; else half the support
_LEAST_HELD = 256
_SWEPT_TOGETHER = 2048  # columns: the compiled sweep's code grows with the square of their number
_STEP_LENGTHS = 0.5 ** np.arange(12)


class _Penalty(NamedTuple):
    """One penalty, on unit-norm columns, and the duality gap that will do (0: what float64 gives)."""

    l1: Float[np.ndarray, " p"]
    l2: Float[np.ndarray, " p"]
    enough: float


class _Slopes(NamedTuple):
    """Where a point stands: the gradient, the violation of optimality and the duality gap."""

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
) -> tuple[Float[np.ndarray, "k p"], Int[np.ndarray, " k"]]:
    """Minimise k penalised quadratics, each from the solutions before it.

    Parameters
    ----------
    least_squares : LeastSquares
    l1, l2 : array (k, p)
        Penalties.
    start : array (p,), optional
        0 by default.
    enough : float, default 0
        Duality gap, in units of the objective, at which to stop. 0: as small as float64 gives.

    Returns
    -------
    coefs : array (k, p)
    n_rounds : array (k,)
    """
    working_set = _WorkingSet(least_squares, start)
    coefs, n_rounds = np.empty(l1.shape), np.empty(len(l1), dtype=int)
    sizes = l1.sum(axis=1)
    before = last = working_set.coef
    for k, (own_l1, own_l2) in enumerate(zip(l1, l2, strict=True)):
        step = sizes[k - 1] - sizes[k - 2] if k > 1 else 0.0
        share = min(max((sizes[k] - sizes[k - 1]) / step, 0.0), 2.0) if step else 0.0
        penalty = _Penalty(own_l1 * working_set.unit, own_l2 * working_set.unit**2, enough)
        working_set.coef = _ahead(last, before, share)
        n_rounds[k] = working_set.solve_from_afar(penalty)
        before, last = last, working_set.coef
        coefs[k] = last * working_set.unit
    return coefs, n_rounds


def _ahead(coef: Float[np.ndarray, " p"], before: Float[np.ndarray, " p"], share: float) -> np.ndarray:
    """Continue the line from one solution of a path to the next; a sign that would change stops at 0."""
    moved = coef + share * (coef - before)
    return np.where(moved * coef > 0.0, moved, 0.0)


class _WorkingSet:
    """The held columns, and coefficients of all columns in coordinates where each has unit norm."""

    def __init__(self, least_squares: LeastSquares, start: Float[np.ndarray, " p"] | None) -> None:
        norms = np.sqrt(least_squares.squared_norms)
        self.usable = norms > 0.0
        self.unit = np.divide(1.0, norms, out=np.zeros_like(norms), where=self.usable)
        self.coef = np.zeros(norms.size) if start is None else start * norms
        self._response_ss = least_squares.response_ss
        self._held = hold_columns(least_squares)
        self._indices = np.empty(0, dtype=np.intp)
        self._position = np.full(norms.size, -1)
        self._gram = np.zeros((_LEAST_HELD, _LEAST_HELD))
        self._compiled_grams: list[Array] = []

    def solve_from_afar(self, penalty: _Penalty) -> int:
        """Minimise along a falling l1 that begins where the point is about optimal; return the rounds."""
        self._hold(np.flatnonzero(self.usable & ((penalty.l1 == 0.0) | (self.coef != 0.0))))
        slope = np.abs(self._slopes(penalty).gradient - penalty.l2 * self.coef)
        ratios = np.divide(slope, penalty.l1, out=np.zeros_like(slope), where=penalty.l1 > 0.0)
        excess, n_rounds = ratios.max(initial=1.0) / _CONTINUATION, 0
        while excess > 1.0:
            n_rounds += self._solve(penalty._replace(l1=excess * penalty.l1), _WARM_ROUNDS)
            excess /= _CONTINUATION
        return n_rounds + self._solve(penalty, _MAX_ROUNDS)

    def _solve(self, penalty: _Penalty, max_rounds: int) -> int:
        best, idle = np.inf, 0
        for n_rounds in range(max_rounds):
            slopes = self._slopes(penalty)
            largest, rounding = slopes.violation.max(initial=0.0), self._rounding()
            idle = 0 if largest < 0.5 * best else idle + 1
            best = min(best, largest)
            stuck = idle >= _PATIENCE and largest < 1e4 * rounding
            if slopes.gap <= penalty.enough or largest <= rounding or stuck:
                return n_rounds
            self._take_in(slopes.violation)
            self._improve(penalty, slopes.gradient, _NEWTON_STEPS ** (1 + min(idle, _PATIENCE)))
        return max_rounds

    def _slopes(self, penalty: _Penalty) -> _Slopes:
        positions = np.flatnonzero(self.coef[self._indices])
        gradient, rss = self._held.gradient(positions, self.coef[self._indices[positions]])
        gradient *= self.unit
        coef, (l1, l2, _) = self.coef, penalty
        slope, size = gradient - l2 * coef, np.abs(gradient)
        violation = np.where(
            coef == 0.0, np.maximum(np.abs(slope) - l1, 0.0), np.abs(slope - l1 * np.sign(coef))
        )
        violation *= self.usable
        binding = (l2 == 0.0) & (size > l1)
        step = np.divide(l1, size, out=np.ones_like(size), where=binding).min(initial=1.0)
        beyond = np.maximum(step * size - l1, 0.0)
        conjugate = np.divide(beyond**2, 2.0 * l2, out=np.zeros_like(beyond), where=l2 > 0.0)
        terms = l1 * np.abs(coef) + 0.5 * l2 * coef**2 + conjugate - step * coef * gradient
        gap = 0.5 * (1.0 - step) ** 2 * rss + (terms * self.usable).sum()
        return _Slopes(gradient, violation, float(gap))

    def _rounding(self) -> float:
        """Return the size of a violation that rounding alone can leave."""
        size = np.sqrt(self._response_ss) + 2.0 * np.sqrt(self.coef @ self.coef)
        return 4.0 * np.finfo(float).eps * float(size)

    def _take_in(self, violation: Float[np.ndarray, " p"]) -> None:
        """Hold the columns that violate most."""
        new = np.flatnonzero((violation > 0.0) & (self._position < 0))
        most = max(_FEWEST_NEW, np.count_nonzero(self.coef) // 2)
        if new.size > most:
            new = new[np.argpartition(-violation[new], most)[:most]]
        self._hold(new)

    def _hold(self, indices: Int[np.ndarray, " m"]) -> None:
        new = indices[self._position[indices] < 0]
        if new.size == 0:
            return
        first, last = self._indices.size, self._indices.size + new.size
        if last > len(self._gram):
            size = padded(last)
            check_gram_size(size)
            grown = np.zeros((size, size))
            grown[:first, :first] = self._gram[:first, :first]
            self._gram = grown
        products = self._held.add(new, self.unit[new])
        self._gram[:last, first:last] = products
        self._gram[first:last, :first] = products[:first].T
        self._gram[np.arange(first, last), np.arange(first, last)] = 1.0
        self._position[new] = np.arange(first, last)
        self._indices = np.append(self._indices, new)
        self._compiled_grams = []

    def _improve(self, penalty: _Penalty, gradient: Float[np.ndarray, " p"], newton_steps: int) -> None:
        """Sweep over the held columns, then take Newton steps on their support."""
        held = self._indices
        coef = self._sweep(self.coef[held], gradient[held], penalty.l1[held], penalty.l2[held])
        gram = self._gram[: held.size, : held.size]
        start = self.coef[held]
        for _ in range(newton_steps):
            moved = gradient[held] - gram @ (coef - start)
            coef, fell_short = _newton_step(gram, coef, moved, penalty.l1[held], penalty.l2[held])
            if not fell_short:
                break
        self.coef = np.zeros_like(self.coef)
        self.coef[held] = coef

    def _sweep(self, coef: np.ndarray, gradient: np.ndarray, l1: np.ndarray, l2: np.ndarray) -> np.ndarray:
        """Sweep over blocks of the held columns, one after the other."""
        import jax

        coef, gradient, starts = coef.copy(), gradient.copy(), range(0, coef.size, _SWEPT_TOGETHER)
        with jax.enable_x64(True):
            if not self._compiled_grams:
                self._compiled_grams = [jax.numpy.asarray(self._block(first)) for first in starts]
            for gram, first in zip(self._compiled_grams, starts, strict=True):
                own = slice(first, first + len(gram))
                count = coef[own].size
                padding = (0, len(gram) - count)
                vectors = (coef, gradient, l1, 1.0 / (1.0 + l2))
                moved, _ = sweep_compiled(
                    gram, *(np.pad(vector[own], padding) for vector in vectors), count, _SWEEPS_PER_ROUND
                )
                change = np.asarray(moved)[:count] - coef[own]
                coef[own] += change
                if len(starts) > 1:
                    gradient -= self._gram[: coef.size, first : first + count] @ change
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
    """Take a Newton step on the support that stops at zero where a sign would change.

    Also tell whether the step fell short of the whole one.
    """
    from scipy.linalg.lapack import dpotrs

    support = np.flatnonzero((coef != 0.0) | (l1 == 0.0))
    own = coef[support]
    slope = gradient[support] - l2[support] * own - l1[support] * np.sign(own)
    system = gram[np.ix_(support, support)]
    system[np.diag_indices_from(system)] += l2[support] + _DAMPING
    try:
        # NumPy's: SciPy brings a BLAS of its own, whose threads would fight with those that NumPy leaves spinning
        factor = np.linalg.cholesky(system)
    except np.linalg.LinAlgError:
        return coef, False
    direction, _ = dpotrs(factor.T, slope, lower=0)
    crossing = (l1[support] > 0.0) & (own * direction < 0.0)
    zero_at = np.divide(-own, direction, out=np.full_like(own, np.inf), where=crossing)
    first = zero_at.min(initial=np.inf)
    moved = coef.copy()
    if first > 1.0:
        moved[support] += direction
        return moved, False
    lengths = np.append(_STEP_LENGTHS, first)[:, None]
    steps = np.where(zero_at <= lengths, -own, lengths * direction)
    objective = (steps * (0.5 * (steps @ system) - slope)).sum(axis=1)
    best = int(np.argmin(objective))
    if not objective[best] < 0.0:
        return coef, False
    moved[support] = np.where(zero_at <= lengths[best], 0.0, own + steps[best])
    return moved, True
