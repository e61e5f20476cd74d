"""glum: iteratively re-weighted coordinate descent."""

import warnings

import numpy as np

from ..problem import Problem
from . import Fit, powers_of_ten

TOLERANCES = powers_of_ten(-2, -10)  # in units of the smallest λ: its own are absolute

_FAMILIES = {"gaussian": "normal", "bernoulli": "binomial", "poisson": "poisson"}


def versions() -> dict[str, str]:
    """Return the versions at work."""
    import glum
    import tabmat

    return {"glum": glum.__version__, "tabmat": tabmat.__version__, "numpy": np.__version__}


def variants(problem: Problem) -> list[str]:
    """Return its solvers; cross-validation is left out (it refits where scikit-learn has a path)."""
    if problem.kind.endswith("cv") or problem.X.shape[1] > 12_000:  # its Hessian is p × p
        return []
    if problem.l1_ratio > 0.0:
        return ["irls-cd"]
    return ["irls-ls"] if problem.family == "gaussian" else ["irls-ls", "lbfgs"]


def fit(problem: Problem, variant: str, tol: float) -> Fit:
    """Solve by `GeneralizedLinearRegressor`, a path by its own `alpha_search`."""
    warnings.simplefilter("ignore")
    import glum

    alone = problem.kind == "single"
    weak = problem.family != "gaussian" and problem.l1_ratio == 0.0  # a ridge has no small λ to count in
    unit = 1.0 if weak else problem.lambdas[-1]
    model = glum.GeneralizedLinearRegressor(
        alpha=problem.lambdas[-1] if alone else None,
        alphas=None if alone else problem.lambdas,
        alpha_search=not alone,
        l1_ratio=problem.l1_ratio,
        fit_intercept=problem.fit_intercept,
        family=_FAMILIES[problem.family],
        solver=variant,
        gradient_tol=tol * unit,
        max_iter=10_000,
        max_inner_iter=10**7,
        copy_X=False,
    ).fit(problem.X, problem.y)
    if alone:
        return Fit(model.coef_[None], np.array([model.intercept_]))
    return Fit(np.array(model.coef_path_), np.array(model.intercept_path_, dtype=float))
