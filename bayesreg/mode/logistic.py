"""The penalised logistic likelihood: its optimum by reweighted quadratics, and the duality gap of any point."""

import warnings
from dataclasses import dataclass, replace
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Bool, Float

from ..base.errors import ConvergenceWarning, DegenerateDataWarning, NoModeError
from ..data.rows import RowData
from ..likelihoods.gaussian import GaussianLikelihood
from ..model.linear_model import LinearModel
from ..priors.penalty import Penalty
from .estimate import map_estimate

_ROUNDS = 100
_HALVINGS = 40
_FREE_ROUNDS = 50
_STILL = 1e-13  # relative decrease of the objective that is rounding
_LEAST_CURVATURE = 1e-10  # μ(1 − μ) of a row, below which the quadratic does not see it


@final
@dataclass(frozen=True, eq=False)
class Logistic:
    """−Σ wᵢ log p(yᵢ | β₀ + xᵢβ) + Σ l1|β| + ½ Σ l2 β², y in {0, 1}.

    Attributes
    ----------
    data : RowData
        With a response of zeros and ones.
    penalty : Penalty
        One strength a column.
    fit_intercept : bool
    """

    data: RowData
    penalty: Penalty
    fit_intercept: bool

    @property
    def free(self) -> Bool[np.ndarray, " p"]:
        """Which coefficients are unpenalised."""
        return (np.asarray(self.penalty.l1) == 0.0) & (np.asarray(self.penalty.l2) == 0.0)

    @property
    def null(self) -> "Point":
        """The null model: penalised coefficients 0, the others optimal."""
        return self.settled(Point(np.zeros(self.data.n_features), 0.0))

    def objective(self, point: "Point") -> float:
        """Evaluate the penalised loss."""
        beta, penalty = point.coef, self.penalty
        loss = self.data.sample_weight @ (
            np.logaddexp(0.0, self._eta(point)) - self.data.y * self._eta(point)
        )
        return float(loss + (penalty.l1 * np.abs(beta)).sum() + 0.5 * (penalty.l2 * beta**2).sum())

    def slopes(self, point: "Point") -> Float[np.ndarray, " p"]:
        """Return X'(y − μ), weighted: minus the gradient of the loss."""
        return np.asarray(self.data.X.T @ self._residual(point)).ravel()

    def gap(self, point: "Point") -> float:
        """Bound how far the objective is above its minimum.

        The dual point is the residual beside an intercept and free coefficients that are optimal given the others,
        so that it is orthogonal to them, scaled where pure l1 columns ask for it.

        Parameters
        ----------
        point : Point

        Returns
        -------
        float
            In units of the loss.

        References
        ----------
        K. Koh, S.-J. Kim and S. Boyd (2007), JMLR 8, 1519–1555, for the dual.
        """
        from scipy.special import expit, xlogy

        settled, data = self.settled(point), self.data
        l1, l2 = np.asarray(self.penalty.l1), np.asarray(self.penalty.l2)
        slope = np.abs(self.slopes(settled))
        binding = (l2 == 0.0) & (slope > l1) & ~self.free
        step = float(np.divide(l1, slope, out=np.ones_like(slope), where=binding).min(initial=1.0))
        mu = data.y - step * (data.y - expit(self._eta(settled)))
        entropy = -(xlogy(mu, mu) + xlogy(1.0 - mu, 1.0 - mu))
        beyond = np.where(self.free, 0.0, np.maximum(step * slope - l1, 0.0))
        conjugate = np.divide(beyond**2, 2.0 * l2, out=np.zeros_like(beyond), where=l2 > 0.0)
        dual = float(data.sample_weight @ entropy - conjugate.sum())
        return max(self.objective(point) - dual, 0.0)

    def settled(self, point: "Point") -> "Point":
        """Return the point with intercept and free coefficients optimal given the others, by Newton's method."""
        columns = self._free_columns()
        if columns.shape[1] == 0:
            return point
        best = self.objective(point)
        for _ in range(_FREE_ROUNDS):
            step = self._free_step(point, columns)
            moved = self._along(point, step)
            value = self.objective(moved)
            for _ in range(_HALVINGS):
                if value <= best:
                    break
                step = 0.5 * step
                moved = self._along(point, step)
                value = self.objective(moved)
            if not value <= best:
                break
            done = best - value <= _STILL * abs(best)
            point, best = moved, value
            if done:
                break
        return point

    def mode(self) -> "Point":
        """Return the optimum.

        Raises
        ------
        NoModeError
            Where the objective has no minimum: rows that free columns separate.
        """
        point = self.null
        best = self.objective(point)
        for _ in range(_ROUNDS):
            target = self._quadratic_mode(point)
            share = 1.0
            moved = target
            value = self.objective(moved)
            for _ in range(_HALVINGS):
                if value < best:
                    break
                share *= 0.5
                moved = Point(
                    point.coef + share * (target.coef - point.coef),
                    point.intercept + share * (target.intercept - point.intercept),
                )
                value = self.objective(moved)
            if not value < best:
                return point
            done = best - value <= _STILL * best
            point, best = moved, value
            if done:
                return point
        raise NoModeError(
            f"the penalised logistic loss is still falling after {_ROUNDS} Newton steps: unpenalised columns may "
            "separate the classes. Penalise them."
        )

    def _quadratic_mode(self, point: "Point") -> "Point":
        """Return the minimum of the loss's quadratic at a point, plus the penalty."""
        from scipy.special import expit

        eta = self._eta(point)
        mu = expit(eta)
        curvature = np.maximum(mu * (1.0 - mu), _LEAST_CURVATURE)
        response = eta + (self.data.y - mu) / curvature
        rows = replace(self.data, y=response, sample_weight=self.data.sample_weight * curvature)
        model = LinearModel(self.penalty.to_prior(1.0), GaussianLikelihood(1.0), self.fit_intercept)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.simplefilter("ignore", DegenerateDataWarning)
            found = map_estimate(model, rows)
        return Point(found.coef, found.intercept)

    def _free_columns(self) -> Float[np.ndarray, "n m"]:
        X = self.data.X[:, self.free]
        dense = X if isinstance(X, np.ndarray) else X.toarray()
        return np.column_stack([np.ones((len(dense), int(self.fit_intercept))), dense])

    def _free_step(self, point: "Point", columns: Float[np.ndarray, "n m"]) -> Float[np.ndarray, " m"]:
        from scipy.special import expit

        mu = expit(self._eta(point))
        curvature = np.maximum(mu * (1.0 - mu), _LEAST_CURVATURE) * self.data.sample_weight
        return np.linalg.lstsq(columns.T @ (columns * curvature[:, None]), columns.T @ self._residual(point))[
            0
        ]

    def _along(self, point: "Point", step: Float[np.ndarray, " m"]) -> "Point":
        coef = point.coef.copy()
        coef[self.free] += step[int(self.fit_intercept) :]
        return Point(coef, point.intercept + (float(step[0]) if self.fit_intercept else 0.0))

    def _eta(self, point: "Point") -> Float[np.ndarray, " n"]:
        return np.asarray(self.data.X @ point.coef).ravel() + point.intercept

    def _residual(self, point: "Point") -> Float[np.ndarray, " n"]:
        from scipy.special import expit

        return self.data.sample_weight * (self.data.y - expit(self._eta(point)))


class Point(NamedTuple):
    """Coefficients and intercept."""

    coef: Float[np.ndarray, " p"]
    intercept: float
