"""Pictures show the numbers they are of, for two features and for two thousand."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import diabetes, model, one_of_eight
from matplotlib.figure import Figure
from scipy.stats import binom

import bayesreg as br
from bayesreg.plots.replicates import plot_replicates
from bayesreg.posterior.draws.replicates import Replicates

X, Y = diabetes()
DATA = br.RowData.from_arrays(X, Y)
NOISE = br.GaussianLikelihood(54.0)


def axes():
    return Figure().subplots()


def line(ax, label):
    return next(one for one in ax.get_lines() if str(one.get_label()).startswith(label))


def two_columns(seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(40, 2)) @ [[1.0, 0.4], [0.0, 1.0]]
    return br.RowData.from_arrays(x, x @ [1.5, 0.3] + rng.normal(size=40), feature_names=["a", "b"])


def two_thousand():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(60, 2000))
    return br.RowData.from_arrays(x, x[:, :3] @ [3.0, -2.0, 1.5] + rng.normal(size=60))


# Paths.


@pytest.mark.parametrize("prior", [br.LaplacePrior(), br.GaussianPrior(), br.ElasticNetPrior(1.0, 1.0)])
def test_path_along_every_axis(prior):
    path = br.map_path(br.LinearModel(prior, NOISE), DATA, n_scales=15)
    values = {
        "scale": path.scales,
        "lambda": np.array([np.max(p.l1 if np.any(p.l1) else p.l2) for p in path.penalties]),
        "df": path.effective_df,
        "budget": np.abs(path.coefs).sum(axis=1)
        if np.any(path.penalties[0].l1)
        else 0.5 * (path.coefs**2).sum(axis=1),
    }
    for x, expected in values.items():
        ax = br.plot_coefficient_path(path, axes(), x=x)
        np.testing.assert_allclose(ax.get_lines()[0].get_xdata(), expected)
    assert "degrees of freedom" in br.plot_coefficient_path(path, axes(), x="df").get_xlabel()
    with pytest.raises(ValueError, match="`x` must be one of"):
        br.plot_coefficient_path(path, axes(), x="alpha")


def test_effective_df_of_a_path():
    """Counts of the lasso's support, the ridge's trace, and both after a pickle, which leaves the data behind."""
    import pickle

    lasso = br.map_path(br.LinearModel(br.LaplacePrior(), NOISE), DATA, n_scales=12)
    np.testing.assert_array_equal(lasso.effective_df, 1 + (lasso.coefs != 0).sum(axis=1))
    ridge = br.map_path(br.LinearModel(br.GaussianPrior(), NOISE), DATA, n_scales=12)
    values = np.linalg.eigvalsh((X - X.mean(0)).T @ (X - X.mean(0)))
    expected = [1 + (values / (values + p.l2[0])).sum() for p in ridge.penalties]
    np.testing.assert_allclose(ridge.effective_df, expected, rtol=1e-9)
    for path in (lasso, ridge):
        fresh = br.map_path(
            br.LinearModel(br.LaplacePrior() if path is lasso else br.GaussianPrior(), NOISE),
            DATA,
            n_scales=12,
        )
        copy = pickle.loads(pickle.dumps(fresh))
        np.testing.assert_allclose(copy.effective_df, path.effective_df)
        assert len(pickle.dumps(fresh)) < X.nbytes


@pytest.mark.filterwarnings("ignore:The draws may not:bayesreg.base.errors.SamplingWarning")
@pytest.mark.filterwarnings("ignore:draws at:bayesreg.base.errors.SamplingWarning")
def test_bands_and_marks():
    model = br.LinearModel(br.LaplacePrior(), NOISE)
    path = br.map_path(model, DATA, n_scales=4)
    bands = br.path_intervals(model, DATA, path.scales, 0.8, num_samples=200, progress=False)
    assert bands.shape == (4, 10, 2)
    tree = br.sample_posterior(
        br.LinearModel(br.LaplacePrior(float(path.scales[2])), NOISE), DATA, num_samples=200, progress=False
    )
    draws = tree["posterior"]["coef"].values.reshape(-1, 10)
    sd = draws.std(axis=0)
    assert (np.abs(bands[2, :, 0] - np.quantile(draws, 0.1, axis=0)) < 0.5 * sd).all()
    assert (np.abs(bands[2, :, 1] - np.quantile(draws, 0.9, axis=0)) < 0.5 * sd).all()
    chosen = br.select_scale(model, DATA, "bic")
    ax = br.plot_coefficient_path(path, axes(), bands=bands, marks=chosen)
    assert len(ax.collections) == 10
    assert "bic" in [text.get_text() for text in ax.texts]
    ax = br.plot_coefficient_path(path, axes(), x="df", marks={"mine": float(path.scales[1])})
    mark = next(one for one in ax.get_lines() if np.ptp(one.get_xdata()) == 0 and one.get_xdata()[0] > 0)
    assert mark.get_xdata()[0] == pytest.approx(path.effective_df[1])
    with pytest.raises(ValueError, match="`bands` must have shape"):
        br.plot_coefficient_path(path, axes(), bands=bands[:2])
    with pytest.raises(ValueError, match="`prob` must be"):
        br.path_intervals(model, DATA, path.scales, 1.5)


def test_forest_marks_the_penalised_estimate():
    model = br.LinearModel(br.LaplacePrior(66.0), NOISE)
    mode, tree = (
        br.map_estimate(model, DATA),
        br.sample_posterior(model, DATA, num_samples=50, progress=False),
    )
    theirs = br.compare_map_with_penalized(model, X, Y)["penalized"].to_numpy()[:10]
    ax = br.plot_forest(tree, mode, axes(), penalized=theirs)
    assert sorted(line(ax, "penalised estimate").get_xdata()) == pytest.approx(sorted(theirs))


# Predictions.


@pytest.fixture(scope="module")
def check():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(900, 2))
    y = x @ [1.0, -2.0] + rng.normal(size=900)
    model = br.LinearModel(br.GaussianPrior(5.0), br.GaussianLikelihood(1.0))
    tree = br.sample_posterior(model, br.RowData.from_arrays(x[:300], y[:300]), progress=False)
    return {
        width: br.check_predictions(
            tree, br.RowData.from_arrays(x[300:], x[300:] @ [1.0, -2.0] + width * noise)
        )
        for noise in [y[300:] - x[300:] @ [1.0, -2.0]]
        for width in (0.5, 1.0, 2.0)
    }


def test_residuals_and_their_means_are_drawn(check):
    one = check[1.0]
    ax = br.plot_residuals(one, axes(), response="_weight_ in $")
    x, y = line(ax, "rows").get_data()
    np.testing.assert_array_equal(x, one.predicted)
    np.testing.assert_allclose(y, one.observed - one.predicted)
    (means,) = [one for one in ax.get_lines() if one.get_marker() == "D"]
    assert means.get_xdata().size == 12
    size = one.predicted.size // 12
    first = np.argsort(one.predicted)[:size]
    assert means.get_xdata()[0] == pytest.approx(one.predicted[first].mean())
    assert means.get_ydata()[0] == pytest.approx(y[first].mean())
    assert ax.get_xlabel() == r"predicted mean of  _weight_ in \$"
    few = br.PredictiveCheck(np.array([0.5]), np.array([1.0]), np.array([2.0]), 1)
    assert line(br.plot_residuals(few, axes()), "rows").get_ydata() == [1.0]


def test_replications_are_drawn_about_the_bars():
    found = Replicates(np.array([0.0, 1.0, 1.0]), np.array([[0.0, 0.0, 1.0], [1.0, 1.0, 1.0]]))
    ax = plot_replicates(found, axes(), response="count")
    bars = {bar.get_x() + 0.5 * bar.get_width(): bar.get_height() for bar in ax.patches}
    assert (bars[0.0], bars[1.0]) == (1, 2)
    (lines,) = ax.collections
    spans = {segment[0, 0]: tuple(segment[:, 1]) for segment in lines.get_segments()}
    assert spans[0.0] == pytest.approx((0.1, 1.9))
    assert spans[1.0] == pytest.approx((1.1, 2.9))
    assert ax.get_xlabel() == "count"


def test_predictive_check_draws_its_counts(check):
    ax = br.plot_predictive_check(check[1.0], axes())
    assert [bar.get_height() for bar in ax.patches] == list(check[1.0].counts)
    bounds = sorted(one.get_ydata()[0] for one in ax.get_lines())
    assert tuple(bounds) == check[1.0].band
    low, high = bounds
    assert low < 600 / 20 < high


def test_calibration_is_the_share_inside_each_interval(check):
    """At every mass it is what the predictive bounds hold; right, too wide and too narrow intervals are told apart."""
    for width, one in check.items():
        ax = br.plot_calibration(one, axes())
        mass, share = line(ax, "600 rows").get_data()
        low, high = one.coverage_by_chance(mass)
        inside = (low <= share) & (share <= high)
        assert inside.mean() > 0.7 if width == 1.0 else inside.mean() < 0.1
        assert (share[0], share[-1]) == (0.0, 1.0)
        residual = np.abs(one.observed - one.predicted)
        middle = share[np.searchsorted(mass, 0.5)]
        assert middle == pytest.approx((residual < 0.6745).mean(), abs=0.02)
        assert (np.sign(middle - 0.5) == np.sign(1.0 - width)) or width == 1.0


@pytest.mark.parametrize("n", [1, 5, 99, 442, 10_000])
def test_counts_by_chance_are_the_binomial_distributions_quantiles(n):
    mass = np.concatenate([np.linspace(0.0, 1.0, 101), 1.0 / np.arange(2, 21), [1e-9, 1.0 - 1e-9]])
    places = np.full(n, 0.5)
    one = br.PredictiveCheck(places, places, places, n)
    for found, level in zip(one.coverage_by_chance(mass), (0.05, 0.95), strict=True):
        np.testing.assert_allclose(found * n, np.maximum(binom.ppf(level, n, mass), 0.0), rtol=1e-14)


def test_observed_beside_predicted(check):
    ax = br.plot_observed(check[1.0], axes())
    predicted, observed = ax.get_lines()[1].get_data()
    np.testing.assert_array_equal(predicted, check[1.0].predicted)
    np.testing.assert_array_equal(observed, check[1.0].observed)


def test_predictions_need_rows_of_the_same_features(check):
    x, y = X[:50, :2], Y[:50]
    tree = br.sample_posterior(
        br.LinearModel(br.GaussianPrior(1.0), NOISE),
        br.RowData.from_arrays(x, y),
        num_samples=50,
        progress=False,
    )
    with pytest.raises(TypeError, match="a predictive check needs rows"):
        br.check_predictions(tree, br.GramData.from_arrays(x, y))
    with pytest.raises(ValueError, match="the draws are of features"):
        br.check_predictions(tree, DATA)


# One coefficient.


def test_prior_and_penalty_are_one_function():
    prior = br.ElasticNetPrior(2.0, 1.5)
    density = br.plot_prior(prior, 0.7, axes()).get_lines()[0]
    penalty = br.plot_penalty(prior, 0.7, axes()).get_lines()[0]
    np.testing.assert_array_equal(density.get_xdata(), penalty.get_xdata())
    assert np.trapezoid(density.get_ydata(), density.get_xdata()) == pytest.approx(1.0, abs=0.01)
    seen = np.abs(density.get_xdata()) < 10.0
    difference = -(0.7**2) * np.log(density.get_ydata()[seen]) - penalty.get_ydata()[seen]
    assert np.ptp(difference) < 1e-9


@pytest.mark.parametrize("order", [(1.0, 0.3), (0.3, 1.0)])
def test_priors_share_a_view_that_shows_all_of_them(order):
    for plot, prior in ((br.plot_prior, br.LaplacePrior), (br.plot_penalty, br.GaussianPrior)):
        ax = axes()
        for scale in order:
            plot(prior(scale), 1.0, ax)
        left, right = ax.get_xlim()
        assert (left, right) == (-4.0, 4.0)
        for curve in ax.get_lines():
            x, value = curve.get_data()
            assert (x.min() <= left) & (x.max() >= right)
            if plot is br.plot_prior:
                assert value.max() < 0.9 * ax.get_ylim()[1]
    ax = br.plot_shrinkage(br.LaplacePrior(1.0), 1.0, br.plot_shrinkage(br.LaplacePrior(0.2), 1.0, axes()))
    assert ax.get_xlim() == ax.get_ylim() == (-15.0, 15.0)


def test_shrinkage_is_the_mode_of_one_column():
    for prior in (br.LaplacePrior(0.5), br.GaussianPrior(0.8), br.ElasticNetPrior(0.5, 0.8)):
        curve = line(br.plot_shrinkage(prior, 0.9, axes()), "mode")
        for place in (1100, 1980, 2350):
            z = curve.get_xdata()[place]
            column = np.array([[0.6], [0.8]])
            data = br.RowData.from_arrays(column, z * column[:, 0])
            mode = br.map_estimate(
                br.LinearModel(prior, br.GaussianLikelihood(0.9), fit_intercept=False), data
            )
            assert curve.get_ydata()[place] == pytest.approx(mode.coef[0], abs=1e-9)


@pytest.mark.parametrize("plot", [br.plot_prior, br.plot_penalty, br.plot_shrinkage])
@pytest.mark.parametrize("prior", [br.FlatPrior(), br.LaplacePrior([1.0, 2.0]), br.GaussianPrior(np.inf)])
def test_pictures_of_one_coefficient_ask_for_one_scale(plot, prior):
    with pytest.raises(ValueError, match="one coefficient under a proper prior"):
        plot(prior, 1.0, axes())


# Two coefficients.


@pytest.mark.parametrize(
    "prior", [br.LaplacePrior(0.05), br.GaussianPrior(0.2), br.ElasticNetPrior(0.1, 0.5)]
)
def test_geometry_of_two_features(prior):
    data = two_columns()
    model = br.LinearModel(prior, br.GaussianLikelihood(1.0))
    steps = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 0.2]])
    ax = br.plot_geometry(model, data, axes(), steps=steps)
    mode = br.map_estimate(model, data).coef
    plain = br.map_estimate(br.LinearModel(br.FlatPrior(), br.GaussianLikelihood(1.0)), data).coef
    assert np.ravel(line(ax, "mode").get_xydata()) == pytest.approx(mode)
    assert np.ravel(line(ax, "least squares").get_xydata()) == pytest.approx(plain)
    np.testing.assert_array_equal(line(ax, "solver's steps").get_xydata(), steps)
    assert "coefficient of a" in ax.get_xlabel()
    assert ax.get_legend().get_title().get_text() == ""


def test_geometry_chooses_two_of_two_thousand_and_says_so():
    data = two_thousand()
    model = br.LinearModel(br.LaplacePrior(0.02), br.GaussianLikelihood(1.0))
    ax = br.plot_geometry(model, data, axes())
    assert {ax.get_xlabel().split()[2].strip(","), ax.get_ylabel().split()[2].strip(",")} == {"x0", "x1"}
    assert ax.get_title() == "1998 other coefficients held at the mode"
    named = br.plot_geometry(model, data, axes(), features=["x2", 0])
    assert "x2" in named.get_xlabel()


def test_geometry_contours_are_the_loss():
    """The least-squares point and the curvature of two coefficients, the others held, by NumPy."""
    from bayesreg.model.problem import resolve
    from bayesreg.plots.geometry import _plane

    model = br.LinearModel(br.LaplacePrior(66.0), NOISE)
    coef = br.map_estimate(model, DATA).coef
    plane = _plane(resolve(model, DATA), coef, [2, 8])
    centred = X - X.mean(axis=0)
    for a, b in ((0.0, 0.0), (500.0, -30.0)):
        moved = coef.copy()
        moved[[2, 8]] = a, b
        assert plane.loss(a, b) == pytest.approx(
            0.5 * ((Y - Y.mean() - centred @ moved) ** 2).sum(), rel=1e-10
        )


def test_geometry_refusals():
    one = br.RowData.from_arrays(X[:, :1], Y)
    with pytest.raises(ValueError, match="two coefficients, and the data have one"):
        br.plot_geometry(br.LinearModel(br.LaplacePrior(1.0), NOISE), one, axes())
    with pytest.raises(ValueError, match="neither of the two"):
        br.plot_geometry(br.LinearModel(br.FlatPrior(), NOISE), DATA, axes())
    with pytest.raises(ValueError, match="two positions or names"):
        br.plot_geometry(br.LinearModel(br.LaplacePrior(1.0), NOISE), DATA, axes(), features=[1])


# The certificate.


@pytest.mark.parametrize("prior", [br.LaplacePrior(66.0), br.ElasticNetPrior(66.0, 300.0)])
def test_certificate_shows_the_optimality_conditions(prior):
    model = br.LinearModel(prior, NOISE)
    mode = br.map_estimate(model, DATA)
    ax = br.plot_certificate(mode, model, DATA, axes())
    on, between = line(ax, "not 0"), line(ax, "0: between")
    np.testing.assert_allclose(np.abs(on.get_xdata()), 1.0, rtol=1e-9)
    assert (np.abs(between.get_xdata()) <= 1.0 + 1e-9).all()
    assert len(on.get_xdata()) == (mode.coef != 0).sum()
    moved = br.map_estimate(br.LinearModel(prior.with_scale(30.0), NOISE), DATA)
    from dataclasses import replace

    wrong = replace(mode, coef=moved.coef)
    off = line(br.plot_certificate(wrong, model, DATA, axes()), "not 0")
    assert np.abs(np.abs(off.get_xdata()) - 1.0).max() > 0.1


def test_certificate_of_ridge_and_of_many_features():
    model = br.LinearModel(br.GaussianPrior(200.0), NOISE)
    ax = br.plot_certificate(br.map_estimate(model, DATA), model, DATA, axes())
    unit = float(ax.get_xlabel().split()[-1])
    assert unit <= 1e-9
    deviation = unit * line(ax, "coefficient").get_xdata()
    mode = br.map_estimate(model, DATA)
    centred = X - X.mean(axis=0)
    ratio = centred.T @ (Y - Y.mean() - centred @ mode.coef) / (mode.penalty.l2 * mode.coef) - 1.0
    assert 0.0 < np.abs(deviation).max() < 1e-8
    assert np.abs(ratio).max() < 1e-8
    np.testing.assert_array_equal(
        [text.get_text() for text in ax.get_yticklabels()],
        [f"x{j}" for j in np.argsort(-np.abs(mode.coef) * DATA.column_sd)],
    )
    data = two_thousand()
    model = br.LinearModel(br.LaplacePrior(0.02), br.GaussianLikelihood(1.0))
    ax = br.plot_certificate(br.map_estimate(model, data), model, data, axes())
    assert ax.get_ylabel() == "30 of 2000 features"
    names = [text.get_text() for text in ax.get_yticklabels()]
    mode = br.map_estimate(model, data)
    assert names[0] == data.feature_names[np.argmax(np.abs(mode.coef) * data.column_sd)]


# Defaults.


def test_the_current_axes_are_the_default():
    model = br.LinearModel(br.LaplacePrior(66.0), NOISE)
    mode, path = br.map_estimate(model, DATA), br.map_path(model, DATA, n_scales=3)
    for call in (
        lambda: br.plot_certificate(mode, model, DATA),
        lambda: br.plot_geometry(model, DATA),
        lambda: br.plot_prior(br.LaplacePrior(1.0)),
        lambda: br.plot_penalty(br.LaplacePrior(1.0)),
        lambda: br.plot_shrinkage(br.LaplacePrior(1.0)),
        lambda: br.plot_coefficient_path(path),
    ):
        figure, ax = plt.subplots()
        assert call() is ax
        plt.close(figure)


def test_names_are_never_code_to_latex():
    import matplotlib as mpl
    from matplotlib.text import Text

    from bayesreg.app.figures import png_bytes

    rng = np.random.default_rng(0)
    names = [r"\immediate\write18{id}", "a_b^c$d$"]
    X = rng.normal(size=(40, 2))
    data = br.RowData.from_arrays(X, X[:, 0] + rng.normal(size=40), feature_names=names)
    model = br.LinearModel(br.LaplacePrior(0.5), br.GaussianLikelihood(1.0))
    mode, path = br.map_estimate(model, data), br.map_path(model, data)
    tree = br.sample_posterior(model, data, num_samples=50, progress=False)
    with mpl.rc_context({"text.usetex": True}):
        for draw in (
            lambda ax: br.plot_forest(tree, mode, ax),
            lambda ax: br.plot_certificate(mode, model, data, ax),
            lambda ax: br.plot_geometry(model, data, ax=ax),
            lambda ax: br.plot_coefficient_path(path, ax),
        ):
            figure = Figure()
            draw(figure.subplots())
            texts = [text for text in figure.findobj(Text) if "write18" in text.get_text()]
            assert texts
            assert not any(text.get_usetex() for text in texts)
            assert png_bytes(figure, 50).startswith(b"\x89PNG")  # without LaTeX


def test_the_posteriors_certificate_is_drawn_as_it_is():
    model = br.LinearModel(br.LaplacePrior(0.5))
    tree = br.sample_posterior(model, DATA, num_samples=300, progress=False)
    judged = br.certify_posterior(tree, model, DATA)
    ax = br.plot_posterior_certificate(judged, axes())
    drawn = np.concatenate(
        [one.get_xdata() for one in ax.get_lines() if one.get_marker() not in ("", "None")]
    )
    assert np.nanmax(np.abs(drawn)) == pytest.approx(judged.largest_z)
    assert np.isfinite(drawn).sum() == judged.n_tests
    assert [label.get_text() for label in ax.get_yticklabels()] == list(judged.names)
    assert "certified" in ax.get_title()
    assert f"{judged.largest_z:.1f}" in ax.get_title()


def test_pictures_of_other_features_or_scales_are_refused():
    X, y = one_of_eight()
    linear = model(br.LaplacePrior(1.0))
    two = [
        br.RowData.from_arrays(X[:, cols], y, None, names)
        for cols, names in (([0, 1], ["a", "b"]), ([1, 0], ["b", "a"]))
    ]
    tree, mode = br.sample_posterior(linear, two[0], progress=False), br.map_estimate(linear, two[1])
    with pytest.raises(ValueError, match="the draws are of features"):
        br.plot_forest(tree, mode)
    with pytest.raises(ValueError, match="the mode is of features"):
        br.plot_certificate(mode, linear, two[0])
    flat = model(br.FlatPrior())
    least_squares = br.map_estimate(flat, two[0])
    with pytest.raises(ValueError, match="nothing to draw"):
        br.plot_certificate(least_squares, flat, two[0])
    with pytest.raises(ValueError, match="none of the data's features"):
        br.plot_geometry(linear, two[0], features=["zz", "a"])
    with pytest.raises(ValueError, match="is empty"):
        br.plot_scale_selection([])
    path = br.map_path(linear, two[0], scales=[0.01, 0.1])
    for marks, error, message in (
        ({"chosen": 5.0}, ValueError, "outside of the path"),
        ({"none": 0.0}, ValueError, "outside of the path"),
        (1.0, TypeError, "`marks` must be"),
    ):
        with pytest.raises(error, match=message):
            br.plot_coefficient_path(path, marks=marks)


@pytest.mark.parametrize(("ends", "label"), [((1e-3, 1e3), "10⁻²"), ((1.5, 8.0), "2 × 10⁰")])
def test_powers_of_ten_along_an_axis_are_text(ends, label):
    from matplotlib.figure import Figure

    from bayesreg.plots.style import plain_powers

    figure = Figure()
    ax = figure.subplots()
    ax.set_xscale("log")
    ax.set_xlim(*ends)
    plain_powers(ax.xaxis)
    figure.draw_without_rendering()
    labels = [text.get_text() for text in (*ax.get_xticklabels(), *ax.get_xticklabels(minor=True))]
    assert label in labels
    assert not any("$" in one for one in labels)
