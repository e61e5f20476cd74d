"""What `bayesreg fit` prints."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, repeat
from pathlib import Path
from typing import TYPE_CHECKING

from ...base.errors import NoEquivalent
from ...base.listed import listed
from ...data.files.dialect import separator_name
from ...data.files.levels import Levels
from ...data.files.table import Table
from ...data.files.workbook import OF_A_WORKBOOK
from ...plots.named_rows import MOST_ROWS
from ...posterior.draws.interval import Interval
from ..fitted import Fit
from ..outputs import COEFFICIENTS, DIFFERENCES
from ..words.alike_levels import alike_notes
from ..words.cautions import cautions
from ..words.effect_rows import effect_cells, effect_columns, effect_sentences
from ..words.families import has_noise
from ..words.headline import headline, trust
from ..words.identifiers import identifier_notes
from ..words.marks import mark_notes
from ..words.model_text import penalty_text
from ..words.numbers import coefficient_cells, exactly, probability
from ..words.relations import relation_notes
from ..words.rows import rows_cells, table_sentences
from ..words.text import (
    print_certificate,
    print_code,
    print_diagnostics,
    print_labelled,
    print_named_rows,
)

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

_LEVELS_ROOM = 30  # letters of a line


def table_notes(file: Path, table: Table, *, fit_intercept: bool) -> tuple[tuple[str, str], ...]:
    """Say what was read, and what became of it, as labels and texts."""
    rows, p = table.X.shape
    n_used = p - sum(len(levels.features) - 1 for levels in table.levels)
    from_columns = "" if n_used == p else f" from {n_used} column{'s' * (n_used != 1)}"
    read = (
        f"{file}: {rows + table.n_dropped} rows, {table.n_columns} columns {_form(table)}; target {table.y.name!r}, "
        f"{p} feature{'s' * (p != 1)}{from_columns}"
    )
    notes = [("data", read)]
    if table.weights is not None:
        notes.append(("weights", f"{table.weights.name!r}, which sum to {table.weights.sum():g}"))
    if table.unnamed:
        places = ", ".join(map(str, table.unnamed))
        notes.append(("left out", f"column {places} of the file, which has no name"))
    if table.n_dropped:
        counts = ", ".join(f"{count} in {name!r}" for name, count in table.dropped.items())
        notes.append(("dropped", f"rows with missing entries: {table.n_dropped} ({counts}); {rows} are left"))
    notes += [("caution", sentence) for sentence in table.cautions]
    notes += table.said
    notes += [("levels", _levels(levels)) for levels in table.levels]
    if table.constant:
        names = ", ".join(map(repr, table.constant))
        meaning = (
            "the data say nothing of a column that does not vary, so its MAP is 0 and its posterior is the prior"
            if fit_intercept
            else "a column that does not vary stands for the intercept that is not fitted, under the prior"
        )
        notes.append(("constant", f"{names}: {meaning}"))
    notes += [("identifier?", text) for text in identifier_notes(table)]
    notes += [("missing?", text) for text in mark_notes(table)]
    notes += [("alike?", text) for text in alike_notes(table)]
    return tuple(notes)


def _form(table: Table) -> str:
    """Say how the file is written; of a workbook nobody has said by what."""
    if table.delimiter is None:
        return "of a Parquet file"
    if any(one.endswith(OF_A_WORKBOOK) for one in table.was):
        return f"of {', '.join(table.was)}"
    return ", ".join((f"separated by {separator_name(table.delimiter)}", *table.was))


def _levels(levels: Levels) -> str:
    column, values, features = levels.column, levels.values, levels.features
    if levels.other is not None:
        return (
            f"{_levels(replace(levels, other=None))}; {levels.other!r} stands for rare ones, and in predict for those "
            "that are not here"
        )
    if len(values) == 2:
        (one,) = levels.shown
        (zero,) = (value for value in values if value != one)
        return f"{column!r} is text: {features[0]} is 1 for {one!r} and 0 for {zero!r}"
    if len(values) == 1:
        return f"{column!r} is text of one level: {features[0]}"
    if levels.reference is not None:
        return (
            f"{column!r} is text of {len(values)} levels, less {levels.reference!r}, which has no column: "
            f"{listed(levels.shown, _few(levels.shown))}"
        )
    return f"{column!r} is text of {len(values)} levels: {listed(values, _few(values))}"


def _few(values: Sequence[str]) -> int:
    """Return how many names of levels a line has room for, one at least."""
    lengths = accumulate(len(value) + 2 for value in values)
    return max(1, sum(length <= _LEVELS_ROOM for length in lengths))


def print_fit(console: "Console", fit: Fit, *, everything: bool = False) -> None:
    """Print what matters, the coefficients, certificate, σ, diagnostics, and lines to paste.

    Parameters
    ----------
    console : Console
    fit : Fit
    everything : bool, default False
        Whether to print every coefficient, and those of the model where the data tell something else of them.
    """
    console.print()
    print_labelled(console, "result", " ".join(headline(fit)))
    for sentence in cautions(fit):
        print_labelled(console, "caution", sentence)
    notes = relation_notes(fit, in_command=True)
    if notes:
        print_labelled(console, "collinear", " ".join(notes))
    _print_coefficients(console, fit, everything=everything)
    _print_effects(console, fit, everything=everything)
    print_certificate(console, fit.mode)
    for label, share in (("R squared", fit.r_squared), ("deviance", fit.deviance_explained)):
        if share is not None:
            explained = "" if label == "R squared" else "the share explained, "
            print_labelled(
                console, label, f"{exactly(share, 3)}, {explained}of the mode on the rows that were fitted"
            )
    if has_noise(fit.model.likelihood):
        print_labelled(console, "sigma", _sigma(fit))
    for name, row in fit.others.iterrows():
        print_labelled(console, str(name), _parameter(row, fit.interval))
    if fit.diagnostics is not None:
        print_diagnostics(console, fit.diagnostics, trust(fit))
    _print_code(console, fit)


def _print_coefficients(console: "Console", fit: Fit, *, everything: bool) -> None:
    shown = fit.told if everything else fit.told.iloc[fit.shown_at(MOST_ROWS)]
    console.print()
    _print_rows(console, "feature", shown, fit)
    console.print()
    for sentence in table_sentences(fit):
        print_labelled(console, "", sentence)
    n_left = len(fit.told) - len(shown)
    if n_left:
        where = COEFFICIENTS if fit.contrasts.empty else f"{COEFFICIENTS} and {DIFFERENCES}"
        print_labelled(console, "", f"{n_left} more coefficients are in {where}; --all shows them here.")
    console.print()
    differing = fit.effects.differing
    if everything and differing.size:
        print_labelled(
            console, "", f"Of the model itself, and the prior's as much as the data's, as in {COEFFICIENTS}:"
        )
        _print_rows(console, "feature", fit.coefs.iloc[differing], fit)
        console.print()


def _print_rows(console: "Console", what: str, shown: "pd.DataFrame", fit: Fit) -> None:
    counts = rows_cells(fit, shown)
    columns = (what, "MAP", "mean", str(fit.interval), "P(sign)", *(["rows"] if counts else []))
    rows = [
        (str(name), *coefficient_cells(row, fit.interval), probability(row["p_sign"]), *count)
        for (name, row), count in zip(shown.iterrows(), counts or repeat(()), strict=False)
    ]
    print_named_rows(console, columns, rows)


def _print_effects(console: "Console", fit: Fit, *, everything: bool) -> None:
    """Print what coefficients mean for the response, if they are not that themselves."""
    if fit.reported is None:
        return
    p = len(fit.reported)
    at = range(p) if everything else [j for j in fit.shown_at(MOST_ROWS) if j < p]
    names = [str(name) for name in fit.reported.index[at]]
    rows = [(name, *effect_cells(fit, name)) for name in names]
    print_named_rows(console, ("feature", *effect_columns(fit)), rows)
    console.print()
    for sentence in effect_sentences(fit):
        print_labelled(console, "", sentence)
    console.print()


def _sigma(fit: Fit) -> str:
    if fit.noise is None:
        return f"known, {fit.mode.noise_scale:g}"
    return _parameter(fit.noise.iloc[0], fit.interval)


def _parameter(row: "pd.Series", interval: Interval) -> str:
    at_mode, mean, ends = coefficient_cells(row, interval)
    return f"MAP {at_mode}, posterior mean {mean}, {interval} {ends}"


def _print_code(console: "Console", fit: Fit) -> None:
    print_labelled(console, "lambda", penalty_text(fit.mode.penalty))
    try:
        print_code(console, "scikit-learn", fit.sklearn_line().code)
    except NoEquivalent as error:
        print_labelled(console, "scikit-learn", f"no single lambda: {error}")
    in_r = fit.glmnet_line()
    if in_r is not None:
        print_code(console, "glmnet", in_r)
    print_code(console, "bayesreg", fit.bayesreg_line())
