"""What `bayesreg fit` prints."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...base.errors import NoEquivalent
from ...data.files.dialect import separator_name
from ...data.files.levels import Levels
from ...data.files.table import Table
from ..fitted import Fit
from ..words.code_lines import regressor_code
from ..words.model_text import penalty_text
from ..words.prior_data_conflict import prior_data_conflicts
from ..words.text import (
    clearest,
    coefficient_cells,
    make_table,
    print_certificate,
    print_code,
    print_diagnostics,
    print_labelled,
    probability,
)

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console
    from rich.table import Table as PrintedTable

_FEW_ROWS = 10  # which any numbers may count
_MEAN_STEP = 1.5  # at most, of a column that counts rows, some of which may be missing


def table_notes(file: Path, table: Table, *, fit_intercept: bool) -> tuple[tuple[str, str], ...]:
    """Say what was read, and what became of it, as labels and texts."""
    rows, p = table.X.shape
    form = (
        "of a Parquet file"
        if table.delimiter is None
        else ", ".join((f"separated by {separator_name(table.delimiter)}", *table.was))
    )
    n_used = p - sum(len(levels.features) - 1 for levels in table.levels)
    from_columns = "" if n_used == p else f" from {n_used} column{'s' * (n_used != 1)}"
    read = (
        f"{file}: {rows + table.n_dropped} rows, {table.n_columns} columns {form}; target {table.y.name!r}, "
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
    notes += [("identifier?", _counts_rows(name)) for name in table.X.columns if _is_count(table.X[name])]
    return tuple(notes)


def _is_count(column: "pd.Series") -> bool:
    """Tell a column that numbers the rows."""
    steps = column.diff().iloc[1:]
    counts = bool((steps >= 1.0).all() and (column % 1.0 == 0.0).all())
    return len(column) > _FEW_ROWS and counts and steps.mean() < _MEAN_STEP


def _counts_rows(name: object) -> str:
    return f"{str(name)!r} numbers the rows, and is a feature. --exclude {str(name)!r} leaves it out"


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
            f"{column!r} is text of {len(values)} levels, of which {levels.reference!r} has no column: the others are "
            f"differences from it: {', '.join(features)}"
        )
    return (
        f"{column!r} is text of {len(values)} levels, each a column: {', '.join(features)}; beside an intercept the "
        "data tell only how they differ from one another, which stands below the coefficients"
    )


def print_fit(console: "Console", fit: Fit) -> None:
    """Print coefficients, certificate, σ, diagnostics, and lines to paste."""
    _print_coefficients(console, fit)
    _print_contrasts(console, fit)
    print_certificate(console, fit.mode)
    if fit.r_squared is not None:
        print_labelled(console, "R squared", f"{fit.r_squared:.3f}, of the mode on the rows that were fitted")
    print_labelled(console, "sigma", _sigma(fit))
    if fit.diagnostics is not None:
        print_diagnostics(console, fit.diagnostics)
    for sentence in prior_data_conflicts(fit):
        print_labelled(console, "caution", sentence)
    _print_code(console, fit)


def _print_coefficients(console: "Console", fit: Fit) -> None:
    shown = clearest(fit.coefs)
    console.print()
    console.print(_table("feature", shown))
    if len(shown) < len(fit.coefs):
        console.print(
            f"The {len(shown)} of {len(fit.coefs)} whose |mean|/sd is largest; all are in coefficients.csv."
        )
    console.print("P(sign): posterior probability that the coefficient has the sign of its mean.")
    if (fit.coefs["map"] == 0.0).any():
        console.print("A MAP of 0 is exactly zero.")
    console.print()


def _print_contrasts(console: "Console", fit: Fit) -> None:
    if not fit.model.fit_intercept or fit.contrasts.empty:
        return
    console.print(
        "Levels of text, each less the mean of its column's levels, which is what the data tell of them:"
    )
    console.print(_table("level", clearest(fit.contrasts)))
    console.print()


def _table(what: str, shown: "pd.DataFrame") -> "PrintedTable":
    table = make_table("", (what, "MAP", "posterior mean", "90% interval", "P(sign)"))
    for name, row in shown.iterrows():
        table.add_row(str(name), *coefficient_cells(row), probability(row["p_sign"]))
    return table


def _sigma(fit: Fit) -> str:
    if fit.noise is None:
        return f"known, {fit.mode.noise_scale:g}"
    at_mode, mean, interval = coefficient_cells(fit.noise.iloc[0])
    return f"MAP {at_mode}, posterior mean {mean}, 90% interval {interval}"


def _print_code(console: "Console", fit: Fit) -> None:
    print_labelled(console, "lambda", penalty_text(fit.mode.penalty))
    try:
        print_code(console, "scikit-learn", fit.sklearn_line().code)
    except NoEquivalent as error:
        print_labelled(console, "scikit-learn", f"no single lambda: {error}")
    print_code(console, "bayesreg", regressor_code(fit.model))
