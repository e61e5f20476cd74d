"""BayesClassifier under scikit-learn's contract, and beside LogisticRegression."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

import bayesreg as br

NOT_CHECKED_HERE = {"check_array_api_input"}
ESTIMATORS = [
    br.BayesClassifier(),
    br.BayesClassifier(br.LaplacePrior(1.0), standardize=True),
    br.BayesClassifier(br.ElasticNetPrior(1.0, 1.0), class_weight={0: 1.0}),
]
CHECKS = [
    pytest.param(
        estimator,
        check,
        id=f"{k}-{getattr(check, 'func', check).__name__}",
        marks=() if k == 0 else pytest.mark.extended,
    )
    for k, one in enumerate(ESTIMATORS)
    for estimator, check in estimator_checks_generator(one)
    if getattr(check, "func", check).__name__ not in NOT_CHECKED_HERE
]
X, CODES = load_breast_cancer(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
LABELS = np.where(CODES == 1, "benign", "malignant")


@pytest.mark.parametrize(("estimator", "check"), CHECKS)
def test_sklearns_own_checks(estimator, check):
    check(estimator)


def test_all_of_sklearns_checks_are_run():
    assert len(CHECKS) > 50 * len(ESTIMATORS)


@pytest.mark.parametrize(
    ("kind", "c"),
    [
        *(("l2", c) for c in (0.01, 1.0, 100.0)),
        *((kind, c) for kind in ("l1", "elastic net") for c in (0.01, 0.1)),
        *(pytest.param(kind, 1.0, marks=pytest.mark.slow) for kind in ("l1", "elastic net")),
    ],
)
def test_equals_logistic_regression(kind, c):
    ratio = {"l2": 0.0, "l1": 1.0, "elastic net": 0.4}[kind]
    prior = {
        "l2": br.GaussianPrior(np.sqrt(c)),
        "l1": br.LaplacePrior(c),
        "elastic net": br.ElasticNetPrior(c / 0.4, np.sqrt(c / 0.6)),
    }[kind]
    ours = br.BayesClassifier(prior).fit(X, LABELS)
    options = {"solver": "newton-cholesky"} if kind == "l2" else {"solver": "saga", "max_iter": 1_000_000}
    theirs = LogisticRegression(C=c, l1_ratio=ratio, tol=1e-12, **options).fit(X, LABELS)
    assert ours.duality_gap_ <= 1e-9
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6 * max(1.0, np.abs(theirs.coef_).max()))
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-6)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)
    np.testing.assert_allclose(np.exp(ours.predict_log_proba(X)), ours.predict_proba(X), atol=1e-12)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


@pytest.mark.parametrize("c", [0.01, 1.0, 10.0, pytest.param(100.0, marks=pytest.mark.extended)])
def test_a_lasso_without_intercept_equals_liblinear(c):
    """Saga does not converge at such C within 300,000 passes. Liblinear does, but penalises an intercept."""
    ours = br.BayesClassifier(br.LaplacePrior(c), fit_intercept=False).fit(X, LABELS)
    options = {"l1_ratio": 1.0, "solver": "liblinear", "max_iter": 1_000_000, "fit_intercept": False}
    theirs = LogisticRegression(C=c, tol=1e-12, **options).fit(X, LABELS)
    assert ours.duality_gap_ <= 1e-9
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)


def test_class_weights_are_those_of_scikit_learn():
    weight = np.random.default_rng(0).uniform(0.2, 2.0, len(X))
    for class_weight in ("balanced", {"benign": 3.0, "malignant": 0.5}):
        ours = br.BayesClassifier(br.GaussianPrior(0.5), class_weight=class_weight).fit(X, LABELS, weight)
        theirs = LogisticRegression(C=0.25, class_weight=class_weight, tol=1e-10, solver="newton-cholesky")
        theirs.fit(X, LABELS, weight)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-7)
    with pytest.warns(br.SamplingWarning, match="counts as numbers of observations"):
        ours.sample(num_samples=50, progress=False)


def test_probabilities_of_the_posterior_and_their_interval():
    few = slice(0, 120)
    classifier = br.BayesClassifier(br.GaussianPrior(0.7)).fit(X[few, :4], LABELS[few])
    with pytest.raises(NotFittedError, match=r"call \.sample"):
        classifier.predict_proba(X[:2, :4], of="posterior")
    with pytest.raises(NotFittedError, match=r"call \.sample"):
        classifier.predict_proba(X[:2, :4], interval=0.9)
    classifier.sample(progress=False)
    draws = classifier.posterior_["posterior"].to_dataset()
    log_odds = draws["coef"].values @ X[:30, :4].T + draws["intercept"].values[..., None]
    probability = (1.0 / (1.0 + np.exp(-log_odds))).reshape(-1, 30)
    mean = classifier.predict_proba(X[:30, :4], of="posterior")
    np.testing.assert_allclose(mean[:, 1], probability.mean(axis=0))
    np.testing.assert_allclose(mean.sum(axis=1), 1.0)
    both, bounds = classifier.predict_proba(X[:30, :4], interval=0.8)
    np.testing.assert_allclose(both, classifier.predict_proba(X[:30, :4]))
    np.testing.assert_allclose(bounds.T, np.quantile(probability, (0.1, 0.9), axis=0))
    with pytest.raises(ValueError, match="`of` must be"):
        classifier.predict_proba(X[:2, :4], of="mean")


def test_an_offset_is_part_of_the_log_odds():
    offset = np.random.default_rng(1).normal(size=len(X))
    classifier = br.BayesClassifier(br.GaussianPrior(0.5)).fit(X, LABELS, offset=offset)
    with pytest.raises(ValueError, match="had an offset"):
        classifier.predict_proba(X)
    shifted = classifier.decision_function(X, offset=offset) - classifier.decision_function(
        X, offset=0 * offset
    )
    np.testing.assert_allclose(shifted, offset)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.resize(["a", "b", "c"], 40), r"Only binary classification is supported.*3 classes"),
        (["a"] * 40, "one class only, 'a'"),
        (np.linspace(0.0, 1.0, 40), "Unknown label type: continuous"),
        (None, "requires y to be passed"),
    ],
)
def test_labels_must_be_of_two_kinds(labels, message):
    with pytest.raises(ValueError, match=message):
        br.BayesClassifier().fit(X[:40], labels)


@pytest.mark.parametrize(
    "labels",
    [
        CODES,
        CODES == 1,
        LABELS.astype(object),
        pd.Series(LABELS),
        pd.Categorical(LABELS),
        pd.array(CODES == 1, dtype="boolean"),
        2 * CODES + 1,
    ],
    ids=["ints", "bool", "objects", "series", "categorical", "nullable", "1 and 3"],
)
def test_labels_of_any_kind(labels):
    ours = br.BayesClassifier(br.GaussianPrior(0.5)).fit(X[:, :3], labels)
    expected = br.BayesClassifier(br.GaussianPrior(0.5)).fit(
        X[:, :3], np.unique(labels, return_inverse=True)[1]
    )
    np.testing.assert_allclose(ours.coef_, expected.coef_)
    assert set(ours.predict(X[:, :3])) == set(np.asarray(labels))


def test_separated_classes_are_named():
    frame = pd.DataFrame({"age": X[:, 0], "clinic": (X[:, 1] > 1.5).astype(float)})
    y = np.where(frame["clinic"] == 1.0, 0, CODES)
    with pytest.raises(br.NoModeError, match="'clinic' never meets y = 1"):
        br.BayesClassifier(br.FlatPrior()).fit(frame, y)


def test_a_pickle_holds_no_rows():
    classifier = br.BayesClassifier(br.GaussianPrior(0.5)).fit(X, LABELS)
    stored = pickle.dumps(classifier)
    assert len(stored) < X.nbytes / 4
    copy = pickle.loads(stored)
    np.testing.assert_array_equal(copy.predict_proba(X), classifier.predict_proba(X))
    with pytest.raises(NotFittedError, match="holds no rows"):
        copy.sample()


def test_in_a_pipeline_and_under_calibration():
    raw, _ = load_breast_cancer(return_X_y=True, as_frame=True)
    pipeline = make_pipeline(StandardScaler(), br.BayesClassifier(br.GaussianPrior(0.3)))
    assert cross_val_score(clone(pipeline), raw, LABELS, cv=3).min() > 0.95
    calibrated = CalibratedClassifierCV(pipeline, cv=3).fit(raw, LABELS)
    assert calibrated.predict_proba(raw).shape == (len(raw), 2)


def test_a_search_over_the_priors_arguments():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    few = X[["mean radius", "mean texture", "mean smoothness"]]
    plain = br.BayesClassifier(br.GaussianPrior(1.0), standardize=True)
    scales = [0.05, 0.5, 5.0]
    search = GridSearchCV(plain, {"prior__scale": scales}, scoring="neg_log_loss", cv=3).fit(few, y)
    by_prior = GridSearchCV(
        plain, {"prior": [br.GaussianPrior(s) for s in scales]}, scoring="neg_log_loss", cv=3
    ).fit(few, y)
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], by_prior.cv_results_["mean_test_score"]
    )
    assert len(set(search.cv_results_["mean_test_score"])) == 3
    assert plain.prior == br.GaussianPrior(1.0)
    assert br.BayesClassifier().set_params(prior__scale=2.0).prior == br.GaussianPrior(2.0)
    assert "prior__factor" in plain.get_params()


def test_a_summary_has_no_noise():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    few = X[["mean texture", "mean smoothness"]]
    classifier = br.BayesClassifier(br.LaplacePrior(0.001), standardize=True).fit(few, y)
    table = classifier.summary()
    assert list(table.index) == [*few.columns, "intercept"]
    np.testing.assert_array_equal(table["map"], [*classifier.coef_[0], classifier.intercept_[0]])
    assert list(table["is_zero"]) == [*(classifier.coef_[0] == 0.0), False]
    table = classifier.sample(num_samples=100, num_chains=2, progress=False).summary()
    draws = classifier.posterior_["posterior"]["coef"].values
    np.testing.assert_allclose(table["mean"].iloc[:2], draws.mean(axis=(0, 1)))
    assert not table.isna().any(axis=None)
