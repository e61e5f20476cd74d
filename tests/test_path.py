"""Paths: the order of scales, the default grid, factors and the elastic net's ratio."""

import numpy as np
import pytest
from conftest import diabetes, model, one_of_eight, wide
from sklearn.linear_model import lasso_path

import bayesreg as br

DATA = br.RowData.from_arrays(*diabetes())


def test_rows_belong_to_scales_as_given():
    scales = [0.1, 0.001, 10.0, 0.01, 0.1]
    path = br.map_path(model(br.LaplacePrior(7.0)), DATA, scales=scales)
    np.testing.assert_array_equal(path.scales, scales)
    for k, scale in enumerate(scales):
        single = br.map_estimate(model(br.LaplacePrior(scale)), DATA)
        np.testing.assert_allclose(path.coefs[k], single.coef, rtol=1e-10, atol=1e-10)
        assert path.penalties[k] == single.penalty
        assert path.duality_gaps[k] < 1e-12
    np.testing.assert_array_equal(path.coefs[0], path.coefs[-1])
    assert path.converged.all()


@pytest.mark.parametrize("prior", [br.LaplacePrior(), br.ElasticNetPrior(2.0, 0.5)])
def test_default_grid_runs_from_lambda_max_to_its_ratio(prior):
    sigma = 3.0
    path = br.map_path(model(prior, sigma), DATA, n_scales=30, min_ratio=1e-2)
    X, y = diabetes()
    top = np.abs((X - X.mean(axis=0)).T @ y).max()
    assert path.scales[0] == pytest.approx(sigma**2 / top, rel=1e-9)
    assert path.scales[-1] == pytest.approx(100 * path.scales[0])
    np.testing.assert_allclose(np.diff(np.log(path.scales)), np.log(100) / 29)
    assert not path.coefs[0].any()
    assert path.coefs[1].any()
    l1 = np.array([penalty.l1[0] for penalty in path.penalties])
    l2 = np.array([penalty.l2[0] for penalty in path.penalties])
    np.testing.assert_allclose(l1, sigma**2 / path.scales, rtol=1e-12)
    if isinstance(prior, br.ElasticNetPrior):
        np.testing.assert_allclose(l1 / l2, 0.25 / 2.0, rtol=1e-12)


def test_default_grid_of_ridge_covers_full_to_no_shrinkage():
    path = br.map_path(model(br.GaussianPrior(), 2.0), DATA)
    X, _ = diabetes()
    largest = np.linalg.norm(X - X.mean(axis=0), 2) ** 2
    l2 = np.array([penalty.l2[0] for penalty in path.penalties])
    np.testing.assert_allclose(l2, 4.0 / path.scales**2, rtol=1e-12)
    np.testing.assert_allclose([l2[0], l2[-1]], [100 * largest, 1e-3 * largest], rtol=1e-9)


def test_against_sklearns_lasso_path():
    X, y = wide(60, 30)
    Xc, yc = X - X.mean(axis=0), y - y.mean()
    path = br.map_path(model(br.LaplacePrior()), br.RowData.from_arrays(X, y), n_scales=20)
    alphas = 1 / (60 * path.scales)
    _, coefs, _ = lasso_path(np.asfortranarray(Xc), yc, alphas=alphas, tol=1e-13, max_iter=10**6)
    np.testing.assert_allclose(path.coefs, coefs.T, rtol=0, atol=1e-5 * np.abs(coefs).max())


def test_factors_flat_columns_and_relative_scales_are_kept():
    factor = {"x0": np.inf, "x3": 0.1}
    prior = br.LaplacePrior(factor=factor, relative_to_noise=True)
    path = br.map_path(model(prior, 5.0), DATA, n_scales=10)
    assert path.coefs[0, 0] != 0.0
    assert not path.coefs[0, 1:].any()
    np.testing.assert_allclose([p.l1[3] * s for p, s in zip(path.penalties, path.scales, strict=True)], 50.0)
    assert all(penalty.l1[0] == 0.0 for penalty in path.penalties)
    for k in (0, 4, 9):
        prior = br.LaplacePrior(path.scales[k], factor=factor, relative_to_noise=True)
        single = br.map_estimate(model(prior, 5.0), DATA)
        np.testing.assert_allclose(path.coefs[k], single.coef, rtol=1e-9, atol=1e-9)


def test_standardize_and_gram():
    linear = model(br.LaplacePrior(), standardize=True)
    rows = br.map_path(linear, DATA, n_scales=10)
    gram = br.map_path(linear, br.GramData.from_arrays(*diabetes()), n_scales=10)
    np.testing.assert_allclose(rows.scales, gram.scales, rtol=1e-12)
    np.testing.assert_allclose(rows.coefs, gram.coefs, rtol=0, atol=1e-9 * np.abs(rows.coefs).max())


def test_constant_response_and_all_zero_columns():
    X, _ = diabetes()
    with pytest.warns(br.DegenerateDataWarning):
        path = br.map_path(model(br.LaplacePrior()), br.RowData.from_arrays(X, np.ones(442)), n_scales=5)
    assert not path.coefs.any()
    assert path.converged.all()


def test_to_frame():
    path = br.map_path(model(br.LaplacePrior()), DATA, n_scales=3)
    frame = path.to_frame()
    assert list(frame.columns) == ["intercept", *path.feature_names]
    np.testing.assert_array_equal(frame.index, path.scales)
    mode = br.map_estimate(model(br.LaplacePrior(0.1)), DATA)
    np.testing.assert_array_equal(mode.to_frame()["coef"], mode.coef)
    assert "duality gap" in str(mode)
    assert "exactly zero" in str(mode)


def test_path_with_an_intercept_prior():
    X, y = one_of_eight()
    linear = model(br.LaplacePrior(), intercept_prior=br.GaussianPrior(1.0))
    with pytest.raises(ValueError, match="give `scales`"):
        br.map_path(linear, br.RowData.from_arrays(X, y))
    path = br.map_path(linear, br.RowData.from_arrays(X, y), scales=[0.01, 1.0])
    single = br.map_estimate(
        model(br.LaplacePrior(1.0), intercept_prior=br.GaussianPrior(1.0)), br.RowData.from_arrays(X, y)
    )
    np.testing.assert_allclose(path.coefs[1], single.coef, rtol=1e-9)
