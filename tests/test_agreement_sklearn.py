"""The mode equals scikit-learn's lasso, elastic net and ridge, with a certificate at each point."""

import warnings

import numpy as np
import pytest
from conftest import PROBLEMS, model, referee
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, Ridge
from sklearn.preprocessing import StandardScaler

import bayesreg as br

N_STRENGTHS = 12
L1_RATIO = 0.6
CASES = [
    (name, kind, intercept, weighted, standardize)
    for name in PROBLEMS
    for kind in ("lasso", "elastic net", "ridge")
    for intercept in (True, False)
    for weighted in (False, True)
    for standardize in (False, True)
]


def strongest_alpha(X, y, w, intercept):
    """Return scikit-learn's alpha at which the lasso is all zero."""
    share = w / w.sum()
    Xc, yc = (X - share @ X, y - share @ y) if intercept else (X, y)
    return np.abs((share * yc) @ Xc).max()


def resolved_on_support(estimator, X, y, w, alpha, ratio):
    """Re-solve scikit-learn's own support and signs in closed form; return it only if KKT holds."""
    n = w.sum()
    l1, l2 = n * alpha * ratio, n * alpha * (1 - ratio)
    mean_x, mean_y = (w @ X / n, w @ y / n) if estimator.fit_intercept else (np.zeros(X.shape[1]), 0.0)
    A, b = np.sqrt(w)[:, None] * (X - mean_x), np.sqrt(w) * (y - mean_y)
    support = estimator.coef_ != 0
    S, signs = A[:, support], np.sign(estimator.coef_[support])
    coef = np.zeros(X.shape[1])
    Q, R = np.linalg.qr(np.vstack([S, np.sqrt(l2) * np.eye(S.shape[1])]))
    target = np.append(b, np.zeros(S.shape[1]))
    coef[support] = np.linalg.solve(R, Q.T @ target - np.linalg.solve(R.T, l1 * signs))
    slope = A.T @ (b - A @ coef) - l2 * coef
    holds = np.all(np.sign(coef[support]) == signs) and np.all(np.abs(slope) <= l1 * (1 + 1e-10))
    return (coef, mean_y - mean_x @ coef) if holds else None


def fit_sklearn(kind, alpha, X, y, w, intercept):
    options = {"fit_intercept": intercept}
    if kind == "ridge":
        estimator = Ridge(alpha, tol=1e-14, **options).fit(X, y, sample_weight=w)
        return estimator.coef_, estimator.intercept_
    options |= {"tol": 1e-14, "max_iter": 300_000}
    lasso = kind == "lasso"
    estimator = Lasso(alpha, **options) if lasso else ElasticNet(alpha, l1_ratio=L1_RATIO, **options)
    with warnings.catch_warnings():  # where its own tolerance is out of reach, its support is re-solved
        warnings.simplefilter("ignore")
        estimator.fit(X, y, sample_weight=w)
    exact = resolved_on_support(estimator, X, y, w, alpha, 1.0 if lasso else L1_RATIO)
    return exact if exact is not None else (estimator.coef_, estimator.intercept_)


def prior_of(kind, alpha, n):
    if kind == "ridge":
        return br.GaussianPrior(1 / np.sqrt(alpha))
    if kind == "lasso":
        return br.LaplacePrior(1 / (n * alpha))
    return br.ElasticNetPrior(1 / (n * alpha * L1_RATIO), 1 / np.sqrt(n * alpha * (1 - L1_RATIO)))


@pytest.mark.parametrize(("name", "kind", "intercept", "weighted", "standardize"), CASES)
def test_equals_sklearn_over_three_decades(name, kind, intercept, weighted, standardize):
    X, y = PROBLEMS[name]()
    n = len(y)
    w = np.random.default_rng(1).uniform(0.2, 3.0, n) if weighted else np.ones(n)
    Z = X
    scaler = StandardScaler(with_mean=intercept)
    if standardize:
        Z = scaler.fit_transform(X, sample_weight=w)
    top = strongest_alpha(Z, y, w, intercept)
    penalty_weights = top * np.geomspace(0.99, 1e-3, N_STRENGTHS)
    if kind == "ridge":
        penalty_weights = np.geomspace(1e-2, 1e3, N_STRENGTHS) * (Z**2).sum(axis=0).mean() / n
    data = br.RowData.from_arrays(X, y, sample_weight=w)
    sd = np.sqrt(w @ (X - w @ X / w.sum()) ** 2 / w.sum())
    for alpha in penalty_weights:
        prior = prior_of(kind, alpha, w.sum())
        mode = br.map_estimate(model(prior, fit_intercept=intercept, standardize=standardize), data)
        coef, constant = fit_sklearn(kind, alpha, Z, y, w, intercept)
        if standardize:
            coef = coef / scaler.scale_
            constant = constant - (scaler.mean_ @ coef if intercept else 0.0)
        size = np.max(np.abs(coef) * sd)
        np.testing.assert_array_less(np.abs(mode.coef - coef) * sd, 1e-9 * size + 1e-300)
        assert abs(mode.intercept - constant) <= 1e-9 * max(size, abs(constant), np.abs(y).max())
        np.testing.assert_array_equal(mode.coef == 0, coef == 0)
        assert mode.converged
        assert mode.duality_gap <= 1e-10
        gap, _ = referee(
            X,
            y,
            mode.coef,
            mode.intercept,
            mode.penalty.l1,
            mode.penalty.l2,
            fit_intercept=intercept,
            weights=w,
        )
        assert gap <= 1e-10


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("name", PROBLEMS)
def test_path_equals_single_modes(name, intercept):
    X, y = PROBLEMS[name]()
    data = br.RowData.from_arrays(X, y)
    linear = model(br.LaplacePrior(), fit_intercept=intercept)
    path = br.map_path(linear, data, n_scales=12)
    assert not path.coefs[0].any()
    assert path.duality_gaps.max() <= 1e-10
    for scale, coef, constant, penalty in zip(
        path.scales, path.coefs, path.intercepts, path.penalties, strict=True
    ):
        single = br.map_estimate(model(br.LaplacePrior(scale), fit_intercept=intercept), data)
        np.testing.assert_allclose(coef, single.coef, rtol=0, atol=1e-9 * np.abs(single.coef).max())
        np.testing.assert_allclose(constant, single.intercept, rtol=1e-9, atol=1e-9)
        assert penalty == single.penalty


def test_flat_prior_is_least_squares():
    X, y = PROBLEMS["diabetes-unscaled"]()
    mode = br.map_estimate(model(br.FlatPrior()), br.RowData.from_arrays(X, y))
    reference = LinearRegression().fit(X, y)
    np.testing.assert_allclose(mode.coef, reference.coef_, rtol=1e-9)
    np.testing.assert_allclose(mode.intercept, reference.intercept_, rtol=1e-9)


def test_flat_prior_on_wide_data_is_the_minimum_norm_solution():
    X, y = PROBLEMS["wide"]()
    for data in (br.RowData.from_arrays(X, y), br.GramData.from_arrays(X, y)):
        mode = br.map_estimate(model(br.FlatPrior()), data)
        reference = np.linalg.lstsq(X - X.mean(axis=0), y - y.mean(), rcond=None)[0]
        np.testing.assert_allclose(mode.coef, reference, rtol=0, atol=1e-6 * np.abs(reference).max())


def test_unpenalised_columns_against_partialling_out():
    X, y = PROBLEMS["diabetes"]()
    names = [f"x{j}" for j in range(10)]
    scale = {name: np.inf if name in ("x1", "x4") else 0.05 for name in names}
    mode = br.map_estimate(model(br.LaplacePrior(scale)), br.RowData.from_arrays(X, y))
    flat = np.column_stack([np.ones(len(y)), X[:, [1, 4]]])
    rest = [j for j in range(10) if j not in (1, 4)]

    def off(v):
        return v - flat @ np.linalg.lstsq(flat, v, rcond=None)[0]

    lasso = Lasso(1 / 0.05 / len(y), fit_intercept=False, tol=1e-14, max_iter=100_000)
    lasso.fit(off(X[:, rest]), off(y))
    np.testing.assert_allclose(mode.coef[rest], lasso.coef_, rtol=0, atol=1e-7 * np.abs(lasso.coef_).max())
    np.testing.assert_array_equal(mode.coef[rest] == 0, lasso.coef_ == 0)
    flat_coef = np.linalg.lstsq(flat, y - X[:, rest] @ mode.coef[rest], rcond=None)[0]
    np.testing.assert_allclose([mode.intercept, *mode.coef[[1, 4]]], flat_coef, rtol=1e-9)


def test_intercept_prior_is_a_penalised_constant_column():
    X, y = PROBLEMS["diabetes-unscaled"]()
    prior = br.GaussianPrior(3.0)
    for data in (br.RowData.from_arrays(X, y), br.GramData.from_arrays(X, y)):
        mode = br.map_estimate(model(prior, 50.0, intercept_prior=br.GaussianPrior(20.0)), data)
        A = np.column_stack([X, np.ones(len(y))])
        penalty = 50.0**2 / np.append(np.full(10, 9.0), 400.0)
        reference = np.linalg.solve(A.T @ A + np.diag(penalty), A.T @ y)
        np.testing.assert_allclose([*mode.coef, mode.intercept], reference, rtol=1e-8)
        assert mode.duality_gap <= 1e-10
        assert mode.penalty.l2.shape == (10,)


def test_default_scale_is_two_and_a_half_over_sd_relative_to_noise():
    X, y = PROBLEMS["diabetes-unscaled"]()
    data = br.RowData.from_arrays(X, y)
    expected = 2.5 / X.std(axis=0)
    for noise_scale in (1.0, 50.0):
        for standardize in (False, True):
            mode = br.map_estimate(model(br.GaussianPrior(), noise_scale, standardize=standardize), data)
            np.testing.assert_allclose(mode.penalty.l2, 1 / expected**2, rtol=1e-12)
        lasso = br.map_estimate(model(br.LaplacePrior(), noise_scale), data)
        np.testing.assert_allclose(lasso.penalty.l1, noise_scale / expected, rtol=1e-12)
