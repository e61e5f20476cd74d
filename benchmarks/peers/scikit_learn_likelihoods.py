"""scikit-learn's LogisticRegression and PoissonRegressor, by every solver that its version has."""

from dataclasses import replace
from typing import Any

import numpy as np

from ..problem import Array, Problem
from . import Fit

_RIDGE = ["lbfgs", "newton-cholesky", "newton-cg", "liblinear", "newton-cd-gram", "newton-cd", "sag", "saga"]
_L1 = ["liblinear", "newton-cd-gram", "newton-cd", "saga"]
_MAX_ITER = 10**6
_RIDGE_SCALING, _L1_SCALING = 1e3, 1e5  # of liblinear's constant column, whose coefficient it penalises


def variants(problem: Problem) -> list[str]:
    """Return the solvers of the penalty; counts have ridge only."""
    from sklearn.linear_model import LogisticRegression, PoissonRegressor

    kind = LogisticRegression if problem.family == "bernoulli" else PoissonRegressor
    known = next(each.options for each in kind._parameter_constraints["solver"] if hasattr(each, "options"))
    wanted = _RIDGE if problem.l1_ratio == 0.0 else _L1
    return [solver for solver in wanted if solver in known]


def prepared(problem: Problem, variant: str) -> Problem:
    """Return the problem in the order of memory that the estimator would else copy X into."""
    if problem.family == "bernoulli":
        return replace(problem, X=np.ascontiguousarray(problem.X))
    return problem


def fit(problem: Problem, variant: str, tol: float) -> Fit:
    """Fit each λ from the solution of the one before, where the solver takes a start."""
    return (_labels if problem.family == "bernoulli" else _counts)(problem, variant, tol)


def _labels(problem: Problem, solver: str, tol: float) -> Fit:
    from sklearn.linear_model import LogisticRegression

    # liblinear and the two stochastic solvers shuffle
    options: dict[str, Any] = {
        "solver": solver,
        "tol": tol,
        "max_iter": _MAX_ITER,
        "warm_start": True,
        "random_state": 0,
    }
    if solver == "liblinear":
        options["intercept_scaling"] = _L1_SCALING if problem.l1_ratio == 1.0 else _RIDGE_SCALING
    model = LogisticRegression(l1_ratio=problem.l1_ratio, fit_intercept=problem.fit_intercept, **options)
    coefs, intercepts = _room(problem)
    for k, value in enumerate(problem.lambdas):
        model.set_params(C=1.0 / (problem.y.size * value)).fit(problem.X, problem.y)
        coefs[k], intercepts[k] = model.coef_[0], model.intercept_[0]
    return Fit(coefs, intercepts)


def _counts(problem: Problem, solver: str, tol: float) -> Fit:
    from sklearn.linear_model import PoissonRegressor

    model = PoissonRegressor(
        solver=solver, tol=tol, max_iter=_MAX_ITER, warm_start=True, fit_intercept=problem.fit_intercept
    )
    coefs, intercepts = _room(problem)
    for k, value in enumerate(problem.lambdas):
        model.set_params(alpha=value).fit(problem.X, problem.y)
        coefs[k], intercepts[k] = model.coef_, model.intercept_
    return Fit(coefs, intercepts)


def _room(problem: Problem) -> tuple[Array, Array]:
    k = problem.lambdas.size
    return np.empty((k, problem.X.shape[1])), np.empty(k)
