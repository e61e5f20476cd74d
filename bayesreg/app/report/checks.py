"""The fit held against the data, and against other weights of its penalty."""

from ...data.rows import RowData
from ...gaussian.degrees_of_freedom import effective_df
from ...model.problem import resolve
from ...posterior.draws.predictive_check import check_predictions
from ..fitted import Fit
from ..pictures import path_figure
from .figures import predictive_figure
from .section import Picture, Section, count


def predictive_section(fit: Fit) -> Section:
    """Set the observations beside what the posterior predicts for them."""
    if not isinstance(fit.data, RowData):
        reason = "Only statistics of the rows are at hand; a predictive check needs the rows."
        return Section([], reason=reason)
    check = check_predictions(fit.tree, fit.data)
    k, outside, bars = check.places.size, check.n_outside_band, check.n_bins
    rows = f"{k} rows" if k == check.n_rows else f"{k} rows, taken at random from {check.n_rows},"
    sentences = [
        f"Of {rows} {check.covered:.1%} lie inside their own 90% predictive interval.",
        f"On the left (PIT), where the model is right, the bars are level but for chance: {outside} of {bars} lie "
        f"outside the dashed lines, and {0.1 * bars:g} or fewer are to be expected there by chance. Tall ends mean "
        "observations further out than the model says, a hump in the middle observations nearer than it says, and a "
        "slope predictions that are too low or too high.",
        "On the right, points should scatter evenly about the line.",
        f"These rows also made the fit, with {_effective_df(fit):.4g} effective degrees of freedom for {check.n_rows} "
        "rows. The larger their share, the kinder the check, and the taller the hump: it shows a wrong shape of the "
        "noise, not overfitting.",
    ]
    alt = (
        f"Two charts. Left: histogram of the places of {k} observations in their predictions, {outside} of {bars} bars "
        "outside the band of chance. Right: observed against predicted response."
    )
    return Section(sentences, Picture.of(predictive_figure(check), alt))


def _effective_df(fit: Fit) -> float:
    """Return what the mode costs, the intercept included."""
    return effective_df(resolve(fit.model_of_mode, fit.data), fit.mode.coef, fit.mode.penalty)


def path_section(fit: Fit) -> Section:
    """Draw the mode at every strength of the penalty."""
    try:
        figure = path_figure(fit.model_of_mode, fit.mode, fit.data)
    except (TypeError, ValueError) as error:
        return Section([], reason=f"There is no path: {error}")
    sentences = [
        "The mode at every scale of the prior, from the strongest penalty on the left to the weakest on the right; the "
        "dotted line marks this fit."
    ]
    alt = f"Line chart of {count(fit.mode.coef.size, 'coefficient')} against the scale of the prior, this fit marked."
    return Section(sentences, Picture.of(figure, alt))
