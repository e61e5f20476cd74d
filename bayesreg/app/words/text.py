"""How the commands print: one width, one look for a number, an interval, a certificate."""

from collections.abc import Sequence
from math import floor, isfinite, log10
from textwrap import fill
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .terminal import printable

if TYPE_CHECKING:
    import pandas as pd

    from ...mode.estimate import MapEstimate
    from ...posterior.diagnostics import Diagnostics

WIDTH = 100
MOST_LINES = 60  # of a table
_LABEL = 14
_MOST_DECIMALS, _MOST_DIGITS = 8, 8
_SOURCES = {"rows": "rows", "gram": "statistics"}


class _Plain(Console):
    """A console that prints names as they are, but for what a terminal would obey."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Return text with control characters written out."""
        return super().render_str(printable(text), **options)


def make_console(*, quiet: bool = False) -> Console:
    """Return a console that prints names as they are, brackets and colons included; or nothing."""
    return _Plain(width=WIDTH, highlight=False, markup=False, emoji=False, quiet=quiet)


def make_table(title: str, columns: Sequence[str]) -> Table:
    """Return an empty table: the first column to the left, the others to the right."""
    table = Table(title=title, title_justify="left")
    for position, column in enumerate(columns):
        table.add_column(column, justify="right" if position else "left", overflow="fold")
    return table


def print_labelled(console: Console, label: str, text: str) -> None:
    """Print text beside its label, wrapped under itself."""
    indent = " " * _LABEL
    wrapped = fill(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    console.print(label.ljust(_LABEL) + wrapped[_LABEL:], soft_wrap=True)


def print_code(console: Console, label: str, code: str) -> None:
    """Print code to paste, on one line however long."""
    console.print(label.ljust(_LABEL) + code, soft_wrap=True)


def print_certificate(console: Console, mode: "MapEstimate") -> None:
    """Print a mode's duality gap and KKT residual."""
    source = _SOURCES[mode.certificate.source]
    console.print(f"certificate   duality gap {mode.duality_gap:.1e} of the null model's objective;")
    console.print(f"              KKT residual {mode.kkt_residual:.1e} of lambda_max; from the {source}")


def print_diagnostics(console: Console, diagnostics: "Diagnostics") -> None:
    """Print what the draws' diagnostics are and mean."""
    print_labelled(console, "diagnostics", f"{diagnostics}. {diagnostics.sentence}")


def clearest(summary: "pd.DataFrame") -> "pd.DataFrame":
    """Return the rows of `summarise_coefs` whose |mean|/sd is largest, as many as a table has, in their order."""
    if len(summary) <= MOST_LINES:
        return summary
    return summary.loc[(clarity(summary).rank(ascending=False, method="first") <= MOST_LINES).to_numpy()]


def clarity(summary: "pd.DataFrame") -> "pd.Series":
    """Return |mean|/sd of each row of `summarise_coefs`; NaN if the sd is 0."""
    return (summary["mean"] / summary["sd"].where(summary["sd"] > 0)).abs()


def coefficient_cells(row: "pd.Series") -> list[str]:
    """Return MAP, posterior mean and 90% interval of a row of `summarise_coefs`, to three digits of the sd.

    A MAP that is exactly zero is "0"; one that is not has a digit that shows it.
    """
    at_mode, mean, low, high = (rounded(row[name], row["sd"]) for name in ("map", "mean", "q05", "q95"))
    if row["map"] == 0.0:
        at_mode = "0"
    elif float(at_mode) == 0.0:
        at_mode = f"{row['map']:.2g}"
    return [at_mode, mean, f"[{low}, {high}]"]


def probability(value: float) -> str:
    """Write a probability to three decimals."""
    return ">0.999" if value > 0.9995 else f"{value:.3f}"


def rounded(value: float, sd: float) -> str:
    """Write a number to as many decimals as show three digits of its standard deviation."""
    if not (sd > 0 and isfinite(sd)):
        return f"{value:.6g}"
    decimals = max(0, 2 - floor(log10(sd)))
    if decimals > _MOST_DECIMALS or abs(value) >= 10**_MOST_DIGITS:
        return f"{value:.4g}"
    return f"{value:z.{decimals}f}"  # z: no minus before what rounds to 0
