"""One package along one curve: at each size, its fastest run that reaches the gap."""

import math
import time
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Any

from .measure import Site
from .runners import Runner, Worker, WorkerError, WorkerGoneError

GAP = 1e-6
_COMPILING = 60.0  # seconds that a process's first fit may take longer than others
_LOADING = 300.0
_REPEATING = 1.0  # seconds that the repeats of a run fill
_MOST = 60  # repeats: the first dozen wake threads and cores
_SHORT, _SETTLE = (
    0.2,
    0.1,
)  # seconds: a run below it is timed thrice more; threads of the last product go to sleep
_LARGE = 2**28  # bytes of X from which only the first way of solving is tried
_HELD = 2**27  # bytes of X from which a process ends with its size


class Curve:
    """A package's process, which lives from size to size, the tolerances that won last, and where it was given up.

    Sizes grow, so a package that was stopped at one is not tried at the next.
    """

    def __init__(self, runner: Runner, folder: Path, cap: float) -> None:
        self._runner, self._folder, self._cap = runner, folder, cap
        self._worker: Worker | None = None
        self._loaded: Path | None = None
        self._warm: set[str] = set()
        self._won: dict[str, int] = {}
        self._best = ""
        self._given_up: int | None = None
        self._left = 0.0  # seconds of the search at this size
        self.versions: dict[str, str] = {}

    def close(self) -> None:
        """End the process."""
        if self._worker is not None:
            self._worker.close()
        self._worker = self._loaded = None

    def point(self, site: Site, size: int, x_bytes: int) -> dict[str, Any]:
        """Return the fastest run under the gap with its repeats, or why there is none; and what was tried.

        "never" says why, "until" how many seconds the search took.
        """
        if self._runner.missing:
            return {"never": self._runner.missing, "tried": []}
        if self._given_up is not None:
            return {"never": f"not tried: stopped at {self._given_up:,}", "tried": []}
        ways = sorted(self._runner.module.variants(site.problem), key=lambda way: way != self._best)
        self._left, best = self._cap, None
        tried: list[dict[str, Any]] = []
        for way in ways[:1] if x_bytes > _LARGE else ways:
            record = math.inf if best is None else median(best["seconds"])
            runs = self._search(site, way, min(self._cap, max(1.0, 2.0 * record)))
            tried += runs
            if (found := self._winner(site, runs, 1.2 * record)) and median(found["seconds"]) < record:
                best = found
        if x_bytes > _HELD:
            self.close()
        if best is None:
            spent = self._cap - self._left
            self._given_up = size if self._left <= 0.0 else None
            return {
                "never": _why(tried, spent if self._left <= 0.0 else None),
                "until": spent,
                "tried": tried,
            }
        self._best = best["variant"]
        return {**best, "tried": tried}

    def _search(self, site: Site, way: str, limit: float) -> list[dict[str, Any]]:
        """Walk from the tolerance that won last: looser while the gap is reached, else tighter until it is."""
        tolerances, runs = self._runner.module.TOLERANCES, []
        at, step = self._won.get(way, 0), 0
        while 0 <= at < len(tolerances) and self._left > 0.0:
            runs.append(run := self._run(site, way, tolerances[at], limit))
            self._left -= run["fastest"]
            if "gap" not in run:
                break
            reached = run["gap"] <= GAP
            if reached:
                self._won[way] = at
            if step and reached == (step > 0):
                break
            step = -1 if reached else 1
            at += step
        return runs

    def _run(self, site: Site, way: str, tol: float, limit: float) -> dict[str, Any]:
        run: dict[str, Any] = {"variant": way, "tol": tol}
        started = time.perf_counter()
        try:
            self._make_ready(site, way)
            if self._runner.warm_each_tolerance:
                self._fit(site, run, limit + _COMPILING)
            started = time.perf_counter()
            reply = self._fit(site, run, limit)
            if reply["seconds"][0] < _SHORT:
                reply = self._fit(site, run, limit, repeats=3)
            return self._judged(site, {**run, "fastest": min(reply["seconds"])}, reply)
        except WorkerError as error:
            return run | {"error": str(error), "fastest": time.perf_counter() - started}
        except WorkerGoneError as error:
            self.close()
            return run | {"error": str(error), "fastest": time.perf_counter() - started}

    def _winner(self, site: Site, runs: list[dict[str, Any]], limit: float) -> dict[str, Any] | None:
        """Repeat the fastest run under the gap and the limit; should that fail, the first run's time stands."""
        best = min(
            (run for run in runs if run.get("gap", math.inf) <= GAP and run["fastest"] < limit),
            key=lambda run: run["fastest"],
            default=None,
        )
        if best is None:
            return None
        times = min(_MOST, max(1, int(_REPEATING / best["fastest"])))
        try:
            self._make_ready(site, best["variant"])
            repeated = self._judged(site, best, self._fit(site, best, 2.0 * self._cap, times))
        except (WorkerError, WorkerGoneError):
            self.close()
            return {**best, "seconds": [best["fastest"]]}
        return repeated if repeated["gap"] <= GAP else None

    def _make_ready(self, site: Site, way: str) -> None:
        """Start a process, load this size's problem and fit it loosely once, unless all that is done."""
        if self._worker is None:
            self._worker = Worker(self._runner, self._folder / f"{self._runner.name}.log")
            self.versions = self._worker.ask("import", _LOADING)["versions"]
        if self._loaded != site.main:
            self._worker.ask("load", _LOADING, slot="main", folder=site.main)
            self._loaded, self._warm = site.main, set()
        if way not in self._warm:
            self._warm.add(way)
            loose = {"variant": way, "tol": self._runner.module.TOLERANCES[0]}
            with suppress(WorkerError):  # it is for the imports and programs that a first fit takes
                self._fit(site, loose, self._cap + _COMPILING)

    def _fit(self, site: Site, run: dict[str, Any], limit: float, repeats: int = 1) -> dict[str, Any]:
        assert self._worker is not None
        time.sleep(_SETTLE)
        options = {"slot": "main", "cut": 0, "repeats": repeats, "out": site.out}
        return self._worker.ask("fit", limit * repeats, variant=run["variant"], tol=run["tol"], **options)

    @staticmethod
    def _judged(site: Site, run: dict[str, Any], reply: dict[str, Any]) -> dict[str, Any]:
        gap, support = site.judge(reply)
        memory = reply["rss_peak"] - reply["rss_before"]
        return {
            **run,
            "seconds": reply["seconds"],
            "gap": max(gap, run.get("gap", 0.0)),
            "support": support,
            "memory_bytes": memory,
        }


def _why(tried: list[dict[str, Any]], spent: float | None) -> str:
    gaps = [run["gap"] for run in tried if "gap" in run]
    parts = [f"gap {min(gaps):.0e} at best"] if gaps else []
    if spent is not None:
        parts.insert(0, f"stopped after {spent:.0f} s")
    elif errors := [run["error"] for run in tried if "error" in run]:
        parts.insert(0, errors[0])
    return ", ".join(parts) or "takes no part"
