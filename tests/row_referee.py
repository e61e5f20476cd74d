"""A referee for modes of yes/no, count and Student-t models: plain formulas in long double, no code of the package."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

LONG = np.longdouble


@dataclass(frozen=True)
class Problem:
    """A penalised loss: Σ wᵢ·lossᵢ + Σ l1ⱼ|zⱼ| + ½ Σ l2ⱼzⱼ². Coefficients are those of the columns, then the intercept."""

    family: str
    columns: np.ndarray  # dense, with the column of ones if there is an intercept
    y: np.ndarray
    weight: np.ndarray
    offset: np.ndarray
    l1: np.ndarray
    l2: np.ndarray
    nuisance: tuple = ()

    @property
    def free(self):
        return (self.l1 == 0.0) & (self.l2 == 0.0)


def eta_of(problem, z):
    return problem.offset.astype(LONG) + problem.columns.astype(LONG) @ z.astype(LONG)


def softplus(t):
    return np.maximum(t, 0) + np.log1p(np.exp(-np.abs(t)))


def logistic(t):
    return np.where(t >= 0, 1 / (1 + np.exp(-np.abs(t))), np.exp(-np.abs(t)) / (1 + np.exp(-np.abs(t))))


def loss(problem, eta):
    """Return each row's loss, slope and curvature in η; for Student's t the curvature of a parabola above the loss."""
    y = problem.y.astype(LONG)
    if problem.family == "bernoulli":
        mu = logistic(eta)
        # y = 1 as softplus(−η): no large numbers cancel
        return (1 - y) * softplus(eta) + y * softplus(-eta), mu - y, mu * logistic(-eta)
    if problem.family == "poisson":
        with np.errstate(over="ignore"):  # of a step too far
            mu = np.exp(eta)
        return mu - y * eta, mu - y, mu
    if problem.family == "negative-binomial":
        (k,) = problem.nuisance
        t = eta - np.log(LONG(k))
        share = logistic(t)
        value = k * softplus(t) + y * softplus(-t)
        return value, (y + k) * share - y, (y + k) * share * logistic(-t)
    df, sigma = (LONG(v) for v in problem.nuisance)
    r = (y - eta) / sigma
    value = (df + 1) / 2 * np.log1p(r**2 / df)
    slope = -(df + 1) * r / (df + r**2) / sigma
    return value, slope, (df + 1) / (df + r**2) / sigma**2


def _entropy(q):
    def part(v):
        return v * np.log(np.where(v > 0, v, 1))

    return part(q) + part(1 - q)


def conjugate(problem, u):
    """Return sup over η of u·η − loss(η) for each row, u between 0 and the loss's slope."""
    y = problem.y.astype(LONG)
    if problem.family == "bernoulli":
        return _entropy(np.clip(y + u, 0, 1))
    if problem.family == "poisson":
        m = np.maximum(y + u, 0)
        return m * np.log(np.where(m > 0, m, 1)) - m
    (k,) = problem.nuisance
    k = LONG(k)
    return (y + k) * _entropy(np.clip((y + u) / (y + k), 0, 1)) + u * np.log(k)


def least_losses(problem):
    """Return the smallest possible loss of each row."""
    return -conjugate(problem, np.zeros(len(problem.y), LONG))


def penalty(problem, z):
    return problem.l1 * np.abs(z) + problem.l2 * z * z / 2


def objective(problem, z):
    return problem.weight @ loss(problem, eta_of(problem, z))[0] + penalty(problem, z).sum()


def solved(matrix, right):
    """Solve a small symmetric system in long double, by refinement of float64's minimum-norm answer."""
    unit = 1 / np.sqrt(np.maximum(np.diagonal(matrix), LONG(1e-300)))
    scaled = (matrix * unit * unit[:, None]).astype(float)
    inverse = np.linalg.pinv(scaled, rcond=1e-12, hermitian=True)
    x = np.zeros(right.size, LONG)
    for _ in range(4):
        left = right - matrix @ x
        x = x + unit * (inverse @ (unit * left).astype(float))
    return x


def settled(problem, z):
    """Return the point with unpenalised coefficients optimal given the others."""
    z, free = z.astype(LONG), problem.free
    if not free.any():
        return z
    columns, weight = problem.columns[:, free].astype(LONG), problem.weight.astype(LONG)
    best = objective(problem, z)
    for _ in range(60):
        _, slope, curvature = loss(problem, eta_of(problem, z))
        step = np.zeros(z.size, LONG)
        step[free] = -solved(
            columns.T @ (columns * (weight * curvature)[:, None]), columns.T @ (weight * slope)
        )
        for _ in range(60):
            value = objective(problem, z + step)
            if value <= best:
                break
            step = step / 2
        else:
            break
        z, done, best = z + step, best - value <= 1e-17 * np.abs(best), value
        if done:
            break
    return z


def refined(problem, z):
    """Return a point at least as good: Newton steps on the support."""
    z = z.astype(LONG)
    support = (z != 0) | (problem.l1 == 0.0)
    columns, weight = problem.columns[:, support].astype(LONG), problem.weight.astype(LONG)
    best = objective(problem, z)
    for _ in range(3):
        _, slope, curvature = loss(problem, eta_of(problem, z))
        pull = columns.T @ (weight * slope) + (problem.l1 * np.sign(z) + problem.l2 * z)[support]
        second = columns.T @ (columns * (weight * curvature)[:, None]) + np.diag(problem.l2[support]).astype(
            LONG
        )
        step = np.zeros(z.size, LONG)
        step[support] = -solved(second, pull)
        moved = z + step
        if (
            objective(problem, moved) > best + 1e-15 * np.abs(best)
            or (np.sign(moved) * np.sign(z) < 0)[problem.l1 > 0].any()
        ):
            break
        z, best = moved, objective(problem, moved)
    return z


def gap(problem, z):
    """Return primal less the best dual found, and how far the dual point is from feasible.

    The dual point comes from a point near z that long double can tell from it.
    """
    return min((_gap(problem, z, near) for near in (z, refined(problem, z))), key=lambda found: found[0])


def _gap(problem, z, near):
    at = settled(problem, near)
    held, weight = ~problem.free, problem.weight.astype(LONG)
    _, slope, _ = loss(problem, eta_of(problem, at))
    pulls = problem.columns.astype(LONG).T @ (weight * slope)
    pure = held & (problem.l2 == 0.0)
    beyond = np.abs(pulls[pure])
    share = min([LONG(1), *(problem.l1[pure] / np.where(beyond > 0, beyond, 1))[beyond > problem.l1[pure]]])
    u = share * slope
    both = problem.l2 > 0.0
    over = np.maximum(share * np.abs(pulls[both]) - problem.l1[both], 0)
    of_penalty = (over**2 / (2 * problem.l2[both])).sum()
    dual = weight @ (u * problem.offset - conjugate(problem, u)) - of_penalty
    units = np.sqrt((weight * problem.columns[:, ~held].T.astype(LONG) ** 2).sum(axis=1))
    left = np.abs(share * pulls[~held]) / np.where(units > 0, units, 1)
    return objective(problem, z.astype(LONG)) - dual, float(left.max(initial=0))


def null_excess(problem):
    """Return the loss of the null model less the smallest possible loss."""
    null = settled(problem, np.zeros(problem.l1.size))
    value = loss(problem, eta_of(problem, null))[0]
    return problem.weight @ (value - least_losses(problem))


def violations(problem, z):
    """Return each coefficient's distance from stationarity."""
    z = z.astype(LONG)
    _, slope, _ = loss(problem, eta_of(problem, z))
    pull = -problem.columns.T.astype(LONG) @ (problem.weight * slope) - problem.l2 * z
    return np.where(
        z != 0, np.abs(pull - problem.l1 * np.sign(z)), np.maximum(np.abs(pull) - problem.l1, 0)
    ).astype(float)


def separates(problem):
    """Tell by a linear programme over all rows whether unpenalised columns separate them."""
    rows = problem.weight > 0
    columns = problem.columns[np.ix_(rows, problem.free)]
    sizes = np.abs(columns).max(axis=0, initial=0)
    columns, y = columns / np.where(sizes > 0, sizes, 1), problem.y[rows]
    if problem.family == "student-t" or not columns.size:
        return False
    up = (y == 1) if problem.family == "bernoulli" else np.zeros(y.size, bool)
    sign = up.astype(float) - (y == 0)
    tied, telling = columns[sign == 0], columns[sign != 0] * sign[sign != 0, None]
    if not telling.size:
        return False
    answer = linprog(
        -telling.sum(axis=0),
        A_ub=-telling,
        b_ub=np.zeros(len(telling)),
        A_eq=tied if tied.size else None,
        b_eq=np.zeros(len(tied)) if tied.size else None,
        bounds=(-1, 1),
        method="highs",
    )
    return bool(answer.status == 0 and -answer.fun > 1e-7)
