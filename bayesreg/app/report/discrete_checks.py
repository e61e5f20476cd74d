"""Predictive checks of yes or no and of counts."""

import numpy as np

from ...posterior.draws.predictive_check import PredictiveCheck
from ...posterior.draws.reliability import reliability
from ...posterior.draws.replicates import replicate
from ..fitted import Fit
from .figures import count_figure, probability_figure, quantile_residual_figure
from .section import Picture, Section


def probability_section(fit: Fit, check: PredictiveCheck, effective_df: str) -> Section:
    """Set predicted probabilities beside the shares that came true."""
    if not np.isin(check.observed, (0.0, 1.0)).all():
        return Section(
            [], reason="The response is shares of trials, whose probabilities are not drawn row by row."
        )
    found, event = reliability(check), fit.target.event
    k, groups = check.observed.size, found.n_rows.size
    rows = f"{k} rows" if k == check.n_rows else f"{k} rows, taken at random from {check.n_rows}"
    sentences = [
        f"{rows}, in {groups} groups by their predicted probability of {event}. The share of a group that is it lies "
        f"outside of its bar in {found.n_outside}; {0.1 * groups:g} or fewer are to be expected by chance.",
        effective_df,
    ]
    how_to_read = [
        "Left: points should lie on the dashed line, each within its bar. Above it the event happens more often than "
        "predicted, below it less often. A flat S: probabilities are too near 0 and 1.",
        "Right: the further the two histograms lie apart, the better the columns tell one kind from the other.",
    ]
    alt = (
        f"Two charts of {k} rows. Left: share that is {event} against its predicted probability, {found.n_outside} of "
        f"{groups} groups outside their bar. Right: histograms of the probability for {fit.target.other_event} and "
        f"{event}."
    )
    figure = probability_figure(check, (fit.target.other_event, event))
    caption = "Left: whether probabilities come true. Right: how far they tell the two kinds apart."
    return Section(sentences, Picture.of(figure, alt), more=how_to_read, caption=caption)


def count_section(fit: Fit, check: PredictiveCheck, effective_df: str) -> Section:
    """Set counts beside those that the model draws."""
    k, outside, bars = check.places.size, check.n_outside_band, check.n_bins
    rows = f"{k} rows" if k == check.n_rows else f"{k} rows, taken at random from {check.n_rows},"
    sentences = [
        f"Of {rows} {check.covered:.1%} lie inside their own 90% predictive interval (the place of a count in its "
        "prediction is drawn between the probabilities of less than it and of at most it).",
        effective_df,
    ]
    how_to_read = [
        "Left (rootogram): bars are how often each count was observed, hung from how often the model expects it. A bar "
        "should end in the grey band. Bars for 0 and for large counts that reach below it: counts vary more than the "
        "model says.",
        f"Right (PIT): if the model is right, the bars are level but for chance: {outside} of {bars} lie outside the "
        f"dashed lines, and {0.1 * bars:g} or fewer are to be expected there. Tall ends mean counts further out than "
        "the model says, a hump counts nearer than it says.",
    ]
    alt = (
        f"Two charts. Left: rootogram of {fit.response} beside what the model draws. Right: histogram of the places of "
        f"{k} counts in their predictions, {outside} of {bars} bars outside the band of chance."
    )
    replicates = replicate(fit.tree, fit.data, likelihood=fit.model.likelihood)
    caption = "Left: observed counts, hung from the expected ones. Right: where each count lies in its own prediction."
    figure = count_figure(check, replicates, fit.response)
    return Section(sentences, Picture.of(figure, alt), more=how_to_read, caption=caption)


def count_residual_section(fit: Fit, check: PredictiveCheck) -> Section:
    """Draw randomised quantile residuals against the predictions."""
    how_to_read = [
        "Left: each residual is the place of a count in its own prediction, as a quantile of a normal distribution. "
        "Points should scatter alike about 0, whatever is predicted, nineteen in twenty between the dotted lines. A "
        "bend: the logarithm of the mean is no straight line in a column. More outside the lines: counts vary more "
        "than the model says.",
        "Right: points should scatter about the line, and further from it for larger counts.",
    ]
    alt = (
        f"Two charts of {check.places.size} rows. Left: quantile residuals against the predicted mean. Right: observed "
        "against predicted counts."
    )
    caption = "Left: quantile residuals against the predicted mean. Right: observed against predicted."
    figure = quantile_residual_figure(check, fit.response)
    return Section([], Picture.of(figure, alt), more=how_to_read, caption=caption)
