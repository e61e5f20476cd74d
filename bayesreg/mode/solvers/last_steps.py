"""The last steps towards a mode whose gap is only rounding.

If columns are nearly collinear and the penalty is weak, coefficients are much larger than the fit, and their last
digits make a gap. These Newton steps differ from a solver's in two ways. Each starts at the gradient that the rows give
at coefficients as they are returned, so that nothing is rounded afterwards. And their damping is so small that a step
along a direction without curvature ends where a coefficient is 0: columns that depend on one another need not all be
in use.
"""

import numpy as np
from jaxtyping import Float, Int

from ...base.blas import cholesky, cholesky_solve
from ...data.row_least_squares import RowLeastSquares
from ...priors.elastic_net_algebra import violation, zero_crossings
from .gap import duality_gap

_MOST_STEPS = 30
_PATIENCE = 4  # steps without a smaller gap, with the same number of columns
_LARGEST = 1024  # columns of a step: with more it takes seconds
_DAMPING = 2e-13  # of the unit diagonal: above the rounding of a factor, far below the solvers'

All = Float[np.ndarray, " q"]


def last_steps(least_squares: RowLeastSquares, coef: All, l1: All, l2: All, enough: float) -> All:
    """Return coefficients with a smaller duality gap, if there are any.

    Parameters
    ----------
    least_squares : RowLeastSquares
    coef, l1, l2 : array (q,)
        A point that is nearly optimal for this penalty.
    enough : float
        The gap, in units of the objective, at which to stop.

    Returns
    -------
    array (q,)
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # what is no number is no smaller gap
        return _best(_Columns(least_squares), coef, l1, l2, enough)


class _Columns:
    """The norms of all columns, and the Gram matrix of those that were asked for, scaled to unit norm."""

    def __init__(self, least_squares: RowLeastSquares) -> None:
        self.norms = np.sqrt(least_squares.squared_norms)
        self._unit = np.divide(1.0, self.norms, out=np.zeros_like(self.norms), where=self.norms > 0.0)
        self._least_squares = least_squares
        self._known, self._gram = np.zeros(self.norms.size, dtype=bool), np.empty((0, 0))

    def slope_and_gap(self, coef: All, l1: All, l2: All) -> tuple[All, float]:
        """Return minus the gradient of J without its l1 part, and the duality gap."""
        gradients, squares = self._least_squares.residuals(coef[None, :])
        return gradients[0] - l2 * coef, float(duality_gap(coef, gradients[0], squares[0], l1, l2))

    def gram(self, indices: Int[np.ndarray, " m"]) -> Float[np.ndarray, "m m"]:
        """Return a copy of the Gram matrix."""
        if not self._known[indices].all():
            few = self._known.size <= _LARGEST  # the matrix of all may be there, and needs no copy of columns
            self._known[slice(None) if few else indices] = True
            known, unit = np.flatnonzero(self._known), self._unit[self._known]
            of_known = self._least_squares if few else self._least_squares.subset(known)
            self._gram = of_known.gram * unit * unit[:, None]
        places = (np.cumsum(self._known) - 1)[indices]
        return self._gram[np.ix_(places, places)]


def _best(columns: _Columns, coef: All, l1: All, l2: All, enough: float) -> All:
    best, smallest, idle, n_used = coef, np.inf, 0, -1
    for _ in range(_MOST_STEPS):
        slope, gap = columns.slope_and_gap(coef, l1, l2)
        used, n_before = _used(coef, slope, l1, columns.norms), n_used
        n_used = used.size
        idle = 0 if gap < smallest or n_used != n_before else idle + 1
        if gap < smallest:
            best, smallest = coef, gap
        if smallest <= enough or idle == _PATIENCE or not 0 < n_used <= _LARGEST:
            break
        coef = _stepped(columns, used, coef, slope, l1, l2)
    return best


def _used(coef: All, slope: All, l1: All, norms: All) -> Int[np.ndarray, " m"]:
    """Return the columns that a step moves: those in use, and the worst of the others if it is worse than these."""
    usable = norms > 0.0
    away = np.divide(violation(coef, slope, l1), norms, out=np.zeros_like(norms), where=usable)
    used = usable & ((coef != 0.0) | (l1 == 0.0))
    worse = away > 2.0 * away[used].max(initial=0.0)
    return np.flatnonzero(used | (worse & (away == away.max(initial=0.0))))


def _stepped(columns: _Columns, used: Int[np.ndarray, " m"], coef: All, slope: All, l1: All, l2: All) -> All:
    """Take a Newton step, and end it where a coefficient becomes 0."""
    own, norms = coef[used], columns.norms[used]
    sign = np.sign(np.where(own != 0.0, own, slope[used]))
    force = (slope[used] - l1[used] * sign) / norms
    system = columns.gram(used)
    np.fill_diagonal(system, 1.0 + l2[used] / norms**2 + _DAMPING)
    factor = cholesky(system)
    if factor is None:
        return coef
    direction = cholesky_solve(factor, force)
    step = np.zeros_like(coef)
    step[used] = direction / norms
    zero_at = zero_crossings(own, step[used], l1[used])
    length = min(1.0, float(zero_at.min()))
    moved = coef.copy()
    moved[used] = np.where(zero_at <= length, 0.0, own + length * step[used])
    return moved
