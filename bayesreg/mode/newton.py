"""The mode on rows under any convex loss: Newton's method by re-weighted quadratics, and the gap of any point.

The objective is Σ wᵢ·Dᵢ + Σ l1ⱼ|βⱼ| + ½ Σ l2ⱼβⱼ². Dᵢ is the row's loss minus its smallest possible value: half the
deviance. Each step minimises the loss's quadratic at a point plus the penalty. Rows that outnumber the columns give
the quadratic as one matrix, which serves several steps; else the least-squares solvers work on the rows.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import compress
from typing import final

import numpy as np
from jaxtyping import Bool, Float

from ..base.loops import LOOPS, only_numpy_serves
from ..base.threads import blas_for_few_columns
from ..data.kept import Kept
from ..data.rows import RowData
from ..likelihoods.gaussian import GaussianLikelihood
from ..model.linear_model import LinearModel
from ..model.problem import Problem, resolve
from ..priors.elastic_net_algebra import dual_step, gap_terms, penalty_terms, violation
from ..priors.penalty import Penalty
from .penalised_loss import (
    MOST_ROUNDS,
    STEPS_WITH_NEW,
    STILL,
    Gap,
    PenalisedLoss,
    RowMode,
    WorkingColumns,
    steps_left,
)
from .row_loss import LARGEST_GRAM, Coefs, LossAt, RowLoss, Rows
from .screen import Screen
from .solve_penalised import solve_coefs
from .support_newton import SupportAt, SupportNewton

_FREE_ROUNDS = 50
_HALVINGS, _POLISHES = 100, 3
EXACT = 1e-14  # violation, in units of λmax, that counts as rounding
_EPS = float(np.finfo(float).eps)
_ROUNDED = 1e-9  # of a typical slope: smaller ones are rounding, of a null model that fits perfectly
_PERFECT = 1e-13  # of the loss at η = 0: a null model below it fits perfectly
_LOST = 1e-26  # the same, of unpenalised coefficients alone: others' slopes may hang on their last digits
_CLOSE, _CLOSE_ROUNDS = 1e-10, 3  # relative decrease below which Newton's step needs no check
_COLUMNS_A_STEP = 48  # for so many columns a new curvature takes as long as a step
_THIN, _THIN_ROUNDS, _THIN_ENOUGH = 10, 12, 1.0  # a start from a tenth of the rows, as good as these are
_NEAR = 0.6  # share of l1 from which a column matters for the curvature
_NEARLY, _JOIN = 0.95, 20  # share of l1 from which columns join before the first step; at least so many may
_SIZES = (64, 128, 256, 384, 512)  # of these sets, filled up with the next columns
_MOST_SETS = 60  # of one mode
_DENSE = 2**24  # entries of sparse columns that are made dense
_MANY_ROWS, _ROWS_A_COLUMN = 20_000, 100  # from which such a start saves time


@final
@dataclass(frozen=True, eq=False)
class RowObjective(PenalisedLoss):
    """A penalised loss on rows. The coefficients are those of the columns, then the intercept if there is one.

    Attributes
    ----------
    loss : RowLoss
    l1, l2 : array (d,)
        The penalty of each coefficient.
    enough : float
        The violation, in units of λmax, at which `mode` stops.
    """

    loss: RowLoss
    l1: Coefs
    l2: Coefs
    enough: float = EXACT

    @property
    def data(self) -> RowData:
        """The rows."""
        return self.loss.data

    @cached_property
    def null(self) -> Coefs:
        """The null model: penalised coefficients 0, the others optimal."""
        return self.settled(np.zeros(self.l1.size))

    @cached_property
    def null_objective(self) -> float:
        """The objective of the null model."""
        return self.objective(self.null)

    @cached_property
    def norms(self) -> Float[np.ndarray, " d"]:
        """Lengths of the columns, which are centred if the intercept is flat."""
        return self.loss.norms(centred=self._has_flat_intercept)

    @property
    def _has_flat_intercept(self) -> bool:
        return self.loss.has_intercept and bool(self.free[-1])

    @cached_property
    def screen(self) -> Screen:
        """What tells which slopes of many columns are within l1."""
        return Screen(self.loss, self.norms, centred=self._has_flat_intercept)

    @cached_property
    def steepest(self) -> float:
        """Largest slope of a penalised coefficient at the null model, on unit-norm columns: λmax."""
        eta = self.loss.at(self.null).eta
        typical = float(np.sqrt(self.data.sample_weight @ self.loss.curvature(eta))) or 1.0
        if self.free.all():
            return typical
        slopes = np.abs(self.loss.at(self.null).slopes) / np.where(self.norms > 0.0, self.norms, 1.0)
        return max(float(slopes[~self.free].max()), _ROUNDED * typical)

    def under(self, l1: Coefs, l2: Coefs) -> "RowObjective":
        """Return the same loss under a penalty of as many columns: the null model and its slopes are at hand."""
        other = RowObjective(self.loss, l1, l2, self.enough)
        for name in ("null", "null_objective", "norms", "steepest", "screen"):
            if name in self.__dict__:
                other.__dict__[name] = self.__dict__[name]
        return other

    @property
    def rounding(self) -> float:
        """An objective of rows that are fitted perfectly is not 0: the size below which it is taken for 0."""
        return _PERFECT * self.loss.value(np.zeros(self.data.y.size))

    def gap(self, coefs: Coefs) -> Gap:
        """Bound how far the objective is above its minimum.

        The dual point is a share of the loss's slopes. They are taken at the point whose unpenalised coefficients are
        optimal given the others, so that the dual point is orthogonal to those columns. The share makes it feasible
        for columns without an l2 part. The gap is a sum of terms that are each at least 0 (Fenchel and Young), so
        nothing cancels.

        References
        ----------
        K. Koh, S.-J. Kim and S. Boyd (2007), JMLR 8, 1519–1555, for the dual.
        """
        settled, held = self.settled(coefs), ~self.free
        at, (likelihood, nuisance) = self.at(settled), (self.loss.likelihood, self.loss.nuisance)
        z = at.slopes
        share = float(dual_step(z[held], self.l1[held], self.l2[held]))
        terms = np.maximum(gap_terms(settled, share * z, self.l1, self.l2)[held], 0.0)
        gap = float(terms.sum()) + max(self.objective(coefs) - self.objective(settled), 0.0)
        if share < 1.0:  # else it is 0
            gap += float(self.data.sample_weight @ likelihood.excess(at.eta, self.data.y, share, nuisance))
        left = z[~held]
        open_ = 0.0
        if left.size:
            curvature = self._free_curvature(at.eta, self.loss.columns(~held))
            open_ = max(0.5 * float(left @ np.linalg.lstsq(curvature, left)[0]), 0.0)
        return Gap(gap + open_, open_ + self._rounding(at))

    def _rounding(self, at: LossAt) -> float:
        """Bound, to first order, what rounding adds: a slope beyond its l1 shrinks the dual point."""
        pure = (self.l1 > 0.0) & (self.l2 == 0.0)
        if not pure.any():
            return 0.0
        size = np.sqrt(float(self.data.sample_weight @ self.loss.row_slopes(at.eta) ** 2))
        share = _EPS * size * float((self.norms[pure] / self.l1[pure]).max())
        return min(share, 1.0) * float(penalty_terms(at.coefs, self.l1, self.l2).sum())

    def settled(self, coefs: Coefs) -> Coefs:
        """Return the point with unpenalised coefficients optimal given the others, by Newton's method."""
        if not self.free.any():
            return coefs
        found = self._settled.get(coefs.tobytes(), lambda: self._settle(coefs))
        return self._settled.get(found.tobytes(), lambda: found)

    @cached_property
    def _settled(self) -> Kept[Coefs]:
        return Kept(4)

    def _settle(self, coefs: Coefs) -> Coefs:
        columns, weight = self.loss.columns(self.free), self.data.sample_weight
        known = self._found.known(coefs.tobytes())
        eta = self.loss.eta(coefs) if known is None else known.eta
        best, step, free = self.loss.value(eta), np.zeros(coefs.size), self.free
        n_close, curvature = 0, None
        for _ in range(_FREE_ROUNDS):
            of_rows = self.loss.row_slopes(eta)
            slopes = -columns.T @ (weight * of_rows)
            if curvature is None or not n_close:  # close by, one serves all steps
                curvature = self._free_curvature(eta, columns, of_rows)
            change = np.linalg.lstsq(curvature, slopes)[0]
            decrease = 0.5 * float(slopes @ change)
            if decrease <= _LOST * best or n_close == _CLOSE_ROUNDS:
                break
            if decrease <= _CLOSE * best:
                n_close += 1
                step[free] += change
                eta = eta + columns @ change
                continue
            moved, value, length = self._lower_free(eta, columns @ change, best)
            if moved is None:
                break
            step[free] += length * change
            eta, best = moved, value
        return coefs + step if step.any() else coefs

    def _lower_free(self, eta: Rows, change: Rows, best: float) -> tuple[Rows | None, float, float]:
        """Halve a change of the linear predictors until the loss does not rise."""
        length = 1.0
        for _ in range(_HALVINGS):
            moved = eta + length * change
            value = self.loss.value(moved)
            if value <= best:
                return moved, value, length
            length *= 0.5
        return None, best, 0.0

    def _free_curvature(
        self, eta: Rows, columns: Float[np.ndarray, "n k"], slopes: Rows | None = None
    ) -> Float[np.ndarray, "k k"]:
        weight = self.loss.curvature(eta, slopes) * self.data.sample_weight
        curvature: Float[np.ndarray, "k k"] = columns.T @ (columns * weight[:, None])
        return curvature

    # The minimum.

    def mode(self, near: RowMode | None = None) -> RowMode:
        """Return the optimum, by steps from another one if there is one near.

        If there is no optimum the steps end far out: only the gap there tells.
        """
        with blas_for_few_columns(self.data.X):
            near = near or self._start()
            found = (
                self._mode_by_gram(near, self.enough)
                or self._mode_by_columns(near)
                or self._mode_by_rows(near.coefs)
            )
            return found._replace(coefs=self.settled(found.coefs))

    def _start(self) -> RowMode:
        """Return a start: the optimum on a share of the rows if they are many, else the null model."""
        n, d = self.data.y.size, self.l1.size
        many = n >= max(_MANY_ROWS, _ROWS_A_COLUMN * d)
        if not (many and self.loss.has_gram) or self.loss.likelihood.holds_rows:
            return RowMode(self.null, 0)
        thin = RowObjective(self.loss.thinned(_THIN), self.l1, self.l2)
        self.__dict__["null"] = self.settled(thin.null)
        found = thin._mode_by_gram(RowMode(thin.null, 0), _THIN_ENOUGH, _THIN_ROUNDS)
        if found is None or not self.objective(found.coefs) < self.null_objective:
            return RowMode(self.null, 0)
        return found

    def _mode_by_gram(self, near: RowMode, enough: float, most: int = MOST_ROUNDS) -> RowMode | None:
        """Return the optimum, or None if the curvature as one matrix does not lead to it."""
        if not self.loss.has_gram or (self.l1.any() and only_numpy_serves()):
            return None
        return self.by_gram(near.coefs, near.curvature, enough, most)

    def at(self, coefs: Coefs) -> LossAt:
        """Evaluate the loss and its slopes. Of an optimum that was found, slopes within l1 may be others."""
        return self._found.known(coefs.tobytes()) or self.loss.at(coefs)

    @cached_property
    def _found(self) -> Kept[LossAt]:
        return Kept(1)

    def gram_at(self, at: LossAt) -> Float[np.ndarray, "d d"]:
        """Return the curvature as one matrix. Near the optimum, columns that do not matter may have zeros."""
        weight = self.data.sample_weight * self.loss.curvature(at.eta)
        away = violation(at.coefs, at.slopes - self.l2 * at.coefs, self.l1).max(initial=0.0)
        near = (self.l1 == 0.0) | (at.coefs != 0.0) | (np.abs(at.slopes) > _NEAR * self.l1)
        is_sure = away < (1.0 - _NEAR) * self.l1.max(initial=0.0)
        return self.loss.gram(weight, near if is_sure else None)

    def is_stale(self, at: LossAt, away: float, before: float, enough: float) -> bool:
        """Tell whether steps with the curvature would take longer to the end than a new one and fewer steps."""
        return steps_left(away, before, enough) > STEPS_WITH_NEW + at.coefs.size / _COLUMNS_A_STEP

    def _mode_by_columns(self, near: RowMode) -> RowMode | None:
        """Return the optimum on some of the columns: others join them while their slopes exceed l1.

        Return None if more columns matter than there are rows. If a set of as many is full, those without a coefficient
        leave it: each set's optimum is lower than the last one's, but for rounding.
        """
        if self.loss.has_gram or only_numpy_serves():
            return None
        coefs, columns, slopes, n_rounds = near.coefs, near.columns, near.slopes, 0
        for _ in range(_MOST_SETS):
            held = (self.l1 == 0.0) | (coefs != 0.0)
            slopes = self.slopes(coefs) if slopes is None or n_rounds else slopes
            pull = np.abs(slopes) / np.where(self.l1 > 0.0, self.l1, 1.0)
            pull[held] = np.inf
            pull[self.data.n_features :] = np.inf  # an intercept is always among them
            wanted = pull > (1.0 if n_rounds else _NEARLY)
            if columns is not None:
                outside = wanted & ~columns.within
                if n_rounds and not self._violate(coefs, outside):
                    return RowMode(coefs, n_rounds, columns=columns, slopes=slopes)
                if n_rounds and columns.within.sum() < self.data.y.size:
                    pull[columns.within] = np.inf
            if columns is None or outside.any():
                columns = self._working_columns(pull, int(wanted.sum()))
            if columns is None:
                return None
            found = self._mode_on(columns, coefs)
            coefs, n_rounds = found.coefs, n_rounds + found.n_rounds
            columns = replace(columns, curvature=found.curvature)
        return None

    def _violate(self, coefs: Coefs, some: Bool[np.ndarray, " d"]) -> bool:
        return bool(some.any() and (self.violations(coefs)[some] > self.enough).any())

    def _mode_on(self, columns: WorkingColumns, coefs: Coefs) -> RowMode:
        """Return the optimum on some of the columns, from a point near it."""
        few, within, whole = self._on(columns), columns.within, np.zeros(coefs.size)
        if not few.data.n_features:
            whole[within] = self.null[within]
            return RowMode(whole, 1)
        there = columns.on_support and columns.on_support.mode(coefs[within], few.l1, few.l2, self.enough)
        if there:
            at, n_rounds = few._settled_there(columns.on_support, *there)
            whole[within] = at.coefs
            slopes = self.screen.slopes(at.row_slopes, self.l1, within, at.slopes)
            self._found.get(whole.tobytes(), lambda: LossAt(whole, at.eta, at.value, slopes))
            self._settled.get(whole.tobytes(), lambda: whole)
            return RowMode(whole, n_rounds, columns.curvature)
        found = few.mode(RowMode(coefs[within], 0, columns.curvature))
        whole[within] = found.coefs
        return RowMode(whole, found.n_rounds, found.curvature)

    def _settled_there(self, newton: SupportNewton, at: SupportAt, n_rounds: int) -> tuple[SupportAt, int]:
        """Return an optimum on working columns with unpenalised coefficients to the last digit."""
        self._found.get(at.coefs.tobytes(), lambda: LossAt(at.coefs, at.eta, at.value, at.slopes))
        coefs = self.settled(at.coefs)
        return (at if coefs is at.coefs else newton.at(coefs)), n_rounds

    def _working_columns(self, pull: Coefs, n_wanted: int) -> WorkingColumns | None:
        """Choose the columns that pull most; those that must be among them pull without limit.

        Return None if they are more than the rows.
        """
        most = min(self.data.y.size, LARGEST_GRAM)
        n_held = int(np.isinf(pull).sum())
        if n_held >= most:
            return None
        # those that are held count twice: the next modes of a path find room for theirs
        wanted = min(n_held + min(n_wanted, max(_JOIN, n_held)), most)
        room = next((size for size in _SIZES if size >= wanted), most)  # few programs serve all sets
        room = min(room, most, pull.size)
        within = np.zeros(pull.size, dtype=bool)
        within[np.argpartition(-pull, room - 1)[:room]] = True
        X = self.data.X[:, np.flatnonzero(within[: self.data.n_features])]
        if not isinstance(X, np.ndarray) and X.shape[0] * X.shape[1] <= _DENSE:
            X = X.toarray(order="F")
        names = tuple(compress(self.data.feature_names, within))
        loss = replace(self.loss, data=replace(self.data, X=X, feature_names=names))
        if not loss.has_gram:
            return None
        unit = np.where(self.norms > 0.0, self.norms, np.inf)[within] * self.steepest
        on_support = SupportNewton(loss, unit) if LOOPS else None
        return WorkingColumns(within, loss, on_support)

    def _on(self, columns: WorkingColumns) -> "RowObjective":
        """Return the same on some of the columns; the others have coefficients 0."""
        within = columns.within
        few = RowObjective(columns.loss, self.l1[within], self.l2[within], self.enough)
        few.__dict__.update(null=self.null[within], norms=self.norms[within], steepest=self.steepest)
        return few

    def _mode_by_rows(self, coefs: Coefs) -> RowMode:
        """Return the optimum by least squares on re-weighted rows.

        After `MOST_ROUNDS` steps the point is what they have reached: only its gap tells how far off it is.
        """
        best = self.objective(coefs)
        for n_rounds in range(1, MOST_ROUNDS + 1):
            moved, value = self._lower(coefs, self.quadratic_mode(coefs) - coefs, best)
            if moved is None:
                return RowMode(self._polished(coefs), n_rounds)
            done = best - value <= STILL * best
            coefs, best = moved, value
            if done:
                break
        return RowMode(self._polished(coefs), n_rounds)

    def _polished(self, coefs: Coefs) -> Coefs:
        """Take full steps while they reduce the violations: rounding hides such steps in the objective."""
        away = self.away(coefs)
        for _ in range(_POLISHES):
            moved = self.quadratic_mode(coefs)
            left = self.away(moved)
            if not left < away:
                break
            coefs, away = moved, left
        return coefs

    def _lower(self, coefs: Coefs, step: Coefs, best: float) -> tuple[Coefs | None, float]:
        """Halve a step until the objective falls; return None if it never does."""
        for _ in range(_HALVINGS):
            moved = coefs + step
            value = self.objective(moved)
            if value < best:
                return moved, value
            step = 0.5 * step
        return None, best

    def quadratic_mode(self, coefs: Coefs) -> Coefs:
        """Return the minimum of the loss's quadratic at a point, plus the penalty."""
        problem = self.quadratic(coefs)
        l1, l2 = (weight[None, :] for weight in problem.penalised_rates.penalty_weights(1.0))
        found, intercepts = problem.expand(solve_coefs(problem, l1, l2).values)
        return np.append(found[0], intercepts[: int(self.loss.has_intercept)])

    def quadratic(self, coefs: Coefs) -> Problem:
        """Return the loss's quadratic at a point, under the same penalty, as a problem with σ = 1."""
        eta = self.loss.at(coefs).eta
        curvature = self.loss.curvature(eta)
        response = eta - self.loss.row_slopes(eta) / curvature
        rows = replace(self.data, y=response, sample_weight=self.data.sample_weight * curvature)
        p = self.data.n_features
        prior = Penalty(self.l1[:p], self.l2[:p]).to_prior(1.0)
        of_intercept = None
        if self.loss.has_intercept and not self.free[-1]:
            of_intercept = Penalty(float(self.l1[-1]), float(self.l2[-1])).to_prior(1.0)
        model = LinearModel(
            prior, GaussianLikelihood(1.0), self.loss.has_intercept, intercept_prior=of_intercept
        )
        return resolve(model, rows)

    def majoriser_diagonal(self, coefs: Coefs) -> Coefs:
        """Return the diagonal of the second derivatives, l2 included."""
        weight = self.loss.curvature(self.loss.at(coefs).eta) * self.data.sample_weight
        return np.maximum(self.loss.squared_columns(weight) + self.l2, 1e-300)
