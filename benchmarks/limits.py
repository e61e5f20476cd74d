"""What BLAS and memory of the machine do, measured in the same run: the limit beside each time.

A loop of our own can be faster than BLAS: its vectors are wider where BLAS does not use those of the processor.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from .cases import Case

_LARGEST = 2_000  # columns of the symmetric product that is timed
_STREAM = 2**26  # doubles read at once: 512 MB, beyond every cache
_SECONDS, _TIMES = 0.3, 5  # repeat at least this long and often


def limits(case: Case, support: int) -> dict[str, Any]:
    """Return the measured rates for a case's shape and max(operations/dsyrk's rate, bytes/bandwidth)."""
    columns = min(case.p if case.p <= case.n else max(support, 50), _LARGEST)
    shape = [min(case.n, 200_000), columns]
    rates = {
        "dsyrk_gflops": dsyrk_gflops(*shape),
        "gemm_gflops": gemm_gflops(),
        "read_gb_per_s": read_gb_per_s(),
    }
    work = case.work(case, support)
    compute = work.flops / rates["dsyrk_gflops"] / 1e9
    read = work.gigabytes / rates["read_gb_per_s"]
    return {
        **rates,
        "dsyrk_shape": shape,
        "flops": work.flops,
        "gigabytes": work.gigabytes,
        "support": support,
        "assumption": work.assumption,
        "compute_seconds": compute,
        "read_seconds": read,
        "seconds": max(compute, read),
    }


def dsyrk_gflops(n: int, p: int) -> float:
    """Return n·p² per second of XᵀX by BLAS dsyrk, in billions: on all cores or on one, whichever is faster."""
    X = np.ones((n, p), order="F")
    seconds = _fastest(lambda: X.T @ X)
    with threadpool_limits(1):
        seconds = min(seconds, _fastest(lambda: X.T @ X))
    return n * p**2 / seconds / 1e9


def gemm_gflops(size: int = 2_000) -> float:
    """Return 2·size³ per second of a square product, in billions."""
    A = np.ones((size, size))
    return 2 * size**3 / _fastest(lambda: A @ A) / 1e9


def read_gb_per_s() -> float:
    """Return the bytes per second of a dot product of a long array with itself, on all cores."""
    x = np.ones(_STREAM)
    halves = x[: _STREAM // 2], x[_STREAM // 2 :]
    with ThreadPoolExecutor(2) as pool:
        by_threads = _fastest(lambda: list(pool.map(lambda half: half @ half, halves)))
    return x.nbytes / min(by_threads, _fastest(lambda: x @ x)) / 1e9


def _fastest(call: Callable[[], object]) -> float:
    call()
    best, spent, times = np.inf, 0.0, 0
    while spent < _SECONDS or times < _TIMES:
        started = time.perf_counter()
        call()
        seconds = time.perf_counter() - started
        best, spent, times = min(best, seconds), spent + seconds, times + 1
    return float(best)
