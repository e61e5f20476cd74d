"""The picture of counts beside what the model draws in their place, on a square-root scale."""

from typing import TYPE_CHECKING

import numpy as np

from ..posterior.draws.predictive_check import BAND
from .style import COLOURS, DARK, NO_CODE, axes_or_current, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..posterior.draws.replicates import Replicates


def plot_rootogram(found: "Replicates", ax: "Axes | None" = None, *, response: str = "y") -> "Axes":
    """Draw a hanging rootogram: bars of the observed counts hang from what the model expects.

    Parameters
    ----------
    found : Replicates
        From `replicate`, of a likelihood of counts.
    ax : matplotlib Axes, optional
        Default: the current one.
    response : str, default "y"
        Its name.

    Returns
    -------
    Axes
        Heights are square roots of numbers of rows, so that small bars are seen. A bar hangs from the expected
        number; it ends inside the band about 0, but for chance, if the model is right. A bar that ends below the
        band: more rows than the model says. Above it: fewer.

    References
    ----------
    C. Kleiber and A. Zeileis (2016), doi:10.1080/00031305.2016.1173590.
    """
    from matplotlib.ticker import MaxNLocator

    ax = axes_or_current(ax)
    middles, widths = 0.5 * (found.edges[:-1] + found.edges[1:]), np.diff(found.edges)
    top, observed = np.sqrt(found.expected), np.sqrt(found.counts)
    ends = np.sqrt(found.band[[0, 2]])
    ax.fill_between(
        np.append(found.edges[:-1], found.edges[-1]),
        np.append(top - ends[1], (top - ends[1])[-1]),
        np.append(top - ends[0], (top - ends[0])[-1]),
        step="post",
        color="0.82",
        linewidth=0.0,
        label=f"{BAND:.0%} of replications end here",
    )
    ax.bar(
        middles, observed, 0.85 * widths, bottom=top - observed, color=COLOURS[5], alpha=0.8, label="observed"
    )
    ax.plot(middles, top, "o-", color=COLOURS[1], markersize=3, linewidth=1.2, label="expected")
    ax.axhline(0.0, color=DARK, linewidth=0.8)
    ax.set_ylim(top=1.35 * float(top.max(initial=1.0)))
    ax.set_xlabel(shown(response), **NO_CODE)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    ax.set_ylabel("√ number of rows")
    ax.legend(loc="upper center", ncols=2, frameon=False, fontsize="small")
    return ax
