"""A penalised loss, and Newton's method on it: steps by the quadratic of one matrix of curvature plus the penalty.

Rows in memory, and rows that are read anew at each pass, evaluate the loss in their own ways.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple, final

import numpy as np
from jaxtyping import Bool, Float

from ..priors.elastic_net_algebra import penalty_terms, violation
from .curvature import Coefs, Curvature

MOST_ROUNDS = 100
_HALVINGS = 100
STILL = 1e-13  # relative decrease of the objective that counts as rounding
SURE = 1e-9  # violation from which a minimum is trusted: the gap is about its square
FLAT = 1e-8  # relative decrease of the objective's last step at a minimum
STEPS_WITH_NEW = 4  # steps that follow a new curvature


class Gap(NamedTuple):
    """A bound on how far a point is above the optimum, in units of the objective."""

    gap: float
    rounding: float  # what unsettled unpenalised coefficients and rounding in sums over rows may add


@final
@dataclass(frozen=True, eq=False)
class WorkingColumns:
    """A loss on some of the columns.

    Attributes
    ----------
    within : array (d,) of bool
        Which coefficients it has.
    loss : RowLoss
    on_support : SupportNewton, optional
        Newton's method on these columns, with the factor of its last step.
    curvature : Curvature, optional
        One near an optimum on these columns.
    """

    within: Bool[np.ndarray, " d"]
    loss: Any
    on_support: Any = None
    curvature: Curvature | None = None


class RowMode(NamedTuple):
    """An optimum and the number of steps to it.

    If there are any: a curvature near it, or columns it was found on and the slopes of all columns there.
    """

    coefs: Coefs
    n_rounds: int
    curvature: Curvature | None = None
    columns: WorkingColumns | None = None
    slopes: Coefs | None = None


def steps_left(away: float, before: float, enough: float) -> float:
    """Return how many steps are left at the rate of the last one, given violations there and before it."""
    if away >= before or away == 0.0:
        return np.inf if away > 0.0 else 0.0
    return float(np.log(max(away / enough, 1.0)) / np.log(before / away))


class PenalisedLoss(ABC):
    """A loss plus Σ l1ⱼ|βⱼ| + ½ Σ l2ⱼβⱼ². Points are evaluated with `coefs`, `value` and `slopes`."""

    l1: Coefs
    l2: Coefs
    norms: Any  # lengths of the columns
    steepest: Any  # the unit of slopes

    @abstractmethod
    def at(self, coefs: Coefs) -> Any:
        """Evaluate the loss and its slopes, minus its gradient. The latest points are kept."""

    @abstractmethod
    def gram_at(self, at: Any) -> Float[np.ndarray, "d d"]:
        """Return the loss's second derivatives at an evaluated point."""

    @abstractmethod
    def is_stale(self, at: Any, away: float, before: float, enough: float) -> bool:
        """Tell whether a step to a point, with violations there and before it, needs a new curvature."""

    @property
    def free(self) -> Bool[np.ndarray, " d"]:
        """Which coefficients are unpenalised."""
        return (self.l1 == 0.0) & (self.l2 == 0.0)

    def objective(self, coefs: Coefs) -> float:
        """Evaluate the penalised loss."""
        return self.value(self.at(coefs))

    def value(self, at: Any) -> float:
        """Evaluate the penalised loss at an evaluated point."""
        return at.value + float(penalty_terms(at.coefs, self.l1, self.l2).sum())

    def slopes(self, coefs: Coefs) -> Coefs:
        """Return minus the gradient of the loss."""
        return self.at(coefs).slopes

    def violations(self, coefs: Coefs) -> Coefs:
        """Return each coefficient's violation of stationarity, on unit-norm columns, in units of λmax.

        If no coefficient is penalised, the unit is a typical slope: the root of the sum of curvatures.
        """
        away = violation(coefs, self.slopes(coefs) - self.l2 * coefs, self.l1)
        unit = np.where(self.norms > 0.0, self.norms, 1.0)
        scaled: Coefs = away * (self.norms > 0.0) / unit / self.steepest
        return scaled

    def by_gram(self, coefs: Coefs, curvature: Curvature | None, enough: float, most: int) -> RowMode | None:
        """Return the optimum; steps share the curvature of an earlier point while they make progress.

        Return None if that does not come to the optimum: as a matrix the curvature may lose digits.
        """
        at = self.at(coefs)
        best, away, fallen, fresh = self.value(at), self.away(coefs), 0.0, False
        n_rounds = 0
        while n_rounds < most:
            n_rounds += 1
            if curvature is None:
                gram, fresh = self.gram_at(at), True
                curvature = Curvature.of(gram, self.free) if np.isfinite(gram).all() else None
            goal = None if curvature is None else curvature.minimum(at.coefs, at.slopes, self.l1, self.l2)
            if goal is None:
                return None
            moved = self._improved(at.coefs, goal, best, away, halved=fresh)
            if moved is None:
                if fresh or away <= SURE:
                    break
                curvature = None
                continue
            at, before, away, fresh = self.at(moved), away, self.away(moved), False
            fallen, best = best - self.value(at), self.value(at)
            if away <= enough and fallen <= max(enough, FLAT) * best:  # slopes vanish at infinity too
                break
            if self.is_stale(at, away, before, enough):
                if away <= SURE and fallen <= FLAT * best:
                    break
                curvature = None
        if most == MOST_ROUNDS and (away > max(SURE, enough) or fallen > FLAT * best):
            return None
        return RowMode(at.coefs, n_rounds, curvature)

    def _improved(self, coefs: Coefs, goal: Coefs, best: float, away: float, *, halved: bool) -> Coefs | None:
        """Return a point towards a goal that lowers the objective; or the violations, if rounding hides the former.

        Return None if there is none, or if it is nearer than the goal and `halved` is False.
        """
        for _ in range(_HALVINGS if halved else 1):
            value = self.objective(goal)
            if value < best - STILL * abs(best):
                return goal
            if value <= best + STILL * abs(best):
                return goal if self.away(goal) < 0.5 * away else None
            goal = 0.5 * (coefs + goal)
        return None

    def away(self, coefs: Coefs) -> float:
        """Return the largest violation."""
        return float(self.violations(coefs).max(initial=0.0))
