"""The picture of a response beside what the model draws in its place."""

from typing import TYPE_CHECKING

import numpy as np

from ..posterior.draws.predictive_check import BAND
from .style import COLOURS, DARK, NO_CODE, axes_or_current, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..posterior.draws.replicates import Replicates


def plot_replicates(found: "Replicates", ax: "Axes | None" = None, *, response: str = "y") -> "Axes":
    """Draw a histogram of the observed responses, and what it would be by the model.

    Parameters
    ----------
    found : Replicates
        From `replicate`.
    ax : matplotlib Axes, optional
        Default: the current one.
    response : str, default "y"
        Its name.

    Returns
    -------
    Axes
        Each bar ends inside its line, but for chance, if the model is right. A line spans 90% of the replicated data
        sets, and its dot is their median.
    """
    from matplotlib.ticker import MaxNLocator

    ax = axes_or_current(ax)
    low, middle, high = found.band
    middles = 0.5 * (found.edges[:-1] + found.edges[1:])
    ax.bar(middles, found.counts, np.diff(found.edges), color=COLOURS[5], edgecolor="white", label="observed")
    ax.vlines(middles, low, high, color=DARK, linewidth=1.2, label=f"{BAND:.0%} of replications")
    ax.plot(middles, middle, "o", color=DARK, markersize=3)
    ax.set_ylim(0.0, 1.3 * max(high.max(), found.counts.max()))
    ax.set_xlabel(shown(response), **NO_CODE)
    ax.set_ylabel("number of rows")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(loc="upper center", ncols=2, frameon=False, fontsize="small")
    return ax
