"""The last steps: modes whose coefficients are much larger than the fit, so that their last digits make a gap."""

import numpy as np
import pytest
from conftest import model, referee

import bayesreg as br
from bayesreg.data.row_least_squares import RowLeastSquares
from bayesreg.mode import solve_penalised
from bayesreg.mode.solvers.last_steps import last_steps
from bayesreg.mode.solvers.restricted_quadratic import GramQuadratic


def walks(seed, n, p, share=1e-7):
    """Simulate random walks with a common slope, noise as the response, and l1 as a share of λmax."""
    rng = np.random.default_rng(seed)
    X = np.cumsum(rng.normal(size=(n, p)) + 5.0 * rng.normal(size=(n, 1)), axis=1)
    y = rng.normal(size=n)
    norms = np.linalg.norm(X - X.mean(axis=0), axis=0)
    return X, y, share * norms * np.abs((X - X.mean(axis=0)).T @ y / norms).max()


# Solvers end at gaps of 2.5e-7 to 7e-7 here; after a last step none was above 6e-8.
@pytest.mark.parametrize("columns_of_a_program", [512, 0], ids=["whole Gram matrix", "working set"])
@pytest.mark.parametrize(("seed", "n", "p"), [(9, 124, 120), (0, 153, 150), (7, 153, 150)])
def test_a_weak_penalty_on_nearly_collinear_columns_is_solved(seed, n, p, columns_of_a_program, monkeypatch):
    monkeypatch.setattr(solve_penalised, "_LARGEST_COMPILED", columns_of_a_program)
    X, y, l1 = walks(seed, n, p)
    mode = br.map_estimate(model(br.LaplacePrior(1.0 / l1)), br.RowData.from_arrays(X, y), tol=1e-7)
    assert mode.converged
    gap, _ = referee(X, y, mode.coef, mode.intercept, l1, 0.0)
    assert gap < 3e-7


def test_a_path_takes_them_where_it_needs_them():
    X, y, l1 = walks(9, 124, 120)
    prior, data = br.LaplacePrior(1.0, factor=1.0 / l1), br.RowData.from_arrays(X, y)
    path = br.map_path(model(prior), data, scales=[1.0, 1e-6, 1e-3], tol=1e-7)
    assert path.converged.all()
    gap, _ = referee(X, y, path.coefs[0], path.intercepts[0], l1, 0.0)
    assert gap < 3e-7


# With more than 1024 columns only those in use are multiplied.
@pytest.mark.parametrize("n_others", [0, 1100])
def test_of_columns_that_depend_on_one_another_one_leaves(n_others):
    first, second = np.eye(4)[:, 0], np.eye(4)[:, 1]
    X = np.column_stack([first, second, first + second, np.zeros((4, n_others))])
    rows = RowLeastSquares(X, np.array([3.0, 2.0, 0.0, 0.0]))
    l1 = np.append([1e-6, 1e-6, 1.5e-6], np.ones(n_others))  # the third does the others' work for less
    start = np.append([2.0, 1.0, 1.0], np.zeros(n_others))
    best = last_steps(rows, start, l1, np.zeros(l1.size), 0.0)
    # Without the second, 3 − b₁ − b₃ = 1e-6 and 2 − b₃ = 0.5e-6.
    assert best[1] == 0.0
    assert np.allclose(best[[0, 2]], [1.0 - 5e-7, 2.0 - 5e-7], rtol=0.0, atol=1e-12)
    assert not best[3:].any()


def test_a_column_that_is_missing_joins():
    X = np.array([[1.0, 0.5], [0.0, 1.0], [0.0, 0.0]])
    best = last_steps(
        RowLeastSquares(X, np.array([2.0, 1.0, 0.0])), np.array([1.9, 0.0]), np.full(2, 0.1), np.zeros(2), 0.0
    )
    # X'(y − Xβ) = 0.1 in both: the residual is (0.1, 0.05).
    assert np.allclose(best, [1.9 - 0.5 * 0.95, 0.95], rtol=0.0, atol=1e-14)


def test_nothing_moves_if_the_gap_is_small_enough_or_no_column_is_in_use():
    rows, zero = RowLeastSquares(np.eye(3)[:, :2], np.array([2.0, 1.0, 0.0])), np.zeros(2)
    start = np.array([1.9, 0.9])
    assert last_steps(rows, start, np.full(2, 0.1), zero, 1.0) is start
    assert last_steps(rows, zero, np.full(2, 3.0), zero, 0.0) is zero


def test_a_round_that_leaves_no_column_in_use_is_no_error():
    X = np.eye(3)[:, :2]
    quadratic = GramQuadratic(RowLeastSquares(X, np.array([2.0, 1.0, 0.0])))
    quadratic.hold(np.arange(2), np.ones(2))
    found = quadratic.improve(np.zeros(2), np.array([2.0, 1.0]), np.full(2, 3.0), np.zeros(2), 3)
    assert np.array_equal(found, np.zeros(2))
