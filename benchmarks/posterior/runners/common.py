"""What every runner in Python does: read, fit twice and more, answer. Run as a script's `main`."""

import json
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

BEGAN = time.time()
CHAINS, WARMUP, DRAWS = 4, 1000, 1000


class Case(NamedTuple):
    """Rows, the scale of the coefficients' prior, and "gaussian" or "bernoulli"."""

    X: Any
    y: Any
    scale: float
    family: str


def read(folder):
    """Return the case that a folder holds."""
    n, p, scale, family = (Path(folder) / "facts.txt").read_text().split()
    X = np.fromfile(Path(folder) / "x.bin").reshape((int(n), int(p)), order="F")
    return Case(X, np.fromfile(Path(folder) / "y.bin"), float(scale), family)


def serve(load, versions):
    """Read the cases, import, fit once from cold, then warm on other data, then again and again.

    `load()` imports what it takes and returns fit(case, seed, way) -> {name: (chain, draw, ...)}. The first fit is
    answered at once: it counts if the time is up before a warm one is done.
    """
    main, other, out, way, repeats, budget = sys.argv[1:7]
    reading = time.time()
    cases = read(main), read(other)
    reading = time.time() - reading
    fit = load()
    imported = time.time()
    draws, extra = fit(cases[0], 0, way)
    first_done = time.time()
    reply = {
        "versions": versions(),
        "import": imported - BEGAN - reading,
        "first": first_done - imported,
        "finished_first": first_done - reading,
    }
    warm = []
    _answer(Path(out), draws, {**reply, "warm": warm, **extra})
    fit(cases[1], 1, way)  # other data of the same shape
    while len(warm) < int(repeats) and sum(warm) < float(budget):
        started = time.perf_counter()
        draws, extra = fit(cases[0], 2 + len(warm), way)
        warm.append(time.perf_counter() - started)
    _answer(Path(out), draws, {**reply, "warm": warm, **extra})


def _answer(out, draws, reply):
    """Write draws and reply, each in one step: the time may be up at any moment."""
    np.savez(out / "partial.npz", **draws)
    (out / "partial.npz").replace(out / "draws.npz")
    (out / "partial.json").write_text(json.dumps(reply))
    (out / "partial.json").replace(out / "reply.json")
