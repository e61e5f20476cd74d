"""The first second: fresh processes on a warm disk, beside other packages' for the same job.

    python -m benchmarks.first_second [--python ENVIRONMENT/bin/python …]

Each time is from the start of a process to its end, on the diabetes data (442 × 10). Every command runs once to warm
the disk, then three times. Peers are looked for in this environment, in the benchmarks' own two, and in those that
--python names. The command's compiled programs go to a folder of their own, which is empty at "first"; matplotlib's
list of fonts is there already.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from tqdm import tqdm

from .posterior.run import PEERS_PYTHON
from .report import spread, table
from .run import machine, shown
from .runners import PEERS_PYTHON as MODES_PYTHON
from .runners import ROOT

RESULTS = ROOT / "benchmarks" / "results" / "first_second.json"
_REPEATS, _LIMIT = 3, 300.0
_PROGRAMS = "programs"  # the folder of caches, renewed before a job that is to be the first

_ARRAYS = "import numpy as np\nX, y = np.load('X.npy'), np.load('y.npy')\n"
_FIT = _ARRAYS + "import bayesreg as br\nbr.BayesRegressor().fit(X, y)"
_DRAWS = """
import bayesreg as br
data = br.RowData.from_arrays(X, y)
br.sample_posterior(br.LinearModel(br.LaplacePrior(), br.GaussianLikelihood()), data, progress=False)
"""
_BAMBI = """
import bambi, pandas as pd
frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(10)]).assign(y=y)
bambi.Model("y ~ " + " + ".join(frame.columns[:-1]), frame).fit(progressbar=False)
"""
_LASSO_CV = _ARRAYS + "from sklearn.linear_model import LassoCV\nLassoCV().fit(X, y)"
_OLS = _ARRAYS + "import statsmodels.api as sm\nprint(sm.OLS(y, sm.add_constant(X)).fit().summary())"
_NO_PICTURES = """
from bayesreg.app.kept_programs import keep_programs
keep_programs()  # before JAX is imported, or it does nothing
import bayesreg.app.fit as command
command.path_figure = command.forest_figure = lambda *arguments: None
command.picture = lambda figure: b""
from bayesreg.__main__ import run
run()
"""
_COMMAND = ("fit", "diabetes.csv", "--target", "y", "--out", "out")


@dataclass(frozen=True)
class Job:
    """What a reader calls it, the package whose environment it runs in, arguments of Python, and seconds aimed at."""

    title: str
    package: str
    arguments: tuple[str, ...]
    goal: float | None = None
    first: bool = False


JOBS = (
    Job("Python alone", "bayesreg", ("-c", "")),
    Job("`import bayesreg`", "bayesreg", ("-c", "import bayesreg"), 0.1),
    Job("`bayesreg --help`", "bayesreg", ("-m", "bayesreg", "--help"), 0.3),
    Job("`BayesRegressor().fit`", "bayesreg", ("-c", _FIT), 1.2),
    Job("scikit-learn, `LassoCV().fit`", "sklearn", ("-c", _LASSO_CV)),
    Job("statsmodels, `OLS().fit().summary()`", "statsmodels", ("-c", _OLS)),
    Job("`sample_posterior`, 4 × 1,000 draws", "bayesreg", ("-c", _ARRAYS + _DRAWS)),
    Job("Bambi, `Model().fit`, 4 × 1,000 draws", "bambi", ("-c", _ARRAYS + _BAMBI)),
    Job("`bayesreg fit`, with pictures, first", "bayesreg", ("-m", "bayesreg", *_COMMAND), 4.0, first=True),
    Job("`bayesreg fit`, with pictures, next", "bayesreg", ("-m", "bayesreg", *_COMMAND), 2.5),
    Job("`bayesreg fit`, without pictures, next", "bayesreg", ("-c", _NO_PICTURES, *_COMMAND), 2.0),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the table, and write raw results."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.first_second", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--python", nargs="+", default=[], help="more environments that may have peers")
    parser.add_argument("--repeats", type=int, default=_REPEATS)
    parser.add_argument("--out", type=lambda text: Path(text).resolve(), default=RESULTS)
    options = parser.parse_args(arguments)
    facts = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "command": " ".join(["python -m benchmarks.first_second", *shown(sys.argv[1:])]),
        "machine": machine(),
        "load_before": os.getloadavg()[0],
    }
    pythons = [sys.executable, str(PEERS_PYTHON), str(MODES_PYTHON), *options.python]
    homes = {name: home_of(name, pythons) for name in dict.fromkeys(job.package for job in JOBS)}
    with tempfile.TemporaryDirectory(prefix="bayesreg-bench-") as folder:
        _write_data(Path(folder))
        found = measure(homes, options.repeats, Path(folder))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({**facts, "jobs": found}, indent=1) + "\n")
    print(markdown(found))


def measure(homes: dict[str, tuple[str, str] | None], repeats: int, folder: Path) -> list[dict[str, Any]]:
    """Run all jobs in turn, once for the disk and `repeats` times that count."""
    found: list[dict[str, Any]] = [{"title": job.title, "goal": job.goal, "seconds": []} for job in JOBS]
    with tqdm(total=(1 + repeats) * len(JOBS), disable=None) as bar:
        for turn in range(1 + repeats):
            for job, entry in zip(JOBS, found, strict=True):
                bar.set_description(job.title)
                bar.update()
                home = homes[job.package]
                if home is None:
                    entry["failed"] = "not installed"
                if "failed" in entry or home is None:
                    continue
                entry["package"], (python, entry["version"]) = job.package, home
                seconds, failed = timed(job, python, folder)
                if failed:
                    entry["failed"] = failed
                elif turn:
                    entry["seconds"].append(seconds)
    return found


def timed(job: Job, python: str, folder: Path) -> tuple[float, str]:
    """Return the seconds of a process, and the last line of its errors if it failed."""
    if job.first:
        shutil.rmtree(folder / _PROGRAMS, ignore_errors=True)
    env = {
        **os.environ,
        "XDG_CACHE_HOME": str(folder / _PROGRAMS),
        "MPLCONFIGDIR": str(folder / "matplotlib"),
    }
    if job.package == "bayesreg":
        env["PYTHONPATH"] = os.pathsep.join([str(ROOT), env.get("PYTHONPATH", "")])
    for name in ("BAYESREG_KEEP_PROGRAMS", "PYTHONDONTWRITEBYTECODE"):  # as users have it
        env.pop(name, None)
    env.pop("JAX_COMPILATION_CACHE_DIR", None)
    started = time.perf_counter()
    try:
        done = subprocess.run(
            [python, *job.arguments],
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            timeout=_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _LIMIT, f"stopped after {_LIMIT:.0f} s"
    seconds = time.perf_counter() - started
    return seconds, (done.stderr.strip().split("\n")[-1][:200] or "?") if done.returncode else ""


def home_of(package: str, pythons: list[str]) -> tuple[str, str] | None:
    """Return the first Python that has a package, and the package's version."""
    name = {"sklearn": "scikit-learn"}.get(package, package)
    code = f"from importlib.metadata import version; print(version({name!r}))"
    for python in filter(shutil.which, pythons):
        asked = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
        if asked.returncode == 0:
            return python, asked.stdout.strip()
    return None


def markdown(found: list[dict[str, Any]]) -> str:
    """Return the table."""
    rows = [
        [
            entry["title"],
            entry.get("failed") or spread(entry["seconds"]),
            "" if entry["goal"] is None else f"≤ {entry['goal']:g} s",
            "" if entry["goal"] is None or not entry["seconds"] else _met(entry),
        ]
        for entry in found
    ]
    return table(["fresh process, warm disk", "start to end", "goal", "met"], rows)


def _met(entry: dict[str, Any]) -> str:
    return "yes" if median(entry["seconds"]) <= entry["goal"] else "no"


def _write_data(folder: Path) -> None:
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes(return_X_y=True, as_frame=True)
    np.save(folder / "X.npy", X.to_numpy())
    np.save(folder / "y.npy", y.to_numpy(dtype=float))
    X.assign(y=y).to_csv(folder / "diabetes.csv", index=False)


if __name__ == "__main__":
    main()
