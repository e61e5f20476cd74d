"""The mode at a chosen scale, from values that the choice has already computed."""

from ..base.errors import NoModeError
from ..base.threads import blas_for
from ..mode.estimate import MapEstimate, mode_of
from ..mode.solve_penalised import gram_serves
from ..model.problem import Data, Problem


def mode_at_hand(problem: Problem, data: Data, tol: float) -> MapEstimate | None:
    """Return the mode of a known problem. Return None if the data must be used again.

    Parameters
    ----------
    problem : Problem
        The problem at the chosen scale. Its statistics may replace rows.
    data : RowData or GramData
        The data of the problem.
    tol : float
        The relative duality gap.

    Returns
    -------
    MapEstimate or None
    """
    if problem.least_squares.response_ss == 0.0:
        return None
    if not (problem.has_rows or gram_serves(problem.reduced)):
        return None
    try:
        with blas_for(getattr(data, "X", None)):
            mode = mode_of(problem, tol)
    except NoModeError:  # statistics cannot separate a nearly perfect fit from a perfect one
        return None
    return mode if mode.converged else None
