"""NUTS: NumPyro's kernel, one compiled program for each shape, chains on threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from threading import Event, Lock
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ..data.threads import n_cores
from .density import Position, Target, natural, potential

_BLOCK = 100  # transitions between two looks at the progress bar and at Ctrl-C


class Draws(NamedTuple):
    """Draws of every chain, and what NUTS reports of each."""

    coef: np.ndarray  # (chain, draw, q)
    noise_scale: np.ndarray  # (chain, draw)
    scales: dict[str, np.ndarray]  # each (chain, draw)
    stats: dict[str, np.ndarray]  # each (chain, draw)


class _Record(NamedTuple):
    coef: Any
    noise_scale: Any
    scales: Any
    stats: Any


class _Program(NamedTuple):
    start: Callable[..., Any]
    advance: Callable[..., Any]


@lru_cache(maxsize=32)
def _program(num_warmup: int, target_accept_prob: float) -> _Program:
    from numpyro.infer.hmc import hmc

    init_kernel, sample_kernel = hmc(potential_fn_gen=lambda target: partial(potential, target), algo="NUTS")

    def start(key: Any, position: Position, target: Target) -> Any:
        return init_kernel(
            position,
            num_warmup=num_warmup,
            target_accept_prob=target_accept_prob,
            model_args=(target,),
            rng_key=key,
        )

    def record(target: Target, state: Any) -> _Record:
        values = natural(target, state.z)
        stats = {
            "lp": -state.potential_energy,
            "energy": state.energy,
            "acceptance_rate": state.accept_prob,
            "step_size": state.adapt_state.step_size,
            "n_steps": state.num_steps,
            "diverging": state.diverging,
        }
        return _Record(values.coef, values.noise_scale, values.scales, stats)

    def advance(state: Any, target: Target, n_steps: Any) -> tuple[Any, _Record]:
        blank = jax.eval_shape(record, target, state)
        buffer = jax.tree.map(lambda leaf: jnp.zeros((_BLOCK, *leaf.shape), leaf.dtype), blank)

        def step(i: Any, carry: tuple[Any, _Record]) -> tuple[Any, _Record]:
            state, buffer = carry
            state = sample_kernel(state, model_args=(target,))
            row = record(target, state)
            return state, jax.tree.map(lambda rows, one: rows.at[i].set(one), buffer, row)

        return lax.fori_loop(0, n_steps, step, (state, buffer))

    return _Program(jax.jit(start), jax.jit(advance))


def _initial_position(target: Target, key: Any) -> Position:
    key_coef, key_rest = jax.random.split(key)
    position = {"coef": jax.random.normal(key_coef, target.centre.shape, dtype=jnp.float64)}
    for name in target.sampled:
        key_rest, key = jax.random.split(key_rest)
        position[name] = 0.5 * jax.random.normal(key, dtype=jnp.float64)
    return position


def run_nuts(
    target: Target,
    *,
    num_warmup: int,
    num_samples: int,
    num_chains: int,
    seed: int,
    target_accept_prob: float,
    progress: bool,
) -> Draws:
    """Sample a target with chains on threads; the draws do not depend on the number of threads.

    Parameters
    ----------
    target : Target
        Of float64 arrays.
    num_warmup, num_samples, num_chains : int
    seed : int
    target_accept_prob : float
    progress : bool
        Whether to show a bar on stderr after the first second.

    Returns
    -------
    Draws
    """
    from tqdm.auto import tqdm

    program = _program(num_warmup, target_accept_prob)
    with jax.enable_x64(True):
        key = jax.random.key(seed)
        starts = []
        for chain in range(num_chains):
            key_position, key_chain = jax.random.split(jax.random.fold_in(key, chain))
            starts.append(program.start(key_chain, _initial_position(target, key_position), target))
        program.advance(starts[0], target, 0)  # compiles once, before the threads ask for it
    stop, lock = Event(), Lock()
    total = num_chains * (num_warmup + num_samples)
    with tqdm(total=total, delay=1.0, disable=not progress, unit="draw", desc="sampling") as bar:

        def report(n: int) -> None:
            with lock:
                bar.update(n)

        def run_chain(state: Any) -> _Record:
            with jax.enable_x64(True):
                return _run_chain(program, state, target, num_warmup, num_samples, stop, report)

        with ThreadPoolExecutor(max_workers=min(num_chains, n_cores())) as pool:
            futures = [pool.submit(run_chain, state) for state in starts]
            try:
                records = [future.result() for future in futures]
            except BaseException:
                stop.set()
                raise
    coef, noise_scale, scales, stats = jax.tree.map(lambda *chains: np.stack(chains), *records)
    return Draws(coef, noise_scale, scales, stats)


def _run_chain(
    program: _Program,
    state: Any,
    target: Target,
    num_warmup: int,
    num_samples: int,
    stop: Event,
    report: Callable[[int], None],
) -> _Record:
    """Run one chain block by block."""
    blocks = []
    for phase_length, keep in ((num_warmup, False), (num_samples, True)):
        for first in range(0, phase_length, _BLOCK):
            if stop.is_set():
                raise KeyboardInterrupt
            n_steps = min(_BLOCK, phase_length - first)
            state, record = program.advance(state, target, n_steps)
            if keep:
                blocks.append(jax.tree.map(lambda rows, n=n_steps: np.asarray(rows)[:n], record))
            else:
                state.i.block_until_ready()
            report(n_steps)
    return jax.tree.map(lambda *rows: np.concatenate(rows), *blocks)
