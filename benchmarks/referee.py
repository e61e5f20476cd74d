"""The referee: primal, dual and relative gap of anybody's coefficients, in plain NumPy."""

import numpy as np

from . import likelihood_referee
from .problem import Array, Design, Problem

_BLOCK = 2**23  # entries of one block of residuals or gradients


def gaps_of(problem: Problem, coefs: Array, intercepts: Array, lambdas: Array) -> Array:
    """Return the relative gap of each row of `coefs` (k, p) at its λ, whatever the problem's family."""
    if problem.family != "gaussian":
        return likelihood_referee.relative_gaps(problem, coefs, intercepts, lambdas)
    return relative_gaps(
        problem.X, problem.y, coefs, intercepts, lambdas, problem.l1_ratio, problem.fit_intercept
    )


def relative_gaps(
    X: Design, y: Array, coefs: Array, intercepts: Array, lambdas: Array, l1_ratio: float, fit_intercept: bool
) -> Array:
    """Return (P − D)/P(null model) of each row of `coefs` (k, p) at its λ.

    P = RSS/(2n) + λ(a‖β‖₁ + (1−a)/2‖β‖²). The dual point is the residual, the intercept
    projected out, scaled to be feasible where a = 1; for a < 1 infeasible columns enter by the
    Fenchel term (|xⱼ'θ|/n − λa)₊²/(2λ(1−a)). X is never copied, centred or densified.
    """
    primal, dual = objectives(X, y, coefs, intercepts, lambdas, l1_ratio, fit_intercept)
    centred = y - y.mean() if fit_intercept else y
    null = centred @ centred / (2 * y.size)
    return (primal - dual) / null if null > 0 else np.zeros(len(coefs))


def objectives(
    X: Design, y: Array, coefs: Array, intercepts: Array, lambdas: Array, l1_ratio: float, fit_intercept: bool
) -> tuple[Array, Array]:
    """Return the primal objective and the best dual bound found, for each row of `coefs`."""
    n, p = X.shape
    shape = len(coefs), p
    if coefs.shape != shape or intercepts.shape != shape[:1] or lambdas.shape != shape[:1]:
        raise ValueError(f"{coefs.shape}, {intercepts.shape}, {lambdas.shape}: want (k, {p}), (k,), (k,)")
    x_mean = np.asarray(X.mean(axis=0)).ravel() if fit_intercept else np.zeros(p)
    y_centred = y - y.mean() if fit_intercept else y
    primal, dual = np.empty(len(coefs)), np.empty(len(coefs))
    step = max(1, _BLOCK // max(n, p))
    for first in range(0, len(coefs), step):
        rows = slice(first, first + step)
        B, lam = coefs[rows], lambdas[rows]
        l1, l2 = lam * l1_ratio, lam * (1.0 - l1_ratio)
        R = y[:, None] - X @ B.T - intercepts[rows]
        penalty = l1 * np.abs(B).sum(axis=1) + 0.5 * l2 * np.einsum("kp,kp->k", B, B)
        primal[rows] = np.einsum("nk,nk->k", R, R) / (2 * n) + penalty
        if fit_intercept:
            R -= R.mean(axis=0)
        slopes = np.abs(X.T @ R - np.outer(x_mean, R.sum(axis=0))) / n
        if l1_ratio == 1.0:
            largest = slopes.max(axis=0)
            R *= np.minimum(1.0, np.divide(l1, largest, out=np.ones_like(l1), where=largest > 0))
            fenchel = np.zeros_like(lam)
        else:
            fenchel = (np.maximum(slopes - l1, 0.0) ** 2).sum(axis=0) / (2 * l2)
        dual[rows] = (y_centred @ R - 0.5 * np.einsum("nk,nk->k", R, R)) / n - fenchel
    return primal, dual


def lambda_max(X: Design, y: Array, l1_ratio: float, fit_intercept: bool) -> float:
    """Return the smallest λ at which every coefficient is zero, of any family if there is an intercept."""
    residual = y - y.mean() if fit_intercept else y
    slopes = X.T @ residual
    if fit_intercept:
        slopes = slopes - np.asarray(X.mean(axis=0)).ravel() * residual.sum()
    return float(np.abs(slopes).max()) / (y.size * l1_ratio)
