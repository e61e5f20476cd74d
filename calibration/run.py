"""Run the calibration: `python -m calibration.run --help`. It writes docs/calibration.md, pictures and raw results."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import as_completed
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from .bands import p_value
from .cases import Case, all_cases
from .coverage import LEVELS, coverage_cases, covered, deviations
from .page import page
from .planted import PLANTED, ROWS_PLANTED
from .ranks import N_DRAWS, AnyCase, ranks
from .row_cases import RowCase, row_cases
from .workers import processes

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "calibration" / "results.json"
PLANTED_ON = (
    Case("independence", "laplace", False, 9, 7),
    Case("whitened", "laplace", False, 6, 10),
    Case("mixture", "laplace", False, 6, 10),
    Case("gibbs", "laplace", False, 6, 10),
    Case("marginal", "gaussian", False, 6, 10),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulate all requested cases, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m calibration.run", description=__doc__)
    parser.add_argument("--simulations", type=int, default=500, help="number for each case; default 500")
    parser.add_argument(
        "--coverage", type=int, default=1000, help="data sets of each case of coverage; default 1000"
    )
    parser.add_argument("--resume", action="store_true", help="keep the cases that are in the results")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes; default one per core")
    options = parser.parse_args(arguments)
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if options.resume and RESULTS.exists() else {}
    results |= {"command": "python -m calibration.run " + " ".join(arguments or sys.argv[1:])}
    results["date"] = datetime.now(UTC).strftime("%Y-%m-%d")
    jobs = [job for job in _jobs(options) if job[1] not in results.setdefault(job[0], {})]
    with processes(options.workers) as pool:
        running = {pool.submit(job[2], *job[3:]): job for job in jobs}
        for done in tqdm(as_completed(running), total=len(jobs), disable=None):
            kind, name = running[done][:2]
            results[kind][name] = done.result()
            RESULTS.write_text(json.dumps(results) + "\n")
    for kind, names in _order(options).items():
        results[kind] = {name: results[kind][name] for name in names}
    RESULTS.write_text(json.dumps(results) + "\n")
    page(results, ROOT / "docs")


def _jobs(options: Any) -> list[tuple[Any, ...]]:
    """Return kind, name, function and arguments of each job."""
    m = options.simulations
    return [
        *(("calibration", case.name, _calibrate, case, m) for case in (*all_cases(), *row_cases())),
        *(
            ("planted", f"{error}: {case.name}", _planted, error, case, m)
            for error in PLANTED
            for case in PLANTED_ON
        ),
        *(
            ("planted on rows", f"{error}: {case.name}", _planted, error, case, m)
            for error, (_, _, cases) in ROWS_PLANTED.items()
            for case in cases
        ),
        *(("coverage", case.name, _cover, case, options.coverage) for case in coverage_cases()),
    ]


def _order(options: Any) -> dict[str, list[str]]:
    """Return the names of each kind, in the order of the page."""
    order: dict[str, list[str]] = {}
    for kind, name, *_ in _jobs(options):
        order.setdefault(kind, []).append(name)
    return order


def _calibrate(case: AnyCase, m: int) -> dict[str, Any]:
    return _entry(ranks(case, m))


def _planted(error: str, case: AnyCase, m: int) -> dict[str, Any]:
    planted, sampler = ROWS_PLANTED[error][:2] if isinstance(case, RowCase) else PLANTED[error]
    with planted():
        return _entry(ranks(case, m, sampler))


def _entry(found: dict[str, Any]) -> dict[str, Any]:
    return {
        "ranks": {name: values.tolist() for name, values in found.items()},
        "p": {name: p_value(values, N_DRAWS) for name, values in found.items()},
    }


def _cover(case: Case, m: int) -> dict[str, Any]:
    shares = covered(case, m)
    return {
        "levels": LEVELS,
        "n": m,
        "covered": {name: values.mean(axis=0).tolist() for name, values in shares.items()},
        "deviations": {name: np.round(deviations(values), 3).tolist() for name, values in shares.items()},
    }


if __name__ == "__main__":
    main()
