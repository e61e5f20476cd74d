"""A logistic regression on a Parquet file larger than what is to be held in memory: passes, times, memory.

    python -m benchmarks.big_rows --rows 5000000 --columns 50 --folder /tmp/big --draws 4000

The file is made in parts, and deleted afterwards unless ``--keep`` is given.
"""

import argparse
import json
import resource
import shutil
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

_PART = 500_000  # rows of a file


def make_file(folder: Path, n_rows: int, n_columns: int) -> None:
    """Write float32 columns of unequal scale and mean, and a response of 0 and 1, in parts."""
    import pyarrow
    import pyarrow.parquet

    folder.mkdir(parents=True, exist_ok=True)
    law = np.random.default_rng(0)
    scale, mean = np.exp(law.normal(size=n_columns)), law.normal(size=n_columns)
    coefs = np.where(np.arange(n_columns) % 3 == 0, law.normal(scale=0.3, size=n_columns), 0.0)
    for number, first in enumerate(range(0, n_rows, _PART)):
        rng = np.random.default_rng([1, number])
        n = min(_PART, n_rows - first)
        standard = rng.standard_normal((n_columns, n), dtype=np.float32)
        eta = coefs @ standard - 1.0
        columns = {
            f"x{j:02d}": standard[j] * np.float32(scale[j]) + np.float32(mean[j]) for j in range(n_columns)
        }
        columns["y"] = (rng.random(n) < 1.0 / (1.0 + np.exp(-eta))).astype(np.float32)
        pyarrow.parquet.write_table(
            pyarrow.table(columns),
            folder / f"part-{number:03d}.parquet",
            row_group_size=2**17,
            compression="none",
        )


def measured(folder: Path, n_draws: int) -> dict[str, Any]:
    """Find the mode, and draw; return passes, seconds and the peak of memory in MB after each."""
    import bayesreg as br

    def peak() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0

    found: dict[str, Any] = {"megabytes at the start": peak()}
    source = br.RowSource.from_parquet(folder, None, "y")
    model = br.LinearModel(br.GaussianPrior(1.0), br.BernoulliLikelihood())
    started = time.perf_counter()
    mode = br.map_estimate(model, source)
    found["mode"] = {
        "passes": mode.n_passes, "seconds": time.perf_counter() - started, "gap": mode.duality_gap, "megabytes": peak(),
    }  # fmt: skip
    if n_draws:
        started = time.perf_counter()
        tree = br.sample_posterior(model, source, num_samples=n_draws // 4, num_chains=4)
        found["posterior"] = {
            "passes": tree.attrs["n_passes"], "seconds": time.perf_counter() - started,
            "certificate": tree.attrs["certificate"], "megabytes": peak(),
            "accepted": float(tree["sample_stats"]["accepted"].mean()),
        }  # fmt: skip
    return found


def main() -> None:
    """Make the file, measure, and print the figures as JSON."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=5_000_000)
    asked.add_argument("--columns", type=int, default=50)
    asked.add_argument("--draws", type=int, default=4000)
    asked.add_argument("--folder", type=Path, required=True)
    asked.add_argument("--keep", action="store_true")
    given = asked.parse_args()
    context = get_context("spawn")  # the memory of making the file is not that of the fit
    try:
        with context.Pool(1) as making:
            making.apply(make_file, (given.folder, given.rows, given.columns))
        print(json.dumps(measured(given.folder, given.draws), indent=2))
    finally:
        if not given.keep:
            shutil.rmtree(given.folder)


if __name__ == "__main__":
    main()
