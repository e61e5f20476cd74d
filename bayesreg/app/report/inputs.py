"""What went into a fit: the data, the model, and how its scale was chosen."""

from ...data.rows import RowData
from ...selection.methods import METHOD_WORDS
from ...selection.scale_selection import SCORES
from ..fitted import Fit
from ..words.chosen_scale import selection_sentences
from ..words.model_text import described, is_weighted, mode_name
from ..words.numbers import rounded
from .data_summary import summarise_data
from .figures import selection_figure
from .formula import formulas
from .section import Origin, Picture, Row, Section, capital, count, fold_rows

_MOST_SHOWN = 13  # rows: the response and a dozen columns
_COLUMNS = {"mean": "mean", "sd": "sd", "min": "smallest", "max": "largest"}


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
    rows = [
        Row((str(name), *(rounded(value, row["sd"]) for value in row))) for name, row in summary.iterrows()
    ]
    shown = len(rows) if len(rows) <= _MOST_SHOWN else 1
    columns = ("column", *(_COLUMNS[str(column)] for column in summary.columns))
    return Section(
        sentences,
        columns=columns,
        rows=tuple(rows[:shown]),
        folded=fold_rows(rows[shown:], "column"),
        more=origin.notes,
    )


def model_section(fit: Fit) -> Section:
    """State the model in words and formulas."""
    sentences = [
        f"{described(fit.model)}.",
        f"A penalty is a negative log prior: the mode of this posterior is the {mode_name(fit.model)} estimate, "
        "and the posterior is what surrounds it.",
    ]
    if fit.model.standardize or any(scale is None for scale in fit.model.prior.scales().values()):
        sentences.append("The prior speaks of standardised columns; all results are on the original ones.")
    return Section(sentences, rows=tuple(formulas(fit.model, fit.mode.penalty, fit.data, fit.target)))


def selection_section(fit: Fit) -> Section | None:
    """Say how the scale was chosen, where it was."""
    selection = fit.selection
    if selection is None:
        return None
    sentences = [METHOD_WORDS[selection.method].sentence]
    if fit.folds is not None:
        sentences.append(f"The folds: {fit.folds}.")
    sentences += map(capital, selection_sentences(selection, in_command=fit.in_command))
    alt = (
        f"Line chart of {SCORES[selection.score]} against {selection.scales.size} scales of the prior; "
        f"the scale {selection.scale:.3g} is marked."
    )
    return Section(sentences, Picture.of(selection_figure(selection, fit.unit), alt))
