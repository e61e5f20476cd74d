"""The picture of residuals against fitted values."""

from typing import TYPE_CHECKING, Any

from ..posterior.draws.residual_groups import residual_groups
from .style import COLOURS, NO_CODE, axes_or_current, leave_room_above, shown

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
    ax = axes_or_current(ax)
    ax.axhline(0.0, color="0.3", linewidth=0.8)
    look: dict[str, Any] = {"color": COLOURS[0], "markersize": 3, "alpha": 0.5, "markeredgewidth": 0}
    ax.plot(check.predicted, check.residuals, "o", label="rows", **look)
    groups = residual_groups(check)
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
    ax.set_ylabel("observed − predicted")
    leave_room_above(ax, 0.12)
    ax.locator_params(axis="x", nbins=6)
    ax.legend(loc="upper left", ncols=2, frameon=False, fontsize="small")
    return ax
