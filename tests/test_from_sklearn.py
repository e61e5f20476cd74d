"""Every linear model of scikit-learn's, with a scaler before it too, as the mode of a model that can be sampled."""

import numpy as np
import pandas as pd
import pytest
from conftest import one_of_eight
from sklearn.datasets import load_diabetes
from sklearn.decomposition import PCA
from sklearn.linear_model import (
    BayesianRidge,
    ElasticNetCV,
    Lasso,
    LassoCV,
    LassoLars,
    LassoLarsCV,
    LassoLarsIC,
    LinearRegression,
    Ridge,
    RidgeCV,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import bayesreg as br

FRAME, Y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
X = FRAME.to_numpy()
TIGHT = {"tol": 1e-12, "max_iter": 1_000_000}

ESTIMATORS = [
    Lasso(0.5, **TIGHT),
    LassoCV(**TIGHT),
    LassoLars(0.5),
    LassoLarsCV(),
    LassoLarsIC(criterion="bic"),
    Ridge(3.0),
    RidgeCV(np.logspace(-2, 3, 20)),
    ElasticNetCV(l1_ratio=0.7, **TIGHT),
    BayesianRidge(tol=1e-12, max_iter=10_000),
    LinearRegression(),
]


def coefficients(fitted):
    """Return coefficients and intercept on the original columns, by predicting."""
    if hasattr(fitted, "steps"):
        zero = np.zeros((1, X.shape[1]))
        intercept = fitted.predict(zero)[0]
        return np.array([fitted.predict(zero + row)[0] - intercept for row in np.eye(X.shape[1])]), intercept
    return fitted.coef_, fitted.intercept_


SCALERS = [None, StandardScaler(), StandardScaler(with_mean=False), StandardScaler(with_std=False)]
CASES = [  # coordinate descent over cross-validation does not converge on raw columns, and says so
    (estimator, scaler)
    for estimator in ESTIMATORS
    for scaler in SCALERS
    if not (scaler is None and isinstance(estimator, ElasticNetCV | LassoCV))
]


@pytest.mark.parametrize(("estimator", "scaler"), CASES, ids=lambda part: type(part).__name__)
def test_the_mode_is_the_estimators_coefficients(estimator, scaler):
    fitted = (estimator if scaler is None else make_pipeline(scaler, estimator)).fit(X, Y)
    ours = br.from_sklearn(fitted, FRAME, Y)
    scales = [scale for scale in ours.prior.scales().values() if scale is not None]
    assert all(isinstance(scale, float) for scale in scales) or scaler is not None  # a number stays a number
    coef, intercept = coefficients(fitted)
    np.testing.assert_allclose(ours.coef_, coef, rtol=0, atol=2e-6 * np.abs(coef).max())
    assert ours.intercept_ == pytest.approx(intercept, rel=1e-6)
    assert list(ours.feature_names_in_) == list(FRAME.columns)
    np.testing.assert_allclose(ours.predict(FRAME), fitted.predict(X), rtol=1e-6)


def test_a_pipelines_posterior_is_that_of_scaled_columns():
    pipeline = make_pipeline(StandardScaler(), Ridge(30.0)).fit(X, Y)
    ours = br.from_sklearn(pipeline, FRAME, Y, noise_scale=54.0).sample(seed=1, progress=False)
    Z = StandardScaler().fit_transform(X)
    same = br.from_sklearn(Ridge(30.0).fit(Z, Y), Z, Y, noise_scale=54.0).sample(seed=1, progress=False)
    for a, b in ((ours, same),):
        sd = a.posterior_["posterior"]["coef"].values.std(axis=(0, 1)) * X.std(axis=0)
        np.testing.assert_allclose(sd, b.posterior_["posterior"]["coef"].values.std(axis=(0, 1)), rtol=0.1)
    _, bounds = ours.predict(FRAME.head(3), interval=0.9)
    assert (bounds[:, 0] < bounds[:, 1]).all()


def test_bayesian_ridge_keeps_its_own_noise():
    fitted = BayesianRidge().fit(X, Y)
    ours = br.from_sklearn(fitted, X, Y)
    assert ours.noise_scale_ == pytest.approx(1.0 / np.sqrt(fitted.alpha_))
    sampled = ours.sample(num_samples=2000, seed=0, progress=False).posterior_["posterior"]["coef"].values
    covariance = np.cov(sampled.reshape(-1, 10).T)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), np.sqrt(np.diag(fitted.sigma_)), rtol=0.06)


def test_refusals():
    with pytest.raises(TypeError, match="only a pipeline of StandardScaler and an estimator can be read"):
        br.from_sklearn(make_pipeline(PCA(2), Ridge()).fit(X, Y), X, Y)
    with pytest.raises(TypeError, match="StandardScaler"):
        br.from_sklearn(make_pipeline(MinMaxScaler(), Ridge()).fit(X, Y), X, Y)
    with pytest.raises(ValueError, match="centres X but fits no intercept"):
        br.from_sklearn(make_pipeline(StandardScaler(), Ridge(fit_intercept=False)).fit(X, Y), X, Y)
    other = pd.DataFrame(np.random.default_rng(0).normal(size=X.shape), columns=FRAME.columns)
    with pytest.warns(br.ConvergenceWarning, match=r"coef_ of Lasso is not the optimum.*bayesreg\.audit"):
        br.from_sklearn(make_pipeline(StandardScaler(), Lasso(0.5)).fit(X, Y), other, Y)


def test_one_response_held_as_a_column():
    X, y = one_of_eight()
    least_squares = LinearRegression().fit(X, y[:, None])
    regressor = br.from_sklearn(least_squares, X, y)
    np.testing.assert_allclose(regressor.coef_, least_squares.coef_.ravel(), atol=1e-9)
    assert br.audit(least_squares.coef_, least_squares.intercept_, X, y, br.Penalty(0.0, 0.0)).optimal
    with pytest.raises(ValueError, match="no residuals to estimate the noise from"):
        br.from_sklearn(LinearRegression().fit(X, X @ np.ones(8)), X, X @ np.ones(8))
