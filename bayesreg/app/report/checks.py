"""The fit held against the data, and against other weights of its penalty."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ...gaussian.degrees_of_freedom import effective_df
from ...mode.row_path import effective_df_on_rows
from ...model.problem import resolve
from ...model.row_problem import resolve_rows
from ...posterior.draws.replicates import replicate
from ...posterior.draws.residual_groups import residual_groups
from ..fitted import Fit
from ..pictures import path_figure
from .discrete_checks import count_residual_section, count_section, probability_section
from .figures import predictive_figure, residual_figure
from .section import Picture, Section, count

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STATISTICS = "Only statistics of the rows are at hand;"


def predictive_section(fit: Fit, response: str) -> Section:
    """Set the observations beside what the posterior predicts for them."""
    check = fit.check
    if check is None:
        return Section([], reason=f"{_STATISTICS} a predictive check needs the rows.")
    cost = (
        f"These rows also made the fit, with {effective_df_at_mode(fit):.4g} effective degrees of freedom for "
        f"{check.n_rows} rows."
    )
    kinder = f"{cost} The larger their share, the kinder the check."
    if fit.is_yes_or_no:
        return probability_section(fit, check, kinder)
    if fit.is_count:
        return count_section(fit, check, kinder)
    k, outside, bars = check.places.size, check.n_outside_band, check.n_bins
    rows = f"{k} rows" if k == check.n_rows else f"{k} rows, taken at random from {check.n_rows},"
    sentences = [
        f"Of {rows} {check.covered:.1%} lie inside their own 90% predictive interval.",
        f"{cost} The larger their share, the kinder the check, and the taller the hump: it shows a wrong shape of the "
        "noise, not overfitting.",
    ]
    how_to_read = [
        "Left: bars are the response as observed; lines say how tall each bar is in data that the model draws anew. A "
        "bar that ends outside its line is a shape that the model does not know.",
        f"Right (PIT): if the model is right, the bars are level but for chance: {outside} of {bars} lie outside the "
        f"dashed lines, and {0.1 * bars:g} or fewer are to be expected there. Tall ends mean observations further out "
        "than the model says, a hump observations nearer than it says, a slope predictions too low or too high.",
    ]
    alt = (
        "Two charts. Left: histogram of the observed response, and of its replications by the model. Right: histogram "
        f"of the places of {k} observations in their predictions, {outside} of {bars} bars outside the band of chance."
    )
    figure = predictive_figure(
        check, replicate(fit.tree, fit.data, likelihood=fit.model.likelihood), response
    )
    caption = (
        "Left: the response, and what the model draws in its place. Right: where each observation lies in its own "
        "prediction."
    )
    return Section(sentences, Picture.of(figure, alt), more=how_to_read, caption=caption)


def residual_section(fit: Fit, response: str) -> Section | None:
    """Draw what the predictions miss against the predictions; None of yes or no, whose residuals show nothing."""
    if fit.is_yes_or_no:
        return None
    check = fit.check
    if check is None:
        return Section([], reason=f"{_STATISTICS} residuals need the rows.")
    if fit.is_count:
        return count_residual_section(fit, check)
    how_to_read = [
        "Left: points should scatter equally far about the line at 0, whatever is predicted. A bend means that the "
        "response does not follow a straight line: transform a column, or add its square. A funnel means that the "
        "noise grows with the prediction: the logarithm of the response may have even noise.",
        "Right: points should scatter evenly about the line.",
    ]
    groups, sentences = residual_groups(check), []
    if n := groups.mean.size:
        sentences.append(
            f"Of {n} means of neighbouring rows (diamonds, with two standard errors to either side) {groups.n_away} "
            "lie more than two standard errors from 0, and one in twenty is to be expected by chance."
        )
    alt = (
        f"Two charts of {check.places.size} rows. Left: residuals against predicted response. Right: observed against "
        "predicted response."
    )
    caption = "Left: residuals against fitted values. Right: observed against predicted."
    return Section(
        sentences, Picture.of(residual_figure(check, response), alt), more=how_to_read, caption=caption
    )


def effective_df_at_mode(fit: Fit) -> float:
    """Return what the mode costs, the intercept included."""
    if fit.model.likelihood.is_quadratic:
        return effective_df(resolve(fit.model_of_mode, fit.data), fit.mode.coef, fit.mode.penalty)
    known = replace(fit.model.likelihood, **fit.mode.nuisance)  # type: ignore[type-var]
    problem = resolve_rows(
        replace(fit.model_of_mode, likelihood=known), fit.data, "effective degrees of freedom"
    )
    l1, l2 = problem.rates.at(fit.mode.noise_scale, problem.is_feature, {})
    coefs = np.append(fit.mode.coef, fit.mode.intercept) if problem.has_intercept else fit.mode.coef
    return float(effective_df_on_rows(problem, coefs[None], l1[None], l2[None])[0])


def path_section(fit: Fit, drawn: "Figure | None") -> Section:
    """Draw the mode at every strength of the penalty, if that was not done before."""
    try:
        figure = drawn or path_figure(fit.model_of_mode, fit.mode, fit.data, fit.unit)
    except (TypeError, ValueError) as error:
        return Section([], reason=f"There is no path: {error}")
    sentences = [
        "The mode at every scale of the prior, from the strongest penalty on the left to the weakest on the right; the "
        "dotted line marks this fit."
    ]
    alt = f"Line chart of {count(fit.mode.coef.size, 'coefficient')} against the scale of the prior, this fit marked."
    return Section(sentences, Picture.of(figure, alt))
