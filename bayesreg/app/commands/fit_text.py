"""What `bayesreg fit` prints."""

from itertools import repeat
from typing import TYPE_CHECKING

from ...base.errors import NoEquivalent
from ...plots.named_rows import MOST_ROWS
from ...posterior.draws.interval import Interval
from ..fitted import Fit
from ..outputs import COEFFICIENTS, DIFFERENCES
from ..words.cautions import cautions
from ..words.effect_rows import effect_cells, effect_columns, effect_sentences
from ..words.families import has_noise
from ..words.headline import headline, trust
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
    if fit.held_out is not None:
        print_labelled(console, "held out", str(fit.held_out))
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
