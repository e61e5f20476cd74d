"""The protocol for one runner on one case: sweep its tolerances, repeat the winners, new shapes, fresh processes."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from .problem import Family, Problem
from .referee import gaps_of
from .runners import Runner, Worker, WorkerError, WorkerGoneError

_COMPILING = 60.0  # seconds that a process's first fit may take longer than others
_SETTLE = 0.1  # seconds in which the threads of the referee's last matrix product go to sleep


def targets(family: Family) -> tuple[str, str, str]:
    """Return the gaps that times are taken at: float64 resolves a quadratic further than other losses."""
    return ("1e-4", "1e-6", "1e-10") if family == "gaussian" else ("1e-4", "1e-6", "1e-9")


@dataclass(frozen=True)
class Protocol:
    """How often and how long."""

    cap: float = 60.0  # seconds; a run beyond it is the last of its sweep; twice that, and it is stopped
    sweep_caps: float = 3.0  # a sweep ends after this many caps in all
    repeats: int = 5
    long: float = 20.0  # seconds; a run beyond it is repeated `long_repeats` times only
    long_repeats: int = 2
    short: float = 0.2  # seconds; a run below it is swept four times (once is too noisy), the fastest counts
    at_least: float = 0.5  # seconds that the repeats of a short run fill, up to 25 of them

    @property
    def longest(self) -> float:
        """Return the seconds after which a run is stopped."""
        return 2 * self.cap

    def limit(self, earlier: Iterable[float]) -> float:
        """Return when to stop a run, given what runs of another way of solving took."""
        slowest = max(earlier, default=math.inf)
        return min(self.longest, max(self.long, 3 * slowest))

    def hopeless(self, run: dict[str, Any], earlier: list[dict[str, Any]]) -> bool:
        """Tell whether a long run is beaten twice over, at a smaller gap, by another way of solving."""
        return run["first"] > 5.0 and any(
            other["gap"] <= run["gap"] and 2 * other["first"] < run["first"]
            for other in earlier
            if "gap" in other
        )

    def times(self, seconds: float) -> int:
        """Return how often to repeat a run of this length."""
        if seconds > self.long:
            return min(self.repeats, self.long_repeats)
        return max(
            self.repeats, min(25, math.ceil(self.at_least / max(seconds, 1e-6))) if self.at_least else 0
        )

    def suffices(self, seconds: list[float]) -> bool:
        """Tell whether enough fresh processes or new shapes have been timed: five, or two that took long."""
        return len(seconds) >= self.repeats or (
            len(seconds) >= self.long_repeats and sum(seconds) > self.long
        )


@dataclass(frozen=True)
class Site:
    """Where the case's files lie: the reported problem, another for warming up, and room for answers."""

    problem: Problem
    folder: Path

    @property
    def main(self) -> Path:
        """The reported problem."""
        return self.folder / "main"

    @property
    def warm(self) -> Path:
        """Other data of the same shape."""
        return self.folder / "warm"

    @property
    def out(self) -> Path:
        """Where a worker leaves its coefficients."""
        return self.folder / "out.bin"

    @property
    def targets(self) -> tuple[str, str, str]:
        """The gaps that times are taken at."""
        return targets(self.problem.family)

    def judge(self, reply: dict[str, Any]) -> tuple[float, int]:
        """Return the largest relative gap of the coefficients that a worker left, and the last support's size."""
        problem, k = self.problem, int(reply["k"])
        values = np.fromfile(self.out)
        p = problem.X.shape[1]
        coefs, intercepts = values[: k * p].reshape(k, p), values[k * p :]
        lambdas = problem.lambdas
        if "chosen" in reply["notes"]:
            lambdas = lambdas[[reply["notes"]["chosen"]]]
        if not np.isfinite(values).all():
            return math.inf, 0
        gaps = gaps_of(problem, coefs, intercepts, lambdas)
        return float(gaps.max()), int(np.count_nonzero(coefs[-1]))


class Measurement:
    """One runner on one case."""

    def __init__(self, runner: Runner, site: Site, protocol: Protocol, say: Callable[[str], None]) -> None:
        self._runner, self._site, self._protocol, self._say = runner, site, protocol, say
        self._workers: dict[str, Worker] = {}

    def run(self) -> dict[str, Any]:
        """Return everything measured, as plain data for JSON."""
        runner = self._runner
        if runner.missing:
            return {"unavailable": runner.missing}
        variants = runner.module.variants(self._site.problem)
        if not variants:
            return {"unavailable": "takes no part: see the notes"}
        try:
            result: dict[str, Any] = {"sweep": []}
            for variant in variants:
                result["sweep"] += self._sweep(variant, result["sweep"])
            result["targets"] = self._repeat_winners(result["sweep"])
            if chosen := reference_run(result):
                result["reference"] = {key: chosen[key] for key in ("variant", "tol", "gap")}
                result["new_shape"] = self._new_shapes(chosen)
                self._close()
                result |= self._fresh_processes(chosen)
            else:
                result["unavailable"] = next(
                    (run["error"] for run in result["sweep"] if "error" in run), "no answer"
                )
            return result
        finally:
            self._close()

    def _close(self) -> None:
        while self._workers:
            self._workers.popitem()[1].close()

    def _start(self, *slots: str) -> tuple[Worker, float, dict[str, str]]:
        """Start a process, load problems and import; return it, the seconds of loading, and its versions."""
        worker = Worker(self._runner, self._site.folder / f"{self._runner.name}.log")
        try:
            folders = {"main": self._site.main, "warm": self._site.warm}
            loading = sum(
                worker.ask("load", 300.0, slot=slot, folder=folders[slot])["seconds"] for slot in slots
            )
            versions = worker.ask("import", 300.0)["versions"]
        except BaseException:
            worker.close()
            raise
        return worker, loading, versions

    def _fit(
        self,
        worker: Worker,
        run: dict[str, Any],
        limit: float,
        *,
        repeats: int = 1,
        slot: str = "main",
        cut: int = 0,
    ) -> dict[str, Any]:
        out = self._site.out if slot == "main" and not cut else ""
        time.sleep(_SETTLE)
        options = {"slot": slot, "cut": cut, "repeats": repeats, "out": out}
        return worker.ask("fit", limit * repeats, variant=run["variant"], tol=run["tol"], **options)

    def _sweep(self, variant: str, earlier: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Run each tolerance once, loose to tight, until the tightest target or a bound on time is reached."""
        protocol, runs = self._protocol, []
        limit = protocol.limit(run["first"] for run in earlier if "first" in run)
        for tol in self._runner.module.TOLERANCES:
            run = {"variant": variant, "tol": tol}
            runs.append(run)
            try:
                if variant not in self._workers:
                    self._workers[variant] = self._start("warm", "main")[0]
                run |= self._run_once(run, limit, warm=len(runs) == 1 or self._runner.warm_each_tolerance)
            except (WorkerError, WorkerGoneError) as error:
                run["error"] = str(error)
                if isinstance(error, WorkerGoneError):
                    self._workers.pop(variant, None)
                break
            self._say(
                f"{self._runner.name} [{variant}] tol {tol:g}: {run['seconds']:.4g} s, gap {run['gap']:.1e}"
            )
            done = run["gap"] <= float(self._site.targets[-1]) and not self._runner.warm_each_tolerance
            spent = sum(each["first"] for each in runs)
            if done or run["first"] > protocol.cap or spent > protocol.sweep_caps * protocol.cap:
                break
            if protocol.hopeless(run, earlier):
                break
        return runs

    def _run_once(self, run: dict[str, Any], limit: float, *, warm: bool) -> dict[str, Any]:
        """Run on other data first where asked, then on the reported ones, and have the answer judged."""
        worker = self._workers[run["variant"]]
        if warm:
            self._fit(worker, run, limit + _COMPILING, slot="warm")
        reply = self._fit(worker, run, limit)
        first = fastest = reply["seconds"][0]
        gap, support = self._site.judge(reply)
        if first < self._protocol.short:
            fastest = min(first, *self._fit(worker, run, limit, repeats=3)["seconds"])
        return {"first": first, "seconds": fastest, "gap": gap, "support": support, "notes": reply["notes"]}

    def _repeat_winners(self, sweep: list[dict[str, Any]]) -> dict[str, Any]:
        """Repeat the fastest run that reached each target; of the repeated ones the fastest counts, or None."""
        repeated: dict[tuple[str, float], dict[str, Any]] = {}
        for target in self._site.targets:
            if reached := [run for run in sweep if run.get("gap", math.inf) <= float(target)]:
                best = min(reached, key=lambda run: run["seconds"])
                key = best["variant"], best["tol"]
                repeated[key] = repeated.get(key) or self._repeat(best)
        return {target: _fastest(repeated.values(), float(target)) for target in self._site.targets}

    def _repeat(self, best: dict[str, Any]) -> dict[str, Any]:
        """Repeat a run; should that fail, the sweep's own time stands, as one run."""
        run = {key: best[key] for key in ("variant", "tol", "first", "gap", "notes")}
        try:
            return self._repeated(run, self._protocol.times(best["first"]))
        except (WorkerError, WorkerGoneError) as error:
            self._workers.pop(run["variant"], None)
            self._say(f"{self._runner.name}, repeating: {error}")
            return {**run, "seconds": [best["first"]]}

    def _repeated(self, run: dict[str, Any], times: int) -> dict[str, Any]:
        worker = self._workers.get(run["variant"])
        if worker is None:  # stopped at a tighter tolerance
            worker, _, _ = self._start("warm", "main")
            self._workers[run["variant"]] = worker
            self._fit(worker, run, self._protocol.longest + _COMPILING, slot="warm")
        reply = self._fit(worker, run, self._protocol.longest, repeats=times)
        gap, _ = self._site.judge(reply)
        return {**run, "seconds": reply["seconds"], "gap": max(gap, run["gap"])}

    def _new_shapes(self, run: dict[str, Any]) -> list[float]:
        """Time the first fit on each of several new shapes, in a process that is warm on another."""
        seconds: list[float] = []
        worker = self._workers.get(run["variant"])
        if worker is None:
            return seconds
        while not self._protocol.suffices(seconds):
            try:
                cut = len(seconds) + 1
                seconds += self._fit(worker, run, self._protocol.longest, cut=cut)["seconds"]
            except (WorkerError, WorkerGoneError) as error:
                self._say(f"{self._runner.name}, new shape: {error}")
                break
        return seconds

    def _fresh_processes(self, run: dict[str, Any]) -> dict[str, Any]:
        """Time fresh processes, from their start to the first answer, loading of X taken off; and their memory."""
        cold: list[float] = []
        memory: list[float] = []
        versions: dict[str, str] = {}
        while not self._protocol.suffices(cold):
            try:
                worker, loading, versions = self._start("main")
                with worker:
                    reply = self._fit(worker, run, self._protocol.longest + _COMPILING)
            except (WorkerError, WorkerGoneError) as error:
                self._say(f"{self._runner.name}, fresh process: {error}")
                break
            cold.append(reply["finished"] - worker.spawned - loading)
            memory.append(reply["rss_peak"] - reply["rss_before"])
        return {"cold": cold, "memory_bytes": memory, "versions": versions}


def reference_run(result: dict[str, Any]) -> dict[str, Any] | None:
    """Return the run that the other times are taken at: the one for 1e-6, else for the tightest target reached."""
    targets = result.get("targets") or {}
    return targets.get("1e-6") or targets.get("1e-4")


def _fastest(runs: Iterable[dict[str, Any]], gap: float) -> dict[str, Any] | None:
    return min(
        (run for run in runs if run["gap"] <= gap), key=lambda run: median(run["seconds"]), default=None
    )
