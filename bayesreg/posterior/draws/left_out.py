"""Closed forms of the density of a row given the others, σ and the scale of a Gaussian prior."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ...data.rows import RowData
from ...gaussian.leave_one_out.leverage import CAREFUL, complement, refuse_alone
from ...likelihoods.gaussian import deviance
from ...model.problem import Problem


class Rows(NamedTuple):
    """Rows times the root of their weight: unpenalised columns, the others at unit prior sd, and the response."""

    flat: Float[np.ndarray, "m f"]
    columns: Float[np.ndarray, "m q"]
    response: Float[np.ndarray, " m"]


class LogDensities(NamedTuple):
    """Log densities of each row, given σ and σ²/scale² of each draw."""

    left_out: Float[np.ndarray, "s n"]  # of the row with weight 1, given the others
    held: Float[np.ndarray, "s n"]  # of the row with its own weight, as in the posterior, given the others
    inside: Float[np.ndarray, "s n"]  # of the row with weight 1, given all rows


def log_densities(
    sigma: Float[np.ndarray, " s"],
    weight: Float[np.ndarray, " n"],
    error: Float[np.ndarray, "s n"],
    left: Float[np.ndarray, "s n"],
) -> LogDensities:
    """Return the log densities from the residuals of weighted rows and 1 − leverage; 0 for rows of weight 0.

    Without row i the prediction has the error eᵢ/(1 − hᵢ) and the variance σ²hᵢ/(wᵢ(1 − hᵢ)).
    """
    present = weight > 0.0
    weight = np.where(present, weight, 1.0)
    error, leverage = error / np.sqrt(weight), 1.0 - left
    left_out = _log_normal(error / left, sigma, 1.0 + leverage / weight / left)
    # N(y; μ, σ²)ʷ is N(y; μ, σ²/w) times a factor that does not depend on μ.
    power = 0.5 * deviance(1.0 - weight, 0.0, sigma[:, None] ** 2) - 0.5 * np.log(weight)
    held = power + _log_normal(error / left, sigma, 1.0 / weight / left)
    inside = _log_normal(error, sigma, 1.0 + leverage / weight)
    return LogDensities(*(np.where(present, part, 0.0) for part in (left_out, held, inside)))


def weighted_rows(problem: Problem, data: RowData) -> Rows:
    """Return the rows in the form that these closed forms need."""
    root = np.sqrt(data.sample_weight)
    X = data.X if isinstance(data.X, np.ndarray) else data.X.toarray()
    flat = np.hstack([np.ones((len(X), int(problem.centred))), X[:, problem.rates.flat[: X.shape[1]]]])
    columns = X[:, problem.penalised] / np.sqrt(problem.penalised_rates.l2)
    return Rows(flat * root[:, None], columns * root[:, None], data.less_offset * root)


def residuals_of(
    rows: Rows, ratio: Float[np.ndarray, " s"]
) -> tuple[Float[np.ndarray, "s n"], Float[np.ndarray, "s n"]]:
    """Return the residual e of each row, and 1 − h for its leverage h, at each σ²/scale²."""
    from scipy.linalg import qr, svd

    basis = qr(rows.flat, mode="economic")[0]
    columns = rows.columns - basis @ (basis.T @ rows.columns)
    y = rows.response - basis @ (basis.T @ rows.response)
    directions, sizes, _ = svd(columns, full_matrices=False)
    filters = sizes[:, None] ** 2 / (sizes[:, None] ** 2 + ratio)
    left = (1.0 - np.square(basis).sum(axis=1)[:, None] - np.square(directions) @ filters).T
    error = (y[:, None] - directions @ (filters * (directions.T @ y)[:, None])).T
    risky = np.flatnonzero(left.min(axis=0) < CAREFUL)
    if risky.size:
        error[:, risky], left[:, risky] = few_rows(rows, risky).residuals(ratio)
    return error, left


class Few(NamedTuple):
    """A few rows in coordinates in which the posterior is diagonal: their residuals are sums without cancellation."""

    own: Float[np.ndarray, "r c"]
    target: Float[np.ndarray, " c"]
    squares: Float[np.ndarray, " c"]

    def residuals(
        self, ratio: Float[np.ndarray, " s"]
    ) -> tuple[Float[np.ndarray, "s r"], Float[np.ndarray, "s r"]]:
        """Return e and 1 − h of each row at each σ²/scale²."""
        filters = ratio[:, None] / (self.squares + ratio[:, None])
        return filters @ (self.own * self.target).T, filters @ np.square(self.own).T


def few_rows(rows: Rows, chosen: Int[np.ndarray, " r"]) -> Few:
    """Return a few of the rows. A triangular factor replaces the other rows.

    Raises
    ------
    ValueError
        If one of them alone determines the intercept or an unpenalised coefficient.
    """
    from scipy.linalg import qr, svd

    stacked = np.column_stack(rows)
    others = np.delete(stacked, chosen, axis=0)
    triangle = qr(others, mode="r")[0][: min(others.shape)] if len(others) else others
    ends = np.cumsum([rows.flat.shape[1], rows.columns.shape[1]])
    flat, columns, y = np.split(np.vstack([triangle, stacked[chosen]]), ends, axis=1)
    outside = complement(flat)
    own = outside[len(triangle) :]
    refuse_alone(own, chosen, "drop the row")
    directions, sizes, _ = svd(outside.T @ columns)
    squares = np.zeros(len(directions))
    squares[: sizes.size] = sizes**2
    return Few(own @ directions, directions.T @ (outside.T @ y[:, 0]), squares)


def _log_normal(
    error: Float[np.ndarray, "s n"], sigma: Float[np.ndarray, " s"], variance: Float[np.ndarray, "s n"]
) -> Float[np.ndarray, "s n"]:
    return -0.5 * deviance(1.0, error**2, sigma[:, None] ** 2 * variance)
