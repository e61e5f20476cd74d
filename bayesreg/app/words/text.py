"""How the commands print: one width, one look for a number, an interval, a certificate."""

import os
import sys
from collections.abc import Sequence
from shutil import get_terminal_size
from textwrap import fill
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .terminal import printable

if TYPE_CHECKING:
    from ...mode.estimate import MapEstimate
    from ...posterior.diagnostics import Diagnostics

WIDTH = 100
_LABEL = 14
_BETWEEN = 3  # columns of a table
_NARROWEST, _LEAST_ROOM = 60, 12
_SOURCES = {"rows": "rows", "gram": "statistics"}


class _Plain(Console):
    """A console that prints names as they are, but for what a terminal would obey."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Return text with control characters written out."""
        return super().render_str(printable(text), **options)


def make_console(*, quiet: bool = False) -> Console:
    """Return a console that prints names as they are, brackets and colons included; or nothing."""
    return _Plain(width=_width(), highlight=False, markup=False, emoji=False, quiet=quiet)


def _width() -> int:
    """Return the width of the terminal, if it is one and narrower than ours."""
    if "COLUMNS" not in os.environ and not sys.stdout.isatty():
        return WIDTH
    return max(_NARROWEST, min(WIDTH, get_terminal_size((WIDTH, 24)).columns))


def make_table(title: str, columns: Sequence[str]) -> Table:
    """Return an empty table: the first column to the left, the others to the right."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for position, column in enumerate(columns):
        table.add_column(column, justify="right" if position else "left", overflow="fold")
    return table


def print_named_rows(console: Console, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table of rows that begin with a name, which is shortened in its middle if it is too long."""
    table = make_table("", columns)
    others = [max(cell_len(cell) for cell in column) for column in zip(columns, *rows, strict=True)][1:]
    room = max(_LEAST_ROOM, console.width - sum(others) - _BETWEEN * len(others))
    for name, *cells in rows:
        table.add_row(elided(_in_one_line(name), room), *cells)
    usual = console.width
    console.width = max(usual, room + sum(others) + _BETWEEN * len(others))  # rather than break a number
    console.print(table, crop=False)
    console.width = usual


def elided(name: str, room: int) -> str:
    """Return a name, its middle left out if it is wider than the room."""
    if cell_len(name) <= room:
        return name
    head = room // 2
    tail = room - head - 1
    return f"{set_cell_size(name, head).rstrip()}…{set_cell_size(name[::-1], tail).rstrip()[::-1]}"


def _in_one_line(name: str) -> str:
    return printable(name).replace("\n", "\\n").replace("\t", "\\t")


def print_labelled(console: Console, label: str, text: str) -> None:
    """Print text beside its label, wrapped under itself."""
    indent = " " * _LABEL
    wrapped = fill(
        text,
        console.width,
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
    if mode.certificate.kind == "stationary":
        print_labelled(
            console,
            "certificate",
            f"a stationary point, the highest found from several starts; KKT residual {mode.kkt_residual:.1e} of "
            f"lambda_max, from the {source}. There is no duality gap, as the density is not log-concave",
        )
        return
    console.print(f"certificate   duality gap {mode.duality_gap:.1e} of the null model's objective;")
    console.print(f"              KKT residual {mode.kkt_residual:.1e} of lambda_max; from the {source}")


def print_diagnostics(console: Console, diagnostics: "Diagnostics", sentence: str) -> None:
    """Print what the draws' diagnostics are, and what they mean, which is a sentence."""
    print_labelled(console, "diagnostics", f"{diagnostics}. {sentence}")
