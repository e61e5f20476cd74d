"""bayesreg through its public contract, from arrays to a certified answer."""

import warnings
from typing import Any

import numpy as np

from .peers import Fit
from .problem import Array, Problem

TOLERANCES = [1e-4, 1e-6, 1e-10]


def versions() -> dict[str, str]:
    """Return the versions at work; the import is part of a cold start."""
    import jax

    import bayesreg as br

    names = ("RowData", "map_path", "map_estimate", "LinearModel")
    for name in names:
        getattr(br, name)
    return {"bayesreg": br.__version__, "jax": jax.__version__, "numpy": np.__version__}


def variants(problem: Problem) -> list[str]:
    """Return the one way there is."""
    return ["default"]


def fit(problem: Problem, variant: str, tol: float) -> Fit:
    """Solve with tol as the relative duality gap; λ₁ = nλa = 1/b and λ₂ = nλ(1 − a) = 1/τ², if σ = 1."""
    import bayesreg as br

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = _fit(problem, tol)
    missed = [str(item.message) for item in caught if issubclass(item.category, br.ConvergenceWarning)]
    return Fit(found.coefs, found.intercepts, {**found.notes, **({"warning": missed[0]} if missed else {})})


def _fit(problem: Problem, tol: float) -> Fit:
    import bayesreg as br

    data = br.RowData.from_arrays(problem.X, problem.y)
    scales = _scales(problem)
    prior = _prior(problem, float(scales[-1]))
    model = br.LinearModel(prior, _likelihood(problem), fit_intercept=problem.fit_intercept)
    if problem.kind == "path":
        path = br.map_path(model, data, scales=scales, tol=tol)
        return Fit(path.coefs, path.intercepts, {"own_gap": float(path.duality_gaps.max())})
    if problem.kind == "single":
        mode, notes = br.map_estimate(model, data, tol=tol), {}
    else:
        how: dict[str, Any] = (
            {"method": "cv", "folds": 5, "hold": "per_row"}
            if problem.kind == "lasso_cv"
            else {"method": "loo"}
        )
        selection = br.select_scale(model, data, scales=scales, **how)
        mode, notes = selection.map_estimate(tol), {"chosen": selection.index}
    return Fit(mode.coef[None], np.array([mode.intercept]), {**notes, "own_gap": float(mode.duality_gap)})


def _likelihood(problem: Problem) -> Any:
    import bayesreg as br

    if problem.family == "bernoulli":
        return br.BernoulliLikelihood()
    return br.PoissonLikelihood() if problem.family == "poisson" else br.GaussianLikelihood(1.0)


def _scales(problem: Problem) -> Array:
    penalty_weights = problem.y.size * problem.lambdas
    if problem.l1_ratio == 0.0:
        return 1.0 / np.sqrt(penalty_weights)
    return 1.0 / (penalty_weights * problem.l1_ratio)


def _prior(problem: Problem, scale: float) -> Any:
    import bayesreg as br

    if problem.l1_ratio == 0.0:
        return br.GaussianPrior(scale)
    if problem.l1_ratio == 1.0:
        return br.LaplacePrior(scale)
    l2 = problem.y.size * problem.lambdas[-1] * (1.0 - problem.l1_ratio)
    return br.ElasticNetPrior(scale, float(1.0 / np.sqrt(l2)))
