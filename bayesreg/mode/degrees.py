"""What fits along a path cost in effective degrees of freedom."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int

from ..gaussian import rank_counter
from ..problem import Problem
from ..ridge_scores import effective_df_path


def effective_df_along(
    problem: Problem,
    coefs: Float[np.ndarray, "k q"],
    l1: Float[np.ndarray, "k q"],
    l2: Float[np.ndarray, "k q"],
) -> Float[np.ndarray, " k"]:
    """Return the trace of the map from y to fitted values, the support held; intercept and flat ones included.

    Parameters
    ----------
    problem : Problem
    coefs, l1, l2 : array (k, q)
        Penalised coefficients and their penalties.

    Returns
    -------
    array (k,)

    References
    ----------
    H. Zou, T. Hastie and R. Tibshirani (2007), doi:10.1214/009053607000000127.
    """
    if only_ridge(problem, l1, l2):
        strongest = l2[l2[:, 0].argmax()]
        return effective_df_path(problem, strongest, l2[:, 0] / strongest[0])
    flat_rank = 0 if problem.flat_block is None else problem.flat_block.response.size
    fixed, rank = float(problem.centred) + flat_rank, rank_counter(problem)
    return fixed + np.array([_of_support(problem, rank, *row) for row in zip(coefs, l1, l2, strict=True)])


def only_ridge(problem: Problem, l1: Float[np.ndarray, "k q"], l2: Float[np.ndarray, "k q"]) -> bool:
    """Tell whether one spectrum serves the whole path, so that no coefficients are needed."""
    return bool(l2.any()) and not l1.any() and not problem.has_intercept_column


def _of_support(
    problem: Problem,
    rank: Callable[[Int[np.ndarray, " a"]], int],
    coef: Float[np.ndarray, " q"],
    l1: Float[np.ndarray, " q"],
    l2: Float[np.ndarray, " q"],
) -> float:
    """Return the trace of G(G + l2)⁻¹ over the support."""
    active = np.flatnonzero((coef != 0.0) | ((l1 == 0.0) & (problem.reduced.squared_norms > 0.0)))
    if not l2[active].any():
        return float(rank(active))
    curvature = problem.reduced.gram[np.ix_(active, active)] + np.diag(l2[active])
    size = np.sqrt(np.diagonal(curvature))
    inverse = np.linalg.pinv(curvature / size / size[:, None], hermitian=True)
    return float(active.size - (l2[active] / size**2) @ np.diagonal(inverse))
