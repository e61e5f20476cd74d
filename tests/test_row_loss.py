"""The loss on rows, its curvature as one matrix, and the ways to its mode, beside plain NumPy."""

import numpy as np
import pytest
from scipy import sparse
from scipy.special import expit

import bayesreg as br
from bayesreg.base.threads import is_tall
from bayesreg.mode.curvature import Curvature
from bayesreg.mode.newton import RowObjective
from bayesreg.mode.penalised_loss import RowMode
from bayesreg.mode.row_loss import RowLoss

LIKELIHOODS = [br.BernoulliLikelihood(), br.PoissonLikelihood(), br.NegativeBinomialLikelihood(2.0)]


def rows(n, p, likelihood, seed=0, *, weighted=True, far=0.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + far
    eta = 0.6 * (X[:, 0] - far) - 0.4 * (X[:, 1] - far)
    y = likelihood.draw(rng, eta, likelihood.known)
    weight = rng.uniform(0.0, 2.0, n) if weighted else None
    return br.RowData.from_arrays(np.asfortranarray(X), y, weight, offset=0.2 * rng.normal(size=n))


def objective(data, likelihood, l1, l2):
    d = data.n_features + 1
    return RowObjective(
        RowLoss(data, likelihood, likelihood.known, True),
        np.append(np.broadcast_to(l1, d - 1), 0.0),
        np.append(np.broadcast_to(l2, d - 1), 0.0),
    )


@pytest.mark.parametrize("n", [60, 20_000])  # whole, and in blocks
def test_a_loss_its_slopes_and_curvature_are_plain_sums(n):
    data = rows(n, 8, LIKELIHOODS[0])
    assert is_tall(data.X) == (n > 60)
    loss = RowLoss(data, LIKELIHOODS[0], {}, True)
    coefs = np.linspace(-0.5, 0.5, 9)
    design = np.column_stack([data.X, np.ones(n)])
    eta, w = design @ coefs + data.offset, data.sample_weight
    mean = expit(eta)
    at = loss.at(coefs)
    np.testing.assert_allclose(at.eta, eta, atol=1e-14)
    value = -(w * np.where(data.y == 1.0, np.log(mean), np.log1p(-mean))).sum()
    np.testing.assert_allclose(at.value, value, rtol=1e-13)
    np.testing.assert_allclose(at.slopes, design.T @ (w * (data.y - mean)), rtol=1e-11, atol=1e-10)
    weight = w * mean * (1.0 - mean)
    np.testing.assert_allclose(loss.curvature(at.eta), mean * (1.0 - mean), rtol=1e-13)
    np.testing.assert_allclose(
        loss.gram(weight), design.T @ (design * weight[:, None]), rtol=1e-11, atol=1e-9
    )
    np.testing.assert_allclose(loss.squared_columns(weight), (design**2).T @ weight, rtol=1e-12)
    centred = data.X - np.average(data.X, axis=0, weights=w)
    np.testing.assert_allclose(loss.norms(centred=True)[:-1], np.sqrt(w @ centred**2), rtol=1e-12)
    assert loss.norms(centred=True)[-1] == 1.0
    np.testing.assert_allclose(loss.norms(centred=False), np.sqrt(w @ design**2), rtol=1e-12)


def test_a_curvature_of_some_columns_has_zeros_for_the_others():
    data = rows(20_000, 8, LIKELIHOODS[0])
    loss = RowLoss(data, LIKELIHOODS[0], {}, True)
    weight = np.random.default_rng(1).uniform(0.1, 1.0, 20_000)
    within = np.isin(np.arange(9), [1, 4, 5, 8])
    whole, some = loss.gram(weight), loss.gram(weight, within)
    np.testing.assert_allclose(some, whole * within * within[:, None], rtol=1e-12)
    most = np.arange(9) > 0
    np.testing.assert_allclose(loss.gram(weight, most), whole, rtol=1e-12)  # fewer would save nothing


@pytest.mark.parametrize("order", ["C", "F"])
def test_linear_predictors_of_few_columns_are_those_of_all(order):
    data = rows(50, 90, LIKELIHOODS[0])
    data = br.RowData.from_arrays(np.asarray(data.X, order=order), data.y, offset=data.offset)
    loss = RowLoss(data, LIKELIHOODS[0], {}, True)
    coefs = np.zeros(91)
    coefs[[3, 70, 90]] = 1.0, -2.0, 0.5
    expected = data.X[:, 3] - 2.0 * data.X[:, 70] + 0.5 + data.offset
    np.testing.assert_allclose(loss.eta(coefs), expected, atol=1e-14)
    np.testing.assert_allclose(loss.eta(np.append(np.zeros(90), 0.5)), 0.5 + data.offset)


def test_constant_columns_of_tall_rows_have_no_length():
    data = rows(20_000, 8, LIKELIHOODS[0], far=3.0)
    data.X[:, 4] = 1e5
    assert RowLoss(data, LIKELIHOODS[0], {}, True).norms(centred=True)[4] == 0.0


@pytest.mark.parametrize("free", [[], [8], [2, 8]])
@pytest.mark.parametrize("l1", [0.0, 3.0])
def test_a_minimum_by_curvature_is_stationary(free, l1):
    rng = np.random.default_rng(1)
    root = rng.normal(size=(40, 9))
    gram, slopes, coefs = root.T @ root, 10.0 * rng.normal(size=9), rng.normal(size=9)
    is_free = np.isin(np.arange(9), free)
    l1, l2 = np.where(is_free, 0.0, l1), np.where(is_free, 0.0, 2.0)
    found = Curvature.of(gram, is_free).minimum(coefs, slopes, l1, l2)
    left = slopes - gram @ (found - coefs) - l2 * found
    away = np.where(found == 0.0, np.maximum(np.abs(left) - l1, 0.0), left - l1 * np.sign(found))
    assert np.abs(away).max() < 1e-11


def test_a_column_without_curvature_has_no_coefficient():
    rng = np.random.default_rng(2)
    design = np.column_stack([rng.normal(size=(50, 2)), np.full(50, 4.0), np.ones(50)])
    gram, free = design.T @ design, np.array([False, False, False, True])
    slopes = design.T @ rng.normal(size=50)
    for l1 in (0.0, 1.0):
        l1s, l2s = np.append(np.full(3, l1), 0.0), np.array([1.0, 1.0, 1.0, 0.0])
        assert abs(Curvature.of(gram, free).minimum(np.zeros(4), slopes, l1s, l2s)[2]) < 1e-14


def test_a_curvature_that_loses_digits_is_not_used():
    design = np.column_stack([np.linspace(99.0, 101.0, 50), np.ones(50)])
    assert Curvature.of(design.T @ design, np.array([False, True])) is None


@pytest.mark.parametrize("likelihood", LIKELIHOODS, ids=lambda one: one.family)
@pytest.mark.parametrize("far", [0.0, 300.0])
@pytest.mark.parametrize("l1", [0.0, 8.0])
def test_both_ways_to_a_mode_agree(likelihood, far, l1):
    data = rows(400, 8, likelihood, 3, far=far)
    data.X[:, 5] = data.X[:, 4]
    one = objective(data, likelihood, l1, 1.0)
    null = one.null
    by_gram, by_rows = one._mode_by_gram(RowMode(null, 0), one.enough), one._mode_by_rows(null).coefs
    assert (by_gram is None) == (far > 0.0)
    if by_gram is not None:
        np.testing.assert_allclose(by_gram.coefs, by_rows, atol=1e-11)
    assert one.gap(one.mode().coefs).gap <= 1e-12 * one.objective(null)


def test_a_start_from_a_share_of_sorted_rows_leads_to_the_same_mode():
    data = rows(30_000, 6, LIKELIHOODS[0], 4, weighted=False)
    order = np.argsort(data.y, kind="stable")
    sorted_rows = br.RowData.from_arrays(
        np.asfortranarray(data.X[order]), data.y[order], offset=data.offset[order]
    )
    one, other = (objective(each, LIKELIHOODS[0], 20.0, 1.0) for each in (data, sorted_rows))
    start = other._start()
    assert start.curvature is not None
    assert other.objective(start.coefs) < other.objective(other.null)
    mode = other.mode()
    np.testing.assert_allclose(mode.coefs, one.mode().coefs, atol=1e-10)
    assert mode.n_rounds < 10
    assert other.gap(mode.coefs).gap <= 1e-14 * other.objective(other.null)


def test_a_share_of_rows_that_one_column_separates_is_no_start():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(30_000, 3))
    y = (rng.random(30_000) < expit(X[:, 0])).astype(float)
    y[:64] = 1.0
    X[:, 2] = 0.0
    X[:64, 2] = 1.0
    X[100:103, 2] = 1.0  # not in the share; one of them is 0
    y[100:103] = [0.0, 1.0, 1.0]
    data = br.RowData.from_arrays(X, y)
    loss = RowLoss(data, LIKELIHOODS[0], {}, True)
    one = RowObjective(loss, np.zeros(4), np.array([1.0, 1.0, 0.0, 0.0]))
    mode = one.mode()
    assert one.violations(mode.coefs).max() < 1e-12
    assert np.abs(mode.coefs).max() < 10.0


@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize("l2", [0.0, 2.0])
def test_a_mode_on_its_own_columns_is_that_of_all_columns(kind, l2):
    rng = np.random.default_rng(6)
    X = rng.normal(size=(160, 300)) * (rng.random((160, 300)) < 0.5)
    X[:, 7] = 0.0
    X[:, 9] = X[:, 8]
    y = (rng.random(160) < expit(X[:, 8] - X[:, 20] + 0.5)).astype(float)
    given = sparse.csc_array(X) if kind == "sparse" else X
    data = br.RowData.from_arrays(given, y, rng.uniform(0.5, 2.0, 160), offset=0.1 * rng.normal(size=160))
    l1 = np.full(300, 8.0)
    l1[30] = 0.0  # an unpenalised column
    one = objective(data, LIKELIHOODS[0], l1, np.where(l1 > 0.0, l2, 0.0))
    few = one._mode_by_columns(RowMode(one.null, 0))
    assert 2 < np.count_nonzero(few.coefs) < 40
    assert one.violations(few.coefs).max() < 1e-12
    assert one.objective(few.coefs) <= one.objective(one._mode_by_rows(one.null).coefs) * (1.0 + 1e-13)
    assert one.gap(one.mode().coefs).gap <= 1e-12 * one.objective(one.null)


def test_a_mode_of_more_columns_than_rows_allow_is_found_from_the_rows():
    rng = np.random.default_rng(7)
    X = rng.normal(size=(40, 120))
    y = (rng.random(40) < 0.5).astype(float)
    one = objective(br.RowData.from_arrays(X, y), LIKELIHOODS[0], 0.02, 1.0)
    assert one._mode_by_columns(RowMode(one.null, 0)) is None
    mode = one.mode().coefs
    assert np.count_nonzero(mode) > 40
    assert one.gap(mode).gap <= 1e-9 * one.objective(one.null)


def test_a_set_as_large_as_the_rows_exchanges_its_columns():
    rng = np.random.default_rng(7)
    X = rng.normal(size=(40, 400))
    y = (rng.random(40) < 0.5).astype(float)
    one = objective(br.RowData.from_arrays(X, y), LIKELIHOODS[0], 0.1, 0.0)
    mode = one._mode_by_columns(RowMode(one.null, 0))
    assert mode.columns.within.sum() == 40
    assert 20 < np.count_nonzero(mode.coefs) < 40
    assert one.violations(mode.coefs).max() < 1e-12
    assert one.gap(one.settled(mode.coefs)).gap <= 1e-12 * one.null_objective


def test_rounding_of_a_nearly_unpenalised_column_is_stated():
    data = rows(60, 4, LIKELIHOODS[0], 9)
    even = objective(data, LIKELIHOODS[0], 2.0, 0.0)
    odd = objective(data, LIKELIHOODS[0], np.array([2.0, 2.0, 2.0, 1e-12]), 0.0)
    of_even, of_odd = (one.gap(one.mode().coefs).rounding for one in (even, odd))
    assert of_even < 1e-12
    mode = odd.mode().coefs
    slopes = odd.loss.row_slopes(odd.loss.at(mode).eta)
    share = 2.2e-16 * np.sqrt(data.sample_weight @ slopes**2) * odd.norms[3] / 1e-12
    np.testing.assert_allclose(of_odd, share * 2.0 * np.abs(mode[:3]).sum(), rtol=0.02)


def test_a_penalty_that_holds_all_columns_at_0_leaves_the_null_model():
    data = rows(30, 50, LIKELIHOODS[1], 8)
    one = objective(data, LIKELIHOODS[1], 1e4, 0.0)
    mode = one.mode()
    assert not mode.coefs[:-1].any()
    np.testing.assert_allclose(mode.coefs, one.null, atol=1e-14)
