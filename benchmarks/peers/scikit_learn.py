"""scikit-learn: coordinate descent on the Gram or on the rows; ridge by decomposition; its own CV classes."""

import warnings

import numpy as np
from scipy import sparse

from ..problem import Array, Problem
from . import Fit, powers_of_ten, scikit_learn_likelihoods

TOLERANCES = powers_of_ten(-3, -12)
_MAX_ITER = 10**6
_LARGEST_GRAM = 6_000  # columns; beyond, the Gram costs more than the path


def versions() -> dict[str, str]:
    """Return the versions at work."""
    import scipy
    import sklearn

    return {"scikit-learn": sklearn.__version__, "numpy": np.__version__, "scipy": scipy.__version__}


def variants(problem: Problem) -> list[str]:
    """Return what scikit-learn's user can choose between."""
    if problem.family != "gaussian":
        return scikit_learn_likelihoods.variants(problem)
    if problem.kind == "ridge_cv":
        return ["auto", "eigen"]
    if problem.kind == "lasso_cv":
        return ["n_jobs=1", "n_jobs=2"]
    if problem.l1_ratio == 0.0:
        return ["svd", "cholesky"]
    n, p = problem.X.shape
    if sparse.issparse(problem.X) or p > _LARGEST_GRAM:
        return ["rows"]
    return ["gram", "rows"] if n > p else ["rows", "gram"]


def prepared(problem: Problem, variant: str) -> Problem:
    """Return the problem as a user would hold it who knows the package; this is not timed."""
    return problem if problem.family == "gaussian" else scikit_learn_likelihoods.prepared(problem, variant)


def fit(problem: Problem, variant: str, tol: float) -> Fit:
    """Solve by `enet_path`, `ElasticNet`, `Ridge` (λ as targets, one decomposition), `LassoCV` or `RidgeCV`."""
    warnings.simplefilter("ignore")
    if problem.family != "gaussian":
        return scikit_learn_likelihoods.fit(problem, variant, tol)
    if problem.kind == "lasso_cv":
        return _lasso_cv(problem, variant, tol)
    if problem.kind == "ridge_cv":
        return _ridge_cv(problem, variant)
    if problem.l1_ratio == 0.0:
        return _ridge(problem, variant)
    return (_single if problem.kind == "single" else _path)(problem, variant, tol)


def _path(problem: Problem, variant: str, tol: float) -> Fit:
    from sklearn.linear_model import enet_path

    X, y, x_mean, y_mean = centred(problem)
    options = {"precompute": variant == "gram", "copy_X": False, "tol": tol, "max_iter": _MAX_ITER}
    _, coefs, _ = enet_path(X, y, l1_ratio=problem.l1_ratio, alphas=problem.lambdas, **options)
    return Fit(coefs.T, y_mean - x_mean @ coefs)


def _single(problem: Problem, variant: str, tol: float) -> Fit:
    from sklearn.linear_model import ElasticNet

    model = ElasticNet(
        alpha=problem.lambdas[-1],
        l1_ratio=problem.l1_ratio,
        precompute=variant == "gram",
        fit_intercept=problem.fit_intercept,
        copy_X=problem.fit_intercept,
        tol=tol,
        max_iter=_MAX_ITER,
    ).fit(problem.X, problem.y)
    return Fit(model.coef_[None], np.array([float(model.intercept_)]))


def _ridge(problem: Problem, variant: str) -> Fit:
    from sklearn.linear_model import Ridge

    k = problem.lambdas.size
    targets = np.broadcast_to(problem.y[:, None], (problem.y.size, k))
    alphas = problem.y.size * problem.lambdas
    model = Ridge(alphas, fit_intercept=problem.fit_intercept, solver=variant).fit(problem.X, targets)
    return Fit(model.coef_, np.broadcast_to(model.intercept_, k).astype(float))


def _lasso_cv(problem: Problem, variant: str, tol: float) -> Fit:
    from sklearn.linear_model import LassoCV

    jobs = int(variant.removeprefix("n_jobs="))
    model = LassoCV(alphas=problem.lambdas, cv=5, tol=tol, max_iter=_MAX_ITER, n_jobs=jobs)
    model.fit(problem.X, problem.y)
    return Fit(model.coef_[None], np.array([model.intercept_]), {"chosen": nearest(problem, model.alpha_)})


def _ridge_cv(problem: Problem, variant: str) -> Fit:
    from sklearn.linear_model import RidgeCV

    n = problem.y.size
    model = RidgeCV(alphas=n * problem.lambdas, gcv_mode=variant).fit(problem.X, problem.y)
    return Fit(
        model.coef_[None], np.array([model.intercept_]), {"chosen": nearest(problem, model.alpha_ / n)}
    )


def nearest(problem: Problem, value: float) -> int:
    """Return the position of a λ in the problem's grid."""
    return int(np.abs(np.log(problem.lambdas / value)).argmin())


def centred(problem: Problem) -> tuple[Array, Array, Array, float]:
    """Return X and y less their means, and the means, where an intercept is asked for and X is dense."""
    X, y = problem.X, problem.y
    if not problem.fit_intercept:
        return X, y, np.zeros(X.shape[1]), 0.0
    x_mean, y_mean = np.asarray(X.mean(axis=0)).ravel(), float(y.mean())
    return np.asfortranarray(X - x_mean), y - y_mean, x_mean, y_mean
