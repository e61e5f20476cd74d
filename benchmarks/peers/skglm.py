"""skglm: working sets with Anderson acceleration, compiled by Numba."""

import warnings
from typing import Any

import numpy as np

from ..problem import Problem
from . import Fit, powers_of_ten

TOLERANCES = powers_of_ten(-2, -10)  # in units of the smallest λ: its own are absolute
_LIMITS = {"max_iter": 1_000, "max_epochs": 10**6}
_NEWTON_LIMITS = {"max_iter": 1_000, "max_pn_iter": 10**5}


def versions() -> dict[str, str]:
    """Return the versions at work."""
    import numba
    import skglm

    return {"skglm": skglm.__version__, "numba": numba.__version__, "numpy": np.__version__}


def variants(problem: Problem) -> list[str]:
    """Return its two ways of ranking columns; nothing for cross-validation and for ridge of a quadratic."""
    if problem.family != "gaussian":
        return ["subdiff", "fixpoint"]
    if problem.l1_ratio == 0.0 or problem.kind.endswith("cv"):
        return []
    return ["subdiff", "fixpoint"]


def fit(problem: Problem, variant: str, tol: float) -> Fit:
    """Fit each λ from the solution of the one before."""
    warnings.simplefilter("ignore")
    model: Any = (
        _linear(problem, variant, tol) if problem.family == "gaussian" else _newton(problem, variant, tol)
    )
    coefs = np.empty((problem.lambdas.size, problem.X.shape[1]))
    intercepts = np.empty(problem.lambdas.size)
    for k, value in enumerate(problem.lambdas):
        (model if problem.family == "gaussian" else model.penalty).alpha = value
        model.fit(problem.X, problem.y)
        coefs[k], intercepts[k] = np.ravel(model.coef_), float(np.ravel(model.intercept_)[0])
    return Fit(coefs, intercepts)


def _linear(problem: Problem, variant: str, tol: float) -> Any:
    import skglm

    options = {**_LIMITS, "tol": tol * problem.lambdas[-1], "ws_strategy": variant, "warm_start": True}
    shape = {"l1_ratio": problem.l1_ratio} if problem.l1_ratio < 1 else {}
    kind = skglm.ElasticNet if shape else skglm.Lasso
    return kind(fit_intercept=problem.fit_intercept, **shape, **options)


def _newton(problem: Problem, variant: str, tol: float) -> Any:
    """Return the estimator of a generalised linear model; a ridge, which has no small λ, takes tol as it is."""
    import skglm
    from skglm.datafits import Logistic, Poisson
    from skglm.penalties import L1, L1_plus_L2
    from skglm.solvers import ProxNewton

    largest = float(problem.lambdas[0])
    penalty = L1(largest) if problem.l1_ratio == 1.0 else L1_plus_L2(largest, problem.l1_ratio)
    unit = float(problem.lambdas[-1]) if problem.l1_ratio > 0.0 else 1.0
    solver = ProxNewton(
        tol=tol * unit,
        ws_strategy=variant,
        fit_intercept=problem.fit_intercept,
        warm_start=True,
        **_NEWTON_LIMITS,
    )
    return skglm.GeneralizedLinearEstimator(
        Logistic() if problem.family == "bernoulli" else Poisson(), penalty, solver
    )
