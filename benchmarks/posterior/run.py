"""Run the cases side by side: `python -m benchmarks.posterior.run --help`."""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from ..run import shown
from .cases import CASES, Case
from .judge import judge
from .reference import reference
from .report import markdown

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LATEST = HERE / "results.json"
PAGE = ROOT / "docs" / "benchmarks-posterior.md"
COMMENTARY = HERE / "commentary.md"
PEERS_PYTHON = HERE / ".peers" / "bin" / "python"


@dataclass(frozen=True)
class Runner:
    """A package under test: `program` runs `script`, which samples in its `way`."""

    program: str
    script: str
    way: str
    families: tuple[str, ...] = ("gaussian", "bernoulli")


_PEERS = str(PEERS_PYTHON)
_MEASURED, _LABELS = ("gaussian",), ("bernoulli",)

RUNNERS: dict[str, Runner] = {
    "bayesreg": Runner(sys.executable, "ours.py", "auto"),
    "NumPyro, statistics": Runner(_PEERS, "numpyro_runner.py", "statistics, parallel", _MEASURED),
    "NumPyro, statistics, vectorised": Runner(
        _PEERS, "numpyro_runner.py", "statistics, vectorized", _MEASURED
    ),
    "NumPyro, as written": Runner(_PEERS, "numpyro_runner.py", "written, parallel"),
    "NumPyro, as written, vectorised": Runner(_PEERS, "numpyro_runner.py", "written, vectorized", _LABELS),
    "NumPyro, dense metric": Runner(_PEERS, "numpyro_runner.py", "dense, vectorized", _LABELS),
    "Bambi, nutpie": Runner(_PEERS, "bambi_runner.py", "nutpie"),
    "Bambi, PyMC": Runner(_PEERS, "bambi_runner.py", "pymc"),
    "rstanarm": Runner("Rscript", "rstanarm.R", ""),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write raw results and page after each case."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.posterior.run", description=__doc__)
    parser.add_argument("--cases", default=",".join(CASES), help="names with commas; default: all")
    parser.add_argument(
        "--limit",
        type=float,
        default=300.0,
        help="seconds after which a runner is stopped; its first run counts if it was done",
    )
    parser.add_argument(
        "--repeats", type=int, default=5, help="warm runs, while they take less than --budget in all"
    )
    parser.add_argument("--budget", type=float, default=30.0, help="seconds")
    parser.add_argument("--resume", action="store_true", help="skip the cases that the results hold already")
    parser.add_argument(
        "--runners",
        default=";".join(RUNNERS),
        help="names with semicolons; others keep what they have; default: all",
    )
    parser.add_argument(
        "--out", type=lambda text: Path(text).resolve(), default=LATEST, help="JSON file to merge into"
    )
    parser.add_argument("--quick", action="store_true", help="miniatures: does everything work?")
    parser.add_argument("--report", action="store_true", help="measure nothing, write the page again")
    options = parser.parse_args(arguments)
    if options.quick and options.out == LATEST:
        parser.error("results.json holds full-size runs: give --quick an --out of its own")
    results: dict[str, Any] = json.loads(options.out.read_text()) if options.out.exists() else {}
    names = [] if options.report else options.cases.split(",")
    for name in names:
        if options.resume and name in results:
            continue
        case = CASES[name].quick() if options.quick else CASES[name]
        results[name] = _merged(results.get(name), measure(case, options))
        write(results, options.out)
    write(results, options.out)


def _merged(before: dict[str, Any] | None, now: dict[str, Any]) -> dict[str, Any]:
    """Return new entries in place of those before; runners that did not run now keep theirs."""
    for name, part in now["parts"].items():
        kept = {} if before is None else before["parts"].get(name, {}).get("runners", {})
        runners = {**kept, **part["runners"]}
        part["runners"] = {one: runners[one] for one in RUNNERS if one in runners}
    return now


def write(results: dict[str, Any], out: Path) -> None:
    """Write raw results, in the cases' own order, and the page beside them (in docs/ for the published ones)."""
    ordered = {name: results[name] for name in CASES if name in results}
    out.write_text(json.dumps(ordered, indent=1) + "\n")
    page = PAGE if out == LATEST else out.with_suffix(".md")
    page.write_text(markdown(ordered, COMMENTARY.read_text() if COMMENTARY.exists() else ""))


def measure(case: Case, options: Any) -> dict[str, Any]:
    """Return every runner's times and what the referee says of its draws."""
    started = time.time()
    entries = {}
    for part in case.parts:
        with tempfile.TemporaryDirectory(prefix="bayesreg-bench-") as folder:
            entries[part.name] = _measure_part(part, Path(folder), options)
    return {
        "title": case.title,
        "shape": [case.n, case.p],
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "command": "python -m benchmarks.posterior.run " + " ".join(shown(sys.argv[1:])),
        "machine": f"{os.cpu_count()} cores, Python {sys.version.split()[0]}",
        "took_seconds": time.time() - started,
        "parts": entries,
    }


def _measure_part(case: Case, folder: Path, options: Any) -> dict[str, Any]:
    case.save(folder / "main")
    case.save(folder / "other", seed=1)
    expected = reference(case)
    names = [name for name in options.runners.split(";") if case.family in RUNNERS[name].families]
    runners = {}
    for name in tqdm(names, desc=case.name, disable=None):
        out = folder / name.replace(" ", "")
        out.mkdir()
        runners[name] = run_one(name, folder, out, options)
        if "reply" in runners[name]:
            verdict = judge(draws_of(out, case), expected)
            runners[name] = {**runners[name].pop("reply"), **verdict}
    return {"title": case.title, "runners": runners}


def run_one(name: str, folder: Path, out: Path, options: Any) -> dict[str, Any]:
    """Run one package in a process of its own; return its reply, or why there is none."""
    runner = RUNNERS[name]
    command = [
        runner.program, str(HERE / "runners" / runner.script), str(folder / "main"), str(folder / "other"), str(out),
        runner.way, str(options.repeats), str(options.budget),
    ]  # fmt: skip
    started = time.time()
    with (out / "stderr.txt").open("wb") as errors:
        try:
            process = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True
            )
        except FileNotFoundError:
            return {"unavailable": "not installed: make bench-posterior-peers"}
        try:
            process.wait(options.limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # samplers leave workers behind
            process.wait()
            answer = out / "reply.json"  # of the first run, if it was done
            if not answer.exists():
                return {"stopped": options.limit}
            reply = json.loads(answer.read_text())
            return {"reply": {**reply, "cold": reply["finished_first"] - started, "stopped": options.limit}}
    if process.returncode != 0:
        return {"error": ((out / "stderr.txt").read_text().strip().split("\n") or ["?"])[-1][:300]}
    reply = json.loads((out / "reply.json").read_text())
    return {"reply": {**reply, "cold": reply["finished_first"] - started}}


def draws_of(out: Path, case: Case) -> dict[str, np.ndarray]:
    """Return the draws that a run has left."""
    if (out / "draws.npz").exists():
        with np.load(out / "draws.npz") as draws:
            return dict(draws)
    names = (out / "names.txt").read_text().split("\n")
    values = np.fromfile(out / "draws.bin").reshape((len([n for n in names if n]), -1, 4), order="F")
    by_name = {name: values[j].T for j, name in enumerate(n for n in names if n)}
    coef = np.stack([by_name[f"x{j}"] for j in range(case.p)], axis=-1)
    noise = {"sigma": by_name["sigma"]} if case.family == "gaussian" else {}
    return {"coef": coef, "intercept": by_name["(Intercept)"], **noise}


if __name__ == "__main__":
    main()
