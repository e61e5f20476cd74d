"""glum: iteratively re-weighted coordinate descent."""

import warnings

import numpy as np

from ..problem import Problem
from . import Fit, powers_of_ten

TOLERANCES = powers_of_ten(-2, -10)  # in units of the smallest λ: its own are absolute


def versions() -> dict[str, str]:
    """Return the versions at work."""
    import glum
    import tabmat

    return {"glum": glum.__version__, "tabmat": tabmat.__version__, "numpy": np.__version__}


def variants(problem: Problem) -> list[str]:
    """Return its solver; cross-validation is left out (it refits where scikit-learn has a path)."""
    if problem.kind.endswith("cv") or problem.X.shape[1] > 12_000:  # its Hessian is p × p
        return []
    return ["irls-cd" if problem.l1_ratio > 0.0 else "irls-ls"]


def fit(problem: Problem, variant: str, tol: float) -> Fit:
    """Solve by `GeneralizedLinearRegressor`, a path by its own `alpha_search`."""
    warnings.simplefilter("ignore")
    import glum

    alone = problem.kind == "single"
    model = glum.GeneralizedLinearRegressor(
        alpha=problem.lambdas[-1] if alone else None,
        alphas=None if alone else problem.lambdas,
        alpha_search=not alone,
        l1_ratio=problem.l1_ratio,
        fit_intercept=problem.fit_intercept,
        family="normal",
        solver=variant,
        gradient_tol=tol * problem.lambdas[-1],
        max_iter=10_000,
        max_inner_iter=10**7,
        copy_X=False,
    ).fit(problem.X, problem.y)
    if alone:
        return Fit(model.coef_[None], np.array([model.intercept_]))
    return Fit(np.array(model.coef_path_), np.array(model.intercept_path_, dtype=float))
