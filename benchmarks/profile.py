"""Where bayesreg's time goes in a case: `python -m benchmarks.profile M3 1e-6`.

Work on threads other than the main one shows up as waiting for them.
"""

import cProfile
import pstats
import sys
import time
from statistics import median

from . import ours
from .cases import CASES
from .problem import Problem
from .report import duration

_REPEATS, _WARM = 10, 2


def main(name: str, tol: str = "1e-6") -> None:
    """Print the median time of a warm fit without a profiler, then the functions that own the most time."""
    problem = CASES[name].problem()
    seconds = [_fit(problem, float(tol)) for _ in range(_WARM + _REPEATS)][_WARM:]
    print(f"{name}, tol {tol}: {duration(median(seconds))} without a profiler; {_REPEATS} fits with one:")
    with cProfile.Profile() as profile:
        for _ in range(_REPEATS):
            _fit(problem, float(tol))
    pstats.Stats(profile).strip_dirs().sort_stats("tottime").print_stats(20)


def _fit(problem: Problem, tol: float) -> float:
    started = time.perf_counter()
    ours.fit(problem, "default", tol)
    return time.perf_counter() - started


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3 or sys.argv[1] not in CASES:
        sys.exit(f"{__doc__}\nCases: {', '.join(CASES)}")
    main(*sys.argv[1:])
