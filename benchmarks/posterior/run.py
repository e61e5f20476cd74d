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
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from .cases import CASES, Case
from .judge import judge, reference_of
from .report import markdown

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LATEST = HERE / "results.json"
PAGE = ROOT / "docs" / "benchmarks-posterior.md"
COMMENTARY = HERE / "commentary.md"
PEERS_PYTHON = HERE / ".peers" / "bin" / "python"

# name: program, script, way
RUNNERS: dict[str, tuple[list[str], str, str]] = {
    "bayesreg": ([sys.executable], "ours.py", "auto"),
    "NumPyro, statistics": ([str(PEERS_PYTHON)], "numpyro_runner.py", "statistics, parallel"),
    "NumPyro, statistics, vectorised": ([str(PEERS_PYTHON)], "numpyro_runner.py", "statistics, vectorized"),
    "NumPyro, as written": ([str(PEERS_PYTHON)], "numpyro_runner.py", "written, parallel"),
    "Bambi, nutpie": ([str(PEERS_PYTHON)], "bambi_runner.py", "nutpie"),
    "Bambi, PyMC": ([str(PEERS_PYTHON)], "bambi_runner.py", "pymc"),
    "rstanarm": (["Rscript"], "rstanarm.R", ""),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write raw results and page after each case."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.posterior.run", description=__doc__)
    parser.add_argument("--cases", default=",".join(CASES), help="names with commas; default: all")
    parser.add_argument("--limit", type=float, default=300.0, help="seconds after which a runner is stopped")
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
    parser.add_argument("--report", action="store_true", help="measure nothing, write the page again")
    options = parser.parse_args(arguments)
    results: dict[str, Any] = json.loads(LATEST.read_text()) if LATEST.exists() else {}
    names = [] if options.report else options.cases.split(",")
    for name in names:
        if options.resume and name in results:
            continue
        results[name] = _merged(results.get(name), measure(CASES[name], options))
        write(results)
    write(results)


def _merged(before: dict[str, Any] | None, now: dict[str, Any]) -> dict[str, Any]:
    """Return new entries in place of those before; runners that did not run now keep theirs."""
    for name, part in now["parts"].items():
        kept = {} if before is None else before["parts"].get(name, {}).get("runners", {})
        runners = {**kept, **part["runners"]}
        part["runners"] = {one: runners[one] for one in RUNNERS if one in runners}
    return now


def write(results: dict[str, Any]) -> None:
    """Write raw results, in the cases' own order, and the page."""
    ordered = {name: results[name] for name in CASES if name in results}
    LATEST.write_text(json.dumps(ordered, indent=1) + "\n")
    PAGE.write_text(markdown(ordered, COMMENTARY.read_text() if COMMENTARY.exists() else ""))


def measure(case: Case, options: Any) -> dict[str, Any]:
    """Return every runner's times and what the referee says of its draws; tall cases also on 1/100 of the rows."""
    started = time.time()
    parts = [case] if case.n < 100_000 else [case, case.rows(case.n // 100)]
    entries = {}
    for part in parts:
        with tempfile.TemporaryDirectory(prefix="bayesreg-bench-") as folder:
            entries[part.name] = _measure_part(part, Path(folder), options)
    return {
        "title": case.title,
        "shape": [case.n, case.p],
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "command": "python -m benchmarks.posterior.run " + " ".join(sys.argv[1:]),
        "machine": f"{os.cpu_count()} cores, Python {sys.version.split()[0]}",
        "took_seconds": time.time() - started,
        "parts": entries,
    }


def _measure_part(case: Case, folder: Path, options: Any) -> dict[str, Any]:
    case.save(folder / "main")
    case.save(folder / "other", seed=1)
    reference = _reference(case, folder)
    runners = {}
    for name in tqdm(options.runners.split(";"), desc=case.name, disable=None):
        out = folder / name.replace(" ", "")
        out.mkdir()
        runners[name] = _run(name, folder, out, options)
        if "reply" in runners[name]:
            verdict = judge(_draws(out, case), reference)
            runners[name] = {**runners[name].pop("reply"), **verdict}
    return {"title": case.title, "runners": runners}


def _run(name: str, folder: Path, out: Path, options: Any) -> dict[str, Any]:
    program, script, way = RUNNERS[name]
    command = [
        *program, str(HERE / "runners" / script), str(folder / "main"), str(folder / "other"), str(out), way,
        str(options.repeats), str(options.budget),
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
            return {"stopped": options.limit}
    if process.returncode != 0:
        return {"error": ((out / "stderr.txt").read_text().strip().split("\n") or ["?"])[-1][:300]}
    reply = json.loads((out / "reply.json").read_text())
    return {"reply": {**reply, "cold": reply["finished_first"] - started}}


def _draws(out: Path, case: Case) -> dict[str, np.ndarray]:
    if (out / "draws.npz").exists():
        with np.load(out / "draws.npz") as draws:
            return {name: draws[name] for name in ("coef", "intercept", "sigma")}
    names = (out / "names.txt").read_text().split("\n")
    values = np.fromfile(out / "draws.bin").reshape((len([n for n in names if n]), -1, 4), order="F")
    by_name = {name: values[j].T for j, name in enumerate(n for n in names if n)}
    coef = np.stack([by_name[f"x{j}"] for j in range(case.p)], axis=-1)
    return {"coef": coef, "intercept": by_name["(Intercept)"], "sigma": by_name["sigma"]}


def _reference(case: Case, folder: Path) -> dict[str, np.ndarray]:
    """Draw long with our Gibbs sampler, which shares no density and no gradient with NUTS, of ours or of peers."""
    import numpyro.distributions as dist

    import bayesreg as br

    X, y = case.data()
    model = br.LinearModel(br.LaplacePrior(case.scale), br.GaussianLikelihood(dist.HalfNormal(1.0)))
    tree = br.sample_posterior(
        model, br.GramData.from_arrays(X, y) if case.n > case.p else br.RowData.from_arrays(X, y),
        num_samples=10_000, num_warmup=1000, method="gibbs", progress=False, seed=99,
    )  # fmt: skip
    posterior = tree["posterior"]
    draws = {"coef": "coef", "intercept": "intercept", "sigma": "noise_scale"}
    return reference_of({ours: posterior[theirs].values for ours, theirs in draws.items()})


if __name__ == "__main__":
    main()
