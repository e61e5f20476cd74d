"""The choice of a solver for the penalised coefficients, for one penalty or along many."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from ..base.loops import LOOPS, only_numpy_serves
from ..data.least_squares import GRAM_BUDGET, LeastSquares, told_by_gram
from ..data.row_least_squares import RowLeastSquares
from ..gaussian.spectrum import ridge_coefs
from ..model.problem import Problem
from ..priors.elastic_net_algebra import violation
from .solvers.gap import duality_gap

_REFINEMENTS = 2
_LARGEST_COMPILED = 512  # columns up to which one program on the whole Gram matrix is fastest
POLISH_BELOW = 1e-7  # if tol is at most this, the answer is as exact as float64 allows
_SHARE_OF_TOL = 0.5  # the solver stops at this share of the requested gap
_SHARE_OF_LAST_STEPS = 0.1  # where rounding makes the gap, the next evaluation may find a larger one
# A single penalty is hard if it is below this share of the largest gradient and the numbers of columns and rows are
# similar: their ratio is at most 4, either way. Both limits are measured.
_HARD_SHARE, _ABOUT = 0.005, 4.0
_ROWS_A_COLUMN = 4  # with more rows for each column, products are seldom slower than X'X
_BELOW_ROUNDING = 16.0 * float(np.finfo(float).eps)  # of the largest column's share of the fit
_NO_GAP = 1e-12  # relative gap at which nothing is left to refine
_NEAR_ENOUGH = 1e-9  # relative gap at which an interior point shows the support


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
    tol: float = 0.0,
) -> Coefs:
    """Minimise J over the penalised coefficients, with the unpenalised ones profiled out.

    Parameters
    ----------
    problem : Problem
    l1, l2 : array (k, q)
        Penalties. Neighbours should be similar, because each solve starts at the last solution.
    refine : bool
        Whether to solve again from the gradient of the rows, if there are rows.
    start : array (q,), optional
        The start of the first solve; 0 by default.
    tol : float, default 0
        Sufficient relative duality gap. If it is at most 1e-7, coefficients are as exact as float64 allows.

    Returns
    -------
    Coefs
    """
    found = _solved(problem, l1, l2, refine=refine, start=start, tol=tol)
    return found._replace(values=_without_rounding(found.values, l1, problem.reduced))


def with_last_steps(
    problem: Problem,
    coefs: Float[np.ndarray, "k q"],
    l1: Float[np.ndarray, "k q"],
    l2: Float[np.ndarray, "k q"],
    tol: float,
    missed: Bool[np.ndarray, " k"],
) -> Float[np.ndarray, "k q"]:
    """Go on from solutions that missed `tol`, in steps from the rows."""
    from .solvers.last_steps import last_steps

    assert isinstance(problem.reduced, RowLeastSquares)
    enough = _SHARE_OF_LAST_STEPS * tol * 0.5 * problem.reduced.response_ss
    coefs = coefs.copy()
    for k in np.flatnonzero(missed):
        coefs[k] = last_steps(problem.reduced, coefs[k], l1[k], l2[k], enough)
    return coefs


def _without_rounding(
    coefs: Float[np.ndarray, "k q"], l1: Float[np.ndarray, "k q"], least_squares: LeastSquares
) -> Float[np.ndarray, "k q"]:
    """Set coefficients with an l1 penalty to 0 if they add less to the fit than rounding.

    Equal columns can share their sum in any way, and arithmetic may leave one of them at 1e-17.
    """
    size = np.abs(coefs) * np.sqrt(least_squares.squared_norms)
    below_rounding = (size < _BELOW_ROUNDING * size.max(axis=1, keepdims=True, initial=0.0)) & (l1 > 0.0)
    return np.where(below_rounding, 0.0, coefs) if below_rounding.any() else coefs


def _solved(
    problem: Problem,
    l1: Float[np.ndarray, "k q"],
    l2: Float[np.ndarray, "k q"],
    *,
    refine: bool,
    start: Float[np.ndarray, " q"] | None,
    tol: float,
) -> Coefs:
    least_squares, k = problem.reduced, len(l1)
    if not least_squares.cross.any():  # no penalised column is correlated with y: 0 is optimal
        return Coefs(np.zeros(l1.shape), np.zeros(k, dtype=int))
    if not l1.any():
        return Coefs(ridge_coefs(least_squares, l2), np.ones(k, dtype=int))
    enough = _SHARE_OF_TOL * tol * 0.5 * least_squares.response_ss if tol > POLISH_BELOW else 0.0
    if l1.shape[1] > _LARGEST_COMPILED or only_numpy_serves():
        from .solvers.working_set import solve_by_working_set

        if start is None and k == 1 and _is_hard(problem, l1[0]):
            start = _interior_point(least_squares, l1[0], l2[0])
        by_products = start is None and k == 1 and _has_many_dense_rows(least_squares)
        return Coefs(
            *solve_by_working_set(least_squares, l1, l2, start=start, enough=enough, by_products=by_products)
        )
    refine = refine and enough == 0.0 and problem.has_rows and not gram_serves(least_squares)
    return _by_gram(least_squares, l1, l2, start, enough, _REFINEMENTS if refine else 0)


def _has_many_dense_rows(least_squares: LeastSquares) -> bool:
    if not isinstance(least_squares, RowLeastSquares) or least_squares.is_sparse:
        return False
    n, p = least_squares.X.shape
    return n >= _ROWS_A_COLUMN * p


def sweeps_serve(X: Any) -> bool:
    """Tell whether one penalty on these rows is solved by sweeps over the columns, on threads of our own."""
    if not (LOOPS and isinstance(X, np.ndarray) and X.flags.f_contiguous):
        return False
    n, p = X.shape
    return p > _LARGEST_COMPILED and n >= _ROWS_A_COLUMN * p


def _is_hard(problem: Problem, l1: Float[np.ndarray, " q"]) -> bool:
    """Tell whether the support will be nearly the largest possible, and therefore slow to find."""
    least_squares = problem.reduced
    weakest = (np.abs(least_squares.cross) * _HARD_SHARE > l1).any() and (l1 > 0.0).all()
    columns_for_a_row = l1.size / problem.sum_weights
    fits = 8 * l1.size**2 <= GRAM_BUDGET and (least_squares.squared_norms > 0.0).all()
    return bool(weakest and fits and 1.0 / _ABOUT <= columns_for_a_row <= _ABOUT)


def _interior_point(
    least_squares: LeastSquares, l1: Float[np.ndarray, " q"], l2: Float[np.ndarray, " q"]
) -> Float[np.ndarray, " q"]:
    """Return a start with nearly the right support."""
    from .solvers.interior_point import interior_point

    unit = 1.0 / np.sqrt(least_squares.squared_norms)
    gram, cross = least_squares.gram * unit * unit[:, None], least_squares.cross * unit
    found = interior_point(gram, cross, least_squares.response_ss, l1 * unit, l2 * unit**2, _NEAR_ENOUGH)
    return found * unit


def gram_serves(least_squares: LeastSquares) -> bool:
    """Tell whether the solver works on a Gram matrix that loses nothing compared with the rows."""
    return gram_is_solved(least_squares) and told_by_gram(least_squares)


def gram_is_solved(least_squares: LeastSquares) -> bool:
    """Tell whether the solver works on a Gram matrix."""
    return least_squares.cross.size <= _LARGEST_COMPILED


def _by_gram(
    least_squares: LeastSquares,
    l1: Float[np.ndarray, "k q"],
    l2: Float[np.ndarray, "k q"],
    start: Float[np.ndarray, " q"] | None,
    enough: float,
    n_refinements: int,
) -> Coefs:
    from .solvers.quadratic import solve_quadratics

    first = np.zeros((1, l1.shape[1])) if start is None else start[None, :]
    gradient, square = (
        least_squares.residuals(first)
        if first.any()
        else (least_squares.cross[None, :], np.array([least_squares.response_ss]))
    )
    gram = least_squares.gram
    coefs, n_rounds = solve_quadratics(
        gram, first, gradient, l1, l2, follow=True, squares=square, enough=enough
    )
    for _ in range(n_refinements):
        coefs = _without_rounding(coefs, l1, least_squares)  # so that these are the points to certify
        gradients, squares = least_squares.residuals(coefs)
        left = np.flatnonzero(~_is_exact(least_squares, coefs, gradients, squares, l1, l2))
        if left.size == 0:
            break
        given = coefs[left], gradients[left], l1[left], l2[left]
        refined = solve_quadratics(gram, *given, follow=False, squares=squares[left], enough=enough)
        coefs[left], n_rounds[left] = refined.coefs, n_rounds[left] + refined.n_rounds
    return Coefs(coefs, n_rounds)


def _is_exact(
    least_squares: LeastSquares,
    coefs: Float[np.ndarray, "k q"],
    gradients: Float[np.ndarray, "k q"],
    squares: Float[np.ndarray, " k"],
    l1: Float[np.ndarray, "k q"],
    l2: Float[np.ndarray, "k q"],
) -> Bool[np.ndarray, " k"]:
    """Tell which points violate optimality by no more than rounding, and have no gap to speak of.

    Rounding grows with the coefficients, and makes a large gap where penalties are weak beside it.
    """
    norms = np.sqrt(least_squares.squared_norms)
    away = violation(coefs, gradients - l2 * coefs, l1) / np.where(norms > 0.0, norms, np.inf)
    size = np.sqrt(least_squares.response_ss) + 2.0 * np.sqrt(np.square(coefs * norms).sum(axis=1))
    at_rounding = away.max(axis=1, initial=0.0) <= 4.0 * np.finfo(float).eps * size
    gaps = duality_gap(coefs, gradients, squares, l1, l2)
    return np.asarray(at_rounding & (gaps <= _NO_GAP * 0.5 * least_squares.response_ss))
