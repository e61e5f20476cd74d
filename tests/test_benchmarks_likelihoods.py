"""The benchmarks' referee of yes/no and counts, against SciPy's minimiser, decimals of 400 digits and extreme points."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, kl_div, log_expit

from benchmarks import ours
from benchmarks.cases import CASES
from benchmarks.likelihood_referee import relative_gaps
from benchmarks.likelihoods import Bernoulli, Poisson, likelihood
from benchmarks.peers import scikit_learn
from benchmarks.problem import Problem

FAMILIES = ["bernoulli", "poisson"]


def simulated(family, l1_ratio, fit_intercept=True, lambda_=0.05, n=80, p=6, seed=0):
    rng = np.random.default_rng(seed)
    X = np.asfortranarray(rng.normal(size=(n, p)) + 0.5)
    eta = 0.6 * X @ rng.normal(size=p) - 0.5
    y = rng.random(n) < expit(eta) if family == "bernoulli" else rng.poisson(np.exp(np.clip(eta, -3, 2)))
    return Problem(X, y.astype(float), np.array([lambda_]), l1_ratio, fit_intercept, "single", family)


def objective(problem, coef, intercept):
    """The penalised mean of half deviances, as a textbook writes it."""
    y, eta, value = problem.y, problem.X @ coef + intercept, problem.lambdas[0]
    if problem.family == "bernoulli":
        loss = -(y * log_expit(eta) + (1.0 - y) * log_expit(-eta))
    else:
        loss = kl_div(y, np.exp(eta))
    a = problem.l1_ratio
    return loss.mean() + value * (a * np.abs(coef).sum() + 0.5 * (1.0 - a) * coef @ coef)


def optimum(problem):
    """Minimise over the coefficients' positive and negative parts, which makes the objective smooth."""
    p, n = problem.X.shape[1], problem.y.size
    a, value, signs = problem.l1_ratio, problem.lambdas[0], np.repeat([1.0, -1.0], problem.X.shape[1])

    def split(parts):
        coef, intercept = parts[:p] - parts[p : 2 * p], parts[-1] * problem.fit_intercept
        eta = problem.X @ coef + intercept
        mean = expit(eta) if problem.family == "bernoulli" else np.exp(eta)
        slope = problem.X.T @ (mean - problem.y) / n + value * (1.0 - a) * coef
        total = objective(problem, coef, intercept) + value * a * (parts[: 2 * p].sum() - np.abs(coef).sum())
        gradient = np.concatenate(
            [signs * np.tile(slope, 2) + value * a, [(mean - problem.y).mean() * problem.fit_intercept]]
        )
        return total, gradient

    bounds = [(0.0, None)] * (2 * p) + [(None, None)]
    found = minimize(
        split, np.zeros(2 * p + 1), jac=True, method="L-BFGS-B", bounds=bounds,
        options={"ftol": 0.0, "gtol": 1e-11, "maxiter": 10_000, "maxfun": 100_000},
    )  # fmt: skip
    return found.x[:p] - found.x[p : 2 * p], found.x[-1] * problem.fit_intercept


def null_objective(problem):
    link = Bernoulli().link if problem.family == "bernoulli" else Poisson().link
    return objective(problem, np.zeros(problem.X.shape[1]), link(problem.y.mean()) * problem.fit_intercept)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_gap_is_at_least_the_excess_and_near_it_close_to_the_optimum(family, l1_ratio, fit_intercept):
    problem = simulated(family, l1_ratio, fit_intercept)
    coef, intercept = optimum(problem)
    best, null = objective(problem, coef, intercept), null_objective(problem)
    rng = np.random.default_rng(1)
    for size in (0.0, 1e-6, 1e-3, 0.1, 1.0):
        for _ in range(10):
            moved = coef + size * rng.normal(size=coef.size) * (coef != 0.0)
            at = intercept + size * rng.normal() * fit_intercept
            excess = (objective(problem, moved, at) - best) / null
            gap = relative_gaps(problem, moved[None], np.array([at]), problem.lambdas)[0]
            assert gap >= max(excess, 0.0) - 1e-13
            if size <= 1e-3:  # the dual point is after a Newton step; scaled if there is no L2 part
                assert gap <= (1.01 if l1_ratio < 1.0 else 10.0) * max(excess, 0.0) + 1e-11


@pytest.mark.parametrize("family", FAMILIES)
def test_a_weak_ridge_near_its_optimum_does_not_look_far_from_it(family):
    problem = simulated(family, 0.0, lambda_=1e-7)
    coef, intercept = optimum(problem)
    excess = objective(problem, coef + 1e-4, intercept) - objective(problem, coef, intercept)
    gap = relative_gaps(problem, coef[None] + 1e-4, np.array([intercept]), problem.lambdas)[0]
    assert gap == pytest.approx(excess / null_objective(problem), rel=0.05)


@pytest.mark.parametrize("l1_ratio", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_gap_is_at_least_the_excess_where_the_support_is_wrong(family, l1_ratio):
    problem = simulated(family, l1_ratio, lambda_=0.15)
    coef, intercept = optimum(problem)
    best, null = objective(problem, coef, intercept), null_objective(problem)
    rng = np.random.default_rng(2)
    for _ in range(50):
        wrong = rng.normal(size=coef.size) * rng.integers(0, 2, coef.size)
        excess = (objective(problem, wrong, intercept) - best) / null
        assert relative_gaps(problem, wrong[None], np.array([intercept]), problem.lambdas)[0] >= excess > 0.0


@pytest.mark.parametrize("family", FAMILIES)
def test_the_null_model_is_optimal_at_lambda_max_and_only_there(family):
    from benchmarks.referee import lambda_max

    problem = simulated(family, 1.0)
    largest = lambda_max(problem.X, problem.y, 1.0, True)
    intercept = np.repeat(likelihood(family).link(problem.y.mean()), 2)
    at, below = relative_gaps(problem, np.zeros((2, 6)), intercept, largest * np.array([1.0, 0.9]))
    assert at < 1e-14 < 1e-6 < below


@pytest.mark.parametrize("family", FAMILIES)
def test_far_points_neither_overflow_nor_turn_negative(family):
    problem = simulated(family, 1.0)
    with np.errstate(all="raise", under="ignore"):
        for size in (1e2, 1e5, 1e12):
            coefs = np.array([np.full(6, size), np.full(6, -size)])
            gaps = relative_gaps(problem, coefs, np.zeros(2), np.repeat(problem.lambdas, 2))
            assert (gaps > 1.0).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_divergence_keeps_its_digits(family):
    losses = likelihood(family)
    for eta in (-745.0, -30.0, -1.0, 0.0, 2.0, 40.0):
        for nu in (0.0, 1e-9, 0.3, 1.0):
            with localcontext(prec=400):
                e, v, one = Decimal(eta), Decimal(nu), Decimal(1)
                exact = -v * e + (v * v.ln() if v else 0)
                if family == "bernoulli":
                    exact += ((one - v) * (one - v).ln() if v < 1 else 0) + (one + e.exp()).ln()
                else:
                    exact += e.exp() - v
            found = losses.divergence(np.array([nu]), np.array([eta]))[0]
            assert found == pytest.approx(float(exact), rel=1e-14, abs=1e-15)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("spread", [0.1, 3.0, 300.0])
def test_the_settled_intercept_makes_the_means_add_up(family, spread):
    rng = np.random.default_rng(3)
    eta, y = spread * rng.normal(size=50), np.repeat([0.0, 1.0], [20, 30])
    losses = likelihood(family)
    settled = eta + losses.intercept(eta, y)
    assert losses.mean(settled).sum() == pytest.approx(30.0, rel=1e-9)


@pytest.mark.parametrize("name", ["L1", "L2", "L4"])
def test_scikit_learn_solves_the_same_problem(name):
    problem = CASES[name].quick().problem()
    own = ours.fit(problem, "default", 1e-9)
    for solver in scikit_learn.variants(problem):
        if solver == "liblinear":  # its intercept is penalised a little
            continue
        found = scikit_learn.fit(scikit_learn.prepared(problem, solver), solver, 1e-9)
        assert np.abs(found.coefs - own.coefs).max() < 1e-6, solver
        assert relative_gaps(problem, found.coefs, found.intercepts, problem.lambdas)[0] < 1e-9, solver
