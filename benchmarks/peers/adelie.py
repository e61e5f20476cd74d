"""adelie: coordinate descent in C++ with screening, on the rows or on the covariance."""

from typing import Any

import numpy as np
from scipy import sparse

from ..problem import Problem
from . import Fit
from .scikit_learn import centred

TOLERANCES = [1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-14, 1e-16, 1e-18, 1e-20]
_LARGEST_COVARIANCE = 6_000  # columns
_MAX_ITERS = 10**8


def versions() -> dict[str, str]:
    """Return the versions at work."""
    import adelie

    return {"adelie": adelie.__version__, "numpy": np.__version__}


def variants(problem: Problem) -> list[str]:
    """Return rows on one and two threads, and the covariance of a quadratic; its CV cannot be given the folds."""
    if problem.kind.endswith("cv"):
        return []
    n, p = problem.X.shape
    rows = ["rows", "rows, 2 threads"]
    if p > _LARGEST_COVARIANCE or problem.family != "gaussian":
        return rows
    return ["covariance", *rows] if n > p else [*rows, "covariance"]


def fit(problem: Problem, variant: str, tol: float) -> Fit:
    """Solve by `grpnet` or `gaussian_cov`, never stopping at a share of the deviance."""
    import adelie

    options: dict[str, Any] = {
        "alpha": problem.l1_ratio,
        "lmda_path": problem.lambdas,
        "early_exit": False,
        "tol": tol,
        "max_iters": _MAX_ITERS,
        "progress_bar": False,
    }
    if variant == "covariance":
        X, y, x_mean, y_mean = centred(problem)
        product = X.T @ X
        A = np.asfortranarray(product.toarray() if sparse.issparse(product) else product) / y.size
        options["alpha"] = max(problem.l1_ratio, 1e-14)  # at 0 adelie 1.1.52 raises a TypeError
        state = adelie.gaussian_cov(A=A, v=X.T @ y / y.size, **options)
        return Fit(state.betas, y_mean - state.betas @ x_mean, _notes(problem, state))
    threads = 2 if variant.endswith("2 threads") else 1
    if isinstance(problem.X, np.ndarray):
        matrix = adelie.matrix.dense(problem.X, method="naive", n_threads=threads)
    else:
        matrix = adelie.matrix.sparse(sparse.csc_matrix(problem.X), method="naive", n_threads=threads)
    family = {"gaussian": "gaussian", "bernoulli": "binomial", "poisson": "poisson"}[problem.family]
    glm = getattr(adelie.glm, family)(problem.y)
    if problem.family != "gaussian":
        options |= {"irls_tol": tol, "irls_max_iters": _MAX_ITERS}
    state = adelie.grpnet(matrix, glm, intercept=problem.fit_intercept, n_threads=threads, **options)
    return Fit(state.betas, np.asarray(state.intercepts, dtype=float), _notes(problem, state))


def _notes(problem: Problem, state: object) -> dict[str, str]:
    reached = state.betas.shape[0]  # type: ignore[attr-defined]
    return {} if reached == problem.lambdas.size else {"error": f"stopped after {reached} of the λ"}
