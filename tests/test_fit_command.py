"""`bayesreg fit`, as someone meets it with a CSV of their own."""

import gzip
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from conftest import diabetes
from matplotlib.figure import Figure
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import bayesreg as br
from bayesreg.app import fit as analysis
from bayesreg.app.cli import main
from bayesreg.app.commands.stated_model import StatedModel
from bayesreg.app.words.code_lines import regressor_code
from bayesreg.app.words.numbers import rounded
from bayesreg.app.words.sklearn_line import sklearn_line
from bayesreg.data.files.table import read_table
from bayesreg.plots.forest import plot_forest
from bayesreg.posterior.diagnostics import Diagnostics

PASTE = {
    "br": br,
    "Lasso": Lasso,
    "Ridge": Ridge,
    "ElasticNet": ElasticNet,
    "LinearRegression": LinearRegression,
    "make_pipeline": make_pipeline,
    "StandardScaler": StandardScaler,
}
MODE_ALONE = "Interrupted. Written: coefficients.csv, path.png"
TARGET = "price $ in $k"
PNG = b"\x89PNG"


def houses(n=60):
    """Simulate a frame with all that goes wrong: text, a missing entry, a constant, odd names."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "income, net": rng.lognormal(10, 0.5, n).round(),
            "rooms": rng.integers(1, 7, n).astype(float),
            "city": rng.choice(["Köln", "Bonn", "Aachen"], n),
            "_sex [m/f]": rng.choice(["m", "f"], n),
            "new": rng.choice([True, False], n),
            "year": 2026,
        }
    )
    price = 50 + frame["income, net"] / 1000 + 8 * frame["rooms"] + 10 * (frame["city"] == "Köln")
    frame[TARGET] = (price + rng.normal(0, 10, n)).round(1)
    frame.loc[7, "rooms"] = np.nan
    return frame


def fit(file, *arguments):
    return CliRunner().invoke(main, ["fit", str(file), *arguments])


def write(tmp_path, text, name="data.csv", encoding="utf-8"):
    file = tmp_path / name
    file.write_bytes(text.encode(encoding))
    return file


def error(result, code=1):
    assert result.exit_code == code, result.output
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("Error: ")
    assert "Traceback" not in result.output
    return lines[0]


def labelled(output, label):
    return [line.split(None, 1)[1] for line in output.splitlines() if line.startswith(f"{label} ")]


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """Fit the ugly file once, after every stumble is mended."""
    folder = tmp_path_factory.mktemp("walk")
    file = folder / "houses.csv"
    houses().to_csv(file, sep=";", index=True, encoding="utf-8-sig")
    arguments = [
        "--target",
        TARGET,
        "--drop-missing",
        "--scale",
        "2",
        "--seed",
        "3",
        "--out",
        str(folder / "out"),
    ]
    return file, folder / "out", fit(file, *arguments)


def test_a_new_user_mends_each_stumble(tmp_path):
    frame = houses()
    frame["id"] = [f"h-{i}" for i in range(len(frame))]
    file = tmp_path / "houses.csv"
    frame.to_csv(file, index=False)
    assert "Did you mean 'price $ in $k'?" in error(fit(file, "--target", "price"))
    assert "the target 'city' is text of" in error(fit(file, "--target", "city"))
    message = error(fit(file, "--target", TARGET))
    assert "1 in 'rooms'" in message
    assert "--drop-missing" in message
    message = error(fit(file, "--target", TARGET, "--drop-missing"))
    assert "'id' holds text with 59 levels in 59 rows, for example 'h-0'" in message
    assert "--exclude" in message
    left = read_table(file, TARGET, exclude=("id, city", "income, net"), drop_missing=True)
    assert {"id", "city", "income, net"}.isdisjoint(left.X.columns)
    assert len(left.X.columns) == left.n_columns - 4
    message = error(fit(file, "--target", TARGET, "--features", "income, net", "--features", "room"))
    assert "Did you mean 'rooms'?" in message
    table = read_table(file, TARGET, ("income, net", "rooms, city"), drop_missing=True)
    assert list(table.X.columns) == ["income, net", "rooms", "city=Aachen", "city=Bonn", "city=Köln"]


def test_what_was_read_is_said(walk):
    _, _, result = walk
    assert result.exit_code == 0, result.output
    words = " ".join(result.stdout.split())
    for said in (
        "60 rows, 8 columns separated by semicolon",
        "column 1 of the file, which has no name",
        "rows with missing entries: 1 (1 in 'rooms'); 59 are left",
        "'city' is text of 3 levels: Aachen, Bonn, Köln",
        "_sex [m/f]=m is 1 for 'm' and 0 for 'f'",
        "'year': the data say nothing",
        "LaplacePrior (its mode is the lasso), scale 2; sigma unknown",
        "diagnostics certified: largest z",
        "The density confirms the draws",
        "duality gap",
    ):
        assert said in words
    assert not [
        line for line in result.stdout.splitlines() if len(line) > 100 and not line.startswith(("sci", "bay"))
    ]


def test_files_agree_with_the_estimator_and_the_draws(walk):
    import xarray as xr

    file, out, result = walk
    table = read_table(file, TARGET, drop_missing=True)
    assert labelled(result.stdout, "bayesreg") == ["br.BayesRegressor(br.LaplacePrior(scale=2.0))"]
    regressor = br.BayesRegressor(br.LaplacePrior(2.0)).fit(table.X, table.y)
    frame = pd.read_csv(out / "coefficients.csv")
    assert list(frame.columns) == ["feature", "map", "mean", "sd", "q05", "q95", "p_sign"]
    assert list(frame["feature"]) == [*table.X.columns, "intercept"]
    np.testing.assert_allclose(frame["map"], [*regressor.coef_, regressor.intercept_], rtol=1e-12, atol=1e-12)
    with xr.open_datatree(out / "posterior.nc", engine="h5netcdf") as tree:
        draws = tree["posterior"]["coef"].values.reshape(-1, table.X.shape[1])
        assert [str(name) for name in tree["posterior"]["feature"].values] == list(table.X.columns)
        assert tree.attrs["seed"] == 3
    np.testing.assert_allclose(frame["mean"][:-1], draws.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(frame["sd"][:-1], draws.std(axis=0, ddof=1))
    np.testing.assert_allclose(
        frame[["q05", "q95"]][:-1], np.quantile(draws, [0.05, 0.95], axis=0).T, atol=1e-12
    )
    signs = (np.sign(draws) == np.sign(draws.mean(axis=0))).mean(axis=0)
    np.testing.assert_allclose(frame["p_sign"][:-1], signs)
    for name in ("path.png", "forest.png"):
        assert (out / name).read_bytes().startswith(PNG)
    assert frame.set_index("feature").loc["year", "map"] == 0.0


def test_the_printed_line_reproduces_the_map(walk):
    file, out, result = walk
    table = read_table(file, TARGET, drop_missing=True)
    (code,) = labelled(result.stdout, "scikit-learn")
    estimator = eval(code, PASTE).fit(table.X, table.y)
    frame = pd.read_csv(out / "coefficients.csv")
    np.testing.assert_allclose(estimator.coef_, frame["map"][:-1], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "start"),
    [
        (("laplace", None, None, None), "make_pipeline(StandardScaler(), Lasso("),
        (("laplace", 3.0, None, None), "Lasso("),
        (("laplace", 3.0, 10.0, True), "make_pipeline(StandardScaler(), Lasso("),
        (("gaussian", None, 10.0, None), "make_pipeline(StandardScaler(), Ridge("),
        (("gaussian", 2.0, None, False), "Ridge("),
        (("elastic-net", None, None, None), "make_pipeline(StandardScaler(), ElasticNet("),
        (("elastic-net", 2.0, None, None), "ElasticNet("),
        (("laplace", np.inf, 1.0, None), "LinearRegression("),
    ],
)
def test_code_reproduces_the_map_of_every_model(options, start):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(50, 4)) * [1.0, 5.0, 0.2, 0.0], columns=list("abcd"))
    y = X.to_numpy() @ [1.0, 0.5, -3.0, 0.0] + rng.normal(size=50)
    if options[1] == np.inf:
        X = X.drop(columns="d")
    model, data = StatedModel(*options).model(), br.RowData.from_arrays(X, y)
    mode = br.map_estimate(model, data)
    code = sklearn_line(mode.penalty, data).code
    assert code.startswith(start)
    fitted = eval(code, PASTE).fit(X, y)
    np.testing.assert_allclose(fitted.predict(X), mode.intercept + X @ mode.coef, atol=1e-6)
    regressor = eval(regressor_code(model), PASTE).fit(X, y)
    np.testing.assert_allclose(regressor.coef_, mode.coef, rtol=1e-12, atol=1e-12)


@pytest.mark.extended
@pytest.mark.parametrize("prior", ["laplace", "gaussian"])
def test_a_chosen_scale_can_be_given_again(tmp_path, monkeypatch, prior):
    file = tmp_path / "houses.csv"
    houses().drop(columns="income, net").to_csv(file, index=False)
    monkeypatch.setattr(analysis, "sample_posterior", short_posterior)
    given = [file, "--target", TARGET, "--drop-missing", "--prior", prior, "--out"]
    chosen = fit(*given, str(tmp_path / "a"), "--scale", "cv", "--json")
    scale = json.loads(chosen.stdout)["selection"]["scale"]
    again = [*given, str(tmp_path / "b"), "--scale", repr(scale), "--standardize"]
    assert fit(*again, "--relative-to-noise").exit_code == 0
    a, b = (pd.read_csv(tmp_path / name / "coefficients.csv")["map"] for name in "ab")
    np.testing.assert_allclose(a, b, rtol=1e-9)


@pytest.mark.parametrize(
    ("arguments", "start"),
    [
        (["--scale", "cv"], "br.BayesRegressor(br.LaplacePrior(scale="),
        (["--scale", "cv", "--prior", "gaussian", "--no-standardize"], "br.BayesRegressor(br.GaussianPrior("),
        (
            ["--scale", "cv-1se", "--prior", "elastic-net", "--noise-scale", "9"],
            "br.BayesRegressor(br.ElasticNet",
        ),
    ],
)
def test_the_scale_is_chosen_and_said(tmp_path, monkeypatch, arguments, start):
    file, out = tmp_path / "houses.csv", tmp_path / "out"
    houses().drop(columns="income, net").to_csv(file, index=False)
    monkeypatch.setattr(analysis, "sample_posterior", short_posterior)
    result = fit(file, "--target", TARGET, "--drop-missing", "--out", str(out), *arguments)
    assert result.exit_code == 0, result.output
    table = read_table(file, TARGET, drop_missing=True)
    (code,) = labelled(result.stdout, "bayesreg")
    assert code.startswith(start)
    regressor = eval(code, PASTE).fit(table.X, table.y)
    frame = pd.read_csv(out / "coefficients.csv")
    np.testing.assert_allclose(regressor.coef_, frame["map"][:-1], rtol=1e-12, atol=1e-12)
    words = " ".join(result.stdout.split())
    assert f"chosen from 100 by {arguments[1]} (5 folds, prior held): mean squared error" in words
    scales = pd.read_csv(out / "scales.csv")
    (chosen,) = scales.loc[scales["chosen"], "scale"]
    assert repr(chosen) in code
    if arguments[1] == "cv":
        assert chosen == scales["scale"][scales["mse"].argmin()]
    assert "scales.csv" in labelled(result.stdout, "written")[0]


def short_posterior(model, data, **_):
    return br.sample_posterior(model, data, num_warmup=50, num_samples=50, num_chains=2, progress=False)


def test_no_single_lambda_is_said_with_the_reason():
    data = br.RowData.from_arrays(*diabetes())
    with pytest.raises(br.NoEquivalent, match="standardising them does not undo"):
        sklearn_line(br.Penalty(np.arange(1.0, 11.0)), data)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty. It needs a header"),
        ("\n \n", "is empty. It needs a header"),
        ("a,y\n", "has a header and no row"),
        ("a,y\n1,2\n", "has one row"),
        ("a,y\n1,2\n3,4,5\n", "line 3 of"),
        ("a,a,y\n1,2,3\n4,5,6\n", "more than one column called 'a'"),
        ("y\n1\n2\n", "there is no column beside the target 'y'"),
        ("a,y\n1,\n2,\n", "entries are missing: 2 in 'y'"),
        ("a,y\n1,x\n2,3\n", "the target 'y' must be numeric, but it holds text, for example 'x'"),
        (
            "a;y\n1,5;1\n2,5;2\n3,5;3\n4;4\n",
            "in place of numbers. --decimal , reads decimal commas ('1,5' as 1.5)",
        ),
        ("a,y\n1,inf\n2,3\n", "1 infinity"),
        ("a\0,y\n1,2\n2,3\n", "holds zero bytes"),
        (
            "city,city=a,y\na,1,1\nb,2,2\nc,3,5\na,1,3\nb,1,2\nc,3,3\na,2,2\n",
            "two features are called 'city=a'",
        ),
    ],
)
def test_files_that_cannot_be_fitted(tmp_path, text, said):
    assert said in error(fit(write(tmp_path, text), "--target", "y", "--out", str(tmp_path / "out")))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--features", "y"], "'y' is the target"),
        (["--features", "a, c"], "there is no column 'c' for the feature"),
        (["--exclude", "c"], "there is no column 'c' for the column to exclude"),
        (["--exclude", "y"], "'y' is the target, so it cannot be a column to exclude too"),
        (["--features", "a", "--exclude", "a, b"], "'a' cannot be among the features and excluded too"),
        (["--exclude", "a, b"], "no column beside the target 'y' and what is excluded"),
        (["--scale", "-1"], "must be positive; got -1.0"),
        (["--noise-scale", "0"], "`noise_scale` must be a positive finite number"),
        (
            ["--prior", "elastic-net", "--no-standardize"],
            "Give --scale as a number, or leave out --no-standardize",
        ),
    ],
)
def test_options_that_cannot_be_fitted(tmp_path, arguments, said):
    file = write(tmp_path, "a,b,y\n1,2,3\n2,1,5\n4,4,4\n")
    assert said in error(fit(file, "--target", "y", "--out", str(tmp_path / "out"), *arguments))


def test_gzip_is_unpacked(tmp_path):
    plain = write(tmp_path, "a,b,y\n1,2,3\n2,1,5\n4,4,4\n")
    packed = tmp_path / "t.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_table(packed, "y").X.equals(read_table(plain, "y").X)
    packed.write_bytes(packed.read_bytes()[:-9])
    assert "is a damaged gzip file" in error(fit(packed, "--target", "y", "--out", str(tmp_path / "out")))


def test_decimal_commas(tmp_path):
    text = "a;b;y\n1,5;2;3,25\n2;1;5\n4,75;4;-1,5e1\n"
    table = read_table(write(tmp_path, text), "y", decimal=",")
    assert table.X["a"].tolist() == [1.5, 2.0, 4.75]
    assert table.y.tolist() == [3.25, 5.0, -15.0]
    file = write(tmp_path, text)
    assert "--decimal , reads decimal commas" in error(
        fit(file, "--target", "y", "--out", str(tmp_path / "out"))
    )
    ridge = ("--prior", "gaussian")  # of which nothing is compiled
    assert fit(file, "--target", "y", "--decimal", ",", *ridge, "--out", str(tmp_path / "out")).exit_code == 0


def test_a_column_called_as_the_models_own_intercept(tmp_path):
    file = write(tmp_path, "intercept,b,y\n1,2,3\n1,1,5\n1,4,4\n1,3,6\n")
    assert "--exclude intercept" in error(fit(file, "--target", "y", "--out", str(tmp_path / "out")))


def test_too_many_missing_entries(tmp_path):
    file = write(tmp_path, "a,b,y\n1,,3\n2,,5\n4,4,4\n")
    assert "leaves 1 of 3 rows" in error(fit(file, "--target", "y", "--drop-missing"))


def test_other_encodings_are_refused_with_the_line(tmp_path):
    file = write(tmp_path, "größe,y\n1,2\n3,4\n", encoding="latin-1")
    assert "is not UTF-8 text (byte 0xf6 in line 1)" in error(fit(file, "--target", "y"))
    assert "is UTF-16 text that does not say so" in error(
        fit(write(tmp_path, "a,y\n1,2\n3,4\n", encoding="utf-16-le"), "--target", "y")
    )


def test_usage_errors_have_their_own_code(tmp_path):
    file = write(tmp_path, "a,y\n1,2\n2,3\n3,5\n")
    assert fit(tmp_path / "absent.csv", "--target", "y").exit_code == 2
    assert fit(file).exit_code == 2
    assert fit(file, "--target", "y", "--prior", "cauchy").exit_code == 2
    assert fit(file, "--target", "y", "--scale", "much").exit_code == 2
    assert "cannot write to" in error(fit(file, "--target", "y", "--out", str(file / "below")))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("bom", [True, False])
def test_any_delimiter_and_both_kinds_of_utf8(tmp_path, delimiter, bom):
    file = tmp_path / "data.csv"
    houses().to_csv(file, sep=delimiter, index=False, encoding="utf-8-sig" if bom else "utf-8")
    table = read_table(file, TARGET, drop_missing=True)
    assert table.delimiter == delimiter
    assert list(table.X.columns)[:3] == ["income, net", "rooms", "city=Aachen"]
    assert table.n_dropped == 1
    assert table.constant == ("year",)
    assert set(table.X["new"]) == {0.0, 1.0}
    assert (table.X.dtypes == np.float64).all()


def test_blank_text_is_missing_and_spaces_are_no_part_of_a_name(tmp_path):
    file = write(
        tmp_path, 'a , "b, c", s, y\n1, 2, " u ", 1\n\n2, 3, v, 2\n3, 4, "  ", 3\n4, 5, u, 4\nTrue'[:-5]
    )
    with pytest.raises(ValueError, match="1 in 's'"):
        read_table(file, "y")
    table = read_table(file, "y", drop_missing=True)
    assert list(table.X.columns) == ["a", "b, c", "s=v"]
    assert table.levels[0].values == ("u", "v")


def test_truth_values_beside_missing_entries_are_numbers(tmp_path):
    table = read_table(write(tmp_path, "a,y\nTrue,1\n,2\nFalse,3\nTrue,5\n"), "y", drop_missing=True)
    assert table.X["a"].tolist() == [1.0, 0.0, 1.0]
    assert table.levels == ()


def test_ctrl_c_leaves_the_mode(tmp_path, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(analysis, "sample_posterior", interrupt)
    file, out = write(tmp_path, "a,y\n1,2\n2,3\n3,5\n4,4\n"), tmp_path / "out"
    result = fit(file, "--target", "y", "--scale", "1", "--out", str(out))
    assert result.exit_code == 130
    assert result.stderr.strip() == f"{MODE_ALONE} in {out}. These are the mode's; there is no posterior."
    frame = pd.read_csv(out / "coefficients.csv")
    assert list(frame.columns) == ["feature", "map"]
    assert list(frame["feature"]) == ["a", "intercept"]
    assert sorted(path.name for path in out.iterdir()) == ["coefficients.csv", "path.png"]


def test_ctrl_c_before_anything(tmp_path, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(analysis, "map_estimate", interrupt)
    result = fit(write(tmp_path, "a,y\n1,2\n2,3\n3,5\n"), "--target", "y", "--out", str(tmp_path / "out"))
    assert (result.exit_code, result.stderr) == (130, "Interrupted. Written: nothing.\n")


def test_a_constant_target_is_warned_of_in_one_line_and_refused(tmp_path):
    file = write(tmp_path, "a,y\n1,2\n2,2\n3,2\n4,2\n")
    result = fit(file, "--target", "y", "--out", str(tmp_path / "out"))
    assert result.exit_code == 1
    warning, refusal = result.stderr.strip().splitlines()
    assert warning.startswith("Warning: `y` is constant")
    assert refusal.startswith("Error: the data can be fitted perfectly")


@pytest.mark.extended
def test_what_an_earlier_fit_left_and_what_prior_and_data_disagree_about_are_said(tmp_path, monkeypatch):
    file, out = tmp_path / "houses.csv", tmp_path / "out"
    houses()[["rooms", TARGET]].to_csv(file, index=False)
    monkeypatch.setattr(analysis, "sample_posterior", short_posterior)
    arguments = ("--target", TARGET, "--drop-missing", "--out", str(out))
    first = fit(file, *arguments)
    assert first.exit_code == 0, first.output
    assert not labelled(first.stdout, "left") + labelled(first.stdout, "caution")
    (out / "report.html").write_text("of another fit")
    again = fit(file, *arguments, "--scale", "1e-6", "--prior", "laplace")
    assert "report.html" in labelled(again.stdout, "left")[0]
    assert "every penalised coefficient is 0" in " ".join(again.stdout.split())
    assert (out / "report.html").read_text() == "of another fit"
    said = json.loads(fit(file, *arguments, "--scale", "1e-6", "--prior", "laplace", "--json").stdout)
    assert any("every penalised coefficient is 0" in one for one in said["cautions"])


@pytest.mark.parametrize("scale", ["1e-9", "1e6", "inf"])
def test_pictures_at_extreme_scales(tmp_path, monkeypatch, scale):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(analysis, "sample_posterior", interrupt)
    file, out = write(tmp_path, "a,b,y\n1,20,2\n2,40,3\n3,50,5\n4,20,4\n5,10,4\n"), tmp_path / "out"
    result = fit(file, "--target", "y", "--scale", scale, "--out", str(out))
    assert result.exit_code == 130, result.output
    assert (out / "path.png").read_bytes().startswith(PNG)


def test_forest_of_many_features_shows_thirty(tmp_path):
    import xarray as xr

    rng = np.random.default_rng(0)
    data = br.RowData.from_arrays(rng.normal(size=(60, 40)), rng.normal(size=60))
    mode = br.map_estimate(br.LinearModel(br.LaplacePrior(0.1)), data)
    draws = rng.normal(size=(2, 50, 40)) + np.arange(40)
    posterior = xr.Dataset({"coef": (("chain", "draw", "feature"), draws)})
    ax = plot_forest(xr.DataTree.from_dict({"posterior": posterior}), mode, Figure().subplots())
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == [f"x{j}" for j in np.argsort(-np.abs(draws.mean((0, 1))) / draws.std((0, 1)))[:30]]
    assert ax.get_ylabel() == "30 of 40 features, largest |mean|/sd first"
    assert [text.get_text() for text in ax.get_legend().get_texts()][-1] == "mode (MAP)"


def test_diagnostics_say_what_is_wrong():
    good = Diagnostics(r_hat=1.0, ess_bulk=3000.0, ess_tail=2000.0, n_divergent=0, n_chains=4, n_draws=4000)
    assert "are those of this model's posterior" in good.sentence
    assert "no divergence" in str(good)
    bad = Diagnostics(r_hat=1.2, ess_bulk=30.0, ess_tail=2000.0, n_divergent=7, n_chains=4, n_draws=4000)
    assert len(bad.complaints) == 3
    assert bad.sentence.startswith("Do not rely on")
    assert "7 divergences" in str(bad)
    undefined = Diagnostics(
        r_hat=np.nan, ess_bulk=np.nan, ess_tail=np.nan, n_divergent=0, n_chains=1, n_draws=4
    )
    assert len(undefined.complaints) == 2


def test_numbers_show_three_digits_of_their_sd():
    assert rounded(123.456, 59.0) == "123.5"
    assert rounded(-0.0001234, 0.00001) == "-0.0001234"
    assert rounded(1.5e12, 1e11) == "1.5e+12"
    assert rounded(3.0, 0.0) == "3"


@pytest.mark.extended
def test_ctrl_c_that_a_callback_swallows_comes_again():
    """As where garbage is collected while JAX, whose callback then runs, compiles."""
    import gc

    from bayesreg.app.one_line import _interrupts_are_kept

    def swallow(*_):
        gc.callbacks.remove(swallow)
        raise KeyboardInterrupt

    def collect_and_wait():
        gc.callbacks.append(swallow)
        gc.collect()
        time.sleep(5.0)

    with pytest.raises(KeyboardInterrupt), _interrupts_are_kept():
        collect_and_wait()


def test_the_installed_command_stops_at_ctrl_c(tmp_path):
    import signal

    rng = np.random.default_rng(0)
    file, out = tmp_path / "data.csv", tmp_path / "out"
    frame = pd.DataFrame(rng.normal(size=(60, 12)), columns=[f"c{j}" for j in range(12)])
    frame.to_csv(file, index=False)
    command = Path(os.path.dirname(sys.executable)) / "bayesreg"
    process = subprocess.Popen(
        [command, "fit", file, "--target", "c0", "--out", out],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 40.0
    while not (out / "path.png").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 130, stderr
    assert stdout.startswith("data ")
    assert stderr.splitlines()[-1] == f"{MODE_ALONE} in {out}. These are the mode's; there is no posterior."
    assert "Traceback" not in stderr
