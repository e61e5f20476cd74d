"""The mode on rows under any convex loss: Newton's method by re-weighted quadratics, and the gap of any point.

The objective is Σ wᵢ·Dᵢ + Σ l1ⱼ|βⱼ| + ½ Σ l2ⱼβⱼ². Dᵢ is the row's loss minus its smallest possible value: half the
deviance. Each step minimises the loss's quadratic at a point plus the penalty, with the least-squares solvers.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Bool, Float

from ..data.checks import Design
from ..data.rows import RowData
from ..likelihoods.base import Likelihood, Nuisance
from ..likelihoods.gaussian import GaussianLikelihood
from ..model.linear_model import LinearModel
from ..model.problem import Problem, resolve
from ..priors.elastic_net_algebra import dual_step, gap_terms, penalty_terms, violation
from ..priors.penalty import Penalty
from .solve_penalised import solve_coefs

MOST_ROUNDS, _FREE_ROUNDS = 100, 50
_HALVINGS, _POLISHES = 100, 3
_STILL = 1e-13  # relative decrease of the objective that counts as rounding
_ROUNDED = 1e-9  # of a typical slope: smaller ones are rounding, of a null model that fits perfectly
_PERFECT = 1e-13  # of the loss at η = 0
_TINY = np.finfo(float).tiny
_LONGEST = 1e30  # step of a row's η: larger ones overflow
_LEAST_CURVATURE = 1e-10  # of the largest weighted curvature: float64 loses smaller ones in the quadratic

Coefs = Float[np.ndarray, " d"]


class Gap(NamedTuple):
    """A bound on how far a point is above the optimum, in units of the objective."""

    gap: float
    rounding: (
        float  # the part that is left because unpenalised coefficients are not quite optimal given the others
    )


@final
@dataclass(frozen=True, eq=False)
class RowObjective:
    """A penalised loss on rows. The coefficients are those of the columns, then the intercept if there is one.

    Attributes
    ----------
    data : RowData
    likelihood : Likelihood
    nuisance : mapping
        Numbers, by name.
    l1, l2 : array (d,)
        The penalty of each coefficient.
    has_intercept : bool
        Whether the last coefficient is the intercept.
    """

    data: RowData
    likelihood: Likelihood
    nuisance: Nuisance
    l1: Coefs
    l2: Coefs
    has_intercept: bool

    @cached_property
    def design(self) -> Design:
        """The rows, with a last column of ones for an intercept: (n, d)."""
        return self.data.design(intercept_column=self.has_intercept)

    @property
    def free(self) -> Bool[np.ndarray, " d"]:
        """Which coefficients are unpenalised."""
        return (self.l1 == 0.0) & (self.l2 == 0.0)

    @cached_property
    def null(self) -> Coefs:
        """The null model: penalised coefficients 0, the others optimal."""
        return self.settled(np.zeros(self.l1.size))

    def with_null(self, null: Coefs) -> "RowObjective":
        """Return the same, with the null model at hand: it does not depend on the penalty."""
        self.__dict__["null"] = null
        return self

    @cached_property
    def norms(self) -> Float[np.ndarray, " d"]:
        """Lengths of the columns, which are centred if the intercept is flat."""
        flat_intercept = self.has_intercept and bool(self.free[-1])
        least_squares, _ = self.data.least_squares(
            centre=flat_intercept, intercept_column=self.has_intercept and not flat_intercept
        )
        norms = np.sqrt(least_squares.squared_norms)
        return np.append(norms, 1.0) if flat_intercept else norms

    def objective(self, coefs: Coefs) -> float:
        """Evaluate the penalised loss."""
        loss = self.likelihood.excess(self._eta(coefs), self.data.y, 0.0, self.nuisance)
        penalty = penalty_terms(coefs, self.l1, self.l2)
        with np.errstate(over="ignore"):  # a step too far
            return float((self.data.sample_weight * loss).sum() + penalty.sum())

    @property
    def rounding(self) -> float:
        """An objective of rows that are fitted perfectly is not 0: the size below which it is taken for 0."""
        at_zero = self.likelihood.excess(np.zeros(self.data.y.size), self.data.y, 0.0, self.nuisance)
        return _PERFECT * float(self.data.sample_weight @ at_zero)

    def slopes(self, coefs: Coefs) -> Coefs:
        """Return minus the gradient of the loss."""
        slope = self.likelihood.slope(self._eta(coefs), self.data.y, self.nuisance)
        return -np.asarray(self.design.T @ (self.data.sample_weight * slope)).ravel()

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
        z = self.slopes(settled)
        share = float(dual_step(z[held], self.l1[held], self.l2[held]))
        loss = self.likelihood.excess(self._eta(settled), self.data.y, share, self.nuisance)
        terms = np.maximum(gap_terms(settled, share * z, self.l1, self.l2)[held], 0.0)
        lost = max(self.objective(coefs) - self.objective(settled), 0.0)
        gap = float(self.data.sample_weight @ loss + terms.sum()) + lost
        left = z[~held]
        open_ = max(0.5 * float(left @ self._free_step(settled, left)), 0.0) if left.size else 0.0
        return Gap(gap + open_, open_)

    def violations(self, coefs: Coefs) -> Coefs:
        """Return each coefficient's violation of stationarity, on unit-norm columns, in units of λmax.

        If no coefficient is penalised, the unit is a typical slope: the root of the sum of curvatures.
        """
        away = violation(coefs, self.slopes(coefs) - self.l2 * coefs, self.l1)
        unit = np.where(self.norms > 0.0, self.norms, 1.0)
        scaled: Coefs = away * (self.norms > 0.0) / unit / self._largest_slope
        return scaled

    @cached_property
    def _largest_slope(self) -> float:
        typical = float(np.sqrt(self.data.sample_weight @ self._curvature(self._eta(self.null)))) or 1.0
        if self.free.all():
            return typical
        slopes = np.abs(self.slopes(self.null)) / np.where(self.norms > 0.0, self.norms, 1.0)
        return max(float(slopes[~self.free].max()), _ROUNDED * typical)

    def settled(self, coefs: Coefs) -> Coefs:
        """Return the point with unpenalised coefficients optimal given the others, by Newton's method."""
        if not self.free.any():
            return coefs
        best = self.objective(coefs)
        for _ in range(_FREE_ROUNDS):
            step = np.zeros(coefs.size)
            step[self.free] = self._free_step(coefs, self.slopes(coefs)[self.free])
            moved, value = self._lower(coefs, step, best, strictly=False)
            if moved is None:
                break
            done = best - value <= _STILL * abs(best)
            coefs, best = moved, value
            if done:
                break
        return coefs

    def mode(self, start: Coefs | None = None) -> tuple[Coefs, int]:
        """Return the optimum, and the number of Newton steps from a start, by default from the null model.

        After `MOST_ROUNDS` steps the point is what they have reached: only its gap tells how far off it is.
        """
        coefs = self.null if start is None else start
        best = self.objective(coefs)
        for n_rounds in range(1, MOST_ROUNDS + 1):
            moved, value = self._lower(coefs, self.quadratic_mode(coefs) - coefs, best, strictly=True)
            if moved is None:
                return self._polished(coefs), n_rounds
            done = best - value <= _STILL * best
            coefs, best = moved, value
            if done:
                break
        return self._polished(coefs), n_rounds

    def _polished(self, coefs: Coefs) -> Coefs:
        """Take full steps while they reduce the violations: rounding hides such steps in the objective."""
        away = self.violations(coefs).max(initial=0.0)
        for _ in range(_POLISHES):
            moved = self.quadratic_mode(coefs)
            left = self.violations(moved).max(initial=0.0)
            if not left < away:
                break
            coefs, away = moved, left
        return coefs

    def _lower(self, coefs: Coefs, step: Coefs, best: float, *, strictly: bool) -> tuple[Coefs | None, float]:
        """Halve a step until the objective does not rise; return None if it always rises."""
        for _ in range(_HALVINGS):
            moved = coefs + step
            value = self.objective(moved)
            if value < best or (value == best and not strictly):
                return moved, value
            step = 0.5 * step
        return None, best

    def quadratic_mode(self, coefs: Coefs) -> Coefs:
        """Return the minimum of the loss's quadratic at a point, plus the penalty."""
        problem = self.quadratic(coefs)
        l1, l2 = (weight[None, :] for weight in problem.penalised_rates.penalty_weights(1.0))
        found, intercepts = problem.expand(solve_coefs(problem, l1, l2).values)
        return np.append(found[0], intercepts[: int(self.has_intercept)])

    def quadratic(self, coefs: Coefs) -> Problem:
        """Return the loss's quadratic at a point, under the same penalty, as a problem with σ = 1."""
        eta = self._eta(coefs)
        curvature = self._curvature(eta)
        response = eta - self.likelihood.slope(eta, self.data.y, self.nuisance) / curvature
        rows = replace(self.data, y=response, sample_weight=self.data.sample_weight * curvature)
        p = self.data.n_features
        prior = Penalty(self.l1[:p], self.l2[:p]).to_prior(1.0)
        of_intercept = None
        if self.has_intercept and not self.free[-1]:
            of_intercept = Penalty(float(self.l1[-1]), float(self.l2[-1])).to_prior(1.0)
        model = LinearModel(prior, GaussianLikelihood(1.0), self.has_intercept, intercept_prior=of_intercept)
        return resolve(model, rows)

    def majoriser_diagonal(self, coefs: Coefs) -> Coefs:
        """Return the diagonal of the second derivatives, l2 included."""
        weight = self._curvature(self._eta(coefs)) * self.data.sample_weight
        square = self.design**2 if isinstance(self.design, np.ndarray) else self.design.power(2)
        return np.maximum(np.asarray(square.T @ weight).ravel() + self.l2, 1e-300)

    def _free_step(self, coefs: Coefs, slopes: Coefs) -> Coefs:
        """Return the Newton step of the unpenalised coefficients."""
        columns = self.design[:, self.free]
        columns = columns if isinstance(columns, np.ndarray) else columns.toarray()
        weight = self._curvature(self._eta(coefs)) * self.data.sample_weight
        step: Coefs = np.linalg.lstsq(columns.T @ (columns * weight[:, None]), slopes)[0]
        return step

    def _curvature(self, eta: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        curvature = np.broadcast_to(self.likelihood.curvature(eta, self.data.y, self.nuisance), eta.shape)
        weight = self.data.sample_weight
        least = _LEAST_CURVATURE * float((weight * curvature).max())
        slope = np.abs(self.likelihood.slope(eta, self.data.y, self.nuisance))
        return np.maximum(
            curvature, least / np.where(weight > 0.0, weight, np.inf) + slope / _LONGEST + _TINY
        )

    def _eta(self, coefs: Coefs) -> Float[np.ndarray, " n"]:
        eta = np.asarray(self.design @ coefs).ravel()
        return eta if self.data.offset is None else eta + self.data.offset
