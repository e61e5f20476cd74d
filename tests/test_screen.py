"""Slopes of many columns from those nearby: none beyond l1 is missed."""

import numpy as np
import pytest
from scipy import sparse

import bayesreg as br
from bayesreg.mode.row_loss import RowLoss
from bayesreg.mode.screen import Screen

N, P = 120, 1500
NONE = np.zeros(P + 1, dtype=bool)


def loss_of(X, weight):
    y = (np.arange(N) % 2).astype(float)
    return RowLoss(br.RowData.from_arrays(X, y, weight), br.BernoulliLikelihood(), {}, True)


def problem(kind="dense", far=0.0, seed=0):
    """Return a loss, and row slopes whose weighted sum is 0 as at a flat intercept's optimum."""
    rng = np.random.default_rng(seed)
    X, weight = (rng.normal(size=(N, P)) + far) * 10.0 ** rng.uniform(-3.0, 3.0, P), rng.uniform(0.0, 2.0, N)
    X[:, 5] = 3.0
    if kind == "sparse":
        X = sparse.csc_array(X * (rng.random((N, P)) < 0.2))
    elif kind == "C":
        X = np.ascontiguousarray(X)
    return loss_of(X, weight), rng


def centred(loss, values):
    weight = loss.data.sample_weight
    return values - weight @ values / weight.sum()


def exact(loss, row_slopes):
    X, values = loss.data.X, -loss.data.sample_weight * row_slopes
    return np.append(X.T @ values, values.sum())


@pytest.mark.parametrize("kind", ["F", "C", "sparse"])
@pytest.mark.parametrize(("is_centred", "far"), [(True, 0.0), (True, 50.0), (False, 0.0)])
@pytest.mark.parametrize("step", [1e-3, 1e-2, 0.1])
def test_each_slope_is_exact_or_within_l1_both_as_told_and_in_truth(kind, is_centred, far, step):
    loss, rng = problem(kind, far)
    one = Screen(loss, loss.norms(centred=is_centred), centred=is_centred)
    near = centred(loss, rng.normal(size=N)) if is_centred else rng.normal(size=N)
    l1 = np.abs(exact(loss, near)) * rng.choice([1.0 - 1e-3, 1.0 + 1e-3, 3.0], P + 1, p=[0.01, 0.01, 0.98])
    one.slopes(near, l1, NONE, np.empty(0))
    there = 0.97 * near + step * rng.normal(size=N)
    if is_centred:
        there = centred(loss, there)
    truth, found = exact(loss, there), one.slopes(there, l1, NONE, np.empty(0))
    size = loss.norms(centred=False) * np.sqrt(loss.data.sample_weight @ there**2)
    is_exact = np.abs(found - truth) <= 1e-14 * size
    assert (is_exact | ((np.abs(found) <= l1) & (np.abs(truth) <= l1))).all()
    if step == 1e-3:
        assert is_exact.mean() < 0.2  # few were computed


@pytest.mark.parametrize(("excess", "is_beyond"), [(-1e-9, True), (1e-9, False)])
def test_a_column_along_the_rest_is_told_by_the_last_digits(excess, is_beyond):
    loss, rng = problem()
    weight = loss.data.sample_weight
    near, rest = (centred(loss, rng.normal(size=N)) for _ in range(2))
    rest -= near * (weight @ (rest * near)) / (weight @ near**2)
    X = loss.data.X.copy()
    X[:, 9] = 1e3 - rest  # Cauchy and Schwarz' bound is an equality
    loss = loss_of(X, weight)
    one, l1 = Screen(loss, loss.norms(centred=True), centred=True), np.full(P + 1, np.inf)
    l1[9] = 0.01 * (weight @ rest**2) * (1.0 + excess)
    one.slopes(near, l1, NONE, np.empty(0))
    assert (one.slopes(near + 0.01 * rest, l1, NONE, np.empty(0))[9] > l1[9] > 0.0) == is_beyond


def test_row_slopes_whose_sum_is_not_0_move_columns_by_their_means():
    loss, rng = problem(far=50.0)
    lengths = loss.norms(centred=True)
    near = centred(loss, rng.normal(size=N))
    there = near + 0.01
    truth = exact(loss, there)
    l1 = 0.999 * np.abs(truth)
    l1[-1] = np.inf
    one = Screen(loss, lengths, centred=True)
    one.slopes(near, np.zeros(P + 1), NONE, np.empty(0))
    found = one.slopes(there, l1, NONE, np.empty(0))
    assert (np.abs(found) > l1)[:-1].all()


def test_known_slopes_are_taken_as_given_and_unpenalised_ones_are_computed():
    loss, rng = problem()
    near = centred(loss, rng.normal(size=N))
    there = centred(loss, near + 1e-3 * rng.normal(size=N))
    one = Screen(loss, loss.norms(centred=True), centred=True)
    l1, known = np.full(P + 1, 1e9), np.arange(P + 1) < 5
    l1[10:20] = l1[-1] = 0.0
    one.slopes(near, l1, known, np.arange(5.0))
    found = one.slopes(there, l1, known, np.arange(5.0))
    np.testing.assert_array_equal(found[:5], np.arange(5.0))
    np.testing.assert_allclose(found[10:20], exact(loss, there)[10:20], rtol=1e-11)
    assert abs(found[-1]) < 1e-12


def test_all_slopes_are_computed_at_first_and_where_most_are_in_doubt(monkeypatch):
    loss, rng = problem()
    calls, transposed = [], RowLoss.transposed
    monkeypatch.setattr(RowLoss, "transposed", lambda *given: (calls.append(1), transposed(*given))[1])
    one, near = Screen(loss, loss.norms(centred=True), centred=True), centred(loss, rng.normal(size=N))
    l1 = 5.0 * np.abs(exact(loss, near)) + 0.1 * loss.norms(centred=True)
    for there, n_calls in (
        (near, 1),
        (1.01 * near, 2),
        (0.99 * near, 2),
        (rng.normal(size=N), 3),
    ):  # 2: means
        found = one.slopes(there, l1, NONE, np.empty(0))
        assert len(calls) == n_calls
        if n_calls != 2:
            np.testing.assert_allclose(found, exact(loss, there), rtol=1e-12, atol=1e-9)


def test_row_slopes_of_0_nearby_tell_nothing():
    loss, rng = problem()
    one, there = Screen(loss, loss.norms(centred=True), centred=True), centred(loss, rng.normal(size=N))
    truth = exact(loss, there)
    l1 = 0.999 * np.abs(truth)
    one.slopes(np.zeros(N), l1, NONE, np.empty(0))
    found = one.slopes(there, l1, NONE, np.empty(0))
    assert (np.abs(found) > l1)[:-1].all()
