"""Threads for one pass over rows: each thread takes a range of rows."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache, partial
from threading import RLock
from typing import Any

import numpy as np

_TALL_ENTRIES, _TALL_RATIO, _TALL_WIDTH = 2**17, 4, 512
_SMALL_ENTRIES = 2**18
_ONE_AT_A_TIME = RLock()  # two threads that limit BLAS at once could restore each other's limit
_LIMITS: list[int] = []  # in force, the innermost last
_NO_LIMIT = 2**31 - 1


@cache
def _blas() -> tuple[Any, int]:
    """Find the BLAS libraries of NumPy and SciPy, and their number of threads. This takes a millisecond."""
    import scipy.linalg  # noqa: F401
    from threadpoolctl import ThreadpoolController

    blas = ThreadpoolController().select(user_api="blas")
    return blas, max((library["num_threads"] for library in blas.info()), default=1)


def n_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _blas_limited(n_threads: int) -> Iterator[None]:
    """Limit BLAS, unless the innermost limit is the same already: each change takes 20 µs."""
    with _ONE_AT_A_TIME:
        blas, most = _blas()
        wanted, depth = min(n_threads, most), len(_LIMITS)
        if _LIMITS[-1:] == [wanted]:
            yield
            return
        with blas.limit(limits=wanted):
            try:
                _LIMITS.append(wanted)
                yield
            finally:
                del _LIMITS[depth:]


@contextmanager
def single_threaded_blas() -> Iterator[int]:
    """Limit BLAS to one thread, so that threads over rows may call it. Yield its former number of threads.

    BLAS does not use its own threads well on blocks that stay in cache. After each call they spin
    for some 25 ms on the cores that the next call needs.
    """
    with _blas_limited(1):
        yield _blas()[1]


def blas_for(X: Any) -> AbstractContextManager[Any]:
    """Limit BLAS to one thread if X is tall: later work on its few columns is small."""
    return single_threaded_blas() if is_tall(X) else nullcontext()


@contextmanager
def many_threaded_blas() -> Iterator[None]:
    """Lift the limit of `single_threaded_blas` for large products."""
    with _blas_limited(_NO_LIMIT):
        yield


def blas_for_few_columns(X: Any) -> AbstractContextManager[Any]:
    """Limit BLAS to one thread if X is tall or small, or has no more rows than columns: the work is small."""
    n, p = X.shape
    return single_threaded_blas() if n <= p or n * p <= _SMALL_ENTRIES else blas_for(X)


def blas_for_matrices(n_columns: int) -> AbstractContextManager[Any]:
    """Limit BLAS to one thread if p × p matrices are small: more threads would wait for each other."""
    return single_threaded_blas() if n_columns <= _TALL_WIDTH else nullcontext()


def is_tall(X: Any) -> bool:
    """Tell whether X is dense, large and has few columns. Then a pass on our own threads is best."""
    if not isinstance(X, np.ndarray):
        return False
    n, p = X.shape
    return n * p >= _TALL_ENTRIES and n >= _TALL_RATIO * p and p <= _TALL_WIDTH


def over_ranges[Result](part: Callable[[range], Result], n: int, n_threads: int) -> list[Result]:
    """Call `part` on equal ranges of 0, ..., n − 1, one for each thread; the calling thread takes the last range.

    If `part` calls BLAS, call it inside `single_threaded_blas`. It may call this function again.
    """
    edges = np.linspace(0, n, n_threads + 1).astype(int).tolist()
    return shared([partial(part, each) for each in map(range, edges[:-1], edges[1:])])


def shared[Result](tasks: Sequence[Callable[[], Result]]) -> list[Result]:
    """Call functions that do not wait for each other, the last on this thread and others on threads that are kept.

    What no other thread has begun when the last is done, this thread does too: so the call ends even if all kept
    threads are busy, or wait for calls of their own. It does not return, or raise, while a function still runs.
    """
    *others, own = tasks
    if not others or n_cores() == 1:
        return [task() for task in tasks]
    waiting: list[Future[Result]] = []
    try:
        for task in others:
            waiting.append(_kept_threads().submit(task))
        last = own()
        return [
            *(task() if each.cancel() else each.result() for each, task in zip(waiting, others, strict=True)),
            last,
        ]
    finally:
        wait([each for each in waiting if not each.cancel()])


@cache
def _kept_threads() -> ThreadPoolExecutor:
    """Return threads that wait for work: to start and to end one takes 0.1 ms."""
    return ThreadPoolExecutor(n_cores() - 1, thread_name_prefix="bayesreg")


def _begin_anew() -> None:
    """Forget the threads of the process from which this one was forked, and the limit that another of them had set."""
    global _ONE_AT_A_TIME
    _kept_threads.cache_clear()
    if _ONE_AT_A_TIME.acquire(blocking=False):
        _ONE_AT_A_TIME.release()
        return
    _ONE_AT_A_TIME = RLock()
    if _LIMITS:
        _LIMITS.clear()
        blas, n_threads = _blas()
        blas.limit(limits=n_threads)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
