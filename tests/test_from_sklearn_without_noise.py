"""from_sklearn of logistic and Poisson regression."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, PoissonRegressor, TweedieRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import bayesreg as br

RNG = np.random.default_rng(3)
X = RNG.normal(size=(150, 4)) * [1.0, 5.0, 0.3, 1.0] + [0.0, 3.0, 0.0, 1.0]
ETA = 0.2 + X @ [0.8, 0.1, 0.0, -0.5]
LABELS = np.where(RNG.random(150) < 1.0 / (1.0 + np.exp(-ETA)), "yes", "no")
COUNTS = RNG.poisson(np.exp(0.4 * ETA))
WEIGHT = RNG.uniform(0.5, 2.0, 150)


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(C=0.3, tol=1e-10, max_iter=1000),
        LogisticRegression(C=0.3, l1_ratio=1.0, solver="saga", tol=1e-10, max_iter=100_000),
        LogisticRegression(C=0.5, l1_ratio=0.3, solver="saga", tol=1e-10, max_iter=100_000),
        LogisticRegression(C=0.3, fit_intercept=False, tol=1e-10, max_iter=1000),
        LogisticRegression(C=0.3, class_weight="balanced", tol=1e-10, max_iter=1000),
        LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000),
    ],
    ids=["l2", "l1", "elastic net", "no intercept", "balanced", "no penalty"],
)
def test_logistic_regression(estimator):
    estimator.fit(X, LABELS, WEIGHT)
    ours = br.from_sklearn(estimator, X, LABELS, WEIGHT)
    np.testing.assert_allclose(ours.coef_, estimator.coef_, atol=2e-5)
    np.testing.assert_allclose(ours.predict_proba(X), estimator.predict_proba(X), atol=2e-5)
    np.testing.assert_array_equal(ours.classes_, estimator.classes_)


def test_a_chosen_c_and_a_scaler_before_it():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        fitted = make_pipeline(
            StandardScaler(),
            LogisticRegressionCV(
                Cs=[0.01, 0.1, 1.0], l1_ratios=(0.0,), cv=3, tol=1e-9, scoring="neg_log_loss"
            ),
        ).fit(X, LABELS)
    ours = br.from_sklearn(fitted, X, LABELS)
    np.testing.assert_allclose(ours.predict_proba(X), fitted.predict_proba(X), atol=1e-5)
    ours.sample(num_samples=50, progress=False)
    assert ours.predict_proba(X[:3], interval=0.9)[1].shape == (3, 2)


@pytest.mark.parametrize(
    "estimator",
    [
        PoissonRegressor(alpha=0.2, tol=1e-9, max_iter=1000),
        TweedieRegressor(power=1, alpha=0.2, tol=1e-9, max_iter=1000),
    ],
)
def test_poisson_regression(estimator):
    estimator.fit(X, COUNTS, WEIGHT)
    ours = br.from_sklearn(estimator, X, COUNTS, WEIGHT)
    np.testing.assert_allclose(ours.coef_, estimator.coef_, atol=1e-5)
    np.testing.assert_allclose(ours.predict(X), estimator.predict(X), rtol=1e-4)


def test_other_steps_stay_in_front():
    frame = pd.DataFrame(X, columns=list("abcd")).assign(city=np.resize(["x", "y", "z"], 150))
    front = ColumnTransformer(
        [("number", StandardScaler(), list("abcd")), ("text", OneHotEncoder(), ["city"])]
    )
    fitted = make_pipeline(front, LogisticRegression(C=0.5, tol=1e-10)).fit(frame, LABELS)
    ours = br.from_sklearn(fitted, frame, LABELS)
    np.testing.assert_allclose(ours.predict_proba(frame), fitted.predict_proba(frame), atol=1e-5)
    assert "text__city_x" in ours.summary().index


def test_what_cannot_be_read_is_refused():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        liblinear = LogisticRegression(solver="liblinear").fit(X, LABELS)
    with pytest.raises(ValueError, match="penalises the intercept too"):
        br.from_sklearn(liblinear, X, LABELS)
    three = np.resize(["a", "b", "c"], 150)
    with pytest.raises(ValueError, match="fitted to 3 classes"):
        br.from_sklearn(LogisticRegression().fit(X, three), X, three)
    with pytest.raises(ValueError, match="no Poisson regression"):
        br.from_sklearn(TweedieRegressor(power=0).fit(X, COUNTS), X, COUNTS)
    with pytest.raises(ValueError, match="has no noise"):
        br.from_sklearn(PoissonRegressor().fit(X, COUNTS), X, COUNTS, noise_scale=1.0)


def test_other_data_are_noticed():
    fitted = LogisticRegression(C=0.3).fit(X, LABELS)
    with pytest.warns(br.ConvergenceWarning, match="coef_ of LogisticRegression is not the optimum"):
        br.from_sklearn(fitted, X, LABELS[::-1])
