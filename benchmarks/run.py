"""Run the cases side by side: `python -m benchmarks.run --help`."""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tqdm import tqdm

from .cases import CASES, Case
from .limits import limits
from .measure import Measurement, Protocol, Site
from .problem import save
from .report import markdown
from .runners import ROOT, RUNNERS

LATEST = ROOT / "benchmarks" / "results" / "latest.json"
PAGE = ROOT / "docs" / "benchmarks.md"
COMMENTARY = ROOT / "benchmarks" / "commentary.md"
_BUSY = 1.5  # load average; the runner before leaves about 1


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write raw results and page after each case."""
    options = _options(arguments)
    out: Path = options.out
    results: dict[str, Any] = json.loads(out.read_text()) if out.exists() else {"cases": {}}
    if not options.report:
        import_jax = _import_jax(1 if options.quick else 5)
        protocol = (
            Protocol(cap=5.0, repeats=1, at_least=0.0)
            if options.quick
            else Protocol(cap=options.cap, long=options.long)
        )
        todo = [name for name in options.cases if not (options.resume and name in results["cases"])]
        with tqdm(total=len(todo) * len(options.peers), unit="runner", disable=None) as bar:
            for name in todo:
                case = CASES[name].quick() if options.quick else CASES[name]
                results["cases"][name] = measure_case(case, options.peers, protocol, bar)
                results["cases"][name]["import_jax"] = import_jax
                write(results, out)
    write(results, out)


def measure_case(case: Case, peers: list[str], protocol: Protocol, bar: "tqdm[Any]") -> dict[str, Any]:
    """Return the entry of one case: every runner, the limit, and where and when."""
    started, load = time.time(), os.getloadavg()[0]
    if load > _BUSY:
        tqdm.write(f"The machine is busy (load {load:.2f}): the times of {case.name} will not mean much.")
    with tempfile.TemporaryDirectory(prefix="bayesreg-bench-") as folder:
        site = Site(case.problem(), Path(folder))
        save(site.problem, site.main)
        save(case.problem(seed=1), site.warm)
        runners = {}
        for peer in peers:
            bar.set_description(f"{case.name} {peer}")
            runners[peer] = Measurement(RUNNERS[peer], site, protocol, tqdm.write).run()
            if "unavailable" in runners[peer]:
                tqdm.write(f"{peer}: {runners[peer]['unavailable']}")
            bar.update()
    return {
        "title": case.title,
        "shape": [case.n, case.p],
        "family": case.family,
        "x_bytes": site.problem.x_bytes,
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "took_seconds": time.time() - started,
        "load_before": load,
        "command": "python -m benchmarks.run " + " ".join(shown(sys.argv[1:])),
        "machine": machine(),
        "limit": limits(case, _support(runners)),
        "runners": runners,
    }


def write(results: dict[str, Any], out: Path) -> None:
    """Write raw results, in the cases' own order, and the page beside them (in docs/ for the latest)."""
    results["cases"] = {name: results["cases"][name] for name in CASES if name in results["cases"]}
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_suffix(".partial")
    partial.write_text(json.dumps(results, indent=1) + "\n")
    partial.replace(out)
    page = PAGE if out == LATEST else out.with_suffix(".md")
    page.write_text(markdown(results, COMMENTARY.read_text() if COMMENTARY.exists() else ""))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    def names(known: dict[str, Any]) -> Any:
        def parse(text: str) -> list[str]:
            chosen = text.split(",")
            if unknown := [name for name in chosen if name not in known]:
                raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; known: {', '.join(known)}")
            return chosen

        return parse

    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument(
        "--cases", type=names(CASES), default=list(CASES), help="names with commas; default: all"
    )
    parser.add_argument(
        "--peers", type=names(RUNNERS), default=list(RUNNERS), help="names with commas; default: all"
    )
    parser.add_argument("--cap", type=float, default=60.0, help="seconds after which a sweep goes no tighter")
    parser.add_argument(
        "--long", type=float, default=20.0, help="seconds from which a run is repeated twice, not five times"
    )
    parser.add_argument("--quick", action="store_true", help="miniatures run once: does everything work?")
    parser.add_argument("--resume", action="store_true", help="skip the cases that --out holds already")
    parser.add_argument("--report", action="store_true", help="measure nothing, write the page again")
    parser.add_argument(
        "--out", type=lambda text: Path(text).resolve(), default=LATEST, help="JSON file to merge into"
    )
    options = parser.parse_args(arguments)
    if options.out == LATEST and (options.quick or options.peers != list(RUNNERS)):
        parser.error(
            "latest.json holds complete runs side by side: give --quick and --peers an --out of their own"
        )
    return options


def _support(runners: dict[str, Any]) -> int:
    """Return the size of the last support in the most accurate run."""
    runs = [run for result in runners.values() for run in result.get("sweep", []) if "gap" in run]
    return int(min(runs, key=lambda run: run["gap"])["support"]) if runs else 0


def _import_jax(repeats: int) -> list[float]:
    """Time `import jax` alone, from the start of a fresh process."""
    seconds = []
    for _ in range(repeats):
        started = time.time()
        code = "import time, jax; print(time.time())"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        seconds.append(float(done.stdout) - started)
    return seconds


def machine() -> str:
    """Return cores, processor, memory and Python."""
    facts = Path("/proc/cpuinfo").read_text().split("\n") if Path("/proc/cpuinfo").exists() else []
    model = next(
        (line.split(":")[1].strip() for line in facts if line.startswith("model name")), platform.processor()
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB, Python {platform.python_version()}"


def shown(arguments: list[str]) -> list[str]:
    """Return the arguments as a reader can repeat them, without the paths of this machine."""
    return [Path(part).name if part.startswith("/") else part for part in arguments]


if __name__ == "__main__":
    main()
