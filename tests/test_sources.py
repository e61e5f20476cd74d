"""Rows read batch by batch become the statistics of all rows, whatever the cut, and each fault is named."""

import warnings
from pathlib import Path

import numpy as np
import numpyro.distributions as dist
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bayesreg as br

FEATURES = ["a", "b", "city", "t", "kind"]


def _rows(n: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    found = pd.DataFrame(
        {
            "a": rng.normal(1e4, 1.0, n).astype("float32"),
            "b": rng.integers(0, 9, n),
            "city": rng.choice(["x", "y", "zed"], n),
            "t": rng.random(n) > 0.5,
            "kind": pd.Categorical(rng.choice(["u", "v"], n)),
            "w": rng.integers(0, 3, n).astype(float),
            "o": rng.normal(size=n),
            "fold": rng.choice(["m", "n", "o"], n),
        }
    )
    found["y"] = 0.3 * found["b"] + 2.0 * (found["city"] == "x") + found["o"] + rng.normal(size=n)
    return found


def _expanded(rows: pd.DataFrame) -> pd.DataFrame:
    parts = []
    for name in FEATURES:
        if name in ("city", "kind"):
            parts.append(pd.get_dummies(rows[name].astype(str), prefix=name, prefix_sep="=").astype(float))
        else:
            parts.append(rows[[name]].astype(float))
    return pd.concat(parts, axis=1)


def _files(rows: pd.DataFrame, folder: Path, n_files: int, group: int = 500) -> list[Path]:
    folder.mkdir(exist_ok=True)
    edges = np.linspace(0, len(rows), n_files + 1).astype(int)
    paths = [folder / f"part-{k:02d}.parquet" for k in range(n_files)]
    for path, first, last in zip(paths, edges, edges[1:], strict=False):
        rows[first:last].to_parquet(path, row_group_size=group, index=False)
    return paths


def assert_same(a: br.GramData, b: br.GramData, rtol: float = 1e-11) -> None:
    assert a.feature_names == b.feature_names
    assert a.n_samples == b.n_samples
    size = np.sqrt(np.outer(np.diagonal(b.gram), np.diagonal(b.gram))) + 1e-300
    assert np.abs((a.gram - b.gram) / size).max() < rtol
    assert np.abs((a.cross - b.cross) / np.sqrt(np.diagonal(b.gram) * b.response_ss + 1e-300)).max() < rtol
    for what in ("sum_weights", "x_mean", "y_mean", "response_ss"):
        np.testing.assert_allclose(getattr(a, what), getattr(b, what), rtol=rtol)


def test_parquet_files_are_the_rows_in_memory(tmp_path: Path) -> None:
    rows = _rows(7001)
    _files(rows, tmp_path / "parts", 4)
    found = br.GramData.from_parquet(
        tmp_path / "parts", FEATURES, "y", "w", "fold", offset="o", progress=False
    )
    whole = br.GramData.from_arrays(
        _expanded(rows), rows["y"] - rows["o"], rows["w"], folds=rows["fold"].to_numpy()
    )
    assert_same(found, whole)
    assert found.folds is not None
    assert whole.folds is not None
    assert [*found.folds.parts] == ["m", "n", "o"]
    for label, part in whole.folds.parts.items():
        assert_same(found.folds.parts[label], part)
    pattern = br.GramData.from_parquet(
        str(tmp_path / "parts" / "part-*.parquet"), FEATURES, "y", progress=False
    )
    assert pattern.n_samples == 7001
    rows.to_csv(tmp_path / "rows.csv", index=False)
    as_text = br.GramData.from_csv(
        tmp_path / "rows.csv", FEATURES, "y", "w", "fold", offset="o", progress=False
    )
    read = pd.read_csv(tmp_path / "rows.csv").assign(a=lambda r: r["a"])
    assert_same(
        as_text,
        br.GramData.from_arrays(
            _expanded(read), read["y"] - read["o"], read["w"], folds=read["fold"].to_numpy()
        ),
    )


def test_every_form_of_a_batch_gives_the_same() -> None:
    import polars as pl

    rows = _rows(3000)[[*FEATURES, "y"]]
    arrow = pa.Table.from_pandas(rows, preserve_index=False)
    whole = br.GramData.from_arrays(_expanded(rows), rows["y"])
    as_arrays = {
        name: rows[name].astype(object if name in ("city", "kind") else rows[name].dtype).to_numpy()
        for name in rows
    }
    forms = {
        "a table": arrow,
        "batches": arrow.to_batches(max_chunksize=700),
        "a reader": pa.RecordBatchReader.from_batches(arrow.schema, arrow.to_batches(700)),
        "polars": pl.from_pandas(rows),
        "pandas": rows,
        "frames": (rows[first : first + 999] for first in range(0, 3000, 999)),
        "arrays": as_arrays,
    }
    for form in forms.values():
        assert_same(br.GramData.from_batches(form, None, "y", progress=False), whole)


def test_folds_and_rows_held_out_do_not_depend_on_the_cut(tmp_path: Path) -> None:
    rows = _rows(20_000)
    many = br.GramData.from_parquet(
        _files(rows, tmp_path / "a", 7, 300), ["a", "b"], "y", folds=10, held_out=0.2, progress=False
    )
    one = br.GramData.from_batches(rows, ["a", "b"], "y", folds=10, held_out=0.2, progress=False)
    assert many.folds is not None
    assert one.folds is not None
    assert many.held_out is not None
    assert one.held_out is not None
    for label, part in one.folds.parts.items():
        assert_same(many.folds.parts[label], part)
        assert abs(part.n_samples - 1600) < 5 * np.sqrt(1600)
    assert_same(many.held_out, one.held_out)
    assert abs(one.held_out.n_samples - 4000) < 5 * np.sqrt(3200)
    assert one.n_samples + one.held_out.n_samples == 20_000
    assert sum(part.n_samples for part in one.folds.parts.values()) == one.n_samples
    chosen = br.select_scale(br.LinearModel(br.LaplacePrior()), many, "cv")
    assert chosen.scale > 0.0


def test_folds_of_k_are_random_beside_sorted_rows() -> None:
    rows = pd.DataFrame({"x": np.arange(10_000.0), "y": np.arange(10_000.0)})
    data = br.GramData.from_batches(rows, ["x"], "y", folds=5, progress=False)
    assert data.folds is not None
    assert not data.folds.in_order
    means = [part.y_mean for part in data.folds.parts.values()]
    assert np.abs(np.array(means) - 4999.5).max() < 5 * 2887 / np.sqrt(2000)


@pytest.mark.parametrize("absent", [None, float("nan")])
def test_missing_entries_are_refused_or_dropped_and_counted(absent: float | None, tmp_path: Path) -> None:
    rows = _rows(1000)
    rows["b"] = rows["b"].astype(object)
    rows.loc[5:8, "b"] = absent
    rows["b"] = rows["b"].astype("Int64" if absent is None else "float64")
    rows.loc[7:20, "city"] = None
    files = _files(rows, tmp_path / "parts", 2, 250)
    with pytest.raises(
        ValueError, match=r"column 'b' of .*part-00.parquet, row group 0 has 4 missing .*at row 5"
    ):
        br.GramData.from_parquet(files, ["b", "city"], "y", progress=False)
    found = br.GramData.from_parquet(files, ["b", "city"], "y", missing="drop", progress=False)
    assert found.dropped.n_rows == 16
    assert found.dropped.entries == {"b": 4, "city": 14}
    assert "16 rows left out, missing 14 in 'city', 4 in 'b'" in str(found)
    kept = rows.drop(index=range(5, 21))
    whole = br.GramData.from_arrays(
        pd.concat(
            [kept[["b"]].astype(float), pd.get_dummies(kept["city"], prefix="city", prefix_sep="=")], axis=1
        ),
        kept["y"],
    )
    assert_same(found, whole)


def test_a_part_whose_text_is_all_missing_adds_up() -> None:
    first = pa.table({"city": pa.array(["x", "y", "x"]), "y": [1.0, 2.0, 4.0]})
    empty = pa.table({"city": pa.nulls(2), "y": [1.0, 2.0]})
    spec = br.BatchSpec(target="y", missing="drop")
    found = br.reduce_batch(empty, spec) + br.reduce_batch(first, spec)
    assert found.feature_names == ("city=x", "city=y")
    assert (found.n_samples, found.dropped.n_rows, found.dropped.entries) == (3, 2, {"city": 2})


def test_an_infinite_entry_and_a_bad_weight_are_refused() -> None:
    rows = pd.DataFrame({"x": [1.0, np.inf, 2.0], "w": [1.0, -1.0, 1.0], "y": [1.0, 2.0, 3.0]})
    with pytest.raises(ValueError, match="infinity in column 'x'"):
        br.GramData.from_batches(rows, ["x"], "y", progress=False)
    with pytest.raises(ValueError, match="negative"):
        br.GramData.from_batches(rows.assign(x=[1.0, 2.0, 3.0]), ["x"], "y", "w", progress=False)


def test_filters_choose_rows_and_read_their_columns(tmp_path: Path) -> None:
    rows = _rows(2000)
    files = _files(rows, tmp_path / "parts", 2)
    filters = [("t", "==", True), ("city", "in", ["x", "y"])]
    found = br.GramData.from_parquet(files, ["a", "b"], "y", filters=filters, progress=False)
    kept = rows[rows["t"] & rows["city"].isin(["x", "y"])]
    assert_same(found, br.GramData.from_arrays(kept[["a", "b"]].astype(float), kept["y"]))


def test_a_damaged_file_is_named_with_its_row_group(tmp_path: Path) -> None:
    files = _files(_rows(4000), tmp_path / "parts", 3, 400)
    content = bytearray(files[1].read_bytes())
    metadata = pq.ParquetFile(files[1]).metadata
    start = metadata.row_group(2).column(0).data_page_offset
    content[start : start + 40] = b"\xff" * 40
    files[1].write_bytes(content)
    with pytest.raises(ValueError, match=r"part-01.parquet, row group 2 is damaged"):
        br.GramData.from_parquet(files, FEATURES, "y", progress=False)
    files[2].write_bytes(files[2].read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"part-02.parquet \(part 3 of 3\) is a damaged Parquet file"):
        br.GramData.from_parquet(files, FEATURES, "y", progress=False)


def test_other_columns_in_a_late_part_are_told_before_anything_is_read(tmp_path: Path) -> None:
    files = _files(_rows(4000), tmp_path / "parts", 40)
    rows = pd.read_parquet(files[16])
    rows.assign(b=rows["b"].astype(str)).to_parquet(files[16])
    with pytest.raises(ValueError, match=r"column 'b' of .*part-16.parquet \(part 17 of 40\) holds text"):
        br.GramData.from_parquet(files, FEATURES, "y", progress=False)
    rows.drop(columns="b").rename(columns={"a": "aa"}).to_parquet(files[16])
    with pytest.raises(
        ValueError, match=r"part-16.parquet \(part 17 of 40\) has no column 'a'. Did you mean 'aa'"
    ):
        br.GramData.from_parquet(files, FEATURES, "y", progress=False)


def _spec() -> br.BatchSpec:
    return br.BatchSpec(target="y", weight="w", folds="f", missing="drop")


@st.composite
def _batches(draw: st.DrawFn) -> pd.DataFrame:
    n = draw(st.sampled_from([0, 1, 2, 40]))
    numbers = st.floats(-1e3, 1e3, width=32)
    return pd.DataFrame(
        {
            "x": np.array(draw(st.lists(numbers, min_size=n, max_size=n)), dtype=float),
            "level": pd.Series(draw(st.lists(st.sampled_from("abc"), min_size=n, max_size=n)), dtype="str"),
            "y": np.array(draw(st.lists(numbers, min_size=n, max_size=n)), dtype=float),
            "w": np.array(
                draw(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=n, max_size=n)), dtype=float
            ),
            "f": pd.Series(draw(st.lists(st.sampled_from("mn"), min_size=n, max_size=n)), dtype="str"),
        }
    )


@settings(max_examples=60, deadline=None)
@given(_batches(), _batches(), _batches())
def test_sums_do_not_depend_on_order_or_brackets(a: pd.DataFrame, b: pd.DataFrame, c: pd.DataFrame) -> None:
    x, y, z = (br.reduce_batch(one, _spec()) for one in (a, b, c))
    whole = br.reduce_batch(pd.concat([a, b, c], ignore_index=True), _spec())
    for found in ((x + y) + z, x + (y + z), z + (y + x)):
        assert found.feature_names == whole.feature_names
        assert found.n_samples == whole.n_samples
        scale = 1.0 + np.abs(whole.gram).max(initial=0.0) + whole.response_ss
        assert np.abs(found.gram - whole.gram).max(initial=0.0) < 1e-10 * scale
        assert np.abs(found.cross - whole.cross).max(initial=0.0) < 1e-10 * scale
        assert abs(found.response_ss - whole.response_ss) < 1e-10 * scale
        assert found.folds is not None
        assert whole.folds is not None
        assert found.folds.parts.keys() == whole.folds.parts.keys()
        assert {k: p.n_samples for k, p in found.folds.parts.items()} == {
            k: p.n_samples for k, p in whole.folds.parts.items()
        }


def test_a_state_goes_on_where_it_stopped() -> None:
    rows = _rows(1000)
    spec = br.BatchSpec(target="y", features=["a", "b"], folds=4, held_out=0.3)
    state = None
    for first in range(0, 1000, 137):
        state = br.reduce_batch(rows[first : first + 137], spec, state)
    assert state is not None
    assert state.folds is not None
    whole = br.reduce_batch(rows, spec)
    assert_same(state, whole)
    assert whole.folds is not None
    for label, part in whole.folds.parts.items():
        assert_same(state.folds.parts[label], part)


@pytest.mark.parametrize("by_chunks", [False, True])
def test_a_mean_of_1e8_costs_no_digits(by_chunks: bool) -> None:
    """The reference is exact: whole numbers, and sums of Python's integers."""
    rng = np.random.default_rng(0)
    steps = rng.integers(-3, 4, (20_000, 2))
    rows = pd.DataFrame({"x": 1e8 + steps[:, 0], "y": 1e8 + steps[:, 0] + steps[:, 1]})
    blocks = [rows[first : first + 1000] for first in range(0, 20_000, 1000)]
    if by_chunks:
        found = br.GramData.from_chunks((block[["x"]], block["y"]) for block in blocks)
    else:
        found = br.GramData.from_batches(blocks, ["x"], "y", progress=False)
    x, y = steps[:, 0].tolist(), (steps[:, 0] + steps[:, 1]).tolist()
    n, sx, sy = len(x), sum(x), sum(y)
    exact = [
        n * sum(u * v for u, v in zip(p, q, strict=True)) - sp * sq
        for p, q, sp, sq in ((x, x, sx, sx), (x, y, sx, sy))
    ]
    assert found.gram[0, 0] == pytest.approx(exact[0] / n, rel=1e-13)
    assert found.cross[0] == pytest.approx(exact[1] / n, rel=1e-13)


def test_a_billion_rows_cost_no_digits() -> None:
    """Blocks of whole numbers are added to 2²⁰ times 1,000 rows; the reference is exact."""
    rng = np.random.default_rng(1)
    steps = rng.integers(-50, 51, (1000, 2))
    rows = pd.DataFrame({"x": 1e8 + steps[:, 0], "y": 1e8 + steps[:, 1]})
    spec = br.BatchSpec(target="y")
    total = sum(br.reduce_batch(rows[k : k + 10], spec) for k in range(0, 1000, 10))
    for _ in range(20):
        total = total + total
    x, y = steps.T.tolist()
    exact = [
        2**20 * (1000 * sum(a * b for a, b in zip(u, v, strict=True)) - sum(u) * sum(v))
        for u, v in ((x, x), (x, y), (y, y))
    ]
    found = [total.gram[0, 0], total.cross[0], total.response_ss]
    assert total.n_samples == 1000 * 2**20
    scale = float(exact[0]) / 1000
    assert np.abs(np.array(found) - np.array(exact) / 1000).max() < 1e-13 * scale


def test_a_first_row_far_from_the_others_costs_no_digits() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=5000)
    x[:64] = 1e9
    rows = pd.DataFrame({"x": x, "y": x})
    found = br.reduce_batch(rows, br.BatchSpec(target="y"))
    long = x.astype(np.longdouble)
    assert found.gram[0, 0] == pytest.approx(float(np.square(long - long.mean()).sum()), rel=1e-12)


def test_select_keeps_some_features(tmp_path: Path) -> None:
    rows = _rows(2000)
    data = br.GramData.from_batches(rows, FEATURES, "y", folds=3, held_out=0.1, progress=False)
    chosen = data.select(["city=y", "a"])
    assert chosen.feature_names == ("city=y", "a")
    j = [data.feature_names.index(name) for name in chosen.feature_names]
    np.testing.assert_array_equal(chosen.gram, data.gram[np.ix_(j, j)])
    assert chosen.folds is not None
    assert chosen.held_out is not None
    assert {part.n_features for part in (*chosen.folds.parts.values(), chosen.held_out)} == {2}
    with pytest.raises(ValueError, match=r"no one feature 'citty=y'. Did you mean 'city=y'"):
        data.select(["citty=y"])


def test_a_file_of_statistics_holds_every_bit(tmp_path: Path) -> None:
    rows = _rows(2000)
    rows.loc[3, "city"] = None
    data = br.GramData.from_batches(
        rows, FEATURES, "y", "w", "fold", held_out=0.1, missing="drop", progress=False
    )
    data.save(tmp_path / "yesterday.stats")
    found = br.GramData.load(tmp_path / "yesterday.stats")
    assert str(found) == str(data)
    assert found.folds is not None
    assert data.folds is not None
    pairs = [(found, data), (found.held_out, data.held_out)]
    pairs += [(found.folds.parts[label], part) for label, part in data.folds.parts.items()]
    for one, other in pairs:
        for what in ("x_mean", "gram", "cross"):
            np.testing.assert_array_equal(getattr(one, what), getattr(other, what))
        for what in (
            "n_samples",
            "sum_weights",
            "y_mean",
            "response_ss",
            "feature_names",
            "columns",
            "dropped",
        ):
            assert getattr(one, what) == getattr(other, what)
    today = br.GramData.from_batches(
        _rows(500, 1).assign(city="new"),
        FEATURES,
        "y",
        "w",
        "fold",
        held_out=0.1,
        missing="drop",
        progress=False,
    )
    assert "city=new" in (found + today).feature_names


def test_a_file_of_statistics_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.stats"
    br.GramData.from_batches(_rows(100), ["a", "b"], "y", progress=False).save(path)
    content = path.read_bytes()
    for place in [*range(0, len(content), 7), len(content) - 1]:
        changed = bytearray(content)
        changed[place] ^= 0x55
        path.write_bytes(changed)
        with pytest.raises(ValueError, match=r"damaged or not whole|no file of statistics"):
            br.GramData.load(path)
    for size in (0, 10, 40, 100, len(content) - 30):
        path.write_bytes(content[:size])
        with pytest.raises(ValueError, match=r"damaged or not whole|no file of statistics"):
            br.GramData.load(path)


def test_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.stats"
    br.GramData.from_batches(_rows(100), ["a", "b"], "y", progress=False).save(path)
    path.write_bytes(path.read_bytes().replace(b"version 1", b"version 2", 1))
    with pytest.raises(ValueError, match="version 2 of the format, and this bayesreg reads up to 1"):
        br.GramData.load(path)


def test_no_row_left_is_refused_with_the_cause() -> None:
    rows = pd.DataFrame({"x": [None, None], "y": [1.0, 2.0]}, dtype=float)
    with pytest.raises(ValueError, match=r"no row that can be used: all 2 have missing entries \(2 in 'x'\)"):
        br.GramData.from_batches(rows, ["x"], "y", missing="drop", progress=False)


def test_a_name_that_two_columns_have_is_refused_if_it_is_used() -> None:
    table = pa.table(
        [pa.array([1.0, 2.0, 4.0])] * 2 + [pa.array([1.0, 3.0, 2.0])] * 2, names=["a", "a", "b", "y"]
    )
    with pytest.raises(ValueError, match="batch 0 has several columns 'a'"):
        br.GramData.from_batches(table, None, "y", progress=False)
    assert br.GramData.from_batches(table, ["b"], "y", progress=False).feature_names == ("b",)


def test_dates_are_refused_with_the_remedy() -> None:
    rows = pd.DataFrame({"day": pd.date_range("2020-01-01", periods=3), "y": [1.0, 2.0, 3.0]})
    with pytest.raises(ValueError, match=r"'day' of batch 0 holds timestamp.*days since the first"):
        br.GramData.from_batches(rows, None, "y", progress=False)


@pytest.mark.parametrize("mean", [0.0, 1e8])
@pytest.mark.parametrize("noise", [1e-2, 1e-3, 1e-5, 1e-7, 1e-9])
def test_a_noise_that_statistics_cannot_tell_is_not_told_in_silence(noise: float, mean: float) -> None:
    """The reference is least squares of the centred rows in extended precision."""
    rng = np.random.default_rng(0)
    steps = rng.normal(size=(2000, 2))
    X = mean + steps
    y = (X - mean) @ [1.0, -2.0] + noise * rng.normal(size=2000)
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": y})
    data = br.GramData.from_batches(
        (frame[k : k + 100] for k in range(0, 2000, 100)), ["a", "b"], "y", progress=False
    )
    long_X, long_y = X.astype(np.longdouble), y.astype(np.longdouble)
    long_X, long_y = long_X - long_X.mean(axis=0), long_y - long_y.mean()
    (a, b), c = long_X.T @ long_X, long_X.T @ long_y
    coef = np.array([b[1] * c[0] - a[1] * c[1], a[0] * c[1] - a[1] * c[0]]) / (a[0] * b[1] - a[1] ** 2)
    exact = float(np.square(long_y - long_X @ coef).sum())
    model = br.LinearModel(
        br.FlatPrior(), br.GaussianLikelihood(dist.ImproperUniform(dist.constraints.positive, (), ()))
    )
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            mode = br.map_estimate(model, data)
        except br.NoModeError:
            assert noise <= 1e-6
            return
    error = abs(mode.noise_scale**2 * 2000 / exact - 1.0)
    assert error < 1e-9 or told
    if noise >= 1e-2:
        assert error < 1e-9
        assert not told
