"""BayesRegressor under scikit-learn's contract."""

import os
import pickle
import subprocess
import sys

import numpy as np
import numpyro.distributions as dist
import pandas as pd
import polars as pl
import pytest
from conftest import diabetes, one_of_eight
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Lasso, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

import bayesreg as br

# Needs SCIPY_ARRAY_API set before SciPy is imported: run in a process of its own, below.
NOT_CHECKED_HERE = {"check_array_api_input"}
ESTIMATORS = [
    br.BayesRegressor(),
    br.BayesRegressor(br.LaplacePrior(0.5), noise_scale=1.0),
    br.BayesRegressor(br.ElasticNetPrior(0.5, 1.0), noise_scale=1.0, standardize=True),
    br.BayesRegressor(br.LaplacePrior(), fit_intercept=False),
    br.BayesRegressor(br.FlatPrior(), noise_scale=1.0),
    br.BayesRegressor(scale_selection="cv"),
]
CHECKS = [pair for estimator in ESTIMATORS for pair in estimator_checks_generator(estimator)]


def check_name(check):
    return getattr(check, "func", check).__name__


@pytest.mark.parametrize(
    ("estimator", "check"),
    [(e, c) for e, c in CHECKS if check_name(c) not in NOT_CHECKED_HERE],
    ids=[f"{ESTIMATORS.index(e) if e in ESTIMATORS else i}-{check_name(c)}" for i, (e, c) in enumerate(CHECKS)
         if check_name(c) not in NOT_CHECKED_HERE],
)  # fmt: skip
@pytest.mark.filterwarnings(
    "ignore::bayesreg.RowOrderWarning"
)  # some of their rows are sorted, or repeated in a row
def test_sklearns_own_checks(estimator, check):
    check(estimator)


@pytest.mark.extended
def test_sklearns_array_api_check():
    code = """
from sklearn.utils.estimator_checks import check_estimator
import bayesreg as br
results = check_estimator(br.BayesRegressor(), on_skip=None)
assert all(result["status"] == "passed" for result in results), results
assert "check_array_api_input" in {result["check_name"] for result in results}
"""
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)


def test_all_of_sklearns_checks_are_run():
    assert len(CHECKS) > 50 * len(ESTIMATORS)
    assert not ESTIMATORS[0].__sklearn_tags__()._skip_test


def test_equals_lasso_and_ridge():
    X, y = diabetes()
    w = np.random.default_rng(0).uniform(0.5, 2, len(y))
    for ours, theirs in (
        (br.BayesRegressor(br.LaplacePrior(1 / (0.1 * w.sum())), noise_scale=1.0), Lasso(0.1, tol=1e-12)),
        (br.BayesRegressor(br.GaussianPrior(1.0), noise_scale=1.0), Ridge(1.0)),
    ):
        ours.fit(X, y, sample_weight=w)
        theirs.fit(X, y, sample_weight=w)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=0, atol=1e-6 * np.abs(theirs.coef_).max())
        np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-7)
        assert ours.score(X, y) == pytest.approx(theirs.score(X, y), rel=1e-8)
        assert ours.duality_gap_ < 1e-10
        assert ours.penalty_ == ours.map_.penalty
        assert ours.noise_scale_ == 1.0


def test_defaults_are_a_gaussian_prior_and_unknown_noise():
    X, y = diabetes()
    regressor = br.BayesRegressor().fit(X, y)
    mode = br.map_estimate(br.LinearModel(br.GaussianPrior()), br.RowData.from_arrays(X, y))
    np.testing.assert_array_equal(regressor.coef_, mode.coef)
    assert regressor.noise_scale_ == mode.noise_scale


@pytest.mark.parametrize("frame", ["pandas", "polars"])
def test_frames(frame):
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    given = X if frame == "pandas" else pl.from_pandas(X)
    prior = br.LaplacePrior(0.1, factor={"bmi": np.inf})
    regressor = br.BayesRegressor(prior, noise_scale=1.0).fit(given, y)
    assert list(regressor.feature_names_in_) == list(X.columns)
    plain = br.BayesRegressor(br.LaplacePrior(np.where(X.columns == "bmi", np.inf, 0.1)), noise_scale=1.0)
    np.testing.assert_array_equal(regressor.coef_, plain.fit(X.to_numpy(), y).coef_)
    np.testing.assert_allclose(regressor.predict(given), plain.predict(X.to_numpy()))
    with pytest.raises(ValueError, match="feature names should match"):
        regressor.predict(given[X.columns[::-1].tolist()])


def test_before_fit_and_wrong_shapes():
    with pytest.raises(NotFittedError):
        br.BayesRegressor().predict([[1.0]])
    regressor = br.BayesRegressor().fit(*diabetes())
    with pytest.raises(ValueError, match="X has 3 features, but BayesRegressor is expecting 10"):
        regressor.predict(np.ones((2, 3)))
    with pytest.raises(ValueError, match="`X` has 1 NaN in column 'x2'"):
        regressor.predict(np.where(np.arange(10) == 2, np.nan, 1.0)[None, :])


def test_bad_parameters_are_refused_at_fit_not_before():
    X, y = diabetes()
    for bad, message in (
        (br.BayesRegressor(0.1), "`prior` must be LaplacePrior"),
        (br.BayesRegressor(noise_scale=-1.0), "`noise_scale` must be a positive"),
        (br.BayesRegressor(tol=-1.0), "`tol` must be a positive"),
        (br.BayesRegressor(fit_intercept=None), "`fit_intercept` must be True or False"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            bad.fit(X, y)


def test_clone_pickle_and_repr():
    X, y = diabetes()
    regressor = br.BayesRegressor(br.LaplacePrior(0.1, factor={"x0": 2.0}), noise_scale=2.0)
    assert clone(regressor).get_params() == regressor.get_params()
    regressor.fit(X, y)
    back = pickle.loads(pickle.dumps(regressor))
    np.testing.assert_array_equal(back.predict(X), regressor.predict(X))
    assert "LaplacePrior(scale=0.1" in repr(regressor)
    assert "BayesRegressor" in regressor._repr_html_()
    assert pickle.loads(pickle.dumps(br.BayesRegressor().fit(X, y))).noise_scale_ > 0


def test_pipelines_and_grid_search():
    X, y = diabetes(scaled=False)
    priors = [br.LaplacePrior(s) for s in (0.01, 0.1, 1.0)] + [br.GaussianPrior(1.0)]
    pipeline = make_pipeline(StandardScaler(), br.BayesRegressor(noise_scale=1.0))
    search = GridSearchCV(pipeline, {"bayesregressor__prior": priors}, cv=3).fit(X, y)
    assert search.best_params_["bayesregressor__prior"] in priors
    assert search.best_score_ > 0.4
    inside = br.BayesRegressor(br.LaplacePrior(0.1), noise_scale=1.0, standardize=True)
    outside = make_pipeline(StandardScaler(), br.BayesRegressor(br.LaplacePrior(0.1), noise_scale=1.0))
    np.testing.assert_allclose(inside.fit(X, y).predict(X), outside.fit(X, y).predict(X), rtol=1e-9)
    np.testing.assert_allclose(cross_val_score(inside, X, y), cross_val_score(outside, X, y), rtol=1e-9)


def test_text_columns_through_a_one_hot_encoder():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"city": ["a", "b", "c"] * 20, "size": rng.normal(size=60)})
    y = frame["size"] + (frame["city"] == "a")
    encode = ColumnTransformer(
        [("city", OneHotEncoder(sparse_output=False), ["city"])], remainder="passthrough"
    )
    pipeline = make_pipeline(encode, br.BayesRegressor(noise_scale=0.1)).fit(frame, y)
    assert pipeline.score(frame, y) > 0.9


def test_coef_is_the_users_to_change():
    X, y = one_of_eight()
    regressor = br.BayesRegressor(br.LaplacePrior(0.1), noise_scale=1.0).fit(X, y)
    before = regressor.map_.coef.copy()
    regressor.coef_ *= 2
    np.testing.assert_array_equal(regressor.map_.coef, before)


def test_an_elastic_net_with_a_sampled_scale_is_refused_by_fit_with_the_remedy():
    X, y = one_of_eight()
    half = dist.HalfNormal(1.0)
    with pytest.raises(TypeError, match="scale_selection='evidence'"):
        br.BayesRegressor(br.ElasticNetPrior(half, half)).fit(X, y)


def test_an_interval_is_one_mass():
    X, y = one_of_eight()
    sampled = br.BayesRegressor().fit(X, y).sample(num_samples=50, progress=False)
    with pytest.raises(ValueError, match="`interval` must be"):
        sampled.predict(X, interval=[0.5, 0.9])


# The prior's arguments as parameters.


def test_a_search_over_the_priors_arguments():
    X, y = diabetes()
    plain = br.BayesRegressor(br.LaplacePrior(1.0), noise_scale=54.0)
    scales = [0.5, 8.0, 40.0, 1000.0]
    search = GridSearchCV(plain, {"prior__scale": scales}, cv=4).fit(X, y)
    by_prior = GridSearchCV(plain, {"prior": [br.LaplacePrior(s) for s in scales]}, cv=4).fit(X, y)
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], by_prior.cv_results_["mean_test_score"]
    )
    assert search.best_estimator_.prior == br.LaplacePrior(search.best_params_["prior__scale"])
    assert plain.prior == br.LaplacePrior(1.0)  # which the search leaves alone
    pipeline = make_pipeline(StandardScaler(), br.BayesRegressor(noise_scale=54.0))
    grid = {
        "bayesregressor__prior": [br.LaplacePrior(), br.GaussianPrior()],
        "bayesregressor__prior__scale": [0.1, 20.0],
        "bayesregressor__prior__relative_to_noise": [False, True],
    }
    found = GridSearchCV(pipeline, grid, cv=3).fit(X, y)
    assert len(found.cv_results_["params"]) == 8
    assert found.best_estimator_[-1].prior.scale == found.best_params_["bayesregressor__prior__scale"]


PRIORS = [
    br.LaplacePrior(0.5, factor={"a": 2.0}),
    br.GaussianPrior(np.array([1.0, 2.0, np.inf])),
    br.ElasticNetPrior(1.0, [2.0, 3.0], relative_to_noise=True),
    br.LaplacePrior(dist.HalfNormal(1.0)),
    br.FlatPrior(),
]


@pytest.mark.parametrize("prior", PRIORS, ids=lambda prior: type(prior).__name__)
def test_parameters_of_a_prior(prior):
    params = prior.get_params()
    assert type(prior)(**params) == prior
    assert prior.set_params() == prior
    assert set(params) == {
        name.removeprefix("prior__") for name in br.BayesRegressor(prior).get_params() if "__" in name
    }
    assert clone(prior) == prior
    copied = clone(br.BayesRegressor(prior))
    assert copied.prior == prior
    if params:
        changed = prior.set_params(relative_to_noise=not prior.relative_to_noise)
        assert changed.relative_to_noise is not prior.relative_to_noise
        assert changed != prior
    with pytest.raises(ValueError, match=f"{type(prior).__name__} has no parameter 'scales'"):
        prior.set_params(scales=1.0)


def test_parameters_of_the_prior_on_the_estimator():
    regressor = br.BayesRegressor(tol=1e-6)
    assert not any("__" in name for name in regressor.get_params())
    assert regressor.set_params(prior__scale=3.0, tol=1e-5) is regressor
    assert (regressor.prior, regressor.tol) == (br.GaussianPrior(3.0), 1e-5)  # the default's kind
    regressor.set_params(prior__laplace_scale=0.5, prior=br.ElasticNetPrior(1.0, 2.0))
    assert regressor.prior == br.ElasticNetPrior(0.5, 2.0)
    with pytest.raises(
        ValueError, match=r"ElasticNetPrior has no parameter 'scale'\. Its parameters are 'laplace_s"
    ):
        regressor.set_params(prior__scale=1.0)
    with pytest.raises(ValueError, match="Invalid parameter 'scale'"):
        regressor.set_params(scale=1.0)
    with pytest.raises(ValueError, match="`laplace_scale` must be positive"):
        regressor.set_params(prior__laplace_scale=0.0)
    assert regressor.prior == br.ElasticNetPrior(0.5, 2.0)


# The table.


def test_a_summary_of_the_mode_and_of_draws():
    X, y = diabetes(scaled=False)
    frame = pd.DataFrame(X, columns=[f"m{j}" for j in range(10)])
    regressor = br.BayesRegressor(br.LaplacePrior(0.05, relative_to_noise=True), standardize=True).fit(
        frame, y
    )
    table = regressor.summary()
    assert list(table.columns) == ["map", "is_zero"]
    assert list(table.index) == [*frame.columns, "intercept", "noise_scale"]
    np.testing.assert_array_equal(
        table["map"], [*regressor.coef_, regressor.intercept_, regressor.noise_scale_]
    )
    np.testing.assert_array_equal(table["is_zero"], [*(regressor.coef_ == 0.0), False, False])
    assert table["is_zero"].any()
    regressor.sample(num_samples=300, num_chains=2, progress=False)
    table = regressor.summary()
    draws = regressor.posterior_["posterior"]
    assert list(table.columns) == ["map", "is_zero", "mean", "sd", "q05", "q95", "p_sign", "ess"]
    assert table.loc["m3", "mean"] == pytest.approx(float(draws["coef"].sel(feature="m3").mean()))
    low, high = np.quantile(draws["noise_scale"], [0.05, 0.95])
    np.testing.assert_allclose(table.loc["noise_scale", ["q05", "q95"]].astype(float), [low, high])
    assert table.loc["intercept", "sd"] == pytest.approx(float(draws["intercept"].std(ddof=1)))
    assert table["ess"].between(50, 3000).all()
    assert not table.isna().any(axis=None)


def test_a_summary_of_what_is_known_absent_or_sampled():
    X, y = one_of_eight()
    known = br.BayesRegressor(br.LaplacePrior(1.0), noise_scale=1.0, fit_intercept=False).fit(X, y)
    table = known.sample(num_samples=50, progress=False).summary()
    assert list(table.index) == [*(f"x{j}" for j in range(8)), "noise_scale"]
    assert table.loc["noise_scale", "map"] == 1.0
    assert table.loc["noise_scale"].drop(["map", "is_zero"]).isna().all()
    assert not table.iloc[:8].isna().any(axis=None)
    scale = br.GaussianPrior(dist.HalfNormal(1.0), relative_to_noise=True)
    table = br.BayesRegressor(scale).fit(X, y).sample(num_samples=100, progress=False)
    assert list(table.summary().index[-3:]) == ["intercept", "noise_scale", "prior_scale"]
    assert table.summary().loc["prior_scale", "map"] == table.selection_.scale
    few = known.sample(num_samples=3, progress=False).summary()
    assert few["ess"].isna().all()
    assert known.fit(X, y).summary().shape == (9, 2)  # the draws of the earlier fit are gone
    with pytest.raises(NotFittedError):
        br.BayesRegressor().summary()
    twice = pd.DataFrame(np.column_stack([X[:, 0], X[:, 1]]), columns=["intercept", "noise_scale"])
    table = br.BayesRegressor().fit(twice, y).sample(num_samples=50, progress=False).summary()
    assert list(table.index) == ["intercept", "noise_scale"] * 2


def test_the_summary_has_the_interval_that_is_asked_for():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 2))
    regressor = br.BayesRegressor(br.LaplacePrior(1.0)).fit(X, rng.normal(size=40))
    regressor.sample(num_samples=200, num_warmup=100, progress=False)
    narrow, usual = regressor.summary(interval=0.5), regressor.summary()
    draws = regressor.posterior_["posterior"]["coef"].values.reshape(-1, 2)
    np.testing.assert_allclose(narrow.loc[["x0", "x1"], "q25"], np.quantile(draws, 0.25, axis=0))
    assert list(narrow.columns) == [{"q05": "q25", "q95": "q75"}.get(name, name) for name in usual.columns]
    with pytest.raises(ValueError, match="`interval` must be a probability"):
        regressor.summary(interval=90)
