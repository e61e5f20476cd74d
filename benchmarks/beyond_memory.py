"""One pass over Parquet files that outgrow memory, beside its parts alone; then all that follows from statistics.

    python -m benchmarks.beyond_memory make FOLDER [--rows 20000000] [--columns 50]
    python -m benchmarks.beyond_memory run FOLDER

`make` writes parts of a million rows in float32. `run` prints a table; each measurement is a process of its own, so
that its resident memory is its own (the memory of Spark's own process is not counted). Peers run if they are
installed: PySpark, duckreg (with DuckDB 1.3) and dask-glm.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

PART, GROUP, BATCH = 1_000_000, 2**18, 2**15
N_SCALES, N_FOLDS = 100, 10


def make(folder: Path, n: int, p: int) -> None:
    """Write the files."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    coef = np.random.default_rng(0).normal(size=p) * (np.arange(p) % 5 == 0)
    for k, first in enumerate(range(0, n, PART)):
        rng = np.random.default_rng(k + 1)
        X = rng.standard_normal((min(PART, n - first), p), dtype=np.float32)
        y = (X @ coef + rng.standard_normal(len(X))).astype(np.float32)
        names = [*(f"x{j}" for j in range(p)), "y"]
        columns = [*(np.ascontiguousarray(X[:, j]) for j in range(p)), y]
        pq.write_table(
            pa.table(dict(zip(names, columns, strict=True))),
            folder / f"part-{k:04d}.parquet",
            row_group_size=GROUP,
            use_dictionary=False,
        )


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet"))


def _groups(folder: Path) -> list[tuple[Path, int]]:
    import pyarrow.parquet as pq

    return [(file, g) for file in _files(folder) for g in range(pq.ParquetFile(file).num_row_groups)]


def _on_all_cores(work: Callable[[Any], Any], items: list[Any]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from bayesreg.base.threads import n_cores, single_threaded_blas

    with single_threaded_blas(), ThreadPoolExecutor(n_cores()) as pool:
        for _ in pool.map(work, items):
            pass


def scan(folder: Path) -> dict[str, Any]:
    """Read all columns, and drop them."""
    import pyarrow.parquet as pq

    def one(group: tuple[Path, int]) -> None:
        for _ in pq.ParquetFile(group[0]).iter_batches(BATCH, row_groups=[group[1]], use_threads=False):
            pass

    groups = _groups(folder)
    start = time.perf_counter()
    _on_all_cores(one, groups)
    return {"seconds": time.perf_counter() - start}


def _batch(folder: Path) -> tuple[list[np.ndarray], int]:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(_files(folder)[0])
    batch = next(file.iter_batches(BATCH))
    n = sum(pq.ParquetFile(one).metadata.num_rows for one in _files(folder))
    return [column.to_numpy() for column in batch.columns], -(-n // batch.num_rows)


def convert(folder: Path) -> dict[str, Any]:
    """Turn as many batches of columns into float64 matrices, in blocks that stay in cache."""
    columns, times = _batch(folder)
    rows = max(256, 2**17 // len(columns))

    def one(_: int) -> None:
        for first in range(0, columns[0].size, rows):
            block = np.empty((len(columns), min(rows, columns[0].size - first)))
            for j, column in enumerate(columns):
                block[j] = column[first : first + rows]

    start = time.perf_counter()
    _on_all_cores(one, list(range(times)))
    return {"seconds": time.perf_counter() - start}


def syrk(folder: Path) -> dict[str, Any]:
    """Multiply as many batches with themselves, by BLAS."""
    columns, times = _batch(folder)
    rows = max(256, 2**17 // len(columns))
    blocks = [
        np.array([c[f : f + rows] for c in columns], dtype=float) for f in range(0, columns[0].size, rows)
    ]

    def one(_: int) -> None:
        total = np.zeros((len(columns), len(columns)))
        for block in blocks:
            total += block @ block.T

    start = time.perf_counter()
    _on_all_cores(one, list(range(times)))
    return {"seconds": time.perf_counter() - start}


def one_pass(folder: Path, folds: int | None = None) -> dict[str, Any]:
    """Reduce the files, and keep the statistics beside them."""
    import bayesreg as br

    start = time.perf_counter()
    data = br.GramData.from_parquet(folder, None, "y", folds=folds, progress=False)
    seconds = time.perf_counter() - start
    if folds:
        data.save(folder / "statistics")
    return {"seconds": seconds, "rows": data.n_samples}


def with_folds(folder: Path) -> dict[str, Any]:
    """Reduce the files with the statistics of ten folds."""
    return one_pass(folder, N_FOLDS)


def afterwards(folder: Path) -> dict[str, Any]:
    """Make path, cross-validation and posterior from the statistics, in a fresh process."""
    import bayesreg as br

    data = br.GramData.load(folder / "statistics")
    model = br.LinearModel(br.LaplacePrior(0.05), br.GaussianLikelihood())
    found = {}
    start = time.perf_counter()
    known = br.LinearModel(br.LaplacePrior(), br.GaussianLikelihood(1.0))
    path = br.map_path(known, data, n_scales=N_SCALES)
    found["path"] = time.perf_counter() - start
    chosen = br.select_scale(br.LinearModel(br.LaplacePrior()), data, "cv", progress=False)
    found["cross-validation"] = time.perf_counter() - start - found["path"]
    before = time.perf_counter()
    tree = br.sample_posterior(model, data, progress=False)
    found["posterior"] = time.perf_counter() - before
    return {
        "seconds": time.perf_counter() - start,
        **found,
        "largest gap": float(np.max(path.duality_gaps)),
        "scale": float(chosen.scale),
        "certified": int(tree.attrs["certified"]),
    }


def scikit_learn(folder: Path) -> dict[str, Any]:
    """Fit scikit-learn's ridge on the first quarter of the files, in memory."""
    import pyarrow.parquet as pq
    from sklearn.linear_model import Ridge

    start = time.perf_counter()
    files = _files(folder)
    table = pq.ParquetDataset(files[: max(1, len(files) // 4)]).read()
    X = np.column_stack([table[name].to_numpy() for name in table.column_names[:-1]]).astype(float)
    y = table["y"].to_numpy().astype(float)
    del table
    Ridge(alpha=1.0, solver="cholesky", copy_X=False).fit(X, y)
    return {"seconds": time.perf_counter() - start, "rows": len(y)}


def spark_ml(folder: Path) -> dict[str, Any]:
    """Fit Spark ML's lasso on all files, on both cores, its start not counted."""
    from pyspark.ml.feature import VectorAssembler
    from pyspark.ml.regression import LinearRegression
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[*]").config("spark.ui.enabled", "false")
    spark = builder.config("spark.driver.memory", "6g").getOrCreate()
    start = time.perf_counter()
    frame = spark.read.parquet(*map(str, _files(folder)))
    rows = VectorAssembler(inputCols=frame.columns[:-1], outputCol="features").transform(frame)
    fitted = LinearRegression(featuresCol="features", labelCol="y", regParam=0.01, elasticNetParam=1.0).fit(
        rows.select("features", "y")
    )
    seconds = time.perf_counter() - start
    n_nonzero = int(np.count_nonzero(fitted.coefficients.toArray()))
    spark.stop()
    return {"seconds": seconds, "coefficients that are not 0": n_nonzero}


def duckreg(folder: Path) -> dict[str, Any]:
    """Fit duckreg's least squares on the first file: it keeps a row for each different row of the columns."""
    from duckreg.estimators import DuckRegression

    start = time.perf_counter()
    file = _files(folder)[0]
    names = _columns(file)
    fitted = DuckRegression(
        db_name=":memory:",
        table_name=f"read_parquet('{file}')",
        formula=f"{names[-1]} ~ {' + '.join(names[:-1])}",
        cluster_col="",
        seed=0,
        n_bootstraps=0,
    )
    fitted.fit()
    return {"seconds": time.perf_counter() - start, "rows kept": len(fitted.df_compressed)}


def dask_glm(folder: Path) -> dict[str, Any]:
    """Fit dask-glm's ridge on the first file, by ADMM: L-BFGS asks today's SciPy for what it no longer has."""
    import dask
    import dask.array
    import pyarrow.parquet as pq
    from dask_glm.estimators import LinearRegression

    file = _files(folder)[0]
    n, names = pq.ParquetFile(file).metadata.num_rows, _columns(file)

    def rows() -> np.ndarray:
        table = pq.read_table(file)
        return np.column_stack([table[name].to_numpy() for name in names])

    start = time.perf_counter()
    table = dask.array.from_delayed(dask.delayed(rows)(), (n, len(names)), np.float32)
    LinearRegression(regularizer="l2", lamduh=1.0, solver="admm").fit(table[:, :-1], table[:, -1])
    return {"seconds": time.perf_counter() - start, "rows": n}


def _columns(file: Path) -> list[str]:
    import pyarrow.parquet as pq

    return list(pq.ParquetFile(file).schema_arrow.names)


PEERS = {
    "scikit-learn ridge, a quarter of the rows": (scikit_learn, "sklearn"),
    "Spark ML lasso": (spark_ml, "pyspark"),
    "duckreg least squares, a twentieth": (duckreg, "duckreg"),
    "dask-glm ridge, a twentieth": (dask_glm, "dask_glm"),
}
MEASURED = {
    "scan": scan,
    "conversion": convert,
    "products": syrk,
    "one pass": one_pass,
    "one pass, 10 folds": with_folds,
    "path, cross-validation, posterior": afterwards,
}


def run(folder: Path) -> None:
    """Measure each in a process of its own, and print a table."""
    found: dict[str, dict[str, Any]] = {}
    peers = [name for name, (_, package) in PEERS.items() if find_spec(package)]
    for name in [*MEASURED, *peers]:
        command = [sys.executable, "-m", "benchmarks.beyond_memory", "one", str(folder), "--what", name]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            if name in MEASURED:
                sys.exit(done.stderr)
            print(f"{name:44s} did not run: {done.stderr.strip().splitlines()[-1]}")
            continue
        found[name] = json.loads(done.stdout.splitlines()[-1])
        print(
            f"{name:44s}{found[name]['seconds']:8.2f} s   peak {found[name]['peak'] / 2**20:7.0f} MiB",
            flush=True,
        )
    parts = sum(found[name]["seconds"] for name in ("scan", "conversion", "products"))
    for name in ("one pass", "one pass, 10 folds"):
        print(
            f"{name}: {found[name]['seconds'] / parts:.2f} times scan + conversion + products ({parts:.2f} s)"
        )
    print(found["path, cross-validation, posterior"])


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=["make", "run", "one"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--what", choices=[*MEASURED, *PEERS], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.action == "make":
        make(options.folder, options.rows, options.columns)
    elif options.action == "run":
        run(options.folder)
    else:
        works = MEASURED | {name: work for name, (work, _) in PEERS.items()}
        answer = works[options.what](options.folder)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({**answer, "peak": peak}))


if __name__ == "__main__":
    main()
