"""What every runner in Python does: read, fit twice and more, answer. Run as a script's `main`."""

import json
import sys
import time
from pathlib import Path

import numpy as np

BEGAN = time.time()
CHAINS, WARMUP, DRAWS = 4, 1000, 1000


def read(folder):
    """Return X, y and the Laplace scale."""
    n, p, scale = (Path(folder) / "facts.txt").read_text().split()
    X = np.fromfile(Path(folder) / "x.bin").reshape((int(n), int(p)), order="F")
    return X, np.fromfile(Path(folder) / "y.bin"), float(scale)


def serve(load, versions):
    """Read the cases, import, fit once from cold, then warm on other data, then again and again.

    `load()` imports what it takes and returns fit(X, y, scale, seed, way) -> {name: (chain, draw, ...)}.
    """
    main, other, out, way, repeats, budget = sys.argv[1:7]
    reading = time.time()
    problems = read(main), read(other)
    reading = time.time() - reading
    fit = load()
    imported = time.time()
    draws, extra = fit(*problems[0], 0, way)
    first_done = time.time()
    warm = []
    fit(*problems[1], 1, way)  # other data of the same shape
    while len(warm) < int(repeats) and sum(warm) < float(budget):
        started = time.perf_counter()
        draws, extra = fit(*problems[0], 2 + len(warm), way)
        warm.append(time.perf_counter() - started)
    np.savez(Path(out) / "draws.npz", **draws)
    reply = {
        "versions": versions(),
        "import": imported - BEGAN - reading,
        "first": first_done - imported,
        "finished_first": first_done - reading,
        "warm": warm,
        **extra,
    }
    (Path(out) / "reply.json").write_text(json.dumps(reply))
