"""Every linear model of scikit-learn's, with a scaler before it too, as the mode of a model that can be sampled."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import one_of_eight
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
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
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    PolynomialFeatures,
    StandardScaler,
)
from sklearn.svm import SVR

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
    with pytest.raises(TypeError, match="or a pipeline that ends in one of them; got SVR"):
        br.from_sklearn(make_pipeline(MinMaxScaler(), SVR()).fit(X, Y), X, Y)
    with pytest.raises(NotFittedError):
        br.from_sklearn(make_pipeline(MinMaxScaler(), Ridge()), X, Y)
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


# Pipelines whose first steps make other columns.

ROOMS = 90


def flats():
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(
        {
            "area": rng.normal(70.0, 25.0, ROOMS),
            "built": rng.integers(1900, 2020, ROOMS),
            "town": rng.choice(["Köln", "Bonn", "<Ulm>"], ROOMS),
            "lift": rng.random(ROOMS) < 0.4,
            "floor": rng.integers(0, 6, ROOMS),
        }
    )
    rent = (
        5 * frame["area"] + 40 * (frame["town"] == "Bonn") + 0.3 * frame["built"] + rng.normal(0, 30, ROOMS)
    )
    return frame, rent


def columns(*, remainder="drop", sparse=False, **options):
    return ColumnTransformer(
        [
            ("scaled", StandardScaler(), ["area", "built"]),
            ("town", OneHotEncoder(sparse_output=sparse, handle_unknown="ignore"), ["town"]),
            ("kept", "passthrough", ["lift"]),
        ],
        remainder=remainder,
        sparse_threshold=1.0 if sparse else 0.0,
        **options,
    )


SCALED = ["scaled__area", "scaled__built"]
TOWNS = ["town__town_<Ulm>", "town__town_Bonn", "town__town_Köln"]
PIPELINES = {
    "lasso": (make_pipeline(columns(), Lasso(2.0, **TIGHT)), [*SCALED, *TOWNS, "kept__lift"]),
    "remainder": (
        make_pipeline(columns(remainder="passthrough"), Ridge(2.0)),
        [*SCALED, *TOWNS, "kept__lift", "remainder__floor"],
    ),
    "sparse": (
        make_pipeline(columns(sparse=True), Ridge(1.0, solver="sparse_cg", tol=1e-13)),
        [*SCALED, *TOWNS, "kept__lift"],
    ),
    "short names": (
        make_pipeline(columns(verbose_feature_names_out=False), LassoCV(**TIGHT)),
        ["area", "built", *(name.removeprefix("town__") for name in TOWNS), "lift"],
    ),
    "more steps": (
        Pipeline([("columns", columns()), ("none", None), ("as it is", "passthrough"), ("all", StandardScaler()),
                  ("net", ElasticNetCV(l1_ratio=0.5, **TIGHT))]),
        [*SCALED, *TOWNS, "kept__lift"],
    ),
    "frames": (
        make_pipeline(columns().set_output(transform="pandas"), BayesianRidge(tol=1e-10, max_iter=10_000)),
        [*SCALED, *TOWNS, "kept__lift"],
    ),
    "products": (
        make_pipeline(
            ColumnTransformer([("products", PolynomialFeatures(2, include_bias=False), ["area", "floor"])]),
            StandardScaler(), Ridge(3.0),
        ),
        [f"products__{name}" for name in ("area", "floor", "area^2", "area floor", "floor^2")],
    ),
    "nameless": (
        make_pipeline(FunctionTransformer(lambda frame: frame[["area", "floor"]].to_numpy() ** 0.5), Ridge(0.1)),
        ["x0", "x1"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PIPELINES)
def test_first_steps_of_a_pipeline_stay_in_front(name):
    pipeline, names = PIPELINES[name]
    frame, rent = flats()
    pipeline.fit(frame, rent)
    ours = br.from_sklearn(pipeline, frame, rent)
    assert list(ours.feature_names_in_) == names
    assert list(ours.map_.feature_names) == names
    coef = pipeline[-1].coef_
    np.testing.assert_allclose(ours.coef_, coef, rtol=0, atol=1e-5 * np.abs(coef).max())
    new = frame.iloc[::-1].head(7)
    np.testing.assert_allclose(ours.predict(new), pipeline.predict(new), rtol=1e-5)
    assert ours.score(frame, rent) == pytest.approx(pipeline.score(frame, rent), rel=1e-6)


def test_draws_predictions_and_copies_go_through_the_first_steps(tmp_path):
    pipeline, names = PIPELINES["remainder"]
    frame, rent = flats()
    pipeline.fit(frame, rent)
    ours = br.from_sklearn(pipeline, frame, rent).sample(num_samples=200, progress=False)
    Z = pd.DataFrame(pipeline[:-1].transform(frame).astype(float), columns=names)
    plain = br.from_sklearn(Ridge(2.0).fit(Z, rent), Z, rent).sample(num_samples=200, progress=False)
    new = frame.head(3).assign(town="Mainz")  # which the encoder ignores
    mean, bounds = ours.predict(new, interval=0.8)
    np.testing.assert_allclose(mean, pipeline.predict(new))
    unseen = Z.head(3).assign(**dict.fromkeys(TOWNS, 0.0))
    np.testing.assert_allclose(bounds, plain.predict(unseen, interval=0.8)[1], rtol=1e-6)
    np.testing.assert_allclose(
        ours.predict(new, return_std=True)[1], plain.predict(unseen, return_std=True)[1]
    )
    back = pickle.loads(pickle.dumps(ours))
    np.testing.assert_array_equal(back.predict(new), mean)
    assert list(ours.summary().index) == [*names, "intercept", "noise_scale"]
    with pytest.raises(ValueError, match="columns are missing"):
        ours.predict(frame.drop(columns="area"))
    page = br.write_report(ours, tmp_path / "flats.html").read_text()
    assert "X = pipeline[:-1].transform(X)" in page


def test_a_fit_of_ones_own_has_no_first_steps():
    frame, rent = flats()
    ours = br.from_sklearn(PIPELINES["lasso"][0].fit(frame, rent), frame, rent)
    assert ours.preprocessing_ is not None
    ours.fit(frame[["area", "built"]], rent)
    assert ours.preprocessing_ is None
    assert list(ours.feature_names_in_) == ["area", "built"]
    ours.predict(frame[["area", "built"]])


def test_frames_of_polars():
    frame, rent = flats()
    given = pl.from_pandas(frame)
    pipeline = make_pipeline(columns().set_output(transform="polars"), Ridge(2.0)).fit(given, rent.to_numpy())
    ours = br.from_sklearn(pipeline, given, rent.to_numpy())
    assert list(ours.feature_names_in_) == [*SCALED, *TOWNS, "kept__lift"]
    np.testing.assert_allclose(ours.predict(given), pipeline.predict(given), rtol=1e-9)


def test_weights_and_rows_of_another_fit():
    frame, rent = flats()
    weights = np.random.default_rng(0).uniform(0.2, 3.0, ROOMS)
    pipeline = make_pipeline(columns(), Ridge(2.0)).fit(frame, rent, ridge__sample_weight=weights)
    ours = br.from_sklearn(pipeline, frame, rent, weights)
    np.testing.assert_allclose(ours.coef_, pipeline[-1].coef_, rtol=1e-8)
    with pytest.warns(br.ConvergenceWarning, match="coef_ of Ridge is not the optimum"):
        br.from_sklearn(pipeline, frame, rent[::-1].to_numpy(), weights)


def test_principal_components_are_columns_like_others():
    pipeline = make_pipeline(StandardScaler(), PCA(3), Ridge(5.0)).fit(X, Y)
    ours = br.from_sklearn(pipeline, X, Y)
    assert list(ours.feature_names_in_) == ["pca0", "pca1", "pca2"]
    np.testing.assert_allclose(ours.predict(X), pipeline.predict(X), rtol=1e-9)
