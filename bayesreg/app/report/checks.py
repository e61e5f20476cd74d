"""The fit held against the data, and against other weights of its penalty."""

from typing import TYPE_CHECKING

from ...gaussian.degrees_of_freedom import effective_df
from ...model.problem import resolve
from ...posterior.draws.replicates import replicate
from ...posterior.draws.residual_groups import residual_groups
from ..fitted import Fit
from ..pictures import path_figure
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
    k, outside, bars = check.places.size, check.n_outside_band, check.n_bins
    rows = f"{k} rows" if k == check.n_rows else f"{k} rows, taken at random from {check.n_rows},"
    sentences = [
        f"Of {rows} {check.covered:.1%} lie inside their own 90% predictive interval.",
        f"These rows also made the fit, with {_effective_df(fit):.4g} effective degrees of freedom for {check.n_rows} "
        "rows. The larger their share, the kinder the check, and the taller the hump: it shows a wrong shape of the "
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
    figure = predictive_figure(check, replicate(fit.tree, fit.data), response)
    return Section(sentences, Picture.of(figure, alt), more=how_to_read)


def residual_section(fit: Fit, response: str) -> Section:
    """Draw what the predictions miss against the predictions."""
    check = fit.check
    if check is None:
        return Section([], reason=f"{_STATISTICS} residuals need the rows.")
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
    return Section(sentences, Picture.of(residual_figure(check, response), alt), more=how_to_read)


def _effective_df(fit: Fit) -> float:
    """Return what the mode costs, the intercept included."""
    return effective_df(resolve(fit.model_of_mode, fit.data), fit.mode.coef, fit.mode.penalty)


def path_section(fit: Fit, response: str, drawn: "Figure | None") -> Section:
    """Draw the mode at every strength of the penalty, if that was not done before."""
    try:
        figure = drawn or path_figure(fit.model_of_mode, fit.mode, fit.data, response)
    except (TypeError, ValueError) as error:
        return Section([], reason=f"There is no path: {error}")
    sentences = [
        "The mode at every scale of the prior, from the strongest penalty on the left to the weakest on the right; the "
        "dotted line marks this fit."
    ]
    alt = f"Line chart of {count(fit.mode.coef.size, 'coefficient')} against the scale of the prior, this fit marked."
    return Section(sentences, Picture.of(figure, alt))
