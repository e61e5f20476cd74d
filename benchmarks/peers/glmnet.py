"""R glmnet: what the parent must know of it; glmnet.R does the work."""

from ..problem import Problem

TOLERANCES = [1e-5, 1e-7, 1e-9, 1e-11, 1e-13, 1e-15, 1e-17, 1e-19, 1e-21]
_LARGEST_COVARIANCE = 6_000  # columns


def variants(problem: Problem) -> list[str]:
    """Return its ways of updating, and for one λ the way down to it that its manual advises; no leave-one-out."""
    if problem.kind == "ridge_cv":
        return []
    types = _types(problem)
    return [*types, *(f"{name}, path" for name in types)] if problem.kind == "single" else types


def _types(problem: Problem) -> list[str]:
    if problem.family != "gaussian":
        return ["Newton", "modified.Newton"] if problem.family == "bernoulli" else ["default"]
    n, p = problem.X.shape
    if p > _LARGEST_COVARIANCE:
        return ["naive"]
    return ["covariance", "naive"] if n > p else ["naive", "covariance"]
