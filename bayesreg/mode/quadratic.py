"""The solver: min ½β'Gβ − c'β + Σ l1ⱼ|βⱼ| + ½ Σ l2ⱼβⱼ², and its whole path, in one compiled program.

Coordinate descent finds the support; a Newton step on it, confined to the orthant
of the current signs, then makes the coefficients exact. Both only ever lower the
objective. The problem is stated around a starting point by the gradient there, so
that a caller who can compute a better gradient (from the rows) refines the answer
by solving again from where the last solve ended.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

_SWEEPS_PER_ROUND = 4
_MAX_ROUNDS = 500
_CONTINUATION = 4.0  # factor from one l1 to the next on the way to the one asked for
_PATIENCE = 20  # rounds without progress near the optimum: float64 gives no more
_DAMPING = 1e-11  # of the unit diagonal: bounds the step along directions without curvature
_SUPPORT_SIZES = (48, 160, 480)  # of the systems that are factorised, beside p itself
_STEP_LENGTHS = 0.5 ** np.arange(12)


class QuadraticSolution(NamedTuple):
    """Minimisers of k penalised quadratics and what it took to find them."""

    coefs: Float[np.ndarray, "k p"]
    n_rounds: Int[np.ndarray, " k"]


class _Scaled(NamedTuple):
    """One quadratic in coordinates where every column has unit norm."""

    gram: Float[Array, "p p"]
    start: Float[Array, " p"]
    start_gradient: Float[Array, " p"]
    l1: Float[Array, " p"]
    l2: Float[Array, " p"]
    usable: Float[Array, " p"]  # 1, or 0 for a zero column, whose coefficient is 0


def _soft_threshold(z: Array, threshold: Array) -> Array:
    return jnp.sign(z) * jnp.maximum(jnp.abs(z) - threshold, 0.0)


def _gradient(problem: _Scaled, coef: Array) -> Array:
    return problem.start_gradient - problem.gram @ (coef - problem.start)


def _sweep(problem: _Scaled, coef: Array, gradient: Array) -> tuple[Array, Array]:
    def update(j: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        coef, gradient = state
        z = gradient[j] + coef[j]
        new = problem.usable[j] * _soft_threshold(z, problem.l1[j]) / (1.0 + problem.l2[j])
        return coef.at[j].set(new), gradient - problem.gram[j] * (new - coef[j])

    return lax.fori_loop(0, coef.size, update, (coef, gradient))


def _descent_direction(problem: _Scaled, coef: Array, gradient: Array) -> tuple[Array, Array]:
    """Return the support's slope −∇J and the Newton direction from it."""
    active = (coef != 0.0) | ((problem.l1 == 0.0) & (problem.usable > 0.0))
    slope = jnp.where(active, gradient - problem.l2 * coef - problem.l1 * jnp.sign(coef), 0.0)
    return slope, _solve_on(problem, active, slope)


def _solve_on(problem: _Scaled, active: Array, slope: Array) -> Array:
    """Solve the Newton system of the active columns, in the smallest of a few fixed sizes that holds them."""
    p = active.size

    def solve(size: int) -> Array:
        chosen = jnp.nonzero(active, size=size, fill_value=p)[0]
        inside = chosen < p
        at = jnp.minimum(chosen, p - 1)
        system = jnp.where(inside[:, None] & inside[None, :], problem.gram[at[:, None], at[None, :]], 0.0)
        system += jnp.diag(jnp.where(inside, problem.l2[at] + _DAMPING, 1.0))
        factor = jax.scipy.linalg.cho_factor(system, lower=True)
        solution = jax.scipy.linalg.cho_solve(factor, jnp.where(inside, slope[at], 0.0))
        return jnp.zeros(p).at[chosen].set(solution, mode="drop")

    sizes = [size for size in _SUPPORT_SIZES if 2 * size < p] + [p]
    fits = jnp.searchsorted(jnp.asarray(sizes), jnp.sum(active))
    return lax.switch(fits, [partial(solve, size) for size in sizes])


def _newton_step(problem: _Scaled, coef: Array, gradient: Array) -> tuple[Array, Array]:
    """Take the best of several steps along the Newton direction, stopping at zero where a sign would change.

    Also tell whether the step fell short of the whole one.
    """
    slope, direction = _descent_direction(problem, coef, gradient)
    crossing = (problem.l1 > 0.0) & (coef * direction < 0.0)
    zero_at = jnp.where(crossing, -coef / direction, jnp.inf)
    lengths = jnp.append(jnp.asarray(_STEP_LENGTHS), jnp.minimum(jnp.min(zero_at, initial=jnp.inf), 1.0))
    reached = zero_at <= lengths[:, None]
    candidates = jnp.where(reached, 0.0, coef + lengths[:, None] * direction)
    change = candidates - coef
    objective = jnp.sum(change * (0.5 * (change @ problem.gram + problem.l2 * change) - slope), axis=1)
    best = jnp.argmin(jnp.where(jnp.isfinite(objective), objective, jnp.inf))
    improves = objective[best] <= 0.0
    whole = (best == 0) & ~jnp.any(reached[0])
    return jnp.where(improves, candidates[best], coef), improves & ~whole


def _newton_steps(problem: _Scaled, coef: Array) -> tuple[Array, Array]:
    """Repeat Newton steps until a whole one fits into the orthant: the minimum on the support it ends with."""

    def unfinished(state: tuple[Array, Array, Array, Array]) -> Array:
        return state[2] & (state[3] < coef.size)

    def step(state: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        coef, gradient, _, count = state
        coef, fell_short = _newton_step(problem, coef, gradient)
        return coef, _gradient(problem, coef), fell_short, count + 1

    start = (coef, _gradient(problem, coef), jnp.asarray(True), jnp.zeros((), dtype=jnp.int64))
    return lax.while_loop(unfinished, step, start)[:2]


def _violation(problem: _Scaled, coef: Array, gradient: Array) -> Array:
    """Return the largest distance from optimality of a coefficient."""
    slope = gradient - problem.l2 * coef
    at_zero = jnp.maximum(jnp.abs(slope) - problem.l1, 0.0)
    away = jnp.abs(slope - problem.l1 * jnp.sign(coef))
    return jnp.max(problem.usable * jnp.where(coef == 0.0, at_zero, away), initial=0.0)


class _State(NamedTuple):
    coef: Array
    gradient: Array
    violation: Array
    best_violation: Array
    idle_rounds: Array
    n_rounds: Array
    moving: Array


def _rounding(problem: _Scaled, coef: Array) -> Array:
    """Return the size of a violation that rounding alone can leave."""
    travelled = jnp.max(jnp.abs(problem.gram) @ jnp.abs(coef - problem.start), initial=0.0)
    size = jnp.max(jnp.abs(problem.start_gradient), initial=0.0) + jnp.max(jnp.abs(coef), initial=0.0)
    return 4.0 * jnp.finfo(coef.dtype).eps * (size + travelled)


def _round(problem: _Scaled, state: _State) -> _State:
    coef, gradient = lax.fori_loop(
        0, _SWEEPS_PER_ROUND, lambda _, s: _sweep(problem, *s), (state.coef, state.gradient)
    )
    coef, gradient = _newton_steps(problem, coef)
    violation = _violation(problem, coef, gradient)
    progress = violation < 0.5 * state.best_violation
    largest_move = jnp.max(jnp.abs(coef - state.coef), initial=0.0)
    return _State(
        coef=coef,
        gradient=gradient,
        violation=violation,
        best_violation=jnp.minimum(violation, state.best_violation),
        idle_rounds=jnp.where(progress, 0, state.idle_rounds + 1),
        n_rounds=state.n_rounds + 1,
        moving=largest_move > jnp.finfo(coef.dtype).eps * jnp.max(jnp.abs(coef), initial=0.0),
    )


def _unfinished(problem: _Scaled, state: _State) -> Array:
    rounding = _rounding(problem, state.coef)
    stuck = (state.idle_rounds >= _PATIENCE) & (state.violation < 1e4 * rounding)
    within_limits = state.moving & ~stuck & (state.n_rounds < _MAX_ROUNDS)
    return (state.violation > rounding) & within_limits


def _descend(problem: _Scaled, initial: Array, n_rounds: Array) -> tuple[Array, Array]:
    """Minimise from an initial point; `n_rounds` counts on."""
    gradient = _gradient(problem, initial)
    violation = _violation(problem, initial, gradient)
    zero = jnp.zeros((), dtype=jnp.int64)
    state = _State(initial, gradient, violation, violation, zero, zero, jnp.asarray(True))
    state = lax.while_loop(partial(_unfinished, problem), partial(_round, problem), state)
    return state.coef, n_rounds + state.n_rounds


def _solve(problem: _Scaled, initial: Array) -> tuple[Array, Array]:
    """Minimise along a falling l1 that begins where the initial point is about optimal.

    From far away the support would first overshoot, and p > n makes that expensive.
    """
    slope = jnp.abs(_gradient(problem, initial) - problem.l2 * initial)
    excess = jnp.max(jnp.where(problem.l1 > 0.0, slope / problem.l1, 1.0), initial=1.0)

    def step(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        coef, n_rounds, excess = state
        excess = jnp.maximum(excess / _CONTINUATION, 1.0)
        coef, n_rounds = _descend(problem._replace(l1=excess * problem.l1), coef, n_rounds)
        return coef, n_rounds, jnp.where(excess > 1.0, excess, 0.0)

    start = (initial, jnp.zeros((), dtype=jnp.int64), excess)
    return lax.while_loop(lambda state: state[2] > 0.0, step, start)[:2]


@jax.jit
def _solve_all(
    gram: Array, starts: Array, gradients: Array, l1: Array, l2: Array, follow: Array
) -> tuple[Array, Array]:
    norms = jnp.sqrt(jnp.diagonal(gram))
    usable = jnp.where(norms > 0.0, 1.0, 0.0)
    unit = jnp.where(norms > 0.0, 1.0 / norms, 1.0)
    scaled_gram = gram * unit * unit[:, None]
    scaled_gram = scaled_gram.at[jnp.diag_indices_from(gram)].set(usable)

    def step(previous: Array, one: tuple[Array, Array, Array, Array]) -> tuple[Array, tuple[Array, Array]]:
        start, gradient, l1, l2 = one
        problem = _Scaled(
            scaled_gram, usable * start / unit, usable * gradient * unit, l1 * unit, l2 * unit**2, usable
        )
        coef, n_rounds = _solve(problem, jnp.where(follow, previous, problem.start))
        return coef, (coef * unit, n_rounds)

    first = usable * starts[0] / unit
    return lax.scan(step, first, (starts, gradients, l1, l2))[1]


def solve_quadratics(
    gram: Float[np.ndarray, "p p"],
    starts: Float[np.ndarray, "k p"],
    gradients: Float[np.ndarray, "k p"],
    l1: Float[np.ndarray, "k p"],
    l2: Float[np.ndarray, "k p"],
    *,
    follow: bool,
) -> QuadraticSolution:
    """Minimise k penalised quadratics that share their Gram matrix.

    Quadratic k is ``½(β − startₖ)'G(β − startₖ) − gradientₖ'(β − startₖ)`` plus its penalty.

    Parameters
    ----------
    gram : array (p, p)
        Symmetric positive semidefinite; a zero on the diagonal gives a zero coefficient.
    starts, gradients : array (k, p)
        Where each quadratic is stated, and minus its gradient there.
    l1, l2 : array (k, p)
        Penalties.
    follow : bool
        Whether each solve begins at the solution before it (a path) or at its own start
        (a refinement).

    Returns
    -------
    QuadraticSolution
    """
    with jax.enable_x64(True):
        coefs, n_rounds = _solve_all(gram, starts, gradients, l1, l2, follow)
        return QuadraticSolution(np.asarray(coefs), np.asarray(n_rounds))
