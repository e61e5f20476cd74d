"""The pictures that only a report has."""

from typing import TYPE_CHECKING

from ...mode.estimate import MapEstimate
from ...model.linear_model import LinearModel
from ...model.problem import Data
from ...plots.certificate import plot_certificate
from ...plots.named_rows import MOST_ROWS
from ...plots.posterior_certificate import plot_posterior_certificate
from ...plots.predictive import plot_observed, plot_predictive_check
from ...plots.probabilities import plot_probabilities, plot_reliability
from ...plots.replicates import plot_replicates
from ...plots.residuals import plot_quantile_residuals, plot_residuals
from ...plots.rootogram import plot_rootogram
from ...plots.scales import plot_scale_selection
from ...posterior.certificate import PosteriorCertificate
from ...posterior.draws.predictive_check import PredictiveCheck
from ...posterior.draws.replicates import Replicates
from ...selection.scale_selection import ScaleSelection
from ..figures import make_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def certificate_figure(mode: MapEstimate, model: LinearModel, data: Data) -> "Figure":
    """Draw the optimality conditions, as tall as they need."""
    figure = make_figure(8, _height(len(mode.feature_names)))
    plot_certificate(mode, model, data, figure.subplots())
    return figure


def posterior_certificate_figure(certificate: PosteriorCertificate) -> "Figure":
    """Draw what the density says of the draws, as tall as it needs."""
    figure = make_figure(8, _height(len(certificate.names)))
    plot_posterior_certificate(certificate, figure.subplots())
    return figure


def selection_figure(selection: ScaleSelection, response: str) -> "Figure":
    """Draw what the scales were compared by."""
    figure = make_figure(8, 5)
    figure.set_layout_engine(
        "constrained", rect=(0.0, 0.0, 1.0, 0.96)
    )  # room for the label of its uppermost axis
    plot_scale_selection(selection, [figure.subplots()], response=response)
    return figure


def predictive_figure(check: PredictiveCheck, replicates: Replicates, response: str) -> "Figure":
    """Draw the response beside its replications, and the places of the observations in their predictions."""
    figure = make_figure(8, 2.9)
    left, right = figure.subplots(1, 2)
    plot_replicates(replicates, left, response=response)
    plot_predictive_check(check, right)
    return figure


def probability_figure(check: PredictiveCheck, labels: tuple[str, str]) -> "Figure":
    """Draw whether probabilities come true, and how far they tell two kinds apart."""
    figure = make_figure(8, 3.4)
    left, right = figure.subplots(1, 2)
    plot_reliability(check, left, event=labels[1])
    plot_probabilities(check, right, labels=labels)
    return figure


def count_figure(check: PredictiveCheck, replicates: Replicates, response: str) -> "Figure":
    """Draw a rootogram, and the places of the counts in their predictions."""
    figure = make_figure(8, 3.2)
    left, right = figure.subplots(1, 2)
    plot_rootogram(replicates, left, response=response)
    plot_predictive_check(check, right)
    return figure


def quantile_residual_figure(check: PredictiveCheck, response: str) -> "Figure":
    """Draw quantile residuals against the predicted means, and the observations against them."""
    figure = make_figure(8, 2.9)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    plot_quantile_residuals(check, left, response=response)
    plot_observed(check, right, response=response)
    return figure


def residual_figure(check: PredictiveCheck, response: str) -> "Figure":
    """Draw the residuals against the fitted values, and the observations against them."""
    figure = make_figure(8, 2.9)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    plot_residuals(check, left, response=response)
    plot_observed(check, right, response=response)
    return figure


def _height(n_rows: int) -> float:
    """Return the inches that so many named rows take, as far as they are drawn."""
    return 1.6 + 0.22 * min(n_rows, MOST_ROWS)
