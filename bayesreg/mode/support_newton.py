"""Newton's method on the support: the columns that have coefficients. One factor serves many steps and penalties.

A step minimises the loss's quadratic on the support, with signs kept. The slopes at its end tell which columns join.
The loops are in C (`base/_support.c`); the loss is any likelihood's.
"""

from typing import NamedTuple, final

import numpy as np

from ..base.blas import cholesky_of_gram, times
from ..base.loops import LOOPS
from .penalised_loss import FLAT, STEPS_WITH_NEW, STILL, SURE, steps_left
from .row_loss import Coefs, RowLoss, Rows

_MOST = 100  # steps; paths need some 8 for each penalty
_COLUMNS_A_STEP = 30.0  # for so many columns a new factor takes as long as a step


class SupportAt(NamedTuple):
    """The loss at a point; `slopes` are minus the gradient."""

    coefs: Coefs
    eta: Rows  # with the offset
    value: float
    row_slopes: Rows  # of each row's loss in η, without the weight
    slopes: Coefs


class _Step(NamedTuple):
    at: SupportAt
    away: float  # the largest violation at the point
    objective: float
    moved: Coefs | None


@final
class SupportNewton:
    """Newton's method for one loss on dense columns.

    Parameters
    ----------
    loss : RowLoss
    unit : array (d,)
        The slope of each coefficient that counts as a violation of 1; ∞ for columns that are not used.
    """

    def __init__(self, loss: RowLoss, unit: Coefs) -> None:
        (n, q), d = loss.data.X.shape, unit.size
        self._design = np.ones((n, d), order="F")
        self._design[:, :q] = loss.data.X
        self._loss, self._per_unit = loss, 1.0 / unit
        self._factor = np.zeros((d, d))  # of the curvature on the support; its upper triangle
        self._support, self._size = np.zeros(d, dtype=np.int64), np.zeros(1, dtype=np.int64)
        self._weight = np.zeros(n)  # of the rows in that curvature
        self._l2 = np.full(d, np.nan)  # in it
        self._factorised_at: SupportAt | None = None

    def mode(self, coefs: Coefs, l1: Coefs, l2: Coefs, enough: float) -> tuple[SupportAt, int] | None:
        """Return the optimum and the number of steps to it, from a point near it.

        Return None if the steps do not come to it.

        Parameters
        ----------
        coefs, l1, l2 : array (d,)
        enough : float
            The violation at which steps end.
        """
        at, last = self.at(coefs), None
        if not np.array_equal(l2, self._l2):
            self._factorise(at, l1, l2)
        for n_rounds in range(_MOST):
            here = self._step(at, l1, l2, enough)
            if last is None or here.objective <= last.objective + STILL * abs(last.objective):
                if last is not None and (end := _end(last, here, enough)):
                    return end, n_rounds
                if last is not None and self._is_stale(last, here, enough):
                    self._factorise(at, l1, l2)
                    here = self._step(at, l1, l2, enough)
                last = here
            elif self._factorised_at is last.at:
                at = self.at(0.5 * (last.at.coefs + at.coefs))
                continue
            else:
                self._factorise(last.at, l1, l2)
                last = self._step(last.at, l1, l2, enough)
            if last.moved is None:
                return None
            at = self.at(last.moved)
        return None

    def at(self, coefs: Coefs) -> SupportAt:
        """Evaluate the loss and its slopes."""
        data, likelihood = self._loss.data, self._loss.likelihood
        eta = times(self._design, coefs)
        if data.offset is not None:
            eta += data.offset
        with np.errstate(over="ignore", invalid="ignore"):  # a step too far
            deviance, slopes = likelihood.deviance_and_slope(eta, data.y, self._loss.nuisance)
            value = float(data.sample_weight @ deviance)
            return SupportAt(coefs, eta, value, slopes, times(self._design.T, -data.sample_weight * slopes))

    def _step(self, at: SupportAt, l1: Coefs, l2: Coefs, enough: float) -> _Step:
        """Return a point as the penalty sees it, and the next one if there is one. The factor's columns may change."""
        moved, told = np.empty(at.coefs.size), np.empty(2)
        is_there = LOOPS.support_step(
            *(self._design.T, self._weight, l1, l2, self._per_unit, at.coefs, at.slopes),
            *(self._factor, self._support, self._size, moved, told, enough),
        )
        return _Step(at, float(told[0]), at.value + float(told[1]), moved if is_there else None)

    def _factorise(self, at: SupportAt, l1: Coefs, l2: Coefs) -> None:
        """Factorise the curvature at a point, on its support. If that fails, the next step adds columns singly."""
        self._weight = self._loss.curvature(at.eta, at.row_slopes) * self._loss.data.sample_weight
        self._l2, self._factorised_at, self._size[0] = l2, at, 0
        support = np.flatnonzero(((at.coefs != 0.0) | (l1 == 0.0)) & (self._per_unit > 0.0))
        if not support.size:
            return
        rows = self._design.T[support] * np.sqrt(self._weight)
        factor = cholesky_of_gram(rows.T, l2[support])
        if factor is not None:
            self._factor[: support.size, : support.size] = factor.T
            self._support[: support.size], self._size[0] = support, support.size

    def _is_stale(self, last: _Step, here: _Step, enough: float) -> bool:
        """Tell whether steps with this factor would take longer to the end than a new one and fewer steps."""
        most = STEPS_WITH_NEW + int(self._size[0]) / _COLUMNS_A_STEP
        return steps_left(here.away, last.away, enough) > most


def _end(last: _Step, here: _Step, enough: float) -> SupportAt | None:
    """Return the optimum if it is reached: slopes vanish at infinity too, so the objective must have come to rest."""
    if here.away <= enough and last.objective - here.objective <= max(enough, FLAT) * here.objective:
        return here.at
    if here.away > 0.5 * last.away and last.away <= SURE:
        return last.at if last.away < here.away else here.at
    return None
