"""The picture of a mode's optimality conditions, one row for each coefficient."""

from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ..model.linear_model import LinearModel
from ..model.needs import PENALTY
from ..model.problem import Data
from ..model.row_problem import AnyProblem, RowProblem, resolve_any
from .named_rows import MOST_ROWS, name_rows
from .style import COLOURS, DARK, axes_or_current

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..mode.estimate import MapEstimate

_ROUND, _EPS = 1.2, 1e-15


def plot_certificate(mode: "MapEstimate", model: LinearModel, data: Data, ax: "Axes | None" = None) -> "Axes":
    """Draw the pull of the data on each coefficient against the limit that its penalty sets.

    At the mode xⱼ'r − l2·βⱼ is l1·sign(βⱼ) if βⱼ is not 0, and lies between −l1 and l1 if βⱼ is 0. xⱼ'r is minus the
    slope of the loss.

    Parameters
    ----------
    mode : MapEstimate
    model : LinearModel
    data : RowData or GramData
        The data of the mode.
    ax : matplotlib Axes, optional
        Default: the current one.

    Returns
    -------
    Axes
        The pull is in units of each coefficient's l1. Under a Gaussian prior it is the pull over l2·βⱼ, minus 1; it is
        0 at the mode. At most thirty coefficients are shown: those with the largest |coefficient|·sd(x), then those
        nearest to their bound. The title has the proven duality gap, in units of the null model's objective.
    """
    ax = axes_or_current(ax)
    problem = resolve_any(model, data, "plot_certificate", PENALTY)
    if tuple(mode.feature_names) != tuple(problem.feature_names):
        raise ValueError(
            f"the mode is of features {list(mode.feature_names)}, the data of {list(problem.feature_names)}."
        )
    l1, l2 = (
        np.broadcast_to(np.asarray(part), mode.coef.shape) for part in (mode.penalty.l1, mode.penalty.l2)
    )
    slopes = _slopes(problem, mode)
    value = _share(slopes, mode.coef, l1, l2)
    usable = np.isfinite(value)
    if not usable.any():
        raise ValueError(
            "no coefficient has a penalty to hold the data's pull against, so there is nothing to draw."
        )
    pull = np.where(usable, np.abs(value), 0.0)
    order = np.lexsort((-pull, -np.abs(mode.coef) * data.column_sd))
    rows = [j for j in order if usable[j]][:MOST_ROWS]
    places = np.arange(len(rows))
    is_zero = mode.coef[rows] == 0.0
    if l1.any():
        ax.axvspan(-1.0, 1.0, color="0.92", zorder=0)
        for bound in (-1.0, 1.0):
            ax.axvline(bound, color="0.4", linewidth=0.8)
        pulls = "(xⱼ'r − λ₂·coefficient) / λ₁" if l2.any() else "xⱼ'r / λ₁"
        ax.set_xlabel(f"pull of the data, {pulls}")
        ax.set_xlim(-1.15, 1.15)
    else:
        ax.axvline(0.0, color="0.4", linewidth=0.8)
        largest = max(float(np.abs(value[rows] - 1.0).max(initial=0.0)), _EPS)
        unit = 10.0 ** np.floor(np.log10(largest))
        value = (value - 1.0) / unit
        ax.set_xlabel(f"pull of the data, xⱼ'r / (λ₂ · coefficient) − 1, in units of {unit:.0e}")
        ax.set_xlim(-_ROUND * largest / unit, _ROUND * largest / unit)
    shares = value[rows]
    ax.plot(
        shares[~is_zero], places[~is_zero], "D", color=COLOURS[1], markeredgecolor=DARK, label="not 0: on a bound"
        if l1.any() else "coefficient",
    )  # fmt: skip
    if is_zero.any():
        ax.plot(
            shares[is_zero],
            places[is_zero],
            "o",
            color="white",
            markeredgecolor=DARK,
            label="0: between them",
        )
    name_rows(ax, [mode.feature_names[j] for j in rows], mode.coef.size, "features")
    has_gap = np.isfinite(mode.certificate.proven_gap)
    proof = f"duality gap {mode.certificate.proven_gap:.1e}" if has_gap else "a stationary point"
    ax.set_title(f"Optimality conditions ({proof})", fontsize="medium")
    return ax


def _slopes(problem: AnyProblem, mode: "MapEstimate") -> Float[np.ndarray, " p"]:
    """Return minus the slope of the loss in each coefficient; beside a Gaussian likelihood that of ½ Σ wr²."""
    p = mode.coef.size
    if isinstance(problem, RowProblem):
        full = np.append(mode.coef, mode.intercept) if problem.has_intercept else mode.coef
        slope = problem.likelihood.slope(problem.eta(full), problem.data.y, mode.nuisance)
        return -np.asarray(problem.data.X.T @ (problem.data.sample_weight * slope)).ravel()
    full = np.append(mode.coef, mode.intercept) if problem.has_intercept_column else mode.coef
    return np.asarray(problem.least_squares.residuals(full[None, :])[0][0][:p])


def _share(slopes: Any, coef: Any, l1: Any, l2: Any) -> Float[np.ndarray, " p"]:
    """Return each coefficient's pull as a share of its penalty's, or NaN if it has no penalty."""
    with np.errstate(divide="ignore", invalid="ignore"):
        of_l1 = (slopes - l2 * coef) / l1
        of_l2 = slopes / (l2 * coef)
    return np.where(l1 > 0.0, of_l1, np.where(l2 > 0.0, of_l2, np.nan))
