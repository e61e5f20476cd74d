"""The child process of one runner: reads problems, fits when told to, answers with times and memory.

Requests are lines "verb<tab>key=value…" on stdin, replies are JSON lines on stdout; glmnet.R speaks the same.
"""

import importlib
import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from .problem import Problem, load


def main() -> None:
    """Serve requests until stdin closes."""
    runner = importlib.import_module(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not mix with the replies
    problems: dict[str, Problem] = {}
    for line in sys.stdin:
        verb, *pairs = line.rstrip("\n").split("\t")
        request = dict(pair.split("=", 1) for pair in pairs)
        try:
            reply = _VERBS[verb](runner, problems, request)
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}".split("\n")[0]}
        answers.write(json.dumps(reply) + "\n")
        answers.flush()


def _load(runner: Any, problems: dict[str, Problem], request: dict[str, str]) -> dict[str, Any]:
    started = time.time()
    problems[request["slot"]] = load(Path(request["folder"]))
    return {"seconds": time.time() - started}


def _import(runner: Any, problems: dict[str, Problem], request: dict[str, str]) -> dict[str, Any]:
    return {"versions": runner.versions()}


def _fit(runner: Any, problems: dict[str, Problem], request: dict[str, str]) -> dict[str, Any]:
    problem = problems[request["slot"]]
    if int(request["cut"]):
        problem = problem.cut(int(request["cut"]))
    preparing = time.time()
    if hasattr(runner, "prepared"):
        problem = runner.prepared(problem, request["variant"])
    preparing = time.time() - preparing
    before = _memory("VmRSS")
    _forget_peak()
    seconds = []
    for _ in range(int(request["repeats"])):
        started = time.perf_counter()
        found = runner.fit(problem, request["variant"], float(request["tol"]))
        seconds.append(time.perf_counter() - started)
    finished, peak = time.time() - preparing, _memory("VmHWM")
    if "error" in found.notes:
        return {"error": found.notes["error"]}
    if request["out"]:
        coefs = found.coefs.toarray() if hasattr(found.coefs, "toarray") else found.coefs
        with open(request["out"], "wb") as out:
            np.ascontiguousarray(coefs, dtype=float).tofile(out)
            np.ascontiguousarray(found.intercepts, dtype=float).tofile(out)
    return {
        "seconds": seconds,
        "k": found.coefs.shape[0],
        "finished": finished,
        "rss_before": before,
        "rss_peak": peak,
        "notes": found.notes,
    }


def _memory(field: str) -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{field}:")[1].split()[0]) * 1024


def _forget_peak() -> None:
    with suppress(OSError):  # not every kernel allows it; the peak then includes loading and imports
        Path("/proc/self/clear_refs").write_text("5")


_VERBS = {"load": _load, "import": _import, "fit": _fit}

if __name__ == "__main__":
    main()
