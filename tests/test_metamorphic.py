"""Changes to the data whose effect on the mode is known exactly."""

import numpy as np
import pytest
from conftest import PROBLEMS, model

import bayesreg as br

PRIORS = {
    "laplace": (lambda p, unit: br.LaplacePrior(0.05 * unit)),
    "gaussian": (lambda p, unit: br.GaussianPrior(0.3 * unit)),
    "elastic net": (lambda p, unit: br.ElasticNetPrior(0.05 * unit, 0.5 * unit)),
}


def data(X, y, w=None):
    return br.RowData.from_arrays(X, y, w)


def scaled_problem(name):
    X, y = PROBLEMS[name]()
    return X / X.std(axis=0), y / y.std()


def assert_close(coef, expected, rtol=1e-9):
    np.testing.assert_allclose(coef, expected, rtol=0, atol=rtol * np.abs(expected).max())


@pytest.fixture(params=[(n, k) for n in PROBLEMS for k in PRIORS], ids=lambda pair: f"{pair[0]}-{pair[1]}")
def case(request):
    name, kind = request.param
    X, y = scaled_problem(name)
    make = PRIORS[kind]
    prior = make(X.shape[1], np.ones(X.shape[1]))
    return X, y, make, model(prior, 0.7), br.map_estimate(model(prior, 0.7), data(X, y))


def test_permuting_rows_and_columns(case):
    X, y, _, linear, mode = case
    rng = np.random.default_rng(3)
    rows, columns = rng.permutation(len(y)), rng.permutation(X.shape[1])
    other = br.map_estimate(linear, data(X[rows][:, columns], y[rows]))
    assert_close(other.coef, mode.coef[columns])
    np.testing.assert_allclose(other.intercept, mode.intercept, rtol=1e-9, atol=1e-9)


def test_weight_two_is_the_row_twice_and_weight_zero_is_absent(case):
    X, y, _, linear, _ = case
    w = np.random.default_rng(4).integers(0, 4, len(y)).astype(float)
    weighted = br.map_estimate(linear, data(X, y, w))
    repeated = br.map_estimate(linear, data(np.repeat(X, w.astype(int), 0), np.repeat(y, w.astype(int))))
    assert_close(weighted.coef, repeated.coef)
    np.testing.assert_allclose(weighted.intercept, repeated.intercept, rtol=1e-9, atol=1e-9)


def test_weights_with_unknown_noise_and_default_scale():
    X, y = scaled_problem("diabetes")
    w = np.random.default_rng(5).integers(0, 4, len(y)).astype(float)
    repeated = data(np.repeat(X, w.astype(int), 0), np.repeat(y, w.astype(int)))
    for prior in (br.LaplacePrior(), br.GaussianPrior(), br.LaplacePrior(0.1), br.GaussianPrior(0.1)):
        a = br.map_estimate(br.LinearModel(prior), data(X, y, w))
        b = br.map_estimate(br.LinearModel(prior), repeated)
        assert_close(a.coef, b.coef)
        np.testing.assert_allclose(a.noise_scale, b.noise_scale, rtol=1e-10)


def test_rescaling_a_column_with_its_prior_scale(case):
    X, y, make, _, mode = case
    unit = np.exp(2 * np.random.default_rng(6).normal(size=X.shape[1]))
    other = br.map_estimate(model(make(X.shape[1], 1 / unit), 0.7), data(X * unit, y))
    assert_close(other.coef * unit, mode.coef)


def test_shifting_x_by_ten_sd(case):
    X, y, _, linear, mode = case
    other = br.map_estimate(linear, data(X + 10.0, y))
    assert_close(other.coef, mode.coef)
    np.testing.assert_allclose(other.intercept, mode.intercept - 10.0 * mode.coef.sum(), rtol=1e-8, atol=1e-8)


def test_rescaling_y_with_noise_and_prior(case):
    X, y, make, _, mode = case
    other = br.map_estimate(model(make(X.shape[1], 100.0 * np.ones(X.shape[1])), 70.0), data(X, 100.0 * y))
    assert_close(other.coef / 100.0, mode.coef)


def test_duplicating_a_column_under_a_laplace_prior_splits_its_coefficient():
    for name in PROBLEMS:
        X, y = scaled_problem(name)
        linear = model(br.LaplacePrior(0.05), 0.7)
        mode = br.map_estimate(linear, data(X, y))
        j = int(np.argmax(np.abs(mode.coef)))
        other = br.map_estimate(linear, data(np.column_stack([X, X[:, j]]), y))
        together = other.coef[:-1].copy()
        together[j] += other.coef[-1]
        assert_close(together, mode.coef)
        assert other.duality_gap < 1e-10


def test_duplicating_a_column_under_a_gaussian_prior_halves_its_variance():
    for name in PROBLEMS:
        X, y = scaled_problem(name)
        scale = np.full(X.shape[1], 0.3)
        mode = br.map_estimate(model(br.GaussianPrior(scale), 0.7), data(X, y))
        halved = np.append(scale, scale[2])
        halved[[2, -1]] /= np.sqrt(2)
        other = br.map_estimate(model(br.GaussianPrior(halved), 0.7), data(np.column_stack([X, X[:, 2]]), y))
        together = other.coef[:-1].copy()
        together[2] += other.coef[-1]
        assert_close(together, mode.coef)
        np.testing.assert_allclose(other.coef[2], other.coef[-1], rtol=1e-9)


def test_standardize_is_the_scale_divided_by_sd():
    X, y = PROBLEMS["diabetes-unscaled"]()
    w = np.random.default_rng(7).uniform(0.2, 2.0, len(y))
    sd = np.sqrt(np.cov(X.T, aweights=w, ddof=0).diagonal())
    for intercept in (True, False):
        a = br.map_estimate(
            model(br.LaplacePrior(0.05), fit_intercept=intercept, standardize=True), data(X, y, w)
        )
        b = br.map_estimate(model(br.LaplacePrior(0.05 / sd), fit_intercept=intercept), data(X, y, w))
        assert_close(a.coef * sd, b.coef * sd)
        np.testing.assert_allclose(a.penalty.l1, b.penalty.l1, rtol=1e-12)
