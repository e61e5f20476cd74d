"""The pictures of observations and their predictions."""

from typing import TYPE_CHECKING

import numpy as np

from ..posterior.draws.predictive_check import BAND
from .style import COLOURS, DARK, NO_CODE, axes_or_current, leave_room_above, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..posterior.draws.predictive_check import PredictiveCheck

_MASSES = np.linspace(0.0, 1.0, 201)


def plot_predictive_check(check: "PredictiveCheck", ax: "Axes | None" = None) -> "Axes":
    """Draw a histogram of the places of observations in their predictive distributions.

    Parameters
    ----------
    check : PredictiveCheck
        From `check_predictions`.
    ax : matplotlib Axes, optional
        Default: the current one.

    Returns
    -------
    Axes
        If the model is right, the bars are level up to chance, and nine in ten lie between the dashed lines. Tall ends:
        predictions are too narrow. A hump in the middle: they are too wide. A slope: they are too low or too high.
    """
    from matplotlib.ticker import MaxNLocator

    ax = axes_or_current(ax)
    low, high = check.band
    ax.hist(
        check.places, bins=check.n_bins, range=(0.0, 1.0), color=COLOURS[5], edgecolor="white", label="rows"
    )
    for bound, label in ((low, f"{BAND:.0%} of bars, by chance"), (high, None)):
        ax.axhline(bound, color=DARK, linewidth=1.2, linestyle="--", label=label)
    ax.set_xlim(0.0, 1.0)
    ax.set_ylim(0.0, 1.35 * max(high, check.counts.max()))
    ax.set_xlabel("place of the observation in its prediction (PIT)")
    ax.set_ylabel("number of rows")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(loc="upper center", ncols=2, frameon=False, fontsize="small")
    return ax


def plot_calibration(check: "PredictiveCheck", ax: "Axes | None" = None) -> "Axes":
    """Draw the share of observations inside their predictive intervals against the intervals' probability.

    Parameters
    ----------
    check : PredictiveCheck
        From `check_predictions`.
    ax : matplotlib Axes, optional
        Default: the current one.

    Returns
    -------
    Axes
        If the model is right, the line is on the diagonal up to chance. Below it intervals are too narrow, above it too
        wide. Neighbouring points share most of their rows, so a whole stretch may leave the band by chance.
    """
    ax = axes_or_current(ax)
    low, high = check.coverage_by_chance(_MASSES)
    ax.fill_between(_MASSES, low, high, color="0.85", linewidth=0.0, label=f"{BAND:.0%} at each, by chance")
    ax.plot([0.0, 1.0], [0.0, 1.0], color=DARK, linewidth=0.8, linestyle="--", label="as stated")
    ax.plot(_MASSES, check.coverage(_MASSES), color=COLOURS[0], label=f"{check.places.size} rows")
    ax.set_xlim(0.0, 1.0)
    ax.set_ylim(0.0, 1.0)
    ax.set_xlabel("probability that the interval states")
    ax.set_ylabel("share of rows inside")
    ax.legend(loc="upper left", frameon=False)
    return ax


def plot_observed(check: "PredictiveCheck", ax: "Axes | None" = None, *, response: str = "y") -> "Axes":
    """Draw observations against the means of their predictions.

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
        Points scatter evenly about the line if the model is right.
    """
    ax = axes_or_current(ax)
    both = np.concatenate([check.observed, check.predicted])
    ends = [both.min(), both.max()]
    ax.plot(ends, ends, color="0.3", linewidth=0.8, label="observed = predicted")
    ax.plot(
        check.predicted,
        check.observed,
        "o",
        color=COLOURS[0],
        markersize=3,
        alpha=0.5,
        markeredgewidth=0,
        label="rows",
    )
    ax.set_xlabel(f"predicted mean of {shown(response)}", **NO_CODE)
    ax.set_ylabel(f"observed {shown(response)}", **NO_CODE)
    ax.locator_params(axis="x", nbins=4)
    leave_room_above(ax, 0.2)
    ax.legend(loc="upper left", frameon=False, fontsize="small")
    return ax
