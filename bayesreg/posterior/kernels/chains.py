"""Chains on threads, block by block, for any kernel: each shape has one compiled program."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Event, Lock
from time import perf_counter
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ...base.compilation_cache import compiled_by_shape
from ...base.jax_context import float64_on_cpu
from ...base.progress import progress_bar
from ...base.threads import n_cores, over_ranges
from ..targets.density import Target, Values
from .checkpoint import Checkpoint

_BLOCK = 500  # most transitions between two updates of the progress bar and checks for Ctrl-C
_FIRST_BLOCK = 50
_BLOCK_SECONDS = 0.3
_FEW_BLOCKS = 32  # of fixed length, each of a few milliseconds


class Plan(NamedTuple):
    """The numbers of draws, and the seed."""

    num_warmup: int
    num_samples: int
    num_chains: int
    seed: int


class Record(NamedTuple):
    """The parts of a state that are kept; drawn ones have leading axes (chain, draw)."""

    values: Values
    stats: dict[str, Any]


class Program(NamedTuple):
    """A compiled kernel: `start(seed, chain, target)` and `advance(state, target, n)`."""

    start: Callable[..., Any]
    advance: Callable[..., Any]
    warms_up: bool = True  # whether the first transitions adapt, and are dropped
    block: Callable[[Any], int] | None = None  # transitions of each block for a target; None: any number
    # Whether a block of a target takes no more than a few milliseconds.
    is_light: Callable[[Any], bool] = lambda target: False


def compiled(start: Callable[..., Any], step: Callable[..., Any], record: Callable[..., Record]) -> Program:
    """Compile a kernel.

    Parameters
    ----------
    start : callable (key, position, target) -> state
    step : callable (state, target) -> state
    record : callable (state, target) -> Record

    Returns
    -------
    Program
    """

    def begin(seed: Any, chain: Any, target: Target) -> Any:
        key_position, key_chain = jax.random.split(jax.random.fold_in(jax.random.key(seed), chain))
        return start(key_chain, target.start(key_position), target)

    def advance(state: Any, target: Target, n_steps: Any) -> tuple[Any, Record]:
        blank = jax.eval_shape(record, state, target)
        buffer = jax.tree.map(lambda leaf: jnp.zeros((_BLOCK, *leaf.shape), leaf.dtype), blank)

        def one(i: Any, carry: tuple[Any, Record]) -> tuple[Any, Record]:
            state, buffer = carry
            state = step(state, target)
            row = record(state, target)
            return state, jax.tree.map(lambda rows, leaf: rows.at[i].set(leaf), buffer, row)

        return lax.fori_loop(0, n_steps, one, (state, buffer))

    return Program(compiled_by_shape(begin), compiled_by_shape(advance))


def run_chains(
    program: Program, target: Target, plan: Plan, *, progress: bool, checkpoint: Checkpoint | None = None
) -> Record:
    """Run chains on threads. The draws do not depend on the number of threads.

    Parameters
    ----------
    program : Program
    target : Target
        Of float64 arrays.
    plan : Plan
    progress : bool
        Whether to show a bar on stderr after two seconds.
    checkpoint : Checkpoint, optional
        The place from which chains continue, and to which they are saved.

    Returns
    -------
    Record
        Leading axes (chain, draw). After Ctrl-C there are fewer draws than planned, the same number from each chain.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C, if a chain has no draw yet.
    """
    with float64_on_cpu():
        starts = [program.start(plan.seed, chain, target) for chain in range(plan.num_chains)]
        if program.block is None:
            program.advance(starts[0], target, 0)  # compiles once, before the threads need it
    stop, lock = Event(), Lock()
    total = plan.num_chains * _lengths(program, plan)[1]
    with progress_bar(None, "sampling", "draw", shown=progress, total=total) as bar:

        def report(n: int) -> None:
            with lock:
                bar.update(n)

        def run(chain: int) -> list[Record]:
            with float64_on_cpu():
                one = _Chain(program, target, plan, chain, checkpoint)
                return one.run(starts[chain], stop, report)

        if _takes_no_time(program, target, plan):
            n_threads = min(n_cores(), plan.num_chains)
            parts = over_ranges(lambda some: [run(chain) for chain in some], plan.num_chains, n_threads)
            chains = [blocks for part in parts for blocks in part]
        else:  # all chains at once, on any number of cores: after Ctrl-C each has some draws
            with ThreadPoolExecutor(max_workers=plan.num_chains) as pool:
                chains = _gather([pool.submit(run, chain) for chain in range(plan.num_chains)], stop)
    return _stacked(chains)


def _takes_no_time(program: Program, target: Target, plan: Plan) -> bool:
    """Tell whether all chains take some milliseconds: too little to start threads for, or to stop half-way."""
    if program.block is None or not program.is_light(target):
        return False
    blocks = plan.num_chains * -(-plan.num_samples // program.block(target))
    return blocks <= _FEW_BLOCKS


def _gather(futures: "list[Future[list[Record]]]", stop: Event) -> list[list[Record]]:
    """Wait for all chains. After Ctrl-C wait only for their current blocks, and after an error for nothing."""
    try:
        return [future.result() for future in futures]
    except KeyboardInterrupt:
        stop.set()
        wait(futures)
        return [future.result() for future in futures]
    except BaseException:
        stop.set()
        raise


def _stacked(chains: list[list[Record]]) -> Record:
    """Join blocks and chains. All chains are cut to the length of the shortest."""
    lengths = [sum(len(block.values.coef) for block in blocks) for blocks in chains]
    shortest = min(lengths)
    if shortest == 0:
        raise KeyboardInterrupt
    whole = [jax.tree.map(lambda *rows: np.concatenate(rows)[:shortest], *blocks) for blocks in chains]
    return jax.tree.map(lambda *rows: np.stack(rows), *whole)


class _Chain:
    """One chain, on one thread."""

    def __init__(
        self, program: Program, target: Target, plan: Plan, number: int, checkpoint: Checkpoint | None
    ) -> None:
        self._program, self._target, self._plan = program, target, plan
        self._number, self._checkpoint = number, checkpoint

    def run(self, state: Any, stop: Event, report: Callable[[int], None]) -> list[Record]:
        """Return the draws, block by block. A chain that starts after Ctrl-C has none."""
        warmup, total = _lengths(self._program, self._plan)
        done, saved = 0, None
        blocks: list[Record] = []
        if self._checkpoint is not None:
            blank = jax.eval_shape(self._program.advance, state, self._target, 0)[1]
            saved = self._checkpoint.chain(self._number, state, blank)
            done, state, blocks = saved.restored
            report(done)
        fixed = self._program.block
        length = _FIRST_BLOCK if fixed is None else fixed(self._target)
        while done < total and not stop.is_set():
            n = min(length, (warmup if done < warmup else total) - done)
            started = perf_counter()
            state, record = self._program.advance(state, self._target, n)
            kept = (
                [jax.tree.map(lambda rows, n=n: np.asarray(rows)[:n].copy(), record)]
                if done >= warmup
                else []
            )
            jax.block_until_ready(state)
            done += n
            blocks += kept
            if saved is not None:
                saved.save(done, state, kept, last=done == total)
            report(n)
            if fixed is None:
                length = _next_length(n, perf_counter() - started)
        if saved is not None:
            saved.flush()
        return blocks


def _lengths(program: Program, plan: Plan) -> tuple[int, int]:
    """Return the number of dropped transitions of a chain, and of all its transitions."""
    warmup = plan.num_warmup if program.warms_up else 0
    return warmup, warmup + plan.num_samples


def _next_length(n: int, seconds: float) -> int:
    """Return the number of transitions that takes about as long as Ctrl-C may wait."""
    return int(np.clip(n * _BLOCK_SECONDS / max(seconds, 1e-9), 1, _BLOCK))
