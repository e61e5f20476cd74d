"""What went into a fit: the data, the model, and how its scale was chosen."""

from ...data.rows import RowData
from ...selection.select import SCORES
from ..fitted import Fit
from ..words.model_text import described
from ..words.text import rounded
from .data_summary import summarise_data
from .figures import selection_figure
from .formula import formulas, is_weighted
from .section import Origin, Picture, Section, capital, count

_MOST_ROWS = 60
_COLUMNS = {"mean": "mean", "sd": "sd", "min": "smallest", "max": "largest"}
_METHODS = {
    "cv": "Each fold of the rows was predicted from the others at every scale; the scale with the smallest mean error "
    "was taken.",
    "cv-1se": "Each fold of the rows was predicted from the others at every scale; the strongest prior whose error is "
    "within one standard error of the smallest was taken.",
    "loo": "Each row was predicted from all others at every scale, in closed form.",
    "gcv": "Generalised cross-validation stands for leaving out each row, in closed form.",
    "aic": "Akaike's criterion weighs the fit against its effective degrees of freedom, 2 for each.",
    "bic": "Schwarz's criterion weighs the fit against its effective degrees of freedom, log n for each.",
    "evidence": "The evidence is the probability density of the data at a scale, coefficients and noise integrated "
    "out; the scale where it is largest was taken.",
    "psis-loo": "At every scale each row was predicted from all others, by importance sampling of posterior draws.",
    "posterior": "The scale has a posterior distribution of its own over the scales compared; the one nearest to its "
    "median was taken.",
}


def data_section(fit: Fit, origin: Origin) -> Section:
    """Count the data and tabulate their columns."""
    data = fit.data
    summary = summarise_data(data, origin.response)
    weights = f" Their weights sum to {data.sum_weights:g}." if is_weighted(data) else ""
    sentences = [
        f"{data.n_samples} rows and {count(data.n_features, 'column')} explain {origin.response}.{weights}",
        f"Standard deviations divide by {'the sum of the weights' if is_weighted(data) else 'the number of rows'}.",
    ]
    if not isinstance(data, RowData):
        sentences.append("Only statistics of the rows are at hand, so the columns' extremes are left out.")
    if len(summary) > _MOST_ROWS + 1:
        sentences.append(f"The table has the first {_MOST_ROWS} of {data.n_features} columns.")
    rows = [
        (str(name), *(rounded(value, row["sd"]) for value in row))
        for name, row in summary.iloc[: _MOST_ROWS + 1].iterrows()
    ]
    columns = ("column", *(_COLUMNS[str(column)] for column in summary.columns))
    return Section(sentences, columns=columns, rows=tuple(rows), more=origin.notes)


def model_section(fit: Fit) -> Section:
    """State the model in words and formulas."""
    sentences = [
        f"{described(fit.model)}.",
        f"A penalty is a negative log prior: the mode of this posterior is the {fit.model.prior.mode_name} estimate, "
        "and the posterior is what surrounds it.",
    ]
    if fit.model.standardize or fit.model.prior.scales().get("scale", 0.0) is None:
        sentences.append("The prior speaks of standardised columns; all results are on the original ones.")
    return Section(sentences, rows=tuple(formulas(fit.model, fit.mode.penalty, fit.data)))


def selection_section(fit: Fit) -> Section | None:
    """Say how the scale was chosen, where it was."""
    selection = fit.selection
    if selection is None:
        return None
    sentences = [_METHODS[selection.method]]
    sentences += [f"{capital(line).removesuffix('.')}." for line in str(selection).splitlines()]
    alt = (
        f"Line chart of {SCORES[selection.score]} against {selection.scales.size} scales of the prior; "
        f"the scale {selection.scale:.3g} is marked."
    )
    return Section(sentences, Picture.of(selection_figure(selection), alt))
