"""The jitted solver: min ½β'Gβ − c'β + Σ l1ⱼ|βⱼ| + ½ Σ l2ⱼβⱼ², and its whole path, in one program.

Coordinate descent finds the support. If columns are not too collinear, it also finds the
answer. If it converges slowly, Newton steps on the support, confined to the orthant of
the current signs, make the coefficients exact. Both never raise the objective. The
problem is stated by the gradient at a starting point. A caller with a better gradient
(from the rows) can therefore refine the answer: it solves again from the last solution.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from ...base.compilation_cache import compiled_by_shape
from ...base.jax_context import float64_on_cpu
from ...priors.elastic_net_algebra import confined, violation, zero_crossings
from .gap import duality_gap
from .sizes import padded
from .sweeps import first_indices, sweep

_SWEEPS_PER_ROUND = 8
_MAX_ROUNDS = 500
_WARM_ROUNDS = 10  # at each larger l1 before the requested one
_FARTHEST = 1e12  # largest factor of l1 at the first of these
_CONTINUATION = 4.0  # factor from one l1 to the next
_PATIENCE = 20  # rounds without progress near the optimum: float64 allows no more
_DAMPING = 1e-11  # of the unit diagonal: bounds the step along directions without curvature
_SUPPORT_SIZES = (256,)  # of the systems that are cut out of a large Gram matrix; each costs compile time
_STEP_LENGTHS = 0.5 ** np.arange(12)
# Newton steps follow a round of sweeps that leaves more than this share of the violation.
_SLOW, _SLOW_TO_POLISH = 0.5, 0.05
_LEAST_BATCH = 8  # fewer solves are padded to this number, so that they share a program


class _Scaled(NamedTuple):
    """One quadratic in coordinates in which every column has unit norm."""

    gram: Float[Array, "p p"]
    start: Float[Array, " p"]
    start_gradient: Float[Array, " p"]
    start_ss: Float[Array, ""]  # of the residual at the start
    l1: Float[Array, " p"]
    l2: Float[Array, " p"]
    usable: Float[Array, " p"]  # 1, or 0 for a zero column, whose coefficient is 0
    enough: Float[Array, ""]  # a sufficient duality gap; 0: as small as float64 allows


class _State(NamedTuple):
    coef: Array
    gradient: Array
    violation: Array
    gap: Array
    best_violation: Array
    idle_rounds: Array
    n_rounds: Array
    moving: Array


def _gradient(problem: _Scaled, coef: Array) -> Array:
    return problem.start_gradient - (coef - problem.start) @ problem.gram


def _violation(problem: _Scaled, coef: Array, gradient: Array) -> Array:
    """Return the largest violation of a coefficient's optimality condition."""
    away = violation(coef, gradient - problem.l2 * coef, problem.l1)
    return jnp.max(problem.usable * away, initial=0.0)


def _gap(problem: _Scaled, coef: Array, gradient: Array) -> Array:
    """Return the duality gap; the dual point is the residual, scaled for pure l1 columns."""
    rss = problem.start_ss - (coef - problem.start) @ (problem.start_gradient + gradient)
    gap: Array = duality_gap(coef, gradient, rss, problem.l1, problem.l2, problem.usable)
    return gap


def _on_subset(
    gram: Array, mask: Array, solve: Callable[..., tuple[Array, Array]], *vectors: Array
) -> tuple[Array, Array]:
    """Call `solve` on the masked coordinates, in the smallest of a few fixed sizes that holds them.

    `solve` gets the block of `gram`, a mask of its entries that are not padding, and the
    vectors' entries. It returns the change of the coefficients and a flag.
    """
    p, count = mask.size, jnp.sum(mask)

    def cut(size: int) -> tuple[Array, Array]:
        at, inside = first_indices(mask, size), jnp.arange(size) < count
        chosen = jnp.where(inside, at, p)
        entries = (jnp.where(inside, vector[at], 0.0) for vector in vectors)
        change, flag = solve(gram[at][:, at], inside, *entries)
        return jnp.zeros(p).at[chosen].set(change, mode="drop"), flag

    def whole() -> tuple[Array, Array]:
        return solve(gram, mask, *(jnp.where(mask, vector, 0.0) for vector in vectors))

    sizes = [size for size in _SUPPORT_SIZES if 2 * size <= p]
    fits = jnp.searchsorted(jnp.asarray([*sizes, p]), count)
    return lax.switch(fits, [*(partial(cut, size) for size in sizes), whole])


def _newton_step(problem: _Scaled, coef: Array, gradient: Array) -> tuple[Array, Array]:
    """Take a Newton step on the support; a coefficient stops at 0 if its sign would change.

    Also tell whether the step is shorter than the full step.
    """
    active = ((coef != 0.0) | (problem.l1 == 0.0)) & (problem.usable > 0.0)
    slope = gradient - problem.l2 * coef - problem.l1 * jnp.sign(coef)
    change, short = _on_subset(problem.gram, active, _confined_step, coef, slope, problem.l1, problem.l2)
    return coef + change, short


def _confined_step(
    gram: Array, inside: Array, coef: Array, slope: Array, l1: Array, l2: Array
) -> tuple[Array, Array]:
    system = jnp.where(inside[:, None] & inside[None, :], gram, 0.0)
    system += jnp.diag(jnp.where(inside, l2 + _DAMPING, 1.0))
    direction = jax.scipy.linalg.cho_solve(jax.scipy.linalg.cho_factor(system, lower=True), slope)
    zero_at = zero_crossings(coef, direction, l1)

    def best_length() -> tuple[Array, Array]:
        lengths = jnp.append(jnp.asarray(_STEP_LENGTHS), jnp.minimum(jnp.min(zero_at), 1.0))
        steps = confined(coef, direction, zero_at, lengths[:, None])
        objective = jnp.sum(steps * (0.5 * (steps @ system) - slope), axis=1)
        best = jnp.argmin(jnp.where(jnp.isfinite(objective), objective, jnp.inf))
        improves = objective[best] <= 0.0
        return jnp.where(improves, steps[best], 0.0), improves

    whole = jnp.all(jnp.isfinite(direction)) & ~jnp.any(zero_at <= 1.0)
    return lax.cond(whole, lambda: (direction, jnp.asarray(False)), best_length)


def _newton_steps(problem: _Scaled, coef: Array) -> tuple[Array, Array]:
    """Repeat Newton steps until a full step fits into the orthant. This reaches the minimum on the last support."""

    def unfinished(state: tuple[Array, Array, Array, Array]) -> Array:
        return state[2] & (state[3] < coef.size)

    def step(state: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        coef, gradient, _, count = state
        coef, fell_short = _newton_step(problem, coef, gradient)
        return coef, _gradient(problem, coef), fell_short, count + 1

    start = (coef, _gradient(problem, coef), jnp.asarray(True), jnp.zeros((), dtype=jnp.int64))
    return lax.while_loop(unfinished, step, start)[:2]


def _rounding(problem: _Scaled, coef: Array) -> Array:
    """Return the largest violation that rounding alone can cause."""
    travelled = 2.0 * jnp.linalg.norm(coef - problem.start)  # unit columns: no product is larger
    size = jnp.max(jnp.abs(problem.start_gradient), initial=0.0) + jnp.max(jnp.abs(coef), initial=0.0)
    return 4.0 * jnp.finfo(coef.dtype).eps * (size + travelled)


def _round(problem: _Scaled, state: _State) -> _State:
    wanted = (state.coef != 0.0) | (jnp.abs(state.gradient) > problem.l1) | (problem.l1 == 0.0)
    inverse = 1.0 / (1.0 + problem.l2)
    coef, gradient = sweep(
        problem.gram,
        state.coef,
        state.gradient,
        problem.l1,
        inverse,
        wanted & (problem.usable > 0.0),
        _SWEEPS_PER_ROUND,
    )
    left = jnp.where(problem.enough > 0.0, _SLOW, _SLOW_TO_POLISH) * state.violation
    coef, gradient = lax.cond(
        _violation(problem, coef, gradient) > left,
        lambda: _newton_steps(problem, coef),
        lambda: (coef, gradient),
    )
    away = _violation(problem, coef, gradient)
    progress = away < 0.5 * state.best_violation
    largest_move = jnp.max(jnp.abs(coef - state.coef), initial=0.0)
    return _State(
        coef=coef,
        gradient=gradient,
        violation=away,
        gap=_gap(problem, coef, gradient),
        best_violation=jnp.minimum(away, state.best_violation),
        idle_rounds=jnp.where(progress, 0, state.idle_rounds + 1),
        n_rounds=state.n_rounds + 1,
        moving=largest_move > jnp.finfo(coef.dtype).eps * jnp.max(jnp.abs(coef), initial=0.0),
    )


def _unfinished(problem: _Scaled, max_rounds: Array, state: _State) -> Array:
    def above_rounding() -> Array:
        rounding = _rounding(problem, state.coef)
        stuck = (state.idle_rounds >= _PATIENCE) & (state.violation < 1e4 * rounding)
        return (state.violation > rounding) & ~stuck

    wanting = (state.gap > problem.enough) | (problem.enough == 0.0)
    return wanting & state.moving & (state.n_rounds < max_rounds) & above_rounding()


def _descend(
    problem: _Scaled, initial: Array, gradient: Array, max_rounds: Array
) -> tuple[Array, Array, Array]:
    """Minimise from an initial point; return the solution, its gradient and the number of rounds."""
    away, gap = _violation(problem, initial, gradient), _gap(problem, initial, gradient)
    zero = jnp.zeros((), dtype=jnp.int64)
    state = _State(initial, gradient, away, gap, away, zero, zero, jnp.asarray(True))
    state = lax.while_loop(partial(_unfinished, problem, max_rounds), partial(_round, problem), state)
    return state.coef, state.gradient, state.n_rounds


def _solve(problem: _Scaled, initial: Array) -> tuple[Array, Array]:
    """Minimise along a falling l1. It begins at a value for which the initial point is nearly optimal.

    From a distant start the support would first overshoot, which is expensive if p > n.
    """
    gradient = _gradient(problem, initial)
    slope = jnp.abs(gradient - problem.l2 * initial)
    excess = jnp.max(jnp.where(problem.l1 > 0.0, slope / problem.l1, 1.0), initial=1.0)
    excess = jnp.minimum(excess, _FARTHEST)

    def step(state: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        coef, gradient, n_rounds, excess = state
        excess = jnp.maximum(excess / _CONTINUATION, 1.0)
        max_rounds = jnp.where(excess > 1.0, _WARM_ROUNDS, _MAX_ROUNDS)
        now = problem._replace(l1=excess * problem.l1)
        coef, gradient, more = _descend(now, coef, gradient, max_rounds)
        return coef, gradient, n_rounds + more, jnp.where(excess > 1.0, excess, 0.0)

    start = (initial, gradient, jnp.zeros((), dtype=jnp.int64), excess)
    coef, _, n_rounds, _ = lax.while_loop(lambda state: state[3] > 0.0, step, start)
    return coef, n_rounds


def _ahead(coef: Array, before: Array, share: Array) -> Array:
    """Extrapolate a path from its last two solutions; a coefficient stops at 0 if its sign would change."""
    moved = coef + share * (coef - before)
    return jnp.where(moved * coef > 0.0, moved, 0.0)


@compiled_by_shape
def _solve_all(
    gram: Any,
    starts: Any,
    gradients: Any,
    squares: Any,
    l1: Any,
    l2: Any,
    follow: Any,
    enough: Any,
    n_solves: Any,
) -> tuple[Array, Array]:
    norms = jnp.sqrt(jnp.diagonal(gram))
    usable = jnp.where(norms > 0.0, 1.0, 0.0)
    unit = jnp.where(norms > 0.0, 1.0 / norms, 1.0)
    scaled_gram = gram * unit * unit[:, None]
    scaled_gram = scaled_gram.at[jnp.diag_indices_from(gram)].set(usable)
    sizes = jnp.sum(l1, axis=1)

    def share_of_last_step(k: Array) -> Array:
        last = sizes[k - 1] - sizes[k - 2]
        share = (sizes[k] - sizes[k - 1]) / jnp.where(last == 0.0, 1.0, last)
        return jnp.where((k > 1) & (last != 0.0), jnp.clip(share, 0.0, 2.0), 0.0)

    def step(k: Array, state: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        last, before, coefs, n_rounds = state
        start = usable * starts[k] / unit
        scaled = (usable * gradients[k] * unit, squares[k], l1[k] * unit, l2[k] * unit**2)
        problem = _Scaled(scaled_gram, start, *scaled, usable, enough)
        initial = jnp.where(follow & (k > 0), _ahead(last, before, share_of_last_step(k)), start)
        coef, rounds = _solve(problem, initial)
        return coef, last, coefs.at[k].set(coef * unit), n_rounds.at[k].set(rounds)

    zero = jnp.zeros_like(norms)
    state = (zero, zero, jnp.zeros_like(l1), jnp.zeros(len(l1), dtype=jnp.int64))
    return lax.fori_loop(0, n_solves, step, state)[2:]


def solve_jitted(
    gram: Float[np.ndarray, "p p"],
    starts: Float[np.ndarray, "s p"],
    gradients: Float[np.ndarray, "s p"],
    squares: Float[np.ndarray, " s"],
    l1: Float[np.ndarray, "k p"],
    l2: Float[np.ndarray, "k p"],
    *,
    follow: bool,
    enough: float,
) -> tuple[Float[np.ndarray, "k p"], Int[np.ndarray, " k"]]:
    """Minimise k quadratics, as `quadratic.solve_quadratics` states them; return coefficients and rounds."""
    k, p = l1.shape
    starts, gradients = (np.broadcast_to(each, l1.shape) for each in (starts, gradients))
    squares = np.broadcast_to(squares, k)
    rows, columns = max(_LEAST_BATCH, padded(k)), padded(p)
    fitted = [
        _fit(array, rows, *[columns] * (array.ndim - 1)) for array in (starts, gradients, squares, l1, l2)
    ]
    given: Any = (_fit(gram, columns, columns), *fitted, follow, enough, k)
    with float64_on_cpu():  # it applies only to its own thread
        coefs, n_rounds = _solve_all(*given)
        return np.asarray(coefs)[:k, :p], np.asarray(n_rounds)[:k]


def _fit(array: np.ndarray, *shape: int) -> np.ndarray:
    """Pad with zeros."""
    if array.shape == shape:
        return array
    larger = np.zeros(shape)
    larger[tuple(map(slice, array.shape))] = array
    return larger
