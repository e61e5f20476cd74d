"""A seeded sweep over random problems: every certificate holds when the referee recomputes it."""

import sys
import warnings

import numpy as np
import pytest
from conftest import model, referee
from scipy import sparse

import bayesreg as br
from bayesreg.mode import solve_penalised as coefs

FEATURES = (1, 2, 3, 7, 20, 60, 150, 300)


def random_problem(seed):
    """Draw shape, correlation, degeneracy, weights, scales and penalty."""
    rng = np.random.default_rng(seed)
    p = int(rng.choice(FEATURES))
    n = int(np.exp(rng.uniform(np.log(2), np.log(301))))
    X = rng.normal(size=(n, p)) + rng.choice([0.0, 1.0, 5.0]) * rng.normal(size=(n, 1))
    if rng.random() < 0.3:
        X = np.cumsum(X, axis=1)
    if rng.random() < 0.3 and p > 1:
        X[:, rng.integers(p)] = X[:, rng.integers(p)]  # a duplicate, or by chance none
    if rng.random() < 0.2:
        X[:, rng.integers(p)] = rng.choice([0.0, 3.3])
    if rng.random() < 0.3:
        X = X * 10.0 ** rng.uniform(-6, 6, p)
    size = np.abs(X).max(axis=0)
    sd = np.where(X.std(axis=0) > 1e-10 * size, X.std(axis=0), np.where(size > 0, size, 1.0))
    coef = np.where(rng.random(p) < 0.3, rng.normal(size=p), 0.0) / sd
    y = X @ coef + rng.choice([0.0, 0.1, 1.0, 10.0]) * rng.normal(size=n) + rng.choice([0.0, 100.0])
    w = rng.choice([None, "some"])
    w = None if w is None else rng.choice([0.0, 0.5, 1.0, 3.0], size=n, p=[0.1, 0.3, 0.3, 0.3])
    if w is not None and np.count_nonzero(w) < 2:
        w = None
    intercept = bool(rng.random() < 0.7)
    top = np.abs((X - intercept * X.mean(axis=0)).T @ (y - intercept * y.mean()) / sd).max()
    top = max(top, 1e-3 * np.linalg.norm(y), 1e-6)
    l1 = top * 10.0 ** rng.uniform(-6, 0.2) * sd
    l2 = top * 10.0 ** rng.uniform(-6, 0.2) * sd**2 / max(np.abs(y).max(), 1e-3)
    kind = rng.choice(["laplace", "gaussian", "elastic net"])
    if kind == "gaussian":
        prior, l1 = br.GaussianPrior(1 / np.sqrt(l2)), np.zeros(p)
    elif kind == "laplace":
        prior, l2 = br.LaplacePrior(1 / l1), np.zeros(p)
    else:
        prior = br.ElasticNetPrior(1 / l1, 1 / np.sqrt(l2))
    return X, y, w, intercept, prior, l1, l2


def check(seed):
    X, y, w, intercept, prior, l1, l2 = random_problem(seed)
    linear = model(prior, fit_intercept=intercept)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", br.DegenerateDataWarning)
        rows = br.map_estimate(linear, br.RowData.from_arrays(X, y, w))
        warnings.simplefilter("ignore", br.ConvergenceWarning)  # statistics may say that they cannot tell
        gram = br.map_estimate(linear, br.GramData.from_arrays(X, y, w))
    gap, objective = referee(X, y, rows.coef, rows.intercept, l1, l2, fit_intercept=intercept, weights=w)
    assert abs(gap - rows.duality_gap) < 1e-9
    assert rows.converged
    _, gram_objective = referee(X, y, gram.coef, gram.intercept, l1, l2, fit_intercept=intercept, weights=w)
    null = gram.certificate.null_objective
    told = gram.certificate.proven_gap <= 1e-8 and gram.certificate.coef_rounding <= 1e-4
    assert gram.converged == told
    assert gram_objective <= objective + (1e-8 + gram.certificate.rounding) * max(null, objective)


# Every problem is also small enough for the program on the whole Gram matrix; both ways must hold.
@pytest.fixture(params=["whole Gram matrix", "working set"])
def way(request, monkeypatch):
    if request.param == "working set":
        monkeypatch.setattr(coefs, "_LARGEST_COMPILED", 0)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    "block",
    [
        0,
        *(pytest.param(k, marks=pytest.mark.extended) for k in (1, 2)),
        *(pytest.param(k, marks=pytest.mark.slow) for k in (3, 4)),
    ],
)
def test_certificates_hold(block):
    for seed in range(40 * block, 40 * (block + 1)):
        check(seed)


@pytest.mark.slow
@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("block", range(20))
def test_certificates_hold_for_two_thousand(block):
    for seed in range(1000 + 100 * block, 1000 + 100 * (block + 1)):
        check(seed)


def minus_log_joint(X, y, w, mode, sigma, scale):
    """Minus the joint log density, its constants left out; the default prior on σ is a Student t of 4 df."""
    residual = y - mode.intercept - X @ mode.coef
    spread = np.sqrt(np.average((y - mode.has_intercept * np.average(y, weights=w)) ** 2, weights=w)) or 1.0
    likelihood = 0.5 * np.sum(w * residual**2) / sigma**2 + w.sum() * np.log(sigma)
    return likelihood + np.sum(np.abs(mode.coef) / scale) + 2.5 * np.log1p((sigma / spread) ** 2 / 4)


def check_unknown_noise(seed):
    """Compare the joint mode with certified modes at 60 fixed σ, after asking whether there is a joint mode."""
    X, y, w, intercept, _, l1, l2 = random_problem(seed)
    l1 = l1 if l1.any() else np.sqrt(l2)
    w = np.ones(len(y)) if w is None else w
    scale, data = 1 / l1, br.RowData.from_arrays(X, y, w)
    prior = br.LaplacePrior(scale)
    linear = br.LinearModel(prior, br.GaussianLikelihood(), fit_intercept=intercept)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        centred = np.sqrt(w)[:, None] * np.column_stack([X, np.ones((len(y), int(intercept)))])
        try:
            joint = br.map_estimate(linear, data)
        except br.NoModeError:
            size = np.linalg.norm(centred, axis=0)
            left, values, _ = np.linalg.svd(centred / np.where(size > 0, size, 1), full_matrices=False)
            left = left[:, values > 1e-12 * values[0]]
            target = np.sqrt(w) * y
            assert np.linalg.norm(target - left @ (left.T @ target)) < 1e-5 * np.linalg.norm(target), seed
            return False
        if not y.std() > 1e-12 * np.abs(y).max():
            return False
        unit = np.sqrt(np.average((y - np.average(y, weights=w)) ** 2, weights=w))
        best = np.inf
        for sigma in unit * np.geomspace(1e-4, 30.0, 60):
            fixed = br.map_estimate(model(prior, float(sigma), fit_intercept=intercept), data)
            best = min(best, minus_log_joint(X, y, w, Point(fixed, intercept), sigma, scale))
        ours = minus_log_joint(X, y, w, Point(joint, intercept), joint.noise_scale, scale)
    assert ours <= best + 1e-7 * max(1.0, abs(best)), (seed, ours, best)
    return True


class Point:
    """A mode, and whether its model has an intercept."""

    def __init__(self, mode, has_intercept):
        self.coef, self.intercept, self.has_intercept = mode.coef, mode.intercept, has_intercept


@pytest.mark.slow
def test_no_better_noise_scale_by_brute_force():
    assert sum(check_unknown_noise(seed) for seed in range(5000, 5450)) >= 200


@pytest.mark.slow
@pytest.mark.parametrize("block", range(4))
def test_wide_and_sparse_certificates_hold(block, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "FEATURES", (520, 700, 900))
    for seed in range(20_000 + 100 * block, 20_000 + 100 * (block + 1)):
        X, y, w, intercept, prior, l1, l2 = random_problem(seed)
        rng = np.random.default_rng(seed)
        if rng.random() < 0.4:
            X = np.where(rng.random(X.shape) < 0.7, 0.0, X)
        given = sparse.csc_array(X) if rng.random() < 0.4 else X
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", br.DegenerateDataWarning)
            mode = br.map_estimate(model(prior, fit_intercept=intercept), br.RowData.from_arrays(given, y, w))
        gap, _ = referee(X, y, mode.coef, mode.intercept, l1, l2, fit_intercept=intercept, weights=w)
        assert abs(gap - mode.duality_gap) < 1e-9
        assert mode.converged
