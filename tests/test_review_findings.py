"""Defects that a hostile review found, each kept from coming back."""

import numpy as np
import numpyro.distributions as dist
import pandas as pd
import pytest
from conftest import model
from sklearn.linear_model import Lasso, LinearRegression, Ridge

import bayesreg as br

ROWS, GRAM = br.RowData.from_arrays, br.GramData.from_arrays
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 8))
Y = X[:, 1] * 3 + RNG.normal(size=60)


@pytest.mark.parametrize("eps", [1e-5, 1e-6, 1e-7, 1e-8])
@pytest.mark.parametrize(
    "prior", [br.FlatPrior(), br.LaplacePrior([np.inf, np.inf, 10.0]), br.LaplacePrior(1e9)]
)
def test_statistics_that_cannot_tell_columns_apart_say_so(prior, eps):
    rng = np.random.default_rng(2)
    x, z = rng.normal(size=(2, 200))
    near = np.column_stack([x, x + eps * z, rng.normal(size=200)])
    if isinstance(prior, br.FlatPrior) or np.ndim(prior.scale) == 0:
        near = near[:, :2]
    y = 2 * x + 3 * z + 0.1 * rng.normal(size=200)
    linear = model(prior)
    with pytest.warns(br.ConvergenceWarning, match=r"Give the rows \(RowData\)|float64 allows no smaller"):
        gram = br.map_estimate(linear, GRAM(near, y))
    assert not gram.converged
    if np.ndim(getattr(prior, "scale", np.zeros(2))) == 1:  # the rows know
        assert br.map_estimate(linear, ROWS(near, y), tol=1e-6).converged


def test_a_row_of_weight_zero_is_absent_whatever_it_holds():
    w = np.ones(60)
    w[0] = 0.0
    wild, wild_y = X.copy(), Y.copy()
    wild[0, 1], wild_y[0] = 1e14, -9.99e20
    for options in (
        {},
        {"fit_intercept": False},
        {"standardize": True},
        {"standardize": True, "fit_intercept": False},
    ):
        for prior in (br.LaplacePrior(0.1), br.LaplacePrior(), br.GaussianPrior()):
            for form in (ROWS, GRAM):
                mode = br.map_estimate(model(prior, **options), form(wild, wild_y, w))
                expected = br.map_estimate(model(prior, **options), form(X[1:], Y[1:]))
                np.testing.assert_allclose(mode.coef, expected.coef, rtol=1e-9, atol=1e-12)
                np.testing.assert_allclose(mode.penalty.l1, expected.penalty.l1, rtol=1e-12)


@pytest.mark.parametrize(
    ("prior", "edge"),
    [
        (dist.Uniform(2.0, 5.0), 2.0),
        (dist.Uniform(0.0, 0.5), 0.5),
        (dist.TruncatedNormal(0.1, 0.1, low=0.0, high=0.5), 0.5),
        (dist.Pareto(2.0, 3.0), 2.0),
    ],
)
def test_the_support_of_the_noise_prior_holds(prior, edge):
    mode = br.map_estimate(br.LinearModel(br.GaussianPrior(1.3), br.GaussianLikelihood(prior)), ROWS(X, Y))
    assert mode.noise_scale == pytest.approx(edge, rel=1e-9)


@pytest.mark.parametrize(
    "prior",
    [
        dist.Delta(1.0),
        dist.Normal(1.0, 1.0),
        dist.HalfNormal(np.ones(3)),
        dist.MultivariateNormal(np.zeros(2), np.eye(2)),
        dist.Poisson(3.0),
        dist.HalfNormal,
    ],
)
def test_what_is_no_prior_on_one_positive_number_is_refused(prior):
    with pytest.raises((TypeError, ValueError), match="`noise_scale` must be a"):
        br.GaussianLikelihood(prior)


def test_a_noise_prior_far_from_the_data_is_found():
    likelihood = br.GaussianLikelihood(dist.LogNormal(20.0, 0.1))
    mode = br.map_estimate(br.LinearModel(br.GaussianPrior(1.3), likelihood), ROWS(X, Y))
    assert np.log(mode.noise_scale) == pytest.approx(20.0 - 61 * 0.01, abs=0.1)


@pytest.mark.parametrize("scale", [1.0, 1e3, 1e4])
@pytest.mark.parametrize("form", [ROWS, GRAM])
def test_ridge_on_columns_of_different_units(form, scale):
    rng = np.random.default_rng(0)
    n = 200
    columns = [
        rng.uniform(20, 80, n),
        rng.lognormal(10, 0.5, n),
        rng.random(n),
        rng.integers(0, 2, n),
        3e9 + 1e9 * rng.normal(size=n),
    ]
    units = np.column_stack(columns)
    y = units @ np.array([0.1, 1e-4, 3, 1, 1e-9]) + rng.normal(size=n)
    sd = units.std(axis=0)
    Z = (units - units.mean(axis=0)) / sd
    expected = np.linalg.solve(Z.T @ Z + np.diag(1 / (scale * sd) ** 2), Z.T @ (y - y.mean()))
    mode = br.map_estimate(model(br.GaussianPrior(scale)), form(units, y), tol=1e-3)
    np.testing.assert_allclose(mode.coef * sd, expected, rtol=0, atol=1e-9 * np.abs(expected).max())


def test_the_default_noise_prior_beside_an_intercept_prior_is_scaled_by_the_sd():
    x, y = X[:10, :1], Y[:10] + 1000.0
    linear = br.LinearModel(br.GaussianPrior(1.0), intercept_prior=br.GaussianPrior(1e6))
    for form in (ROWS, GRAM):
        with_prior = br.map_estimate(linear, form(x, y), tol=1.0)
        flat = br.map_estimate(br.LinearModel(br.GaussianPrior(1.0)), form(x, y))
        assert with_prior.noise_scale == pytest.approx(flat.noise_scale, rel=1e-3)


def test_translate_does_not_read_an_object_of_another_convention():
    for value, key in (
        (Ridge(3.0), "sklearn.Lasso"),
        (Lasso(3.0), "sklearn.Ridge"),
        (br.GaussianPrior(3.0), "LaplacePrior"),
    ):
        with pytest.raises(TypeError, match="its numbers mean something else"):
            br.translate(value, key, "Penalty", y=Y, noise_scale=1.0)
    with pytest.raises(br.NoEquivalent, match="constrains the signs"):
        br.translate(Lasso(positive=True), "sklearn.Lasso", "Penalty", y=Y)
    for bad in ({"y": Y, "sample_weight": [1.0, 2.0]}, {"X": X, "y": Y[:5]}, {"y": []}, {"y": 3.0}):
        with pytest.raises(ValueError, match=r"same number of rows|one weight for each"):
            br.translate(0.1, "sklearn.Lasso", "Penalty", **bad)
    with pytest.raises(ValueError, match="`alpha` must be one finite number"):
        br.translate([0.1, 0.2], "sklearn.Lasso", "Penalty", y=Y)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("prior", [br.LaplacePrior(0.1), br.GaussianPrior(0.5), br.LaplacePrior()])
def test_the_comparisons_line_of_code_reproduces_its_table(prior, intercept):
    frame = br.compare_map_with_penalized(model(prior, fit_intercept=intercept), X, Y)
    estimator = eval(frame.attrs["code"], {"Lasso": Lasso, "Ridge": Ridge})
    unit = np.ones(8) if frame.attrs["column_unit"] is None else np.array(frame.attrs["column_unit"])
    coef = estimator.fit(X / unit, Y).coef_ / unit
    np.testing.assert_allclose(coef, frame["map"].iloc[:-1], atol=1e-3)


def test_path_with_an_intercept_prior():
    linear = model(br.LaplacePrior(), intercept_prior=br.GaussianPrior(1.0))
    with pytest.raises(ValueError, match="give `scales`"):
        br.map_path(linear, ROWS(X, Y))
    path = br.map_path(linear, ROWS(X, Y), scales=[0.01, 1.0])
    single = br.map_estimate(model(br.LaplacePrior(1.0), intercept_prior=br.GaussianPrior(1.0)), ROWS(X, Y))
    np.testing.assert_allclose(path.coefs[1], single.coef, rtol=1e-9)


def test_a_second_fit_with_a_noise_distribution_compiles_nothing():
    from test_global_state import CompileCount

    def fit(scale):
        br.map_estimate(
            br.LinearModel(br.GaussianPrior(1.0), br.GaussianLikelihood(dist.HalfNormal(scale))), ROWS(X, Y)
        )

    fit(1.0)
    with CompileCount() as again:
        fit(2.0)
    assert again.count == 0


def test_zeros_of_constant_columns_are_exact_beside_duplicates():
    wide = np.column_stack([X, X[:, 0], np.ones(60), np.ones(60)])
    for form in (ROWS, GRAM):
        for prior in (br.GaussianPrior(10.0), br.FlatPrior()):
            for w in (None, RNG.uniform(0.1, 1.0, 60)):
                assert not br.map_estimate(model(prior), form(wide, Y, w)).coef[-2:].any()


def test_names_that_are_numbers_can_be_keys():
    import pandas as pd

    frame = pd.DataFrame(X)
    mode = br.map_estimate(model(br.LaplacePrior(0.1, factor={1: 2.0})), ROWS(frame, Y))
    assert mode.penalty.l1[1] == pytest.approx(5.0)


def test_masked_entries_are_missing():
    with pytest.raises(ValueError, match="`X` has 1 NaN in column 'x2'"):
        ROWS(np.ma.masked_array(X, mask=np.arange(480).reshape(60, 8) == 10), Y)


def test_equal_priors_have_equal_hashes():
    a, b = br.LaplacePrior({"a": 1.0, "b": 2.0}), br.LaplacePrior({"b": 2.0, "a": 1.0})
    assert a == b
    assert hash(a) == hash(b)


def test_coef_is_the_users_to_change():
    regressor = br.BayesRegressor(br.LaplacePrior(0.1), noise_scale=1.0).fit(X, Y)
    before = regressor.map_.coef.copy()
    regressor.coef_ *= 2
    np.testing.assert_array_equal(regressor.map_.coef, before)


def test_conventions_can_be_pickled():
    import pickle

    for key in br.CONVENTIONS:
        values = br.CONVENTIONS[key].parameters
        assert pickle.loads(pickle.dumps(values)) == values


def test_noise_estimate_of_near_perfect_fits_from_statistics_says_what_it_lost():
    y = X @ np.arange(1.0, 9.0) + 1e-7 * RNG.normal(size=60)
    rows = br.map_estimate(br.LinearModel(br.FlatPrior()), ROWS(X, y))
    assert 0.5e-7 < rows.noise_scale < 1.5e-7
    assert rows.converged
    with pytest.raises(br.NoModeError, match=r"cannot tell these data from a perfect fit.*Give the rows"):
        br.map_estimate(br.LinearModel(br.FlatPrior()), GRAM(X, y))
    y = X @ np.arange(1.0, 9.0) + 1e-4 * RNG.normal(size=60)
    with pytest.warns(br.ConvergenceWarning, match="Give the rows"):
        br.map_estimate(br.LinearModel(br.FlatPrior()), GRAM(X, y))


# A column and its copies.


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_copies_of_a_column_cost_no_degree_of_freedom_and_leave_exact_zeros(sign):
    x = X[:, :3]
    copied = np.c_[x, sign * x[:, 1]]
    aics = [
        br.select_scale(model(br.LaplacePrior(1.0)), ROWS(rows, Y), "aic", scales=[0.5, 1.0])
        for rows in (x, copied)
    ]
    np.testing.assert_allclose(aics[0].effective_df, aics[1].effective_df)
    np.testing.assert_allclose(aics[0].scores, aics[1].scores)
    noise = [
        br.from_sklearn(Lasso(0.03, tol=1e-12).fit(rows, Y), rows, Y).noise_scale_ for rows in (x, copied)
    ]
    assert noise[0] == pytest.approx(noise[1], rel=1e-9)
    path = br.map_path(model(br.LaplacePrior(1.0)), ROWS(copied, Y), n_scales=30)
    sizes = np.abs(path.coefs)
    assert not ((sizes > 0.0) & (sizes < 1e-12 * sizes.max(axis=1, keepdims=True))).any()
    assert (path.duality_gaps < 1e-9).all()


# Hyperpriors.


@pytest.mark.parametrize("prior", [br.LaplacePrior, br.GaussianPrior])
@pytest.mark.parametrize(
    ("scale", "error", "message"),
    [
        (dist.Normal(0.0, 1.0), ValueError, "`scale` must be a continuous distribution on positive numbers"),
        (dist.Uniform(-1.0, 1.0), ValueError, "on positive numbers"),
        (dist.Poisson(2.0), ValueError, "must be a continuous distribution"),
        (dist.HalfNormal(np.ones(3)), ValueError, "a distribution of one number"),
        (dist.HalfNormal, TypeError, "not the class HalfNormal"),
    ],
)
def test_a_hyperprior_is_on_one_positive_number(prior, scale, error, message):
    with pytest.raises(error, match=message):
        prior(scale)


def test_a_flat_prior_on_the_scale_of_one_coefficient_is_improper():
    flat = dist.ImproperUniform(dist.constraints.positive, (), ())
    for prior in (br.GaussianPrior(flat), br.LaplacePrior(flat)):
        for rows in (X[:, :1], np.c_[X[:, 1], np.ones(60)], np.c_[X[:, 1], X[:, 1]]):
            with pytest.raises(br.ImproperPosteriorError, match="prior on prior_scale is flat"):
                br.sample_posterior(model(prior), ROWS(rows, Y), progress=False)
    tree = br.sample_posterior(model(br.GaussianPrior(flat)), ROWS(X, Y), progress=False)
    assert 0.1 < float(tree["posterior"]["prior_scale"].median()) < 10.0


def test_a_bounded_hyperprior_warns_of_nothing(recwarn):
    br.sample_posterior(model(br.GaussianPrior(dist.Uniform(0.1, 2.0))), ROWS(X, Y), progress=False)
    assert not [one for one in recwarn if "Out-of-support" in str(one.message)]


def test_an_elastic_net_with_a_sampled_scale_is_refused_by_fit_with_the_remedy():
    half = dist.HalfNormal(1.0)
    with pytest.raises(TypeError, match="scale_selection='evidence'"):
        br.BayesRegressor(br.ElasticNetPrior(half, half)).fit(X, Y)


# Rows of weight 0.


def test_rows_of_weight_zero_are_absent_from_folds_and_left_out_rows():
    w = np.ones(60)
    w[:14] = 0.0
    linear = model(br.GaussianPrior(1.0))
    weighted, present = ROWS(X, Y, w), ROWS(X[14:], Y[14:])
    trees = [br.sample_posterior(linear, data, progress=False) for data in (weighted, present)]
    found, expected = (
        br.exact_loo(tree, linear, data) for tree, data in zip(trees, (weighted, present), strict=True)
    )
    assert found.elpd == pytest.approx(expected.elpd, rel=1e-9)
    for options in (
        {"folds": 5},
        {"method": "loo"},
        {"method": "psis-loo", "n_scales": 2, "num_samples": 200},
    ):
        assert br.select_scale(linear, weighted, **options).scale == pytest.approx(
            br.select_scale(linear, present, **options).scale, rel=1e-9
        )
    labels = np.array(list("abc") * 20, dtype=object)
    by_label = br.select_scale(linear, weighted, folds=labels)
    assert by_label.fold_labels == ("a", "b", "c")
    assert by_label.scale == pytest.approx(br.select_scale(linear, present, folds=labels[14:]).scale)


# Names and lengths.


def test_pictures_of_other_features_or_scales_are_refused():
    linear = model(br.LaplacePrior(1.0))
    two = [ROWS(X[:, cols], Y, None, names) for cols, names in (([0, 1], ["a", "b"]), ([1, 0], ["b", "a"]))]
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


def test_factors_of_another_length_are_refused():
    for value, key in (
        ({"alpha": 0.1, "weights": [1, 2]}, "celer.Lasso"),
        ({"lambda_": 0.1, "penalty.factor": [1, 2]}, "glmnet"),
    ):
        with pytest.raises(ValueError, match="one for each of the 8 columns"):
            br.translate(value, key, "Penalty", X, Y)


def test_one_response_held_as_a_column_and_coefficients_by_name():
    least_squares = LinearRegression().fit(X, Y[:, None])
    regressor = br.from_sklearn(least_squares, X, Y)
    np.testing.assert_allclose(regressor.coef_, least_squares.coef_.ravel(), atol=1e-9)
    assert br.audit(least_squares.coef_, least_squares.intercept_, X, Y, br.Penalty(0.0, 0.0)).optimal
    with pytest.raises(ValueError, match="no residuals to estimate the noise from"):
        br.from_sklearn(LinearRegression().fit(X, X @ np.ones(8)), X, X @ np.ones(8))
    frame = pd.DataFrame(X[:, :2], columns=["a", "b"])
    named, plain = (
        br.audit(coef, 0.0, frame, Y, br.Penalty(1.0, 0.0)).objective
        for coef in (pd.Series({"b": 2.0, "a": 1.0}), [1.0, 2.0])
    )
    assert named == plain
    with pytest.raises(ValueError, match="`coef` names"):
        br.audit(pd.Series({"b": 2.0, "c": 1.0}), 0.0, frame, Y, br.Penalty(1.0, 0.0))
    with pytest.raises(ValueError, match="`tol` must be a duality gap"):
        br.audit([1.0, 2.0], 0.0, frame, Y, br.Penalty(1.0, 0.0), tol=-1.0)
    sampled = br.BayesRegressor().fit(X, Y).sample(num_samples=50, progress=False)
    with pytest.raises(ValueError, match="`interval` must be"):
        sampled.predict(X, interval=[0.5, 0.9])
