"""The command `predict`: new rows of a file, by what `fit` has kept."""

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
