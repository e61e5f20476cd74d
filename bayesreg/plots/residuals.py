"""The picture of residuals against fitted values."""

from typing import TYPE_CHECKING, Any

from ..posterior.draws.residual_groups import residual_groups
from .style import COLOURS, NO_CODE, axes_or_current, leave_room_above, shown

_ENDS = 1.96  # between which 19 of 20 lie

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..posterior.draws.predictive_check import PredictiveCheck


def plot_residuals(check: "PredictiveCheck", ax: "Axes | None" = None, *, response: str = "y") -> "Axes":
    """Draw residuals, observed less predicted, against the means of the predictions.

    Parameters
    ----------
    check : PredictiveCheck
        From `check_predictions`.
    ax : matplotlib Axes, optional
        Default: the current one.
    response : str, default "y"
        Its name.

    Returns
    -------
    Axes
        Points scatter equally far about the line at 0 if the model is right. The diamonds are means of neighbours, each
        with two standard errors to either side: if they bend, the shape is not a line. If the points open like a
        funnel, the noise grows with the prediction.
    """
    return _draw(check, check.residuals, "observed − predicted", ax, response)


def plot_quantile_residuals(
    check: "PredictiveCheck", ax: "Axes | None" = None, *, response: str = "y"
) -> "Axes":
    """Draw randomised quantile residuals against the means of the predictions, for counts above all.

    Parameters
    ----------
    check : PredictiveCheck
        From `check_predictions`.
    ax : matplotlib Axes, optional
        Default: the current one.
    response : str, default "y"
        Its name.

    Returns
    -------
    Axes
        As in `plot_residuals`, but each residual is the place of the observation in its own prediction, as a quantile
        of a standard normal. So points scatter as normal noise of sd 1 whatever the likelihood, if the model is right.

    References
    ----------
    P. K. Dunn and G. K. Smyth (1996), doi:10.1080/10618600.1996.10474708.
    """
    ax = _draw(check, check.quantile_residuals, "quantile residual", ax, response)
    for end in (-_ENDS, _ENDS):
        ax.axhline(end, color="0.6", linewidth=0.8, linestyle=":")
    return ax


def _draw(check: "PredictiveCheck", residuals: Any, what: str, ax: "Axes | None", response: str) -> "Axes":
    ax = axes_or_current(ax)
    ax.axhline(0.0, color="0.3", linewidth=0.8)
    look: dict[str, Any] = {"color": COLOURS[0], "markersize": 3, "alpha": 0.5, "markeredgewidth": 0}
    ax.plot(check.predicted, residuals, "o", label="rows", **look)
    groups = residual_groups(check, residuals)
    if groups.mean.size:
        ax.errorbar(
            groups.predicted,
            groups.mean,
            2.0 * groups.standard_error,
            fmt="D-",
            color=COLOURS[1],
            markersize=4,
            linewidth=1.2,
            label="means of neighbours",
        )
    ax.set_xlabel(f"predicted mean of {shown(response)}", **NO_CODE)
    ax.set_ylabel(what)
    leave_room_above(ax, 0.12)
    ax.locator_params(axis="x", nbins=6)
    ax.legend(loc="upper left", ncols=2, frameon=False, fontsize="small")
    return ax
