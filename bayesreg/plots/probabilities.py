"""The pictures of predicted probabilities."""

from typing import TYPE_CHECKING

import numpy as np

from ..posterior.draws.predictive_check import BAND
from ..posterior.draws.reliability import reliability
from .style import COLOURS, DARK, NO_CODE, axes_or_current, leave_room_above, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..posterior.draws.predictive_check import PredictiveCheck

_BINS = 20


def plot_reliability(check: "PredictiveCheck", ax: "Axes | None" = None, *, event: str = "y = 1") -> "Axes":
    """Draw the share of rows that are 1 against the predicted probability, group by group.

    Parameters
    ----------
    check : PredictiveCheck
        From `check_predictions`, of a BernoulliLikelihood.
    ax : matplotlib Axes, optional
        Default: the current one.
    event : str, default "y = 1"
        What the probability is of.

    Returns
    -------
    Axes
        Points lie on the diagonal, up to chance, if the probabilities are right: nine in ten inside their bar, which is
        exact for these probabilities. Above the diagonal the event happens more often than predicted.

    Raises
    ------
    ValueError
        If a response is neither 0 nor 1.
    """
    ax = axes_or_current(ax)
    found = reliability(check)
    ax.plot([0.0, 1.0], [0.0, 1.0], color=DARK, linewidth=0.8, linestyle="--", label="as predicted")
    ax.vlines(
        found.predicted,
        found.low,
        found.high,
        color=COLOURS[5],
        linewidth=6.0,
        alpha=0.6,
        label=f"{BAND:.0%} by chance",
    )
    ax.plot(
        found.predicted, found.observed, "o-", color=COLOURS[0], markersize=4, linewidth=1.2, label="rows"
    )
    ax.set_xlim(-0.02, 1.02)
    ax.set_ylim(-0.02, 1.02)
    ax.set_xlabel(f"predicted probability of {shown(event)}", **NO_CODE)
    ax.set_ylabel("share of rows that are it")
    ax.legend(loc="upper left", frameon=False, fontsize="small")
    return ax


def plot_probabilities(
    check: "PredictiveCheck",
    ax: "Axes | None" = None,
    *,
    labels: tuple[str, str] = ("y = 0", "y = 1"),
) -> "Axes":
    """Draw histograms of the predicted probability, of the rows that are 1 and of the others.

    Parameters
    ----------
    check : PredictiveCheck
        From `check_predictions`, of a BernoulliLikelihood.
    ax : matplotlib Axes, optional
        Default: the current one.
    labels : pair of str, default ("y = 0", "y = 1")
        What 0 and 1 are called.

    Returns
    -------
    Axes
        The further apart the two are, the better the columns tell one kind from the other.
    """
    from matplotlib.ticker import MaxNLocator

    ax = axes_or_current(ax)
    edges = np.linspace(0.0, 1.0, _BINS + 1)
    for value, hatch in ((0, ""), (1, "//")):
        rows = check.predicted[check.observed == value]
        ax.hist(
            rows,
            edges.tolist(),
            color=COLOURS[1 - value],
            alpha=0.45,
            edgecolor=DARK,
            linewidth=0.5,
            hatch=hatch,
            label=f"{shown(labels[value])} ({rows.size})",
        )
    ax.set_xlim(0.0, 1.0)
    ax.set_xlabel(f"predicted probability of {shown(labels[1])}", **NO_CODE)
    ax.set_ylabel("number of rows")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    leave_room_above(ax, 0.3)
    for text in ax.legend(loc="upper right", frameon=False, fontsize="small").get_texts():
        text.set_usetex(False)
    return ax
