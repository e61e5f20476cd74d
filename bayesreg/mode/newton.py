"""The mode on rows under any convex loss: Newton's method by re-weighted quadratics, and the gap of any point.

The objective is Σ wᵢ·Dᵢ + Σ l1ⱼ|βⱼ| + ½ Σ l2ⱼβⱼ². Dᵢ is the row's loss minus its smallest possible value: half the
deviance. Each step minimises the loss's quadratic at a point plus the penalty. Rows that outnumber the columns give
the quadratic as one matrix, which serves several steps; else the least-squares solvers work on the rows.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import final

import numpy as np
from jaxtyping import Bool, Float

from ..base.jax_context import jax_is_lost
from ..base.threads import blas_for_few_columns
from ..data.rows import RowData
from ..likelihoods.gaussian import GaussianLikelihood
from ..model.linear_model import LinearModel
from ..model.problem import Problem, resolve
from ..priors.elastic_net_algebra import dual_step, gap_terms, penalty_terms
from ..priors.penalty import Penalty
from .curvature import Curvature
from .penalised_loss import MOST_ROUNDS, Gap, PenalisedLoss, RowMode
from .row_loss import LARGEST_GRAM, Coefs, LossAt, RowLoss, Rows
from .solve_penalised import solve_coefs

_FREE_ROUNDS = 50
_HALVINGS, _POLISHES = 100, 3
_STILL = 1e-13  # relative decrease of the objective that counts as rounding
_EXACT = 1e-14  # violation, in units of λmax, that counts as rounding
_EPS = float(np.finfo(float).eps)
_ROUNDED = 1e-9  # of a typical slope: smaller ones are rounding, of a null model that fits perfectly
_PERFECT = 1e-13  # of the loss at η = 0: a null model below it fits perfectly
_LOST = 1e-26  # the same, of unpenalised coefficients alone: others' slopes may hang on their last digits
_CLOSE, _CLOSE_ROUNDS = 1e-10, 3  # relative decrease below which Newton's step needs no check
_SURE = 1e-9  # violation from which a minimum is trusted: the gap is about its square
_FLAT = 1e-8  # relative decrease of the objective's last step at a minimum
_SLOW = 0.1  # share of the violation that a step may leave before the curvature is taken anew
_THIN, _THIN_ROUNDS, _THIN_ENOUGH = 10, 12, 1.0  # a start from a tenth of the rows, as good as these are
_NEARLY, _JOIN = 0.95, 20  # share of l1 from which columns join before the first step; at least so many may
_SIZES = (64, 128, 256, 512)  # of these sets, filled up with the next columns
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
    """

    loss: RowLoss
    l1: Coefs
    l2: Coefs

    @property
    def data(self) -> RowData:
        """The rows."""
        return self.loss.data

    @cached_property
    def null(self) -> Coefs:
        """The null model: penalised coefficients 0, the others optimal."""
        return self.settled(np.zeros(self.l1.size))

    @cached_property
    def norms(self) -> Float[np.ndarray, " d"]:
        """Lengths of the columns, which are centred if the intercept is flat."""
        return self.loss.norms(centred=self.loss.has_intercept and bool(self.free[-1]))

    @cached_property
    def steepest(self) -> float:
        """Largest slope of a penalised coefficient at the null model, on unit-norm columns: λmax."""
        eta = self.loss.at(self.null).eta
        typical = float(np.sqrt(self.data.sample_weight @ self.loss.curvature(eta))) or 1.0
        if self.free.all():
            return typical
        slopes = np.abs(self.slopes(self.null)) / np.where(self.norms > 0.0, self.norms, 1.0)
        return max(float(slopes[~self.free].max()), _ROUNDED * typical)

    def under(self, l1: Coefs, l2: Coefs) -> "RowObjective":
        """Return the same loss under a penalty of as many columns: the null model and its slopes are at hand."""
        other = RowObjective(self.loss, l1, l2)
        for name in ("null", "norms", "steepest"):
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
        at, (likelihood, nuisance) = self.loss.at(settled), (self.loss.likelihood, self.loss.nuisance)
        z = at.slopes
        share = float(dual_step(z[held], self.l1[held], self.l2[held]))
        terms = np.maximum(gap_terms(settled, share * z, self.l1, self.l2)[held], 0.0)
        gap = float(terms.sum()) + max(self.objective(coefs) - self.objective(settled), 0.0)
        if share < 1.0:  # else it is 0
            gap += float(self.data.sample_weight @ likelihood.excess(at.eta, self.data.y, share, nuisance))
        left = z[~held]
        open_ = max(0.5 * float(left @ self._free_step(at.eta, left)), 0.0) if left.size else 0.0
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
        columns, weight = self.loss.columns(self.free), self.data.sample_weight
        eta = self.loss.eta(coefs)
        best, step, free = self.loss.value(eta), np.zeros(coefs.size), self.free
        n_close = 0
        for _ in range(_FREE_ROUNDS):
            slopes = -columns.T @ (weight * self.loss.row_slopes(eta))
            change = self._free_step(eta, slopes, columns)
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

    def _free_step(self, eta: Rows, slopes: Coefs, columns: Float[np.ndarray, "n k"] | None = None) -> Coefs:
        """Return the Newton step of the unpenalised coefficients."""
        columns = self.loss.columns(self.free) if columns is None else columns
        weight = self.loss.curvature(eta) * self.data.sample_weight
        step: Coefs = np.linalg.lstsq(columns.T @ (columns * weight[:, None]), slopes)[0]
        return step

    # The minimum.

    def mode(self, start: Coefs | None = None, curvature: Curvature | None = None) -> RowMode:
        """Return the optimum, by steps from a start and with a curvature near it if there are any.

        If there is none the steps end far out: only the gap there tells.
        """
        with blas_for_few_columns(self.data.X):
            if start is None:
                start, curvature = self._start()
            found = (
                self._mode_by_gram(start, curvature)
                or self._mode_by_columns(start)
                or self._mode_by_rows(start)
            )
            return found._replace(coefs=self.settled(found.coefs))

    def _start(self) -> tuple[Coefs, Curvature | None]:
        """Return a start: the optimum on a share of the rows if they are many, else the null model."""
        n, d = self.data.y.size, self.l1.size
        many = n >= max(_MANY_ROWS, _ROWS_A_COLUMN * d)
        if not (many and self.loss.has_gram) or self.loss.likelihood.holds_rows:
            return self.null, None
        thin = RowObjective(self.loss.thinned(_THIN), self.l1, self.l2)
        self.__dict__["null"] = self.settled(thin.null)
        found = thin._mode_by_gram(thin.null, None, _THIN_ENOUGH, _THIN_ROUNDS)
        if found is None or not self.objective(found.coefs) < self.objective(self.null):
            return self.null, None
        return found.coefs, found.curvature

    def _mode_by_gram(
        self, coefs: Coefs, curvature: Curvature | None, enough: float = _EXACT, most: int = MOST_ROUNDS
    ) -> RowMode | None:
        """Return the optimum, or None if the curvature as one matrix does not lead to it."""
        if not self.loss.has_gram or (self.l1.any() and jax_is_lost()):
            return None
        return self.by_gram(coefs, curvature, enough, most)

    def at(self, coefs: Coefs) -> LossAt:
        """Evaluate the loss and its slopes."""
        return self.loss.at(coefs)

    def gram_at(self, at: LossAt) -> Float[np.ndarray, "d d"]:
        """Return the curvature as one matrix."""
        return self.loss.gram(self.data.sample_weight * self.loss.curvature(at.eta))

    def is_stale(self, at: LossAt, away: float, before: float) -> bool:
        """Tell whether a step with the curvature made little progress: a new one is a pass over the rows."""
        return away > _SLOW * before

    def _mode_by_columns(self, coefs: Coefs) -> RowMode | None:
        """Return the optimum on some of the columns: others join them while their slopes exceed l1.

        Return None if more columns matter than there are rows.
        """
        most = min(self.data.y.size, LARGEST_GRAM)
        within = (self.l1 == 0.0) | (coefs != 0.0)
        if self.loss.has_gram or within.sum() > most or jax_is_lost():
            return None
        n_rounds, enough = 0, _NEARLY
        while True:
            pull = np.abs(self.slopes(coefs)) / np.where(self.l1 > 0.0, self.l1, 1.0)
            outside = np.flatnonzero(~within & (pull > enough))
            if n_rounds and not (self.violations(coefs)[outside] > _EXACT).any():
                return RowMode(coefs, n_rounds)
            n_within = int(within.sum())
            if n_within >= most:
                return None
            wanted = min(n_within + min(outside.size, max(_JOIN, n_within)), most)
            room = next((size for size in _SIZES if size >= wanted), most)  # few programs serve all sets
            room = min(room, most, coefs.size)
            pull[within] = np.inf
            within[np.argpartition(-pull, room - 1)[:room]] = True
            few = self._on(within)
            if not few.loss.has_gram:
                return None
            found = few.mode(coefs[within]) if few.data.n_features else RowMode(self.null[within], 1)
            coefs = np.zeros(coefs.size)
            coefs[within] = found.coefs
            n_rounds, enough = n_rounds + found.n_rounds, 1.0

    def _on(self, within: Bool[np.ndarray, " d"]) -> "RowObjective":
        """Return the same on some of the columns; the others have coefficients 0."""
        p = self.data.n_features
        X = self.data.X[:, np.flatnonzero(within[:p])]
        if not isinstance(X, np.ndarray) and X.shape[0] * X.shape[1] <= _DENSE:
            X = X.toarray(order="F")
        names = tuple(name for name, kept in zip(self.data.feature_names, within, strict=False) if kept)
        loss = replace(self.loss, data=replace(self.data, X=X, feature_names=names))
        other = RowObjective(loss, self.l1[within], self.l2[within])
        other.__dict__.update(null=self.null[within], norms=self.norms[within], steepest=self.steepest)
        return other

    def _mode_by_rows(self, coefs: Coefs) -> RowMode:
        """Return the optimum by least squares on re-weighted rows.

        After `MOST_ROUNDS` steps the point is what they have reached: only its gap tells how far off it is.
        """
        best = self.objective(coefs)
        for n_rounds in range(1, MOST_ROUNDS + 1):
            moved, value = self._lower(coefs, self.quadratic_mode(coefs) - coefs, best)
            if moved is None:
                return RowMode(self._polished(coefs), n_rounds)
            done = best - value <= _STILL * best
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
