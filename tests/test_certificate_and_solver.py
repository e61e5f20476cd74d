"""The certificate notices a wrong answer; the solver meets what it is asked on any quadratic."""

import numpy as np
import pytest
from conftest import PROBLEMS, diabetes, model, referee, wide

import bayesreg as br
from bayesreg.gaussian.spectrum import ridge_coefs
from bayesreg.mode.certificate import certify, has_curvature
from bayesreg.mode.solvers.quadratic import solve_quadratics
from bayesreg.model.problem import resolve

PRIORS = [br.LaplacePrior(0.05), br.GaussianPrior(0.3), br.ElasticNetPrior(0.05, 0.5)]


def certificate_at(linear, data, coef, intercept):
    problem = resolve(linear, data)
    l1, l2 = (strength[None, :] for strength in problem.penalised_rates.penalty_weights(problem.noise_scale))
    return certify(problem, coef[None, :], np.array([intercept]), l1, l2, np.array([problem.noise_scale]))[0]


@pytest.mark.parametrize("form", [br.RowData.from_arrays, br.GramData.from_arrays])
@pytest.mark.parametrize("prior", PRIORS, ids=lambda prior: type(prior).__name__)
@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("intercept", [True, False])
def test_the_gap_of_any_point_is_the_referees(name, prior, form, intercept):
    X, y = PROBLEMS[name]()
    w = np.random.default_rng(0).uniform(0.1, 2.0, len(y))
    linear, data = model(prior, 0.8, fit_intercept=intercept), form(X, y, w)
    mode = br.map_estimate(linear, data)
    rng = np.random.default_rng(1)
    for size in (1e-6, 1e-3, 1.0):
        coef = mode.coef * (1 + size * rng.normal(size=mode.coef.size))
        constant = mode.intercept + (size if intercept else 0.0)
        certificate = certificate_at(linear, data, coef, constant)
        gap, objective = referee(
            X, y, coef, constant, mode.penalty.l1, mode.penalty.l2, fit_intercept=intercept, weights=w
        )
        assert certificate.duality_gap == pytest.approx(gap, rel=1e-6, abs=1e-12)
        assert certificate.primal == pytest.approx(objective, rel=1e-9)
        optimum = mode.certificate.primal
        excess = (certificate.primal - optimum) / certificate.null_objective
        assert -1e-12 <= excess <= certificate.duality_gap + 1e-12
    assert certificate.duality_gap > 1e-8
    assert certificate.kkt_residual > 1e-8


def test_a_wrong_intercept_and_wrong_flat_coefficients_are_noticed():
    X, y = diabetes()
    scale = np.append([np.inf, np.inf], np.full(8, 0.05))
    for form in (br.RowData.from_arrays, br.GramData.from_arrays):
        linear, data = model(br.LaplacePrior(scale)), form(X, y)
        mode = br.map_estimate(linear, data)
        assert certificate_at(linear, data, mode.coef, mode.intercept).duality_gap < 1e-12
        assert certificate_at(linear, data, mode.coef, mode.intercept + 1.0).duality_gap > 1e-5
        moved = mode.coef + np.append([10.0], np.zeros(9))
        at_moved = certificate_at(linear, data, moved, mode.intercept)
        assert at_moved.duality_gap > 1e-5
        exact = 0.5 * 10.0**2 * np.square(X[:, 0] - X[:, 0].mean()).sum() / at_moved.null_objective
        assert at_moved.duality_gap == pytest.approx(exact, rel=1e-6)


def test_kkt_residual_is_in_units_of_lambda_max():
    X, y = diabetes()
    linear, data = model(br.LaplacePrior(1.0)), br.RowData.from_arrays(X, y)
    at_zero = certificate_at(linear, data, np.zeros(10), y.mean())
    norms = np.linalg.norm(X - X.mean(axis=0), axis=0)
    slopes = np.abs(X.T @ (y - y.mean()))
    expected = np.max((slopes - 1.0) / norms) / np.max(slopes / norms)
    assert at_zero.kkt_residual == pytest.approx(expected, rel=1e-10)


def test_the_null_model_is_the_reference():
    X, y = diabetes()
    mode = br.map_estimate(model(br.LaplacePrior(0.05)), br.RowData.from_arrays(X, y))
    assert mode.certificate.null_objective == pytest.approx(0.5 * np.square(y - y.mean()).sum())
    assert mode.certificate.dual <= mode.certificate.primal
    assert mode.certificate.source == "rows"
    from_gram = br.map_estimate(model(br.LaplacePrior(0.05)), br.GramData.from_arrays(X, y))
    assert from_gram.certificate.source == "gram"
    assert 0 < from_gram.certificate.rounding < 1e-10


def test_solver_in_one_dimension_is_the_soft_threshold():
    c = np.linspace(-3, 3, 61)[:, None]
    curvature, l1, l2 = 2.0, 1.0, 0.5
    solution = solve_quadratics(
        np.array([[curvature]]),
        np.zeros((61, 1)),
        c,
        np.full((61, 1), l1),
        np.full((61, 1), l2),
        follow=False,
    )
    expected = np.sign(c) * np.maximum(np.abs(c) - l1, 0) / (curvature + l2)
    np.testing.assert_allclose(solution.coefs, expected, rtol=1e-14, atol=0)


def test_solver_refines_around_a_start():
    X, y = wide(80, 20)
    gram, l1 = X.T @ X, np.full((1, 20), 3.0)
    cold = solve_quadratics(gram, np.zeros((1, 20)), (X.T @ y)[None], l1, 0 * l1, follow=True).coefs
    start = np.random.default_rng(0).normal(size=(1, 20))
    gradient = (X.T @ (y - X @ start[0]))[None]
    for follow in (True, False):
        warm = solve_quadratics(gram, start, gradient, l1, 0 * l1, follow=follow).coefs
        np.testing.assert_allclose(warm, cold, rtol=1e-10, atol=1e-12)


def test_closed_form_equals_the_iterative_solver_on_ridge():
    for name in PROBLEMS:
        X, y = PROBLEMS[name]()
        problem = resolve(model(br.GaussianPrior(1.0)), br.RowData.from_arrays(X, y))
        least_squares = problem.reduced
        l2 = np.outer([1e-1, 10.0, 1e3], least_squares.squared_norms / len(y))
        closed = ridge_coefs(least_squares, l2)
        start, gradients = np.zeros(l2.shape), np.tile(least_squares.cross, (3, 1))
        iterated = solve_quadratics(least_squares.gram, start, gradients, 0 * l2, l2, follow=True).coefs
        np.testing.assert_allclose(closed, iterated, rtol=1e-7, atol=1e-9 * np.abs(closed).max())


def test_ridge_with_unrelated_penalties():
    X, y = wide(50, 5)
    problem = resolve(model(br.GaussianPrior(1.0), fit_intercept=False), br.RowData.from_arrays(X, y))
    l2 = np.random.default_rng(0).uniform(0.1, 10, (4, 5))
    l2[2] = 3 * l2[0]
    reference = [np.linalg.solve(X.T @ X + np.diag(row), X.T @ y) for row in l2]
    np.testing.assert_allclose(ridge_coefs(problem.reduced, l2), reference, rtol=1e-9)
    for row, expected in zip(l2, reference, strict=True):
        mode = br.map_estimate(
            model(br.GaussianPrior(1 / np.sqrt(row)), fit_intercept=False), br.RowData.from_arrays(X, y)
        )
        np.testing.assert_allclose(mode.coef, expected, rtol=1e-9)


def test_a_curvature_is_proven_exactly_where_it_is_there():
    rng = np.random.default_rng(0)
    for _ in range(50):
        m = int(rng.integers(2, 60))
        X = rng.normal(size=(m + int(rng.integers(5, 40)), m))
        X /= np.linalg.norm(X, axis=0)
        gram, smallest = X.T @ X, np.linalg.svd(X, compute_uv=False)[-1] ** 2
        assert has_curvature(gram, 0.99 * smallest)
        assert not has_curvature(gram, 1.01 * smallest)
    twins = np.ones((3, 3))
    assert not has_curvature(twins, 1e-15)
    assert not has_curvature(np.eye(3), np.inf)
