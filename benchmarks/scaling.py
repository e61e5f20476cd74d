"""Scaling curves, ours beside the fastest peers': `python -m benchmarks.scaling --help`.

Lasso paths against rows and against columns, and the cost of a posterior against columns.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from tqdm import tqdm

from .cases import Case
from .curve import Curve
from .designs import autoregressive
from .limits import limits
from .measure import Site
from .posterior import run as posterior
from .posterior.cases import Case as PosteriorCase
from .posterior.judge import judge, reference_of
from .problem import Problem, save
from .run import machine, shown
from .runners import ROOT, RUNNERS
from .scaling_report import write_page
from .work import gram, passes

LATEST = ROOT / "benchmarks" / "results" / "scaling.json"
PAGE = ROOT / "docs" / "benchmarks-scaling.md"
OURS = "bayesreg"
SIZES = {
    "rows": (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000),
    "columns": (10, 30, 100, 300, 1_000, 3_000, 10_000, 20_000),
    "posterior": (10, 30, 100, 300, 1_000),
}
PACKAGES = {
    "rows": (OURS, "scikit-learn", "adelie"),
    "columns": (OURS, "scikit-learn", "adelie", "glmnet", "skglm"),
    "posterior": (OURS, "NumPyro, statistics", "NumPyro, as written"),
}
_ROWS, _COLUMNS, _POSTERIOR_ROWS = 1_000, 50, 2_000
_QUICK_SIZES = 2


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write raw results, page and pictures after each size."""
    options = _options(arguments)
    out: Path = options.out
    results: dict[str, Any] = json.loads(out.read_text()) if out.exists() else {}
    for name in () if options.report else options.curves:
        sizes = SIZES[name][:_QUICK_SIZES] if options.quick else SIZES[name]
        facts = {
            "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            "command": " ".join(["python -m benchmarks.scaling", *shown(sys.argv[1:])]),
            "machine": machine(),
            "load_before": os.getloadavg()[0],
        }
        started, points = time.time(), []
        measured = _posteriors(sizes, options) if name == "posterior" else _paths(name, sizes, options.cap)
        for point in tqdm(measured, name, len(sizes), disable=None):
            points.append(point)
            results[name] = {**facts, "took_seconds": time.time() - started, "points": points}
            _write(results, out)
    _write(results, out)


def path_case(curve: str, size: int) -> Case:
    """Return a lasso path of 100 λ, from λmax to 0.01 λmax."""
    if curve == "rows":
        n, p, n_true = size, _COLUMNS, 10
    else:
        n, p, n_true = _ROWS, size, min(50, size // 10)
    work = gram if n > p else passes
    return Case(f"{curve} {size}", f"{n:,}×{p:,}, lasso path", n, p, n_true, autoregressive, work)


def reduced(problem: Problem) -> Problem:
    """Return p + 1 rows of the same objective, if there are many more: the referee reads them at each λ.

    They are the Cholesky factor of (X, y)'(X, y), scaled so that loss/n is the same. Of 1e7 rows it keeps what a
    gap of 1e-6 needs: what is lost is of the order of 1e-14.
    """
    n, p = problem.X.shape
    if n < 10 * p or not isinstance(problem.X, np.ndarray) or problem.fit_intercept:
        return problem
    products = np.empty((p + 1, p + 1))
    products[:p, :p] = problem.X.T @ problem.X
    products[p, :p] = products[:p, p] = problem.X.T @ problem.y
    products[p, p] = problem.y @ problem.y
    rows = np.linalg.cholesky(products).T * np.sqrt((p + 1) / n)
    return replace(problem, X=np.asfortranarray(rows[:, :p]), y=rows[:, p].copy())


def _paths(name: str, sizes: Sequence[int], cap: float) -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bayesreg-bench-")))
        curves = {
            package: stack.enter_context(closing(Curve(RUNNERS[package], folder, cap)))
            for package in PACKAGES[name]
        }
        for size in sizes:
            yield _path_point(path_case(name, size), size, folder, curves)


def _path_point(case: Case, size: int, folder: Path, curves: dict[str, Curve]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=folder) as here:
        problem = case.problem()
        x_bytes = problem.x_bytes
        site = Site(reduced(problem), Path(here))
        save(problem, site.main)
        del problem  # 4 GB, which the packages shall have
        runners = {}
        for package, curve in curves.items():
            runners[package] = curve.point(site, size, x_bytes) | {"versions": curve.versions}
            tqdm.write(f"{case.title}, {package}: {_in_short(runners[package])}")
    support = max((run.get("support", 0) for run in runners.values()), default=0)
    return {
        "size": size,
        "shape": [case.n, case.p],
        "x_bytes": x_bytes,
        "limit": limits(case, support),
        "runners": runners,
    }


def _posteriors(sizes: Sequence[int], options: Any) -> Iterator[dict[str, Any]]:
    protocol = SimpleNamespace(repeats=3, budget=6.0, limit=options.limit)
    given_up: dict[str, int] = {}
    for size in sizes:
        case = PosteriorCase(f"posterior {size}", _POSTERIOR_ROWS, size, max(1, min(50, size // 10)), 0.1)
        with tempfile.TemporaryDirectory(prefix="bayesreg-bench-") as folder:
            yield _posterior_point(case, Path(folder), protocol, given_up)


def _posterior_point(
    case: PosteriorCase, folder: Path, protocol: SimpleNamespace, given_up: dict[str, int]
) -> dict[str, Any]:
    """Run each package; the means of peers are compared with ours, which a certificate judges."""
    case.save(folder / "main")
    case.save(folder / "other", seed=1)
    runners: dict[str, Any] = {}
    expected = None
    for package in PACKAGES["posterior"]:
        if package in given_up:
            runners[package] = {"never": f"not tried: stopped at {given_up[package]:,}"}
            continue
        out = folder / package.replace(" ", "")
        out.mkdir()
        found = posterior.run_one(package, folder, out, protocol)
        if "reply" in found:
            draws = posterior.draws_of(out, case)
            runners[package] = found["reply"] | judge(draws, expected)
            expected = reference_of(draws) if package == OURS else expected
        else:
            runners[package] = {"never": _why_not(found), "until": found.get("stopped")}
        if "stopped" in found or "stopped" in runners[package]:  # in the latter case the first run counts
            given_up[package] = case.p
        tqdm.write(f"{case.title}, {package}: {_in_short(runners[package])}")
    return {"size": case.p, "shape": [case.n, case.p], "runners": runners}


def _why_not(found: dict[str, Any]) -> str:
    stopped = found.get("stopped")
    return f"stopped after {stopped:.0f} s" if stopped else str(found.get("error") or found["unavailable"])


def _in_short(run: dict[str, Any]) -> str:
    seconds = run.get("seconds") or run.get("warm") or [run.get("first")]
    return str(run.get("never") or f"{np.median(seconds):.3g} s")


def _write(results: dict[str, Any], out: Path) -> None:
    """Write raw results, and the page and its pictures beside them (in docs/ for the published ones)."""
    results = {name: results[name] for name in SIZES if name in results}
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_suffix(".partial")
    partial.write_text(json.dumps(results, indent=1) + "\n")
    partial.replace(out)
    write_page(results, PAGE if out == LATEST else out.with_suffix(".md"))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    parser.add_argument(
        "--curves", nargs="+", choices=list(SIZES), default=list(SIZES), help="others keep what they have"
    )
    parser.add_argument(
        "--cap",
        type=float,
        default=10.0,
        help="seconds of a package's search for a tolerance at one size, and of a run",
    )
    parser.add_argument(
        "--limit", type=float, default=45.0, help="seconds for all runs of a package's posterior"
    )
    parser.add_argument("--quick", action="store_true", help="the smallest two sizes: does everything work?")
    parser.add_argument(
        "--report", action="store_true", help="measure nothing, write page and pictures again"
    )
    parser.add_argument(
        "--out", type=lambda text: Path(text).resolve(), default=LATEST, help="JSON file to merge into"
    )
    options = parser.parse_args(arguments)
    if options.quick and options.out == LATEST:
        parser.error("scaling.json holds whole curves: give --quick an --out of its own")
    return options


if __name__ == "__main__":
    main()
