"""The table, the picture and the command."""

import os
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import diabetes, model, one_of_eight, wide
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso, Ridge

import bayesreg as br
from bayesreg.app.cli import main


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("prior", "options", "code"),
    [
        (br.LaplacePrior(0.1), {}, "Lasso(alpha="),
        (br.LaplacePrior(0.1), {"standardize": True}, "Lasso(alpha="),
        (br.LaplacePrior(0.1, factor=np.arange(1.0, 11.0)), {"fit_intercept": False}, "Lasso(alpha="),
        (br.GaussianPrior(0.5), {"standardize": True}, "Ridge(alpha="),
        (br.ElasticNetPrior(0.1, 0.5), {"standardize": True}, "ElasticNet(alpha="),
        (br.FlatPrior(), {}, "LinearRegression()"),
    ],
)
def test_comparison_agrees(prior, options, code, weighted):
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    w = np.random.default_rng(0).uniform(0.5, 2.0, len(y)) if weighted else None
    frame = br.compare_map_with_penalized(model(prior, **options), X, y, sample_weight=w)
    assert list(frame.index) == [*X.columns, "intercept"]
    assert list(frame.columns) == ["map", "penalized", "difference"]
    size = frame["map"].abs().max()
    assert frame["difference"].abs().max() < 1e-6 * size
    assert frame.attrs["code"].startswith(code)
    assert frame.attrs["duality_gap"] < 1e-10


def test_comparison_with_unknown_noise_uses_its_estimate():
    X, y = diabetes()
    frame = br.compare_map_with_penalized(br.LinearModel(br.LaplacePrior(300.0)), X, y)
    assert frame["difference"].abs().max() < 1e-6 * frame["map"].abs().max()
    assert 50 < frame.attrs["noise_scale"] < 60


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("prior", [br.LaplacePrior(0.1), br.GaussianPrior(0.5), br.LaplacePrior()])
def test_the_comparisons_line_of_code_reproduces_its_table(prior, intercept):
    X, y = one_of_eight()
    frame = br.compare_map_with_penalized(model(prior, fit_intercept=intercept), X, y)
    estimator = eval(frame.attrs["code"], {"Lasso": Lasso, "Ridge": Ridge})
    unit = np.ones(8) if frame.attrs["column_unit"] is None else np.array(frame.attrs["column_unit"])
    coef = estimator.fit(X / unit, y).coef_ / unit
    np.testing.assert_allclose(coef, frame["map"].iloc[:-1], atol=1e-3)


@pytest.mark.parametrize(
    ("prior", "options", "message"),
    [
        (br.LaplacePrior(0.1, factor={"x1": np.inf}), {}, "single columns unpenalised"),
        (br.GaussianPrior(0.1), {"intercept_prior": br.GaussianPrior(1.0)}, "do not penalise the intercept"),
        (br.ElasticNetPrior(np.arange(1.0, 11.0), 0.5), {}, "no rescaling of the columns"),
    ],
)
def test_comparison_refuses_what_sklearn_cannot_state(prior, options, message):
    with pytest.raises(br.NoEquivalent, match=message):
        br.compare_map_with_penalized(model(prior, **options), *diabetes())


def test_path_plot_names_its_axes_and_lines():
    from matplotlib.figure import Figure

    path = br.map_path(model(br.LaplacePrior()), br.RowData.from_arrays(*diabetes()), n_scales=20)
    ax = Figure().subplots()
    assert br.plot_coefficient_path(path, ax, "title") is ax
    assert ax.get_xlabel().startswith("prior scale")
    assert ax.get_ylabel().startswith("coefficient")
    assert ax.get_xscale() == "log"
    assert {text.get_text() for text in ax.get_legend().get_texts()} == set(path.feature_names)
    upper = ax.child_axes[0]
    assert upper.get_xlabel().startswith("λ₁ (canonical l1)")
    line = ax.get_lines()[0]
    name = line.get_label()
    np.testing.assert_array_equal(line.get_ydata(), path.coefs[:, path.feature_names.index(name)])


def test_path_plot_of_many_features_names_ten():
    from matplotlib.figure import Figure

    path = br.map_path(model(br.LaplacePrior()), br.RowData.from_arrays(*wide()), n_scales=20)
    ax = br.plot_coefficient_path(path, Figure().subplots())
    assert len(ax.get_legend().get_texts()) == 10
    assert "more in grey" in ax.get_legend().get_title().get_text()


def test_demo_shows_agreement_and_writes_the_picture(tmp_path):
    result = CliRunner().invoke(main, ["demo", "--out", str(tmp_path / "deep" / "er")])
    assert result.exit_code == 0, result.output
    assert "Lasso(alpha=0.1)" in result.output
    assert "Ridge(alpha=0.1)" in result.output
    assert "duality gap" in result.output
    pasted = [line.split(None, 1)[1] for line in result.output.splitlines() if line.startswith("bayesreg ")]
    assert len(pasted) == 2
    X, y = diabetes()
    from sklearn.linear_model import Lasso, Ridge

    for code, reference in zip(pasted, (Lasso(0.1, tol=1e-12), Ridge(0.1)), strict=True):
        ours = eval(code, {"br": br}).fit(X, y)
        np.testing.assert_allclose(ours.coef_, reference.fit(X, y).coef_, rtol=0, atol=1e-4)
    picture = tmp_path / "deep" / "er" / "coefficient_path.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 20_000


def test_errors_of_the_command_are_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(main, ["demo", "--out", str(tmp_path / "file" / "below")])
    assert result.exit_code == 1
    assert result.output.startswith("Error: cannot write to")
    assert len(result.output.strip().splitlines()) == 1
    assert CliRunner().invoke(main, ["nothing"]).exit_code == 2


def test_the_installed_command_runs():
    command = os.path.join(os.path.dirname(sys.executable), "bayesreg")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"bayesreg, version {br.__version__}"
