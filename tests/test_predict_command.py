"""The command `predict`: new rows of a file, by what `fit` has kept."""

import io
import json

import arviz as az
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import bayesreg as br
from bayesreg.app.cli import main


def call(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def error(result):
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    return lines[0]


def houses(n=50):
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(
        {
            "id": [f"h{i}" for i in range(n)],
            "area, m²": rng.uniform(40, 200, n),
            "city": rng.choice(["Bonn", "Köln", "Ulm"], n),
            "garden": rng.choice(["no", "yes"], n),
            "new": rng.choice([True, False], n),
        }
    )
    effect = frame["city"].map({"Bonn": 0.0, "Köln": 60.0, "Ulm": -30.0}) + 20.0 * (frame["garden"] == "yes")
    frame["price"] = 3.0 * frame["area, m²"] + effect + rng.normal(0, 10, n)
    return frame


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fit")
    houses().to_csv(folder / "houses.csv", index=False)
    result = call(
        "fit", folder / "houses.csv", "--target", "price", "--exclude", "id", "--out", folder / "out"
    )
    assert result.exit_code == 0, result.output
    return folder / "out"


def new_rows(tmp_path, frame=None, name="new.csv"):
    frame = houses(6).drop(columns=["price", "id"])[::-1] if frame is None else frame
    frame.to_csv(tmp_path / name, index=False)
    return tmp_path / name


def encoded(frame):
    return np.column_stack(
        [
            frame["area, m²"],
            *(frame["city"] == city for city in ("Bonn", "Köln", "Ulm")),
            frame["garden"] == "yes",
            frame["new"],
        ]
    ).astype(float)


@pytest.mark.parametrize(
    ("options", "mass", "of"),
    [((), 0.9, "observation"), (("--interval", "0.5", "--of", "mean"), 0.5, "mean")],
)
def test_rows_in_any_order_of_columns_are_those_of_the_fit(fitted, tmp_path, options, mass, of):
    frame = houses(6).drop(columns="price")
    expected = br.predict_posterior(az.from_netcdf(fitted / "posterior.nc"), encoded(frame), mass=mass, of=of)
    file = new_rows(tmp_path, frame[frame.columns[::-1]])
    for place in (fitted, fitted / "posterior.nc"):
        result = call("predict", place, file, *options)
        assert result.exit_code == 0, result.output
        (tmp_path / "p.csv").write_text(result.stdout)
        found = pd.read_csv(tmp_path / "p.csv", index_col="row")
        assert list(found.index) == [1, 2, 3, 4, 5, 6]
        np.testing.assert_allclose(found, expected, rtol=1e-9)
        assert result.stderr == ""
    document = json.loads(call("predict", fitted, file, *options, "--json").stdout)
    assert (document["mass"], document["of_mean"]) == (mass, of == "mean")
    np.testing.assert_allclose([list(row.values()) for row in document["predictions"]], expected, rtol=1e-12)


def test_one_row_of_one_city(fitted, tmp_path):
    one = houses(6).iloc[[2]]
    many = pd.read_csv(new_rows(tmp_path, houses(6)))
    alone = call("predict", fitted, new_rows(tmp_path, one, "one.csv")).stdout.splitlines()
    among = call("predict", fitted, new_rows(tmp_path, many)).stdout.splitlines()
    assert alone[1].split(",")[1:] == among[3].split(",")[1:]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda frame: frame.drop(columns="city"), "there is no column 'city' for the feature"),
        (lambda frame: frame.assign(city="Rom"), "column 'city' holds 'Rom', which the fit has not seen: it knows 'Bonn', 'Köln', 'Ulm'"),
        (lambda frame: frame.assign(garden=None), "entries are missing: 6 in 'garden'. Leave these rows out"),
        (lambda frame: frame.assign(**{"area, m²": "large"}), "the feature 'area, m²' must be numeric, but it holds text"),
        (lambda frame: frame.head(0), "has a header and no row. One row at least is needed"),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_predicted(fitted, tmp_path, change, said):
    assert said in error(call("predict", fitted, new_rows(tmp_path, change(houses(6))), "--strict"))


def test_what_is_no_fit(fitted, tmp_path):
    file = new_rows(tmp_path)
    (tmp_path / "empty").mkdir()
    assert "`bayesreg fit` writes it" in error(call("predict", tmp_path / "empty", file))
    whole = (fitted / "posterior.nc").read_bytes()
    (tmp_path / "half.nc").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.nc").write_text("no draws")
    for name in ("half.nc", "text.nc"):
        assert "Fit again" in error(call("predict", tmp_path / name, file))


def test_draws_that_were_kept_from_python(tmp_path):
    X, y = houses()[["area, m²"]], houses()["price"]
    tree = br.sample_posterior(
        br.LinearModel(br.LaplacePrior()), br.RowData.from_arrays(X, y), progress=False
    )
    tree.to_netcdf(tmp_path / "draws.nc", engine="h5netcdf")
    result = call("predict", tmp_path / "draws.nc", new_rows(tmp_path))
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) == 7


# Rows of real files.


CITIES = ["Bonn", "Köln", "Ulm"]


def streets(n=60):
    """Return a table with all that is read by a rule: dates, percent, codes, missing text, rare levels."""
    rng = np.random.default_rng(7)
    frame = pd.DataFrame(
        {
            "id": [f"s{i:03d}" for i in range(n)],
            "built": pd.to_datetime("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), "D"),
            "slope": [f"{value:.1f}%" for value in rng.uniform(0, 9, n)],
            "code": rng.choice(["01", "1", "1.0", "A"], n),
            "kind": rng.choice(["wide", "narrow", None], n),
            "city": rng.choice([*CITIES, "Rar", "Selten"], n, p=[0.4, 0.3, 0.24, 0.03, 0.03]),
            "cars": rng.integers(0, 50, n),
        }
    )
    effect = frame["code"].map({"01": 0.0, "1": 50.0, "1.0": -50.0, "A": 20.0}) + 3.0 * frame["cars"]
    return frame.assign(noise=(effect + rng.normal(0, 2, n)).round(2))


STREETS = [
    "--numbers",
    "slope",
    "--dates",
    "built",
    "--levels",
    "code",
    "--missing-level",
    "kind",
    "--gather-rare",
    "5",
]
STREETS += ["--missing", "-9", "--missing", "unknown", "--drop-missing", "--exclude", "id"]


@pytest.fixture(scope="module")
def of_streets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("streets")
    streets().to_csv(folder / "streets.csv", index=False, sep=";")
    result = call(
        "fit",
        folder / "streets.csv",
        "--target",
        "noise",
        *STREETS,
        "--prior",
        "gaussian",
        "--out",
        folder / "out",
    )
    assert result.exit_code == 0, result.output
    return folder / "out"


def predicted(fitted, file, *options):
    result = call("predict", fitted, file, *options)
    found = pd.read_csv(
        io.StringIO(result.stdout), dtype={"id": str, "code": str}, keep_default_na=False, na_values=[""]
    )
    assert result.exit_code == int(found["mean"].isna().all()), result.output  # 1 if no row can be predicted
    return found


def bad_streets():
    frame = streets(12).astype("object").drop(columns="noise")
    frame.loc[1, "city"] = "Neustadt"  # unseen, and there is a level of rare ones
    frame.loc[2, "code"] = "2"
    frame.loc[3, "cars"] = None
    frame.loc[4, "cars"] = "-9"
    frame.loc[5, "cars"] = "many"
    frame.loc[6, "slope"] = "7 kg"
    frame.loc[7, "built"] = "May"
    frame.loc[8, "kind"] = None
    frame.loc[9, "kind"] = "unknown"
    frame.loc[10, "code"] = None
    frame.loc[11, ["code", "cars"]] = ["1.00", "inf"]
    return frame


REASONS = {
    2: "'2' in 'code' is a level that the fit has not seen",
    3: "'cars' is missing",
    4: "'cars' is missing",
    5: "'many' in 'cars' is no number",
    6: "'7 kg' in 'slope' is no number that is written as the fit's are",
    7: "'May' in 'built' is no date that is written as the fit's are",
    10: "'code' is missing",
    11: "'inf' in 'cars' is no number; '1.00' in 'code' is a level that the fit has not seen",
}


def test_a_row_that_cannot_be_predicted_is_blank_with_the_reason(of_streets, tmp_path):
    file = new_rows(tmp_path, bad_streets())
    result = call("predict", of_streets, file)
    assert result.exit_code == 0, result.output
    found = pd.read_csv(io.StringIO(result.stdout), index_col="row")
    assert list(found.columns) == ["mean", "sd", "lower", "upper", "reason"]
    for place in range(12):
        row = found.iloc[place]
        assert row[["mean", "sd", "lower", "upper"]].isna().all() == (place in REASONS)
        assert (row["reason"] if place in REASONS else pd.isna(row["reason"])) in (REASONS.get(place), True)
    blank, gathered = result.stderr.splitlines()
    assert blank.startswith("8 of 12 rows have no prediction: ")
    assert "2 rows with '1.00', '2' in 'code', which are a level that the fit has not seen" in blank
    assert "--strict refuses such a file" in blank
    assert (
        gathered
        == "1 row with 'Neustadt' in 'city', which the fit has not seen, counts as '(other)', the level of rare ones."
    )
    assert "entries are missing: 2 in 'cars', 1 in 'code'" in error(
        call("predict", of_streets, file, "--strict")
    )
    document = json.loads(call("predict", of_streets, file, "--json").stdout)["predictions"]
    assert [row["reason"] for row in document] == [REASONS.get(place) for place in range(12)]
    assert [row["mean"] is None for row in document] == [place in REASONS for place in range(12)]


def test_a_row_is_predicted_alone_as_among_others(of_streets, tmp_path):
    """A column's type never follows from the other rows: each row alone, in halves and in another order."""
    frame = pd.concat([streets(60).drop(columns="noise").astype("object"), bad_streets()], ignore_index=True)
    together = predicted(of_streets, new_rows(tmp_path, frame)).drop(columns="row")
    rng = np.random.default_rng(0)
    parts = [[place] for place in (*range(8), *range(60, 72))]
    parts += [list(rng.permutation(len(frame))), list(range(0, 72, 2)), list(rng.choice(72, 30))]
    for places in parts:
        part = predicted(of_streets, new_rows(tmp_path, frame.iloc[places], "part.csv")).drop(columns="row")
        expected = together.iloc[places].reset_index(drop=True)
        if "reason" not in part:
            assert expected["reason"].isna().all()
            expected = expected.drop(columns="reason")
        pd.testing.assert_frame_equal(part, expected, rtol=1e-8)


def test_text_is_text_as_in_the_fit(of_streets, tmp_path):
    frame = pd.concat([streets(1).drop(columns="noise")] * 3).assign(code=["01", "1", "1.0"], cars=0)
    found = predicted(of_streets, new_rows(tmp_path, frame))["mean"]
    assert np.diff(found).tolist() == pytest.approx([50.0, -100.0], abs=6.0)


def test_new_rows_may_be_written_otherwise(of_streets, tmp_path):
    frame = streets(10).drop(columns="noise")
    expected = predicted(of_streets, new_rows(tmp_path, frame))
    text = frame.assign(
        slope=frame["slope"].str.replace(".", ","),
        cars=frame["cars"].map("{:.1f}".format).str.replace(".", ","),
    )
    content = "# made by hand\n" + text.to_csv(sep="|", index=False)
    (tmp_path / "other.csv").write_bytes(content.encode("utf-16-le"))
    options = ("--separator", "bar", "--decimal", ",", "--encoding", "utf-16-le", "--comment", "#")
    pd.testing.assert_frame_equal(predicted(of_streets, tmp_path / "other.csv", *options), expected)
    result = call("predict", of_streets, tmp_path / "other.csv", *options[:2], *options[4:])
    assert "Are numbers written with ',' as decimal mark? --decimal , reads them." in result.stderr
    assert "is read as utf-16-le text." in result.stderr.splitlines()[0]


def test_new_rows_of_parquet_are_those_of_csv(of_streets, tmp_path):
    pytest.importorskip("pyarrow", reason="reads Parquet: the extra `parquet`")
    frame = streets(10).drop(columns="noise")
    frame.to_parquet(tmp_path / "new.parquet", index=False)
    expected = predicted(of_streets, new_rows(tmp_path, frame), "--keep", "id, code")
    pd.testing.assert_frame_equal(
        predicted(of_streets, tmp_path / "new.parquet", "--keep", "id, code"), expected
    )


def test_columns_are_carried_through(of_streets, tmp_path):
    frame = bad_streets().assign(**{"a note": ["x, y", '"q"', None] * 4, "zip": ["00123", "7", "0.10"] * 4})
    file = new_rows(tmp_path, frame)
    found = predicted(of_streets, file, "--keep", "zip, id", "--keep", "a note")
    assert list(found.columns)[:4] == ["zip", "id", "a note", "row"]
    assert found["id"].tolist() == frame["id"].tolist()
    kept = call("predict", of_streets, file, "--keep", "zip").stdout.splitlines()
    assert [line.split(",")[0] for line in kept[1:4]] == ["00123", "7", "0.10"]
    whole = pd.read_csv(io.StringIO(call("predict", of_streets, file, "--keep", "all").stdout), dtype=str)
    assert list(whole.columns)[: len(frame.columns)] == list(frame.columns)
    assert whole["a note"].tolist()[:2] == ["x, y", '"q"']
    document = json.loads(call("predict", of_streets, file, "--keep", "id", "--json").stdout)["predictions"]
    assert list(document[0]) == ["id", "mean", "sd", "lower", "upper", "reason"]
    assert "there is no column 'nr' for the column to keep" in error(
        call("predict", of_streets, file, "--keep", "nr")
    )
    file = new_rows(tmp_path, frame.assign(mean=1))
    assert "'mean' of --keep is what the output calls" in error(
        call("predict", of_streets, file, "--keep", "all")
    )


def test_a_file_in_which_no_row_can_be_predicted(of_streets, tmp_path):
    file = new_rows(tmp_path, bad_streets().iloc[[2, 3]])
    result = call("predict", of_streets, file)
    assert result.exit_code == 1
    assert [line.count(",") for line in result.stdout.splitlines()] == [5, 5, 5]
    assert result.stderr.startswith("Error: no row can be predicted. 2 of 2 rows have no prediction")
    assert "--strict" not in result.stderr


def test_a_fit_of_an_earlier_version_predicts_as_before(fitted, tmp_path):
    """Its file of draws tells of levels by three words each, and of nothing else that was read."""
    tree = az.from_netcdf(fitted / "posterior.nc")
    del tree.attrs["text_rules"]
    old = [
        {name: one[name] for name in ("column", "values", "features")}
        for one in json.loads(tree.attrs["levels"])
    ]
    tree.attrs["levels"] = json.dumps(old)
    tree.to_netcdf(tmp_path / "old.nc", engine="h5netcdf")
    file = new_rows(tmp_path)
    assert call("predict", tmp_path / "old.nc", file).stdout == call("predict", fitted, file).stdout


def test_a_number_that_stands_for_a_missing_entry_is_one_however_it_is_written(tmp_path):
    from bayesreg.data.files.new_rows import read_new_rows
    from bayesreg.data.files.table import read_table

    text = "a,b,t,d,y\n-1,$5,True,2024-05-01,1\n-1.0,(1),False,2024-05-02,3\n2,7,True,2024-04-30,4\n3,-1,True,2024-05-09,1\n4,9,True,2024-05-03,2\n"
    (tmp_path / "t.csv").write_text(text)
    table = read_table(
        tmp_path / "t.csv",
        "y",
        numbers=("b",),
        dates=("d",),
        missing=("-1", "a=1", "t=1", "d=1"),
        drop_missing=True,
    )
    assert table.dropped == {"a": 2, "b": 2}
    assert table.X["d"].tolist() == [0.0, 3.0]
    rows = (
        "a,b,t,d\n"
        + "1,2,True,2024-05-01\n2,(1),1,2024-05-01\n2,3,1,2024-05-01\nx,3,FALSE,2024-05-01\n-1.0,$3,TRUE,2024-05-01\n"
    )
    (tmp_path / "new.csv").write_text(rows)
    found = read_new_rows(tmp_path / "new.csv", list(table.X.columns), table.levels, table.rules)
    assert found.reasons.tolist() == [
        "'a' is missing",
        "'b' is missing; 't' is missing",
        "'t' is missing",
        "'x' in 'a' is no number",
        "'a' is missing",
    ]
    lines = rows.splitlines()
    for place, line in enumerate(lines[1:]):
        (tmp_path / "one.csv").write_text(f"{lines[0]}\n{line}\n")
        alone = read_new_rows(tmp_path / "one.csv", list(table.X.columns), table.levels, table.rules)
        assert alone.reasons.iloc[0] == found.reasons.iloc[place], line


def test_a_file_in_which_no_row_can_be_predicted_is_an_error_with_the_cause(fitted, tmp_path):
    frame = houses(6).drop(columns=["price", "id"])
    frame["area, m²"] = [f"{value:.1f}".replace(".", ",") for value in frame["area, m²"]]
    result = call("predict", fitted, new_rows(tmp_path, frame))
    assert result.exit_code == 1
    assert "no row can be predicted. 6 of 6 rows have no prediction: " in result.stderr
    assert "--decimal , reads them." in result.stderr
    assert len(pd.read_csv(io.StringIO(result.stdout))) == 6  # each with its reason
    frame.loc[0, "area, m²"] = "100"
    assert call("predict", fitted, new_rows(tmp_path, frame)).exit_code == 0


@pytest.mark.parametrize(
    ("response", "family", "said"),
    [
        (lambda y: y > y.median(), "gaussian", "'sold' has two values only"),
        (lambda y: y.rank() % 7 * 40, "poisson", "Counts vary"),
        (None, "gaussian", ""),
    ],
)
def test_what_is_to_be_known_of_the_response_is_said_with_its_predictions(tmp_path, response, family, said):
    frame = houses()
    frame["sold"] = frame["price"] if response is None else response(frame["price"]).astype(int)
    frame.to_csv(tmp_path / "houses.csv", index=False)
    options = "--exclude", "id, price", "--draws", 200, "--warmup", 100, "--out", tmp_path / "out"
    options += "--family", family
    assert call("fit", tmp_path / "houses.csv", "--target", "sold", *options).exit_code == 0
    new = new_rows(tmp_path)
    result = call("predict", tmp_path / "out", new)
    assert ("Caution: " in result.stderr) is bool(said)
    assert said in result.stderr
    cautions = json.loads(call("predict", tmp_path / "out", new, "--json").stdout)["cautions"]
    assert [said in caution for caution in cautions] == ([True] if said else [])
