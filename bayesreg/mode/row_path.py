"""Modes along the scale of a prior under any convex loss, each from the one before, each certified."""

from dataclasses import dataclass, replace
from typing import final

import numpy as np
from jaxtyping import Float, Int

from ..gaussian.degrees_of_freedom import effective_df_along
from ..model.row_problem import RowProblem
from ..priors.base import Prior
from .certificate import Certificates
from .grid import default_multiples
from .newton import EXACT, MOST_ROUNDS, RowObjective
from .row_loss import RowLoss
from .solve_penalised import POLISH_BELOW

_SHARE = 1e-6  # of √tol: a violation at which the gap, about its square, is far below tol


@final
@dataclass(frozen=True, eq=False)
class RowModes:
    """Modes at k penalties. Coefficients are those of the features, then the intercept if there is one."""

    coefs: Float[np.ndarray, "k d"]
    n_rounds: Int[np.ndarray, " k"]
    certificates: Certificates

    def intercepts(self, problem: RowProblem) -> Float[np.ndarray, " k"]:
        """Return the intercepts, 0 in a model without one."""
        return self.coefs[:, -1] if problem.has_intercept else np.zeros(len(self.coefs))


def objective_at(
    problem: RowProblem, l1: Float[np.ndarray, " d"], l2: Float[np.ndarray, " d"]
) -> RowObjective:
    """Return the objective of a problem under a penalty."""
    loss = RowLoss(problem.data, problem.likelihood, problem.known, problem.has_intercept)
    return RowObjective(loss, l1, l2)


def modes_along(
    problem: RowProblem,
    l1: Float[np.ndarray, "k d"],
    l2: Float[np.ndarray, "k d"],
    tol: float = 0.0,
    *,
    certified: bool = True,
) -> RowModes:
    """Find the modes at k penalties, the strongest first, and certify them.

    Parameters
    ----------
    problem : RowProblem
        Its own rates are of no matter.
    l1, l2 : array (k, d)
        Penalties of all coefficients, the intercept's included. Which of them are 0 is the same in all rows.
    tol : float, default 0
        The largest gap, in units of the null model's objective. Up to 1e-7, modes are as exact as float64 allows.
    certified : bool, default True
        Whether gaps are wanted. Else only modes that Newton's method did not reach have one; the others have NaN.

    Returns
    -------
    RowModes

    Raises
    ------
    NoModeError
    """
    k, d = l1.shape
    coefs, n_rounds = np.empty((k, d)), np.empty(k, dtype=int)
    primal, gaps, kkt, rounding = (np.full(k, np.nan) for _ in range(4))
    enough = EXACT if tol <= POLISH_BELOW else _SHARE * tol**0.5
    one = replace(objective_at(problem, l1[0], l2[0]), enough=enough)
    null_objective, found, strengths = 0.0, None, l1.max(axis=1) + l2.max(axis=1)
    for row in range(k):
        one = one.under(l1[row], l2[row])
        if found is not None and row > 1:
            share = _share_of_last_step(strengths[row - 2 : row + 1])
            found = found._replace(coefs=_ahead(coefs[row - 1], coefs[row - 2], share))
        found = one.mode(found)
        if certified or found.n_rounds == MOST_ROUNDS:
            null_objective = one.null_objective
            per_null = 1.0 / null_objective if null_objective > one.rounding else 0.0
            bound = one.gap(found.coefs)
            if bound.gap * per_null > tol and one.enough > EXACT:
                found = replace(one, enough=EXACT).mode(found)
                bound = one.gap(found.coefs)
            primal[row] = one.objective(found.coefs)
            gaps[row], rounding[row] = bound.gap * per_null, bound.rounding * per_null
            kkt[row] = float(one.violations(found.coefs).max(initial=0.0))
        coefs[row], n_rounds[row] = found.coefs, found.n_rounds
    certificates = Certificates(
        primal=primal,
        gaps=gaps,
        kkt_residuals=kkt,
        rounding=rounding,
        coef_rounding=np.zeros(k),
        noise_scales=np.full(k, problem.known.get("noise_scale", 1.0)),
        null_objective=null_objective,
        source="rows",
        conditional_on_noise_scale=False,
    )
    return RowModes(coefs, n_rounds, certificates)


def _share_of_last_step(strengths: Float[np.ndarray, " 3"]) -> float:
    """Return the size of the coming step of a penalty in units of the last one, at most 1."""
    before, last, now = strengths
    return float(np.clip((now - last) / (last - before), 0.0, 1.0)) if last != before else 0.0


def _ahead(
    coefs: Float[np.ndarray, " d"], before: Float[np.ndarray, " d"], share: float
) -> Float[np.ndarray, " d"]:
    """Extrapolate a path from its last two modes; a coefficient stays where its sign would change, or at 0."""
    moved = coefs + share * (coefs - before)
    return np.where(moved * coefs > 0.0, moved, coefs)


def multiples_on_rows(
    problem: RowProblem, prior: Prior, n_scales: int, min_ratio: float
) -> Float[np.ndarray, " k"]:
    """Return `default_multiples` of the loss's quadratic at the null model."""
    one = objective_at(problem, problem.rates.l1, problem.rates.l2)
    return default_multiples(one.quadratic(one.null), prior, n_scales, min_ratio)


def effective_df_on_rows(
    problem: RowProblem,
    coefs: Float[np.ndarray, "k d"],
    l1: Float[np.ndarray, "k d"],
    l2: Float[np.ndarray, "k d"],
) -> Float[np.ndarray, " k"]:
    """Return the effective degrees of freedom of each mode: those of the loss's quadratic there."""
    found = []
    for row, of_l1, of_l2 in zip(coefs, l1, l2, strict=True):
        quadratic = objective_at(problem, of_l1, of_l2).quadratic(row)
        held = quadratic.penalised
        of_all = row if quadratic.has_intercept_column else row[: problem.n_features]
        penalty = (part[: held.size][held][None] for part in (of_l1, of_l2))
        found.append(effective_df_along(quadratic, of_all[held][None], *penalty)[0])
    return np.array(found)
