"""Defects that a hostile review found, each kept from coming back."""

import numpy as np
import numpyro.distributions as dist
import pytest
from conftest import model
from sklearn.linear_model import Lasso, Ridge

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
    with pytest.warns(br.ConvergenceWarning, match=r"Give the rows \(RowData\)|float64 gives no more"):
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
        with pytest.raises(TypeError, match="whose numbers mean something else"):
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
