"""celer: working sets with dual extrapolation."""

import warnings
from dataclasses import replace

import numpy as np

from ..problem import Problem
from . import Fit, powers_of_ten
from .scikit_learn import centred, nearest

TOLERANCES = powers_of_ten(-3, -13)
_CONSTANT = 1e6  # the penalty of an intercept falls with it
_LIMITS = {"max_iter": 1_000, "max_epochs": 10**6}


def versions() -> dict[str, str]:
    """Return the versions at work."""
    import celer

    return {"celer": celer.__version__, "numpy": np.__version__}


def variants(problem: Problem) -> list[str]:
    """Return pruning or not for a lasso, both its solvers for labels; nothing for ridge and counts."""
    if problem.l1_ratio == 0.0 or problem.family == "poisson":
        return []
    if problem.family == "bernoulli":
        return ["celer-pn", "celer"]
    if problem.kind == "lasso_cv":
        return ["n_jobs=1", "n_jobs=2"]
    return ["prune", "no prune"]


def prepared(problem: Problem, variant: str) -> Problem:
    """Return labels as −1 and 1, and X with a large constant column: celer's logistic regression has no intercept."""
    if problem.family == "gaussian":
        return problem
    constant = np.full(problem.y.size, _CONSTANT)
    X = np.asfortranarray(np.column_stack([problem.X, constant]))
    return replace(problem, X=X, y=2.0 * problem.y - 1.0)


def fit(problem: Problem, variant: str, tol: float) -> Fit:
    """Solve by `celer_path`, `Lasso`/`ElasticNet` or `LassoCV`."""
    warnings.simplefilter("ignore")
    import celer
    from celer.homotopy import celer_path

    if problem.family == "bernoulli":
        newton = {"use_PN": True} if variant == "celer-pn" else {"prune": True}
        sums = problem.y.size * problem.lambdas
        _, coefs, *_ = celer_path(
            problem.X, problem.y, pb="logreg", alphas=sums, tol=tol, **_LIMITS, **newton
        )
        return Fit(coefs[:-1].T, _CONSTANT * coefs[-1])
    options = {**_LIMITS, "tol": tol, "prune": variant == "prune"}
    if problem.kind == "lasso_cv":
        options |= {"prune": True, "n_jobs": int(variant.removeprefix("n_jobs="))}
        model = celer.LassoCV(alphas=problem.lambdas, cv=5, **options).fit(problem.X, problem.y)
        return Fit(
            model.coef_[None], np.array([model.intercept_]), {"chosen": nearest(problem, model.alpha_)}
        )
    if problem.kind == "single":
        shape = {"l1_ratio": problem.l1_ratio} if problem.l1_ratio < 1 else {}
        kind = celer.ElasticNet if shape else celer.Lasso
        model = kind(problem.lambdas[-1], fit_intercept=problem.fit_intercept, **shape, **options)
        model.fit(problem.X, problem.y)
        return Fit(model.coef_[None], np.array([float(model.intercept_)]))
    X, y, x_mean, y_mean = centred(problem)
    shape = {"l1_ratio": problem.l1_ratio} if problem.l1_ratio < 1 else {}
    _, coefs, *_ = celer_path(X, y, pb="lasso", alphas=problem.lambdas, **shape, **options)
    return Fit(coefs.T, y_mean - x_mean @ coefs)
