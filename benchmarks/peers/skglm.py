"""skglm: working sets with Anderson acceleration, compiled by Numba."""

import warnings

import numpy as np

from ..problem import Problem
from . import Fit, powers_of_ten

TOLERANCES = powers_of_ten(-2, -10)  # in units of the smallest λ: its own are absolute
_LIMITS = {"max_iter": 1_000, "max_epochs": 10**6}


def versions() -> dict[str, str]:
    """Return the versions at work."""
    import numba
    import skglm

    return {"skglm": skglm.__version__, "numba": numba.__version__, "numpy": np.__version__}


def variants(problem: Problem) -> list[str]:
    """Return its two ways of ranking columns; nothing for ridge and cross-validation."""
    if problem.l1_ratio == 0.0 or problem.kind.endswith("cv"):
        return []
    return ["subdiff", "fixpoint"]


def fit(problem: Problem, variant: str, tol: float) -> Fit:
    """Fit each λ from the solution of the one before."""
    warnings.simplefilter("ignore")
    import skglm

    options = {**_LIMITS, "tol": tol * problem.lambdas[-1], "ws_strategy": variant, "warm_start": True}
    shape = {"l1_ratio": problem.l1_ratio} if problem.l1_ratio < 1 else {}
    kind = skglm.ElasticNet if shape else skglm.Lasso
    model = kind(fit_intercept=problem.fit_intercept, **shape, **options)
    coefs = np.empty((problem.lambdas.size, problem.X.shape[1]))
    intercepts = np.empty(problem.lambdas.size)
    for k, value in enumerate(problem.lambdas):
        model.alpha = value
        model.fit(problem.X, problem.y)
        coefs[k], intercepts[k] = model.coef_, float(model.intercept_)
    return Fit(coefs, intercepts)
