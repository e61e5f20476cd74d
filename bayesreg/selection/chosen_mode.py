"""The mode at a chosen scale, from what the choice has computed of the data already."""

from ..base.errors import NoModeError
from ..base.threads import blas_for
from ..mode.estimate import MapEstimate, mode_of
from ..mode.solve_penalised import gram_serves
from ..model.problem import Data, Problem


def mode_at_hand(problem: Problem, data: Data, tol: float) -> MapEstimate | None:
    """Return the mode of a problem that is at hand, or None where the data are to be asked again.

    Parameters
    ----------
    problem : Problem
        At the chosen scale; its statistics may stand for rows.
    data : RowData or GramData
        What it is a problem of.
    tol : float
        Relative duality gap.

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
    except NoModeError:  # statistics cannot tell a nearly perfect fit from a perfect one
        return None
    return mode if mode.converged else None
