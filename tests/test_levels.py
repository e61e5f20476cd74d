"""Text columns in a fit: what the data tell of their levels, and how much of the response all of it explains."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.metrics import r2_score

import bayesreg as br
from bayesreg.app.cli import main
from bayesreg.app.fitted import Fit
from bayesreg.data.files.levels import Levels, levels_from_json, levels_to_json


def fit(*arguments):
    return CliRunner().invoke(main, ["fit", *map(str, arguments)])


@pytest.fixture(scope="module")
def shops(tmp_path_factory):
    """Cities that differ by 4 and 2, far from 0 together; shops numbered from 1001, one of them closed."""
    folder = tmp_path_factory.mktemp("shops")
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"shop": np.arange(1001, 1091), "size": rng.normal(size=90)})
    frame["city"] = rng.choice(["Bonn", "Köln", "Ulm"], 90)
    frame["open"] = rng.choice(["no", "yes"], 90)
    frame["sales"] = frame["city"].map({"Bonn": 40.0, "Köln": 44.0, "Ulm": 42.0}) + rng.normal(0, 0.5, 90)
    frame.drop(index=17).to_csv(folder / "shops.csv", index=False)
    result = fit(folder / "shops.csv", "--target", "sales", "--out", folder / "out", "--report", "--json")
    assert result.exit_code == 0, result.output
    return folder, json.loads(result.stdout)


def test_levels_are_told_as_differences(shops):
    folder, document = shops
    found = document["posterior"]["contrasts"]
    assert list(found) == ["city=Bonn", "city=Köln", "city=Ulm"]
    for name, truth in zip(found, (-2.0, 2.0, 0.0), strict=True):
        assert found[name]["q05"] < truth + 0.3
        assert found[name]["q95"] > truth - 0.3
        assert found[name]["q95"] - found[name]["q05"] < 0.6
        raw = document["posterior"]["coef"][name]
        assert raw["q95"] - raw["q05"] > 3.0  # the prior alone says how intercept and levels share the rest
    text = fit(
        folder / "shops.csv", "--target", "sales", "--exclude", "shop, size, open", "--out", folder / "b"
    ).stdout
    assert "Levels of text, each less the mean" in text
    assert text.count("city=Köln") >= 3


def test_the_contrasts_are_those_of_the_draws(shops):
    folder, document = shops
    import arviz as az

    coef = az.from_netcdf(folder / "out" / "posterior.nc")["posterior"]["coef"]
    levels = coef.sel(feature=["city=Bonn", "city=Köln", "city=Ulm"])
    expected = levels - levels.mean("feature")
    for name, row in document["posterior"]["contrasts"].items():
        draws = expected.sel(feature=name).values.ravel()
        assert row["mean"] == pytest.approx(draws.mean())
        assert row["q05"] == pytest.approx(np.quantile(draws, 0.05))
        assert row["map"] == pytest.approx(
            document["map"]["coef"][name]
            - np.mean([document["map"]["coef"][n] for n in levels.feature.values])
        )


def test_the_report_tells_them_too(shops):
    page = (shops[0] / "out" / "report.html").read_text()
    assert "city=Köln, less the mean" in page
    assert (
        "of the response&#39;s variance on these rows (R²)" in page or "variance on these rows (R²)" in page
    )
    assert "levels of text less the mean of their column" in page


def test_a_column_that_numbers_the_rows_is_asked_about(shops):
    text = fit(
        shops[0] / "shops.csv", "--target", "sales", "--features", "shop, size", "--out", shops[0] / "c"
    ).stdout
    (line,) = [line for line in text.splitlines() if line.startswith("identifier?")]
    assert "'shop' numbers the rows" in line


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("holds", [br.RowData, br.GramData])
def test_r_squared_is_sklearns(intercept, weighted, holds):
    rng = np.random.default_rng(2)
    X = rng.normal(size=(40, 3)) + 5.0
    y = X @ [1.0, 0.0, -2.0] + 30.0 + rng.normal(size=40)
    w = rng.uniform(0.5, 2.0, 40) if weighted else None
    data = holds.from_arrays(X, y, w)
    model = br.LinearModel(br.LaplacePrior(0.3), br.GaussianLikelihood(1.0), intercept)
    mode = br.map_estimate(model, data)
    found = Fit(model, data, mode, None, None).r_squared
    assert found == pytest.approx(r2_score(y, mode.intercept + X @ mode.coef, sample_weight=w), rel=1e-9)


def test_levels_come_back_from_text():
    levels = (Levels("a, b", ("u", "v"), ("a, b=v",)), Levels("ö", ("x",), ("ö=x",)))
    assert levels_from_json(levels_to_json(levels)) == levels


@pytest.mark.extended
def test_a_mode_that_is_no_typical_point_is_said(tmp_path):
    """More columns than rows can tell: σ at the joint mode lies outside of its posterior, and that is said."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(60, 90)), columns=[f"x{j}" for j in range(90)])
    X.assign(y=3.0 * X["x0"] + rng.normal(size=60)).to_csv(tmp_path / "wide.csv", index=False)
    result = fit(tmp_path / "wide.csv", "--target", "y", "--scale", "cv", "--out", tmp_path / "out", "--json")
    found = json.loads(result.stdout)
    sigma = found["posterior"]["noise_scale"]
    assert sigma["map"] < sigma["q05"]
    (caution,) = found["cautions"]
    assert caution.startswith("The mode is no typical point of the posterior: its σ is")
