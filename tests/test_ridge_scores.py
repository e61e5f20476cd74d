"""Scores of a ridge path: against refits without each row, dense hat matrices and scikit-learn."""

import threading
import tracemalloc

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import bayesreg as br
from bayesreg.gaussian.degrees_of_freedom import effective_df_path
from bayesreg.gaussian.generalised_cv import gcv
from bayesreg.gaussian.leave_one_out import by_columns, by_kernel
from bayesreg.gaussian.leave_one_out.scores import leave_one_out
from bayesreg.model.problem import resolve

MULTIPLES = np.array([1e3, 1e-10, 1.0, 1e10, 1e-3])


def simulated(n, p, seed=0, mean=3.0):
    rng = np.random.default_rng(seed)
    X = (rng.normal(size=(n, p)) + mean) * np.exp(rng.normal(size=p))
    return X, X @ rng.normal(size=p) / np.sqrt(p) + rng.normal(size=n), rng


def resolved(X, y, weights=None, scale=1.0, **options):
    data = br.RowData.from_arrays(X, y, weights)
    problem = resolve(br.LinearModel(br.GaussianPrior(scale), br.GaussianLikelihood(1.0), **options), data)
    return problem, data, problem.rates.l2[problem.penalised]


def scores(X, y, weights=None, multiples=MULTIPLES, **options):
    problem, data, l2 = resolved(X, y, weights, **options)
    return leave_one_out(problem, data, l2, multiples)


def ridge(X, y, weights, l2, intercept):
    """Minimise by plain least squares on stacked rows; returns the prediction as a function."""
    total = weights.sum()
    x_mean = weights @ X / total if intercept else np.zeros(X.shape[1])
    y_mean = weights @ y / total if intercept else 0.0
    root = np.sqrt(weights)
    shrunk = l2 > 0
    A = np.vstack([(X - x_mean) * root[:, None], np.diag(np.sqrt(l2))[shrunk]])
    b = np.concatenate([(y - y_mean) * root, np.zeros(shrunk.sum())])
    size = np.sqrt(np.square(A).sum(axis=0))
    size[size == 0] = 1.0
    coef = np.linalg.lstsq(A / size, b, rcond=1e-15)[0] / size
    return lambda rows: y_mean + (rows - x_mean) @ coef


def brute_force(X, y, l2, weights=None, intercept=True, multiples=MULTIPLES):
    weights = np.ones(len(y)) if weights is None else weights
    mse, errors = [], np.empty(len(y))
    for multiple in multiples:
        for i in range(len(y)):
            rest = np.arange(len(y)) != i
            errors[i] = y[i] - ridge(X[rest], y[rest], weights[rest], multiple * l2, intercept)(X[i])
        mse.append(weights @ errors**2 / weights.sum())
    return np.array(mse)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("shape", [(40, 5), (30, 25), (25, 24), (26, 26), (20, 60)])
def test_leave_one_out_is_a_refit_without_each_row(shape, intercept, weighted):
    X, y, rng = simulated(*shape)
    weights = rng.uniform(0.2, 3.0, size=len(y)) if weighted else None
    ours = scores(X, y, weights, fit_intercept=intercept).mse
    l2 = np.ones(X.shape[1])
    np.testing.assert_allclose(ours, brute_force(X, y, l2, weights, intercept), rtol=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("shape", [(80, 6), (20, 50)])
def test_leave_one_out_is_scikit_learns(shape, intercept, weighted):
    from sklearn.linear_model import RidgeCV

    X, y, rng = simulated(*shape, seed=1)
    weights = rng.uniform(0.2, 3.0, size=len(y)) if weighted else np.ones(len(y))
    alphas = np.logspace(-2, 4, 13)
    reference = RidgeCV(alphas, fit_intercept=intercept, store_cv_results=True).fit(X, y, weights)
    ours = scores(X, y, weights, alphas, fit_intercept=intercept)
    np.testing.assert_allclose(ours.mse, reference.cv_results_.sum(axis=0) / weights.sum(), rtol=1e-9)
    assert alphas[np.argmin(ours.mse)] == reference.alpha_


def test_the_mode_without_each_row():
    X, y, _ = simulated(25, 4, seed=2)
    model = br.LinearModel(br.GaussianPrior(0.7), br.GaussianLikelihood(0.5))
    problem, data, l2 = resolved(X, y, scale=0.7)
    errors = []
    for i in range(len(y)):
        rest = np.arange(len(y)) != i
        mode = br.map_estimate(model, br.RowData.from_arrays(X[rest], y[rest]))
        errors.append(y[i] - mode.intercept - X[i] @ mode.coef)
    ours = leave_one_out(problem, data, l2, np.array([0.25])).mse[0]  # σ² times the rate at σ = 1
    assert ours == pytest.approx(np.mean(np.square(errors)), rel=1e-9)


@pytest.mark.parametrize("shape", [(60, 6), (20, 40)])
def test_standard_errors_are_those_of_a_mean(shape):
    from sklearn.linear_model import RidgeCV

    X, y, _ = simulated(*shape)
    alphas = np.logspace(-1, 3, 7)
    squares = RidgeCV(alphas, store_cv_results=True).fit(X, y).cv_results_
    expected = squares.std(axis=0, ddof=1) / np.sqrt(len(y))
    np.testing.assert_allclose(scores(X, y, multiples=alphas).standard_errors, expected, rtol=1e-9)


@pytest.mark.parametrize("shape", [(40, 8), (20, 50), (24, 22)])
def test_unpenalised_columns(shape):
    X, y, rng = simulated(*shape, seed=3)
    weights = rng.uniform(0.2, 3.0, size=len(y))
    scale = np.ones(X.shape[1])
    scale[[1, 4]] = np.inf
    problem, data, l2 = resolved(X, y, weights, scale=scale)
    multiples = np.array([1e-4, 1.0, 1e4])
    full = problem.rates.l2
    expected = brute_force(X, y, full, weights, multiples=multiples)
    np.testing.assert_allclose(leave_one_out(problem, data, l2, multiples).mse, expected, rtol=1e-9)


def test_a_standardised_model_keeps_the_penalty_of_all_rows():
    X, y, _ = simulated(40, 5)
    problem, data, l2 = resolved(X, y, standardize=True)
    np.testing.assert_allclose(l2, X.var(axis=0), rtol=1e-12)
    expected = brute_force(X, y, X.var(axis=0))
    np.testing.assert_allclose(leave_one_out(problem, data, l2, MULTIPLES).mse, expected, rtol=1e-9)


@pytest.mark.parametrize("shape", [(40, 5), (12, 30)])
def test_an_intercept_with_a_prior(shape):
    X, y, _ = simulated(*shape)
    problem, data, l2 = resolved(X, y, intercept_prior=br.GaussianPrior(2.0))
    assert l2[-1] == 0.25
    with_ones = np.column_stack([X, np.ones(len(y))])
    expected = brute_force(with_ones, y, l2, intercept=False)
    np.testing.assert_allclose(leave_one_out(problem, data, l2, MULTIPLES).mse, expected, rtol=1e-9)


@pytest.mark.parametrize("shape", [(40, 6), (12, 30)])
def test_constant_and_duplicate_columns(shape):
    X, y, _ = simulated(*shape)
    X[:, 1], X[:, 2] = 1e3, X[:, 3]
    expected = brute_force(X, y, np.ones(X.shape[1]))
    np.testing.assert_allclose(scores(X, y).mse, expected, rtol=1e-8)
    scale = np.where(np.arange(X.shape[1]) == 1, np.inf, 1.0)
    np.testing.assert_allclose(scores(X, y, scale=scale).mse, expected, rtol=1e-8)


@pytest.mark.parametrize("shape", [(60, 5), (20, 30)])
def test_a_column_that_one_row_alone_fills(shape):
    X, y, _ = simulated(*shape)
    X[:, 0] = 0.0
    X[7, 0] = 1.0  # 1 − h = λ there: subtracted from 1 it would be lost
    problem, data, l2 = resolved(X, y)
    # without row 7 the column is constant: rounding in X of 1e-16 moves its coefficient by 1e-16·‖y‖/λ
    for multiples, rtol in ((np.array([1e-5, 1e-2, 1e6]), 1e-9), (np.array([1e-10]), 1e-6)):
        expected = brute_force(X, y, l2, multiples=multiples)
        np.testing.assert_allclose(leave_one_out(problem, data, l2, multiples).mse, expected, rtol=rtol)


def test_a_flat_column_that_one_row_alone_fills_has_no_leave_one_out():
    X, y, _ = simulated(30, 4)
    X[:, 0] = 0.0
    X[7, 0] = 1.0
    for columns in (X, np.hstack([X, simulated(30, 60)[0]])):
        scale = np.ones(columns.shape[1])
        scale[0] = np.inf
        with pytest.raises(ValueError, match="row 7 alone determines"):
            scores(columns, y, scale=scale)


def test_absent_rows_change_nothing():
    for shape in ((40, 5), (20, 40)):
        X, y, rng = simulated(*shape)
        weights = rng.uniform(0.5, 2.0, size=len(y))
        weights[[0, 3]] = 0.0
        kept = weights > 0
        ours, fewer = scores(X, y, weights), scores(X[kept], y[kept], weights[kept])
        np.testing.assert_allclose(ours.mse, fewer.mse, rtol=1e-11)
        np.testing.assert_allclose(ours.standard_errors, fewer.standard_errors, rtol=1e-9)


def test_constant_response():
    X, _, _ = simulated(30, 4)
    assert not scores(X, np.full(30, 2.5)).mse.any()


def hilbert_like(n, p):
    """Make columns that a Gram matrix in float64 cannot tell apart."""
    x = np.linspace(0.0, 1.0, n)[:, None] + 0.01 * np.random.default_rng(0).normal(size=(n, 1))
    return x ** np.arange(1, p + 1)


@pytest.mark.parametrize("n", [60, 700])
def test_ill_conditioned_columns(n):
    X = hilbert_like(n, 9)
    y = np.sin(5 * X[:, 0]) + 0.1 * np.random.default_rng(1).normal(size=n)
    multiples = np.array([1e-10, 1e-6, 1e-2])
    left, sizes, _ = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    expected = []
    for multiple in multiples:
        hat = left * (sizes**2 / (sizes**2 + multiple)) @ left.T + 1.0 / n
        expected.append(np.mean(((y - hat @ y) / (1.0 - np.diag(hat))) ** 2))
    np.testing.assert_allclose(scores(X, y, multiples=multiples).mse, expected, rtol=1e-9)


def test_columns_of_very_different_size():
    X, y, _ = simulated(50, 6)
    X *= 10.0 ** np.array([-6, -3, 0, 0, 3, 6])
    multiples = np.array([1e-8, 1.0, 1e8])
    expected = brute_force(X, y, np.ones(6), multiples=multiples)
    np.testing.assert_allclose(scores(X, y, multiples=multiples).mse, expected, rtol=1e-9)


@pytest.mark.parametrize("spread", [0.0, 3.0, 6.0])
def test_low_rank_is_as_good_as_all_dimensions(spread, monkeypatch):
    rng = np.random.default_rng(4)
    X = rng.normal(size=(3000, 60)) * 10.0 ** np.linspace(0.0, -spread, 60)
    y = X @ rng.normal(size=60) + rng.normal(size=3000)
    multiples = np.logspace(-10, 8, 90)
    ours = scores(X, y, multiples=multiples)
    monkeypatch.setattr(by_columns, "_low_rank", lambda matrix: (matrix, np.eye(matrix.shape[1])))
    direct = scores(X, y, multiples=multiples)
    np.testing.assert_allclose(ours.mse, direct.mse, rtol=1e-10)
    np.testing.assert_allclose(ours.standard_errors, direct.standard_errors, rtol=1e-10)


def test_threads_change_nothing_and_leave_blas_as_it_was(monkeypatch):
    X, y, _ = simulated(9001, 12)
    with threadpool_limits(2, user_api="blas"):
        before = [library["num_threads"] for library in threadpool_info()]
        alone = scores(X, y)
        monkeypatch.setattr(by_columns, "_SERIAL_ENTRIES", 0)
        found = []
        threads = [threading.Thread(target=lambda: found.append(scores(X, y))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for threaded in found:
            np.testing.assert_allclose(threaded.mse, alone.mse, rtol=1e-12)
            np.testing.assert_allclose(threaded.standard_errors, alone.standard_errors, rtol=1e-10)
        assert len(found) == 4
        assert 2 in before
        assert [library["num_threads"] for library in threadpool_info()] == before


@pytest.mark.parametrize("shape", [(60_000, 20), (40, 20_000)])
def test_memory(shape):
    X, y, _ = simulated(*shape)
    problem, data, l2 = resolved(X, y)
    _ = problem.reduced.squared_norms, problem.reduced.cross
    if shape[0] > shape[1]:
        _ = problem.reduced.gram
    tracemalloc.start()
    try:
        leave_one_out(problem, data, l2, np.logspace(-2, 6, 100))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.8 * X.nbytes  # 100 residuals a row would take 5 times X


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("shape", [(40, 8), (20, 50), (21, 20)])
def test_gcv_and_df_are_those_of_the_hat_matrix(shape, flat, weighted):
    X, y, rng = simulated(*shape, seed=5)
    n, p = shape
    weights = rng.integers(1, 4, size=n).astype(float) if weighted else np.ones(n)
    scale = np.ones(p)
    scale[:2] = np.inf if flat else 1.0
    multiples = np.array([1e-2, 1.0, 1e4])
    problem, _, l2 = resolved(X, y, weights, scale=scale)
    root, total = np.sqrt(weights), weights.sum()
    A = np.column_stack([np.ones(n), X]) * root[:, None]
    expected, dfs = [], []
    for multiple in multiples:
        rows = np.vstack([A, np.diag(np.sqrt(multiple * np.append(0.0, problem.rates.l2)))])
        hat = np.linalg.qr(rows)[0][:n]
        hat = hat @ hat.T
        rss = np.square(root * y - hat @ (root * y)).sum()
        dfs.append(np.trace(hat))
        expected.append(total * rss / (total - dfs[-1]) ** 2)
    np.testing.assert_allclose(gcv(problem, l2, multiples), expected, rtol=1e-9)
    np.testing.assert_allclose(effective_df_path(problem, l2, multiples), dfs, rtol=1e-9)


def test_gcv_of_statistics_is_that_of_rows():
    X, y, _ = simulated(200, 6)
    problem, _, l2 = resolved(X, y)
    statistics = resolve(
        br.LinearModel(br.GaussianPrior(1.0), br.GaussianLikelihood(1.0)), br.GramData.from_arrays(X, y)
    )
    multiples = np.logspace(-3, 5, 9)
    np.testing.assert_allclose(gcv(statistics, l2, multiples), gcv(problem, l2, multiples), rtol=1e-9)
    np.testing.assert_allclose(
        effective_df_path(statistics, l2, multiples), effective_df_path(problem, l2, multiples), rtol=1e-9
    )


def test_gcv_has_a_limit_where_ridge_interpolates():
    X, y, _ = simulated(15, 40)
    problem, _, l2 = resolved(X, y)
    values = gcv(problem, l2, np.array([1e-12, 1e-9, 1e-6]))
    # the limit is n·‖K⁺y‖²/tr(K⁺)²
    centred = X - X.mean(axis=0)
    inverse = np.linalg.pinv(centred @ centred.T, rcond=1e-12)
    limit = 15 * np.square(inverse @ (y - y.mean())).sum() / np.trace(inverse) ** 2
    np.testing.assert_allclose(values, limit, rtol=1e-5)
    np.testing.assert_allclose(values[:2], limit, rtol=1e-8)


def test_a_kernel_above_the_budget_is_refused(monkeypatch):
    X, y, _ = simulated(20, 40)
    problem, data, l2 = resolved(X, y)
    monkeypatch.setattr(by_kernel, "GRAM_BUDGET", 1000)
    with pytest.raises(MemoryError, match="3,200 bytes"):
        leave_one_out(problem, data, l2, MULTIPLES)
