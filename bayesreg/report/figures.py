"""The pictures that only a report has."""

from typing import TYPE_CHECKING

from ..figures import make_figure
from ..mode.solve import MapEstimate
from ..model import LinearModel
from ..plots.certificate import plot_certificate
from ..plots.scales import plot_scale_selection
from ..problem import Data
from ..selection import ScaleSelection
from .predictive_check import BINS, PredictiveCheck

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_ROWS = 30
_BLUE, _LIGHT_BLUE = "#0072B2", "#56B4E9"  # of Okabe and Ito's palette


def certificate_figure(mode: MapEstimate, model: LinearModel, data: Data) -> "Figure":
    """Draw the optimality conditions, as tall as they need."""
    figure = make_figure(8, 1.6 + 0.22 * min(len(mode.feature_names), _MOST_ROWS))
    plot_certificate(mode, model, data, figure.subplots())
    return figure


def selection_figure(selection: ScaleSelection) -> "Figure":
    """Draw what the scales were compared by."""
    figure = make_figure(8, 5)
    figure.set_layout_engine(
        "constrained", rect=(0.0, 0.0, 1.0, 0.96)
    )  # room for the label of its uppermost axis
    plot_scale_selection(selection, [figure.subplots()])
    return figure


def predictive_figure(check: PredictiveCheck) -> "Figure":
    """Draw the histogram of the places of the observations in their predictions, and observed against predicted."""
    figure = make_figure(8, 3.6)
    left, right = figure.subplots(1, 2)
    low, high = check.band
    left.hist(check.places, bins=BINS, range=(0.0, 1.0), color=_LIGHT_BLUE, edgecolor="white", label="rows")
    for bound in (low, high):
        label = "90% of bars, by chance" if bound == low else None
        left.axhline(bound, color="0.15", linewidth=1.2, linestyle="--", label=label)
    left.set_xlim(0.0, 1.0)
    left.set_ylim(0.0, 1.35 * max(high, check.counts.max()))
    left.set_xlabel("place of the observation in its prediction")
    left.set_ylabel("number of rows")
    left.legend(loc="upper center", ncols=2, frameon=False, fontsize="small")
    ends = [
        min(check.observed.min(), check.predicted.min()),
        max(check.observed.max(), check.predicted.max()),
    ]
    right.plot(ends, ends, color="0.3", linewidth=0.8)
    right.plot(check.predicted, check.observed, "o", color=_BLUE, markersize=3, alpha=0.5, markeredgewidth=0)
    right.set_xlabel("predicted mean, units of y")
    right.set_ylabel("observed, units of y")
    return figure
