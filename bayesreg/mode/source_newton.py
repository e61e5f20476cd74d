"""The mode on rows that are read anew at each pass: each step of Newton's method is one pass, the gap is of the last.

A pass evaluates the loss, its slopes and its curvature at the next point, and at the next point of the null model,
which is found by the way. Steps start at the mode of a sample of the rows.
"""

from typing import NamedTuple, final

import numpy as np
from jaxtyping import Bool, Float

from ..data.kept import Kept
from ..model.source_problem import SourceProblem
from ..priors.elastic_net_algebra import dual_step, gap_terms, penalty_terms
from .certificate import Certificate
from .curvature import Curvature
from .newton import RowObjective
from .penalised_loss import MOST_ROUNDS, Gap, PenalisedLoss, RowMode
from .row_loss import Coefs, RowLoss
from .source_loss import Asked, LossSums, evaluated

_ENOUGH = 1e-10  # violation, in units of λmax: the gap is about its square
_NEAR = 1e-5  # violation from which the next step is the last: its curvature is not taken
_SLOW = 0.1  # share of the violation that a step may leave before the curvature is taken anew
_SHARE = 1.0 - 1e-5  # of the slopes, at which Fenchel and Young's terms bound those of larger shares
_SETTLED = 1e-12  # relative decrease of the null model's loss
_EPS = float(np.finfo(float).eps)
_ROUNDED, _PERFECT = 1e-9, 1e-13  # as on rows in memory
_FARTHEST = 700.0  # η of a model with an intercept alone


class SourceAt(NamedTuple):
    """The loss at a point."""

    coefs: Coefs
    value: float
    slopes: Coefs
    gram: Float[np.ndarray, "d d"] | None
    sums: LossSums


@final
class SourceObjective(PenalisedLoss):
    """A penalised loss on rows that are read anew at each pass.

    Parameters
    ----------
    problem : SourceProblem
        Its rates are the penalty. Coefficients are those of the columns as it moves them.
    """

    def __init__(self, problem: SourceProblem) -> None:
        self.problem = problem
        self.l1, self.l2 = problem.rates.l1, problem.rates.l2
        self.norms = problem.norms
        self._points: Kept[SourceAt] = Kept(6)
        self._away = np.inf
        self._best: SourceAt | None = None
        self.gram: Float[np.ndarray, "d d"] | None = None  # the latest
        sample = RowLoss(problem.sample.data, problem.likelihood, problem.known, problem.has_intercept)
        self._sample = RowObjective(sample, self.l1, self.l2)
        self._null = _Null(self.free, self._start(of_null=True))

    def _start(self, *, of_null: bool = False) -> Coefs:
        """Return the mode, or the null model, of a sample; of a mean response if the sample has none."""
        with np.errstate(all="ignore"):
            found = self._sample.null if of_null else self._sample.mode().coefs
            if np.isfinite(found).all() and np.abs(self._sample.loss.eta(found)).max() < _FARTHEST:
                return self.problem.moved(found)
        start = np.zeros(self.l1.size)
        if self.problem.moves:
            start[-1] = _intercept_alone(self.problem)
        return start

    def at(self, coefs: Coefs) -> SourceAt:
        """Evaluate the loss and its slopes, in one pass; the curvature too, unless the point is to be the last."""
        return self._points.get(coefs.tobytes(), lambda: self._evaluated(coefs, with_gram=self._away > _NEAR))

    def _evaluated(self, coefs: Coefs, *, with_gram: bool) -> SourceAt:
        columns = np.ones(coefs.size, dtype=bool) if with_gram else None
        share = _SHARE if self._pure.any() else 1.0
        asked = [Asked(coefs, columns, share)]
        if not self._null.is_settled:
            asked.append(Asked(self._null.coefs, self.free))
        found = evaluated(self.problem, asked, "mode")
        if not self._null.is_settled:
            self._null.follow(found[1])
        sums = found[0]
        gram = sums.gram if with_gram else None
        self.gram = self.gram if gram is None else gram
        at = SourceAt(coefs, sums.value, sums.slopes, gram, sums)
        if self._best is None or self.value(at) <= self.value(self._best):
            self._best = at
        return at

    @property
    def _pure(self) -> Bool[np.ndarray, " d"]:
        """Which columns have an l1 penalty alone: the dual point must be feasible there."""
        return (self.l1 > 0.0) & (self.l2 == 0.0)

    def gram_at(self, at: SourceAt) -> Float[np.ndarray, "d d"]:
        """Return the curvature as one matrix; if it was not taken there, by one more pass."""
        if at.gram is None:
            at = self._evaluated(at.coefs, with_gram=True)
        assert at.gram is not None
        return at.gram

    def is_stale(self, at: SourceAt, away: float, before: float, enough: float) -> bool:
        """Tell whether there is a later curvature, or the step made little progress."""
        self._away = away
        return at.gram is not None or away > _SLOW * before

    @property
    def steepest(self) -> float:
        """Largest slope of a penalised coefficient at the null model as known so far, on unit-norm columns: λmax."""
        null = self._null.latest
        assert null is not None
        typical = float(np.sqrt(null.curvature)) or 1.0
        held = ~self.free
        if not held.any():
            return typical
        slopes = np.abs(null.slopes) / np.where(self.norms > 0.0, self.norms, 1.0)
        return max(float(slopes[held].max()), _ROUNDED * typical)

    @property
    def null_objective(self) -> float:
        """The loss of the null model."""
        while not self._null.is_settled:
            self._null.follow(evaluated(self.problem, [Asked(self._null.coefs, self.free)], "null model")[0])
        return self._null.value

    @property
    def rounding(self) -> float:
        """An objective of rows that are fitted perfectly is not 0: the size below which it is taken for 0."""
        return _PERFECT * self.problem.sum_weights

    def mode(self) -> RowMode:
        """Return the optimum; if the steps did not come to it, the best point that they found."""
        start = self._start()
        at = self.at(start)
        if self.away(start) <= _ENOUGH and self.gram is not None:
            return RowMode(start, 1, Curvature.of(self.gram, self.free))
        found = self.by_gram(start, None, _ENOUGH, MOST_ROUNDS)
        if found is None:
            at = at if self._best is None else self._best
            return RowMode(at.coefs, MOST_ROUNDS)
        return found

    def gap(self, mode: RowMode) -> Gap:
        """Bound how far the objective at a mode is above its minimum.

        It is the gap of `RowObjective`. Fenchel and Young's terms are convex in the share of the slopes and 0 at 1. So
        those at a share that was evaluated in the same pass bound those at a larger one.
        """
        at, held = self.at(mode.coefs), ~self.free
        z = at.slopes
        share = float(dual_step(z[held], self.l1[held], self.l2[held]))
        gap = float(np.maximum(gap_terms(at.coefs, share * z, self.l1, self.l2)[held], 0.0).sum())
        if share >= _SHARE:
            gap += (1.0 - share) / (1.0 - _SHARE) * at.sums.excess
        else:
            gap += evaluated(self.problem, [Asked(at.coefs, share=share)], "gap")[0].excess
        left = z[~held]
        open_ = 0.0
        if left.size:
            of_free = self._of_free(mode.curvature)
            open_ = max(0.5 * float(left @ of_free @ left), 0.0)
        return Gap(gap + open_, open_ + self._added_by_rounding(at))

    def certificate(self, mode: RowMode) -> Certificate:
        """Certify a mode."""
        at, found = self.at(mode.coefs), self.gap(mode)
        null_objective, primal = self.null_objective, self.value(at)
        per_null = 1.0 / null_objective if null_objective > self.rounding else 0.0
        return Certificate(
            primal=primal,
            dual=primal - found.gap,
            null_objective=null_objective,
            duality_gap=found.gap * per_null,
            kkt_residual=self.away(mode.coefs),
            rounding=found.rounding * per_null,
            coef_rounding=0.0,
            source="rows",
            noise_scale=self.problem.known.get("noise_scale", 1.0),
        )

    def _of_free(self, curvature: Curvature | None) -> Float[np.ndarray, "k k"]:
        if curvature is not None:
            return curvature.of_free
        assert self.gram is not None
        return np.asarray(np.linalg.pinv(self.gram[np.ix_(self.free, self.free)], hermitian=True))

    def _added_by_rounding(self, at: SourceAt) -> float:
        pure = self._pure
        if not pure.any():
            return 0.0
        size = np.sqrt(at.sums.squared_slopes)
        share = _EPS * size * float((self.norms[pure] / self.l1[pure]).max())
        return min(share, 1.0) * float(penalty_terms(at.coefs, self.l1, self.l2).sum())


@final
class _Null:
    """The null model, found step by step: penalised coefficients 0, the others optimal."""

    def __init__(self, free: Bool[np.ndarray, " d"], start: Coefs) -> None:
        self.free, self.coefs = free, np.where(free, start, 0.0)
        self.latest: LossSums | None = None
        self.value, self.is_settled = np.inf, False
        self._from, self._step, self._rounds = self.coefs, np.zeros(start.size), 0

    def follow(self, found: LossSums) -> None:
        """Go on from what was found at `coefs`."""
        self._rounds += 1
        if not found.value <= self.value * (1.0 + _SETTLED) and self._rounds < MOST_ROUNDS:
            self._step = 0.5 * self._step
            self.coefs = self._from + self._step
            return
        self.latest, self.value, self._from = found, found.value, self.coefs
        slopes = found.slopes[self.free]
        step = np.linalg.lstsq(found.gram, slopes)[0] if slopes.size else slopes
        decrease = 0.5 * float(slopes @ step)
        self.value -= max(decrease, 0.0)
        if decrease <= _SETTLED * self.value or self._rounds >= MOST_ROUNDS:
            self.is_settled = True
            return
        self.value = found.value
        self._step = np.zeros(self.coefs.size)
        self._step[self.free] = step
        self.coefs = self._from + self._step


def _intercept_alone(problem: SourceProblem) -> float:
    """Return the η at which the mean response would have its own slope 0."""
    y = np.array([problem.source.statistics.y_mean])

    def slope(eta: float) -> float:
        return float(problem.likelihood.slope(np.array([eta]), y, problem.known)[0])

    from scipy.optimize import brentq

    with np.errstate(all="ignore"):
        if not slope(-_FARTHEST) < 0.0 < slope(_FARTHEST):
            return 0.0
        return float(brentq(slope, -_FARTHEST, _FARTHEST))
