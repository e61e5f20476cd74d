"""Newton's method on the support, with its loops in C, beside plain NumPy and the other ways to the same mode."""

import numpy as np
import pytest
from scipy.special import expit

import bayesreg as br
from bayesreg.base.loops import LOOPS
from bayesreg.mode import newton
from bayesreg.mode.newton import RowObjective
from bayesreg.mode.penalised_loss import RowMode
from bayesreg.mode.row_loss import RowLoss
from bayesreg.mode.support_newton import SupportNewton

pytestmark = pytest.mark.skipif(not LOOPS, reason="the package was installed without a compiler")

LIKELIHOODS = [br.BernoulliLikelihood(), br.PoissonLikelihood(), br.NegativeBinomialLikelihood(2.0)]


def design(seed, n, p, rho=0.5, spread=0.0):
    """Return collinear columns: one of zeros, two equal, two opposite."""
    rng = np.random.default_rng(seed)
    X = np.sqrt(rho) * rng.normal(size=(n, 1)) + np.sqrt(1.0 - rho) * rng.normal(size=(n, p))
    X *= 10.0 ** rng.uniform(-spread, spread, p)
    X[:, 1], X[:, 3], X[:, 5] = 0.0, X[:, 2], -X[:, 4]
    return X, rng


def rows(seed, n, p, likelihood, rho=0.5, spread=0.0):
    X, rng = design(seed, n, p, rho, spread)
    size = np.maximum(X.std(axis=0), 1e-9)
    eta = np.clip((X / size)[:, :12] @ rng.normal(size=12), -2.0, 2.0)
    y = likelihood.draw(rng, eta, likelihood.known)
    return br.RowData.from_arrays(X, y, rng.uniform(0.2, 2.0, n), offset=0.2 * rng.normal(size=n))


def objective(data, likelihood, share, l2=0.0, intercept=True):
    """Return the objective whose l1 is a share of the one that holds every coefficient at 0."""
    loss, p = RowLoss(data, likelihood, likelihood.known, intercept), data.n_features

    def at(l1):
        free = np.zeros(int(intercept))
        return RowObjective(loss, np.append(np.full(p, l1), free), np.append(np.full(p, l2), free))

    one = at(1.0)
    return at(share * np.abs(one.slopes(one.null)[:p]).max())


def stepped(X, weight, l1, l2, coef, slopes, support):
    """Take a step with an empty factor that holds a support; return all that it writes."""
    q = coef.size
    factor, held, size = np.zeros((q, q)), np.zeros(q, dtype=np.int64), np.zeros(1, dtype=np.int64)
    gram = (X * weight[:, None]).T @ X + np.diag(l2)
    m = len(support)
    held[:m], size[0] = support, m
    if m:
        factor[:m, :m] = np.linalg.cholesky(gram[np.ix_(support, support)]).T
    moved, told = np.empty(q), np.empty(2)
    usable = (np.diagonal(gram) > 0.0).astype(float)
    is_there = LOOPS.support_step(
        np.ascontiguousarray(X.T),
        weight,
        l1,
        l2,
        usable,
        coef,
        slopes,
        factor,
        held,
        size,
        moved,
        told,
        1e-14,
    )
    return is_there, moved, told, held[: size[0]], factor[: size[0], : size[0]], gram


@pytest.mark.parametrize("l2", [0.0, 3.0])
@pytest.mark.parametrize("before", [[], [7, 9], [12, 0, 8, 10, 6, 11]])
def test_the_factor_is_that_of_the_columns_that_joined_and_did_not_leave(before, l2):
    X, rng = design(0, 60, 14)
    weight, y = rng.uniform(0.1, 1.0, 60), rng.normal(size=60) + 2.0 * X[:, 6] - X[:, 8]
    coef = np.zeros(14)
    coef[before] = rng.normal(size=len(before))
    l1, l2 = np.full(14, 6.0), np.full(14, l2)
    l1[13] = 0.0
    slopes = X.T @ (weight * (y - X @ coef))
    is_there, moved, told, support, factor, gram = stepped(X, weight, l1, l2, coef, slopes, before)
    assert is_there
    assert len(set(support)) == support.size
    assert not before or set(before) - set(support)  # some left
    assert 13 in support  # an unpenalised column always is
    assert 1 not in support  # a column of zeros never
    upper = np.triu(factor)
    np.testing.assert_allclose(upper.T @ upper, gram[np.ix_(support, support)], rtol=1e-11, atol=1e-11)
    np.testing.assert_array_equal(np.flatnonzero(moved), np.sort(support))
    away = np.where(
        coef == 0.0, np.maximum(np.abs(slopes) - l1, 0.0), np.abs(slopes - l2 * coef - l1 * np.sign(coef))
    )
    assert told[0] == pytest.approx(away[gram.diagonal() > 0.0].max(), rel=1e-13)
    assert told[1] == pytest.approx(l1 @ np.abs(coef) + 0.5 * l2 @ coef**2, rel=1e-13)


def test_a_step_lowers_the_quadratic_and_ends_where_the_support_is_stationary():
    for seed in range(30):
        X, rng = design(seed, 50, 16, rho=0.9)
        weight, y, coef = rng.uniform(0.1, 1.0, 50), 3.0 * rng.normal(size=50), np.zeros(16)
        coef[6:14] = rng.normal(size=8)
        l1, l2 = np.full(16, 4.0), np.zeros(16)
        slopes = X.T @ (weight * (y - X @ coef))
        is_there, moved, _, support, _, _ = stepped(X, weight, l1, l2, coef, slopes, list(range(6, 14)))
        assert is_there
        before, after = (0.5 * weight @ (y - X @ b) ** 2 + l1 @ np.abs(b) for b in (coef, moved))
        assert after < before
        assert (coef * moved >= 0.0).all()  # signs stay
        left = (X.T @ (weight * (y - X @ moved)))[support] - (l1 * np.sign(moved))[support]
        np.testing.assert_allclose(left, 0.0, atol=1e-9)


def test_steps_on_a_quadratic_come_to_the_lasso():
    X, rng = design(4, 80, 30)
    weight, y = rng.uniform(0.1, 1.0, 80), X[:, 6] - 2.0 * X[:, 7] + rng.normal(size=80)
    l1, l2, coef, support = np.full(30, 3.0), np.zeros(30), np.zeros(30), []
    for _ in range(30):
        slopes = X.T @ (weight * (y - X @ coef))
        is_there, coef, _, support, _, _ = stepped(X, weight, l1, l2, coef, slopes, list(support))
        assert is_there
    slopes = X.T @ (weight * (y - X @ coef))
    away = np.where(coef == 0.0, np.maximum(np.abs(slopes) - l1, 0.0), np.abs(slopes - l1 * np.sign(coef)))
    assert away.max() < 1e-11
    assert 1 < np.count_nonzero(coef) < 30


def test_a_column_that_others_tell_stays_out():
    X, _ = design(1, 40, 8)
    X[:, 7] = X[:, 6] + X[:, 0]
    slopes, l1 = np.full(8, 5.0), np.full(8, 1.0)
    is_there, _, _, support, factor, _ = stepped(X, np.ones(40), l1, np.zeros(8), np.zeros(8), slopes, [])
    assert is_there
    assert not {2, 3} <= set(support)
    assert not {4, 5} <= set(support)
    assert np.isfinite(factor).all()
    needed = np.zeros(8)
    needed[[2, 3]] = 1.0
    assert not stepped(X, np.ones(40), l1, np.zeros(8), needed, slopes, [])[0]


def test_a_step_from_numbers_that_are_not_finite_is_none():
    X, _ = design(1, 40, 8)
    slopes = np.full(8, np.nan)
    assert not stepped(X, np.ones(40), np.ones(8), np.zeros(8), np.zeros(8), slopes, [])[0]


@pytest.mark.parametrize("likelihood", LIKELIHOODS, ids=lambda one: one.family)
@pytest.mark.parametrize("l2", [0.0, 2.0])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("share", [0.5, 0.1])
def test_the_mode_on_the_support_is_the_mode_by_other_ways(monkeypatch, likelihood, l2, intercept, share):
    data = rows(3, 90, 260, likelihood)
    found = {}
    for loops in (LOOPS, None):
        monkeypatch.setattr(newton, "LOOPS", loops)
        one = objective(data, likelihood, share, l2, intercept)
        mode = one._mode_by_columns(RowMode(one.null, 0))
        assert (mode.columns.on_support is None) == (loops is None)
        assert one.violations(mode.coefs).max() < 1e-12
        assert one.gap(one.settled(mode.coefs)).gap <= 1e-13 * one.null_objective
        found[loops is None] = data.X @ mode.coefs[: data.n_features] + (mode.coefs[-1] if intercept else 0.0)
    np.testing.assert_allclose(found[True], found[False], atol=1e-10)


def test_violations_at_a_mode_on_the_support_are_those_of_plain_numpy():
    data = rows(5, 80, 300, LIKELIHOODS[0])
    one = objective(data, LIKELIHOODS[0], 0.2)
    coefs = one.mode().coefs
    b, b0 = coefs[:-1], coefs[-1]
    slopes = data.X.T @ (data.sample_weight * (data.y - expit(data.X @ b + b0 + data.offset)))
    l1 = one.l1[:-1]
    away = np.where(b == 0.0, np.maximum(np.abs(slopes) - l1, 0.0), np.abs(slopes - l1 * np.sign(b)))
    assert away.max() < 1e-11 * l1[0]
    assert (data.sample_weight * (data.y - expit(data.X @ b + b0 + data.offset))).sum() == pytest.approx(
        0.0, abs=1e-11
    )
    assert np.count_nonzero(b) > 5


@pytest.mark.parametrize("seed", range(6))
def test_a_start_from_afar_comes_to_the_mode(seed):
    likelihood = LIKELIHOODS[seed % 3]
    data = rows(seed, 120, 60, likelihood, rho=0.9)
    one = objective(data, likelihood, 0.05)
    far = np.random.default_rng(seed).normal(size=61)
    far[[1, 3, 5]] = 0.0
    unit = np.where(one.norms > 0.0, one.norms, np.inf) * one.steepest
    at, n_rounds = SupportNewton(one.loss, unit).mode(far, one.l1, one.l2, 1e-13)
    assert n_rounds < 60
    assert one.violations(at.coefs).max() < 1e-12
    near, few = SupportNewton(one.loss, unit).mode(one.null, one.l1, one.l2, 1e-13)
    assert few < 60
    np.testing.assert_allclose(at.eta, near.eta, atol=1e-9)


def test_a_mode_that_steps_do_not_reach_is_found_by_matrices(monkeypatch):
    data = rows(3, 90, 260, LIKELIHOODS[0])
    one = objective(data, LIKELIHOODS[0], 0.1)
    expected = one.mode().coefs
    monkeypatch.setattr(SupportNewton, "mode", lambda *_: None)
    again = objective(data, LIKELIHOODS[0], 0.1).mode()
    assert again.columns.curvature is not None
    np.testing.assert_allclose(again.coefs, expected, atol=1e-11)


@pytest.mark.parametrize("likelihood", LIKELIHOODS, ids=lambda one: one.family)
@pytest.mark.parametrize(
    ("prior", "spread"), [(br.LaplacePrior(1.0), 2.0), (br.ElasticNetPrior(1.0, 3.0), 0.0)]
)
def test_a_path_on_the_support_is_the_path_by_matrices(monkeypatch, likelihood, prior, spread):
    data, used = rows(11, 110, 400, likelihood, spread=spread), []
    model, calls = br.LinearModel(prior, likelihood, standardize=True), SupportNewton.mode

    def counted(*given):
        used.append(calls(*given) is not None)
        return calls(*given)

    monkeypatch.setattr(SupportNewton, "mode", counted)
    path = br.map_path(model, data, n_scales=25, min_ratio=0.02)
    assert len(used) >= 25
    assert all(used)
    monkeypatch.setattr(newton, "LOOPS", None)
    other = br.map_path(model, data, scales=path.scales)
    assert path.converged.all()
    null = path.certificates.null_objective
    np.testing.assert_allclose(path.certificates.primal, other.certificates.primal, atol=1e-13 * null)
    np.testing.assert_allclose(data.X @ path.coefs.T, data.X @ other.coefs.T, atol=1e-8)


@pytest.mark.parametrize("scale", [1e-3, 0.3])
def test_an_intercept_with_an_l1_penalty_of_its_own_is_a_coefficient_like_others(scale):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 200))
    y = (rng.random(60) < expit(X[:, 0] - 1.0)).astype(float)
    b = 0.25
    model = br.LinearModel(br.LaplacePrior(b), LIKELIHOODS[0], intercept_prior=br.LaplacePrior(scale))
    mode = br.map_estimate(model, br.RowData.from_arrays(X, y))
    assert mode.converged
    left = y - expit(X @ mode.coef + mode.intercept)
    if scale == 1e-3:
        assert mode.intercept == 0.0
        assert abs(left.sum()) < 1.0 / scale
    else:
        assert mode.intercept < 0.0
        assert left.sum() == pytest.approx(-1.0 / scale, rel=1e-9)
    held = mode.coef != 0.0
    np.testing.assert_allclose((X.T @ left)[held], np.sign(mode.coef[held]) / b, rtol=1e-9)
    assert np.abs(X.T @ left)[~held].max() <= 1.0 / b
