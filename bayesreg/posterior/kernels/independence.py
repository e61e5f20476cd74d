"""Independent proposals: a kernel for posteriors that are nearly Gaussian in the target's coordinates.

Proposals come from a Gaussian mixed with a multivariate t. The t's tails are heavier than those of any
target here, so the weight of a proposal is bounded and the chain is uniformly ergodic
(Mengersen and Tweedie 1996, doi:10.1214/aos/1033066201). A pilot fits the Gaussian by weighted moments
(Cappé et al. 2008, doi:10.1007/s11222-008-9059-x) and estimates the share of accepted proposals.
All proposals of a block are drawn and evaluated at once.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from ...base.compilation_cache import compiled_by_shape
from ...base.threads import single_threaded_blas
from ..targets.density import Position, Scales, Target, Values
from .chains import Program, Record
from .pareto import pareto_k

_HEAVY_SHARE, _HEAVY_DF = 0.1, 4  # of the t among proposals; an even number of degrees of freedom
PER_BLOCK = 1024  # proposals drawn at once
_FEW_NUMBERS = 40  # of a proposal: with few entries too, a block takes some milliseconds at the most
_FEW_ENTRIES = 2**15  # of all arrays of a target
STARTS = 64  # starting points of chains, drawn from the pilot by weight
STAY = 0.05  # probability that a draw repeats the one before; thinning reaches it
_MOST_THINNING = 16
_MOST_STAY = 0.15  # NUTS is better if this probability is larger with the most thinning
_SURE, _LEAST_ACCEPTANCE = (
    0.85,
    0.5,
)  # if acceptance is sure, weights hardly differ and their tail means nothing
_MOST_K = 0.5  # of the weights' tail
# On rows each step of NUTS is a pass over all rows, and proposals share one: they pay from a lower acceptance.
_LEAST_ACCEPTANCE_ON_ROWS, _MOST_K_ON_ROWS = 0.35, 0.7
_PILOT_BLOCKS, ROUNDS = 2, 3
ENOUGH, HOPELESS = 0.6, 0.02  # acceptance at which no more rounds follow
PILOT_SEED = 20_261_127


class IndependenceTarget(NamedTuple):
    """A density with its proposals."""

    inner: Any  # Target
    mean: Float[Any, " d"]
    root: Float[Any, "d d"]  # of the proposals' covariance
    thinning: Any  # number of proposals from one draw to the next
    starts: "Starts"

    @property
    def scales(self) -> Scales:
        """The coordinates of σ and the prior's scales."""
        return self.inner.scales

    def start(self, key: Array) -> Position:
        """Draw a position to start from."""
        return self.inner.start(key)

    def natural(self, position: Position) -> Values:
        """Turn sampler coordinates into coefficients, σ and prior scales."""
        return self.inner.natural(position)

    def log_density(self, position: Position) -> Array:
        """Evaluate the log posterior density of a position, up to a constant."""
        return self.inner.log_density(position)


class Starts(NamedTuple):
    """Positions drawn by a pilot's weights, nearly from the posterior, with the numbers that a chain needs."""

    position: Float[Any, "s d"]
    log_weight: Float[Any, " s"]
    log_density: Float[Any, " s"]


class Pilot(NamedTuple):
    """The result of a pilot run of independent proposals."""

    target: IndependenceTarget
    acceptance: float
    stay: float  # probability that a draw repeats the one before
    pareto_k: float  # of the proposals' weights

    @property
    def promising(self) -> bool:
        """Whether draws will be nearly independent, and the weights' tail is light enough to know it."""
        return self._promises(_LEAST_ACCEPTANCE, _MOST_K)

    @property
    def promising_on_rows(self) -> bool:
        """Whether draws are better than those of NUTS, whose every step is a pass over rows."""
        return self._promises(_LEAST_ACCEPTANCE_ON_ROWS, _MOST_K_ON_ROWS)

    def _promises(self, least_acceptance: float, most_k: float) -> bool:
        if self.acceptance >= _SURE:
            return True
        return self.acceptance >= least_acceptance and self.stay <= _MOST_STAY and self.pareto_k <= most_k


class State(NamedTuple):
    """A chain between two blocks."""

    seed: Any
    chain: Any
    n_blocks: Any  # of proposals, so far
    position: Float[Any, " d"]
    log_weight: Any
    log_density: Any


class Drawn(NamedTuple):
    """A block of proposals."""

    position: Float[Array, "m d"]
    square: Float[Array, " m"]  # of the distance from the middle, in units of the proposals
    log_uniform: Float[Array, " m"]  # that decides on each


class Proposals(NamedTuple):
    """A block of proposals with their weights: the ratios of the target's density to their own."""

    position: Float[Array, "m d"]
    log_weight: Float[Array, " m"]
    log_density: Float[Array, " m"]
    log_uniform: Float[Array, " m"]


class Moments(NamedTuple):
    """Expected moments of a posterior in its target's coordinates."""

    mean: Float[np.ndarray, " d"]
    root: Float[np.ndarray, "d d"]  # of the covariance


def pilot(target: Target, expected: Moments, enough: float = ENOUGH) -> Pilot:
    """Try proposals on a target, and fit them if that helps; inside `jax.enable_x64`.

    Parameters
    ----------
    target : Target
        Of float64 arrays.
    expected : Moments
        The first moments of the proposals.
    enough : float
        The acceptance at which no more rounds follow.

    Returns
    -------
    Pilot
        It is always the same for the same target.
    """
    mean, root = expected
    nowhere = Starts(*(np.zeros((STARTS, *shape)) for shape in ((mean.size,), (), ())))
    best: Pilot | None = None
    for round_ in range(ROUNDS):
        middle, spread, once = jax.device_put((mean, root, np.ones(())))
        trial = IndependenceTarget(target, middle, spread, once, nowhere)
        numbers = [(np.int64(PILOT_SEED), np.int64(round_), np.int64(i)) for i in range(_PILOT_BLOCKS)]
        blocks = [propose(*number, trial) for number in numbers]  # same types as chains: one program for both
        position, log_weight, log_density = (
            np.concatenate([np.asarray(block[k]) for block in blocks]) for k in range(3)
        )
        weight, rejection = judged(log_weight)
        acceptance = 1.0 - float(weight @ rejection)
        if best is None or acceptance > best.acceptance:
            thinning, stay = thinning_for(weight, rejection)
            chosen = np.random.default_rng(PILOT_SEED).choice(weight.size, STARTS, p=weight)
            starts = Starts(position[chosen], log_weight[chosen], log_density[chosen])
            trial = trial._replace(thinning=jax.device_put(np.float64(thinning)), starts=starts)
            best = Pilot(trial, acceptance, stay, pareto_k(log_weight))
        if best.acceptance >= enough or best.acceptance < HOPELESS:
            break
        with single_threaded_blas():  # more threads would wait for those of XLA: 12 ms in place of 1
            mean, root = refitted(position, weight, mean, root)
    assert best is not None
    return best


def judged(log_weight: Float[np.ndarray, " m"]) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
    """Return normalised weights, and at each the probability that the next proposal is rejected."""
    highest, m = log_weight.max(), log_weight.size
    if not np.isfinite(highest):
        return np.full(m, 1.0 / m), np.ones(m)
    weight = np.exp(log_weight - highest)
    order = np.argsort(weight)
    ascending = weight[order]
    below = np.cumsum(ascending) - ascending
    rejection = np.empty(m)
    with np.errstate(invalid="ignore", divide="ignore"):  # at weight 0, which no chain reaches
        rejection[order] = (np.arange(m) - np.where(ascending > 0.0, below / ascending, 0.0)) / m
    return weight / weight.sum(), rejection


def thinning_for(weight: Float[np.ndarray, " m"], rejection: Float[np.ndarray, " m"]) -> tuple[int, float]:
    """Return the number of proposals for each draw, and the probability that all are rejected."""
    for k in range(1, _MOST_THINNING + 1):
        stay = float(weight @ rejection**k)
        if stay <= STAY:
            break
    return k, stay


def refitted(
    position: Float[np.ndarray, "m d"],
    weight: Float[np.ndarray, " m"],
    mean: Float[np.ndarray, " d"],
    root: Float[np.ndarray, "d d"],
) -> tuple[Float[np.ndarray, " d"], Float[np.ndarray, "d d"]]:
    """Return weighted moments, shrunk towards the current ones according to their own error.

    The largest weights are cut (Ionides 2008, doi:10.1198/106186008X320456). A covariance of d coordinates from m
    effective draws costs d²/4m of relative entropy. So the current covariance counts as 4d² draws against m.
    """
    cut = np.minimum(weight, 1.0 / np.sqrt(weight.size))
    weight = cut / cut.sum()
    effective, d = 1.0 / float(np.sum(weight**2)), mean.size
    new_mean = (effective * (weight @ position) + d * mean) / (effective + d)
    deviation = position - new_mean
    covariance = (deviation * weight[:, None]).T @ deviation
    mixed = (effective * covariance + 4 * d**2 * (root @ root.T)) / (effective + 4 * d**2)
    return new_mean, np.linalg.cholesky(mixed + 1e-12 * np.eye(d))


@lru_cache(maxsize=1)
def independence_program() -> Program:
    """Return the kernel. It needs no warm-up.

    Returns
    -------
    Program
        For an IndependenceTarget.
    """

    def begin(seed: int, chain: int, target: IndependenceTarget) -> State:
        first = [np.asarray(values)[chain % STARTS] for values in target.starts]
        return State(np.int64(seed), np.int64(chain), np.int64(0), *first)

    def advance(state: State, target: IndependenceTarget, n_steps: int) -> tuple[State, Record]:
        return follow(state, target, propose(state.seed, state.chain, state.n_blocks, target), n_steps)

    def block(target: IndependenceTarget) -> int:
        return PER_BLOCK // int(target.thinning)

    def is_light(target: IndependenceTarget) -> bool:
        n_entries = sum(
            np.size(leaf) for leaf in jax.tree.leaves(target.inner)
        )  # the rows too, if it holds them
        return target.mean.size <= _FEW_NUMBERS and n_entries <= _FEW_ENTRIES

    return Program(begin, advance, warms_up=False, block=block, is_light=is_light)


@compiled_by_shape
def follow(state: State, target: IndependenceTarget, found: Proposals, n_draws: Any) -> tuple[State, Record]:
    """Go through the proposals, and keep one draw for each `thinning` of them; return the state after `n_draws`."""
    thinning = target.thinning.astype(jnp.int64)
    at = _accepted(state, found)
    ends = jnp.minimum((jnp.arange(PER_BLOCK) + 1) * thinning, PER_BLOCK) - 1
    after = _after(state, found, at[ends[n_draws - 1]])
    return after._replace(n_blocks=state.n_blocks + 1), _record(target, state, found, at[ends])


def _form(target: Target) -> Any:
    """Return the shapes of a position without computing it."""
    return jax.eval_shape(lambda: target.start(jax.random.key(0)))


def _unravel(target: Target) -> Callable[[Array], Position]:
    """Return the function that turns d numbers into a position."""
    blank = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), _form(target))
    return ravel_pytree(blank)[1]


@compiled_by_shape
def propose(seed: Any, chain: Any, block: Any, target: IndependenceTarget) -> Proposals:
    """Draw a block of proposals with their weights. Each block of a chain has its own key."""
    found = _drawn(seed, chain, block, target)
    unravel = _unravel(target.inner)
    return _weighted(found, jax.vmap(lambda x: target.inner.log_density(unravel(x)))(found.position))


@compiled_by_shape
def drawn(seed: Any, chain: Any, block: Any, target: IndependenceTarget) -> Drawn:
    """Draw the same proposals without their weights, for densities that are evaluated elsewhere."""
    return _drawn(seed, chain, block, target)


@compiled_by_shape
def weighted(found: Drawn, log_density: Any) -> Proposals:
    """Return proposals with their weights, given their log densities."""
    return _weighted(found, log_density)


def _drawn(seed: Any, chain: Any, block: Any, target: IndependenceTarget) -> Drawn:
    size = target.mean.size
    key = jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), chain), block)
    key_normal, key_uniform = jax.random.split(key)
    # In one row: the same numbers in two dimensions take four times as long to compile, and twice as long to draw.
    normal = jax.random.normal(key_normal, (PER_BLOCK * size,), dtype=jnp.float64).reshape(PER_BLOCK, size)
    n_uniform = _HEAVY_DF // 2 + 2
    uniform = jax.random.uniform(key_uniform, (n_uniform * PER_BLOCK,), dtype=jnp.float64)
    uniform = 1.0 - uniform.reshape(n_uniform, PER_BLOCK)  # in (0, 1]
    chi_squared = -2.0 * jnp.sum(jnp.log(uniform[2:]), axis=0)
    heavy = uniform[1] <= _HEAVY_SHARE
    stretched = normal * jnp.where(heavy, jnp.sqrt(_HEAVY_DF / chi_squared), 1.0)[:, None]
    position = target.mean + stretched @ target.root.T
    return Drawn(position, jnp.sum(stretched**2, axis=1), jnp.log(uniform[0]))


def _weighted(found: Drawn, log_density: Array) -> Proposals:
    log_density = jnp.where(jnp.isnan(log_density), -jnp.inf, log_density)
    log_weight = log_density - _log_proposal(found.square, found.position.shape[1])
    return Proposals(found.position, log_weight, log_density, found.log_uniform)


def _log_proposal(square: Array, d: int) -> Array:
    """Evaluate the proposals' log density at a squared distance, up to a constant."""
    from jax.scipy.special import gammaln

    df = float(_HEAVY_DF)
    constant = gammaln(0.5 * (df + d)) - gammaln(0.5 * df) - 0.5 * d * jnp.log(0.5 * df)
    heavy = constant - 0.5 * (df + d) * jnp.log1p(square / df)
    return jnp.logaddexp(jnp.log1p(-_HEAVY_SHARE) - 0.5 * square, jnp.log(_HEAVY_SHARE) + heavy)


def _accepted(state: State, found: Proposals) -> Array:
    """Return the index of the chain's current proposal after each one; −1 is its position before the block."""

    def one(
        carry: tuple[Array, Array], item: tuple[Array, Array, Array]
    ) -> tuple[tuple[Array, Array], Array]:
        at, weight = carry
        i, log_weight, log_uniform = item
        moves = log_uniform < log_weight - weight
        at, weight = jnp.where(moves, i, at), jnp.where(moves, log_weight, weight)
        return (at, weight), at

    items = jnp.arange(found.log_weight.size), found.log_weight, found.log_uniform
    return lax.scan(one, (jnp.asarray(-1, jnp.int64), state.log_weight), items)[1]


def _after(state: State, found: Proposals, at: Array) -> State:
    moved = at >= 0

    def of(old: Array, new: Array) -> Array:
        return jnp.where(moved, new[at], old)

    return state._replace(
        position=of(state.position, found.position),
        log_weight=of(state.log_weight, found.log_weight),
        log_density=of(state.log_density, found.log_density),
    )


def _record(target: IndependenceTarget, state: State, found: Proposals, rows: Array) -> Record:
    unravel = _unravel(target.inner)
    was_here = rows < 0
    position = jnp.where(was_here[:, None], state.position, found.position[rows])
    values = jax.vmap(lambda x: target.inner.natural(unravel(x)))(position)
    stats = {
        "lp": jnp.where(was_here, state.log_density, found.log_density[rows]),
        "log_weight": jnp.where(was_here, state.log_weight, found.log_weight[rows]),
        "accepted": rows != jnp.concatenate([jnp.full((1,), -1, rows.dtype), rows[:-1]]),
        "diverging": jnp.zeros(rows.shape, dtype=bool),
    }
    return Record(values, stats)
