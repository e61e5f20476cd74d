"""An interior-point method for a small penalty with similar numbers of columns and rows: the support is hard to find.

Mehrotra's predictor-corrector method needs some twenty factorisations, even if the columns are
ill-conditioned. It ends inside the orthants, so its answer is only a start for a solver that ends on
exact zeros.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ...base.blas import cholesky, cholesky_solve, dot, times
from .gap import duality_gap

_MAX_ITERATIONS = 60
_SHORT_OF_THE_EDGE = 0.99
_SINGLE_PRECISION_DOWN_TO = 1e-4  # relative duality gap: above it steps need not be exact


class _Point(NamedTuple):
    """Positive and negative parts of the coefficients, and the slacks of |gradient| ≤ l1."""

    plus: Float[np.ndarray, " p"]
    minus: Float[np.ndarray, " p"]
    slack_plus: Float[np.ndarray, " p"]
    slack_minus: Float[np.ndarray, " p"]

    def moved(self, step: "_Point", length: float) -> "_Point":
        return _Point(*(own + length * change for own, change in zip(self, step, strict=True)))

    @property
    def complementarity(self) -> float:
        return (dot(self.plus, self.slack_plus) + dot(self.minus, self.slack_minus)) / (2 * self.plus.size)


def interior_point(
    gram: Float[np.ndarray, "p p"],
    cross: Float[np.ndarray, " p"],
    response_ss: float,
    l1: Float[np.ndarray, " p"],
    l2: Float[np.ndarray, " p"],
    tol: float,
) -> Float[np.ndarray, " p"]:
    """Minimise ½β'Gβ − c'β + Σ l1ⱼ|βⱼ| + ½ Σ l2ⱼβⱼ² up to a duality gap.

    Parameters
    ----------
    gram : array (p, p)
        Of columns of unit norm.
    cross : array (p,)
    response_ss : float
        y'y.
    l1 : array (p,)
        Positive.
    l2 : array (p,)
    tol : float
        Duality gap relative to ½y'y at which to stop.

    Returns
    -------
    array (p,)
        Coefficients are 0 if their slacks show it. The others are exact to `tol`.

    References
    ----------
    S. Mehrotra (1992), "On the implementation of a primal-dual interior point method", doi:10.1137/0802028.
    """
    p = cross.size
    spread = np.full(p, np.abs(cross).max() / (10.0 * np.sqrt(p)))
    slack = np.abs(cross) + l1
    point = _Point(spread, spread, slack, slack)
    coef = np.zeros(p)
    for _ in range(_MAX_ITERATIONS):
        coef = point.plus - point.minus
        gradient = cross - times(gram, coef)
        rss = max(response_ss - dot(coef, cross + gradient), 0.0)
        gap = duality_gap(coef, gradient, rss, l1, l2) / (0.5 * response_ss)
        if gap <= tol:
            break
        step = _step(gram, point, gradient - l2 * coef, l1, l2, single=gap > _SINGLE_PRECISION_DOWN_TO)
        if step is None:
            break
        length = min(1.0, _SHORT_OF_THE_EDGE * _longest(point, step))
        point = point.moved(step, length)
    size = np.abs(coef)
    slack = np.maximum(l1 - np.abs(cross - times(gram, coef) - l2 * coef), 0.0)
    return np.where(size > slack, coef, 0.0)


def _step(
    gram: np.ndarray, point: _Point, slope: np.ndarray, l1: np.ndarray, l2: np.ndarray, *, single: bool
) -> _Point | None:
    """Return Mehrotra's step, or None if the system cannot be factorised."""
    dual_plus = l1 - slope - point.slack_plus
    dual_minus = l1 + slope - point.slack_minus
    weight_plus, weight_minus = point.slack_plus / point.plus, point.slack_minus / point.minus
    weight = weight_plus * weight_minus / (weight_plus + weight_minus)
    system: np.ndarray = gram.astype(np.float32) if single else gram.copy()
    np.fill_diagonal(system, np.diagonal(gram) + weight + l2)
    factor = cholesky(system)
    if factor is None:
        return None

    def towards(target_plus: np.ndarray, target_minus: np.ndarray) -> _Point:
        """Return the step that changes the products of parts and slacks by the targets."""
        push_plus = target_plus / point.plus - dual_plus
        push_minus = target_minus / point.minus - dual_minus
        pull = push_plus / weight_plus - push_minus / weight_minus
        change = cholesky_solve(factor, weight * pull).astype(np.float64)
        curvature = weight * (pull - change)
        plus = (push_plus - curvature) / weight_plus
        minus = (push_minus + curvature) / weight_minus
        return _Point(
            plus,
            minus,
            (target_plus - point.slack_plus * plus) / point.plus,
            (target_minus - point.slack_minus * minus) / point.minus,
        )

    product_plus, product_minus = point.plus * point.slack_plus, point.minus * point.slack_minus
    ahead = towards(-product_plus, -product_minus)
    now = point.complementarity
    centre = now * (point.moved(ahead, min(1.0, _longest(point, ahead))).complementarity / now) ** 3
    return towards(
        centre - product_plus - ahead.plus * ahead.slack_plus,
        centre - product_minus - ahead.minus * ahead.slack_minus,
    )


def _longest(point: _Point, step: _Point) -> float:
    """Return the length at which a part or slack becomes 0."""
    lengths = (
        np.divide(-own, change, out=np.full(own.size, np.inf), where=change < 0.0).min()
        for own, change in zip(point, step, strict=True)
    )
    return float(min(lengths))
