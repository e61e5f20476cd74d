"""The penalised coefficients of a problem, for one penalty or along many."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ..gaussian import ridge_coefs
from ..problem import Problem

_REFINEMENTS = 2


class Coefs(NamedTuple):
    """Penalised coefficients for k penalties, and the solver's rounds for each."""

    values: Float[np.ndarray, "k q"]
    n_rounds: Int[np.ndarray, " k"]


def solve_coefs(
    problem: Problem,
    l1: Float[np.ndarray, "k q"],
    l2: Float[np.ndarray, "k q"],
    *,
    refine: bool = True,
    start: Float[np.ndarray, " q"] | None = None,
) -> Coefs:
    """Minimise J over the penalised coefficients, the flat ones profiled out.

    Parameters
    ----------
    problem : Problem
    l1, l2 : array (k, q)
        Penalties, best in an order in which neighbours are alike: each solve starts at the last.
    refine : bool
        Whether to solve again from the gradient that the rows give, where there are rows.
    start : array (q,), optional
        Where the first solve starts; 0 by default.

    Returns
    -------
    Coefs
    """
    least_squares, k = problem.reduced, len(l1)
    if not least_squares.cross.any():  # no penalised columns, or none that y leans on: 0 is optimal
        return Coefs(np.zeros(l1.shape), np.zeros(k, dtype=int))
    if not l1.any():
        return Coefs(ridge_coefs(least_squares, l2), np.ones(k, dtype=int))
    from .quadratic import solve_quadratics

    start = np.zeros(l1.shape[1]) if start is None else start
    starts = np.tile(start, (k, 1))
    gradients = np.tile(least_squares.residuals(start[None, :])[0], (k, 1))
    solution = solve_quadratics(least_squares.gram, starts, gradients, l1, l2, follow=True)
    coefs, n_rounds = solution.coefs, solution.n_rounds
    for _ in range(_REFINEMENTS if refine and problem.has_rows else 0):
        gradients, _ = least_squares.residuals(coefs)
        solution = solve_quadratics(least_squares.gram, coefs, gradients, l1, l2, follow=False)
        coefs, n_rounds = solution.coefs, n_rounds + solution.n_rounds
    return Coefs(coefs, n_rounds)
