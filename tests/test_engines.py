"""Statistics that an engine adds up are those of the rows in memory, even if a worker dies."""

import os
import pickle
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayesreg as br

pytestmark = pytest.mark.extended

FEATURES = ["a", "b", "kind"]


def _rows(n: int = 12_000) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        {"a": rng.normal(50.0, 2.0, n), "b": rng.integers(0, 5, n), "kind": rng.choice(["u", "v", "w"], n)}
    )
    rows["w"] = rng.integers(0, 3, n).astype(float)
    rows["fold"] = rng.choice(["m", "n"], n)
    rows["y"] = rows["a"] - rows["b"] + rng.normal(size=n)
    return rows


def _in_memory(rows: pd.DataFrame) -> br.GramData:
    kinds = pd.get_dummies(rows["kind"], prefix="kind", prefix_sep="=").astype(float)
    X = pd.concat([rows[["a", "b"]].astype(float), kinds], axis=1)
    return br.GramData.from_arrays(X, rows["y"], rows["w"], folds=rows["fold"].to_numpy())


def _assert_same(found: br.GramData, rows: pd.DataFrame) -> None:
    whole = _in_memory(rows)
    assert whole.folds is not None
    assert found.folds is not None
    pairs = [(found, whole), *((found.folds.parts[label], part) for label, part in whole.folds.parts.items())]
    for one, other in pairs:
        assert one.n_samples == other.n_samples
        assert one.feature_names == other.feature_names
        size = np.sqrt(np.diagonal(other.gram))
        assert np.abs((one.gram - other.gram) / np.outer(size, size)).max() < 1e-10
        assert np.abs((one.cross - other.cross) / size).max() < 1e-10 * np.sqrt(other.response_ss)
    model = br.LinearModel(br.LaplacePrior(0.02), br.GaussianLikelihood(1.0))
    modes = [br.map_estimate(model, data).coef for data in (found, whole)]
    np.testing.assert_allclose(modes[0], modes[1], rtol=0.0, atol=1e-10)


def test_dask_gives_the_statistics_of_all_rows() -> None:
    dd = pytest.importorskip("dask.dataframe")
    rows = _rows()
    frame = dd.from_pandas(rows, npartitions=13)
    _assert_same(br.GramData.from_dask(frame, FEATURES, "y", "w", "fold"), rows)


def test_dask_counts_no_row_twice_if_a_worker_dies() -> None:
    dd = pytest.importorskip("dask.dataframe")
    distributed = pytest.importorskip("distributed")
    rows = _rows()

    def slowly(part: pd.DataFrame) -> pd.DataFrame:
        time.sleep(0.3)
        return part

    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        pids = list(client.run(os.getpid).values())
        frame = dd.from_pandas(rows, npartitions=16).map_partitions(slowly, meta=rows.head(0))
        killer = threading.Timer(1.5, os.kill, (pids[0], signal.SIGKILL))
        killer.start()
        found = br.GramData.from_dask(frame, FEATURES, "y", "w", "fold")
        killer.join()
        assert pids[0] not in client.run(os.getpid).values()
    _assert_same(found, rows)


def test_a_row_of_dask_that_is_refused_names_its_partition() -> None:
    dd = pytest.importorskip("dask.dataframe")
    rows = _rows(100)
    rows.loc[70, "a"] = np.nan
    with pytest.raises(TypeError, match=r"Use GramData\.from_dask"):
        br.GramData.from_batches(dd.from_pandas(rows, npartitions=4), FEATURES, "y")
    with pytest.raises(ValueError, match=r"column 'a' of partition 2 has 1 missing entries"):
        br.GramData.from_dask(dd.from_pandas(rows, npartitions=4), FEATURES, "y")


def test_duckdb_gives_the_statistics_of_all_rows() -> None:
    duckdb = pytest.importorskip("duckdb")
    rows = _rows()
    connection = duckdb.connect()
    connection.register("rows", rows)
    batches = connection.sql("select * from rows")
    _assert_same(br.GramData.from_batches(batches, FEATURES, "y", "w", "fold", progress=False), rows)


def test_a_lazy_polars_frame_gives_the_statistics_of_all_rows(tmp_path: Path) -> None:
    pl = pytest.importorskip("polars")
    rows = _rows()
    rows.to_parquet(tmp_path / "rows.parquet")
    lazy = pl.scan_parquet(tmp_path / "rows.parquet")
    _assert_same(br.GramData.from_batches(lazy, FEATURES, "y", "w", "fold", progress=False), rows)


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::ResourceWarning")  # of PySpark
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of a fork
def test_spark_gives_the_statistics_of_all_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyspark")
    pa = pytest.importorskip("pyarrow")
    from pyspark.sql import SparkSession

    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    rows = _rows()
    rows.to_parquet(tmp_path / "rows.parquet")
    spec = br.BatchSpec(target="y", features=FEATURES, weight="w", folds="fold")

    def reduced(batches):  # type: ignore[no-untyped-def]
        state = None
        for batch in batches:
            state = br.reduce_batch(batch, spec, state)
        if state is not None:
            yield pa.record_batch({"state": [pickle.dumps(state)]})

    spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    try:
        frame = spark.read.parquet(str(tmp_path / "rows.parquet")).repartition(5)
        parts = frame.mapInArrow(reduced, "state binary").collect()
    finally:
        spark.stop()
    _assert_same(sum(pickle.loads(part.state) for part in parts), rows)  # type: ignore[arg-type]
