"""The style of every picture.

Colour-blind readers can distinguish the colours (Okabe and Ito's, then three of Tol's muted scheme). In grey, the line
styles differ.
"""

import re
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"),
    *("#882255", "#999933", "#332288"),
)
STYLES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "h")
DARK = "0.15"
_MOST_LETTERS = 32
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_POWER = re.compile(r"\$\\mathdefault\{(?:(\d+)\\times)?\{?10\^\{(-?\d+)\}\}?\}\$")


def axes_or_current(ax: "Axes | None") -> "Axes":
    """Return the given axes, or the current ones if it is None."""
    return current_figure().gca() if ax is None else ax


def current_figure() -> "Figure":
    """Return pyplot's figure, with room for legends beside its axes unless it has its own layout."""
    import matplotlib.pyplot as plt

    figure = plt.gcf()
    if figure.get_layout_engine() is None:
        figure.set_layout_engine("constrained")
    return figure


def leave_room_above(ax: "Axes", share: float) -> None:
    """Raise the upper end of the vertical axis by a share of its length: a legend then hides nothing."""
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + share * (high - low))


NO_CODE: dict[str, Any] = {"usetex": False}  # for text with a user's name: LaTeX would run it as code


def shown(name: str) -> str:
    """Escape a name so that matplotlib, without LaTeX, shows it unchanged: $ starts a formula, a leading _ hides."""
    short = name if len(name) <= _MOST_LETTERS else f"{name[: _MOST_LETTERS - 1]}…"
    return f" {short}".replace("$", r"\$") if short.startswith("_") else short.replace("$", r"\$")


def plain_powers(axis: "Axis") -> None:
    """Write the powers of ten along a logarithmic axis as text: the first formula of a process takes a second."""
    axis.set_major_formatter(_plain_formatter()())
    axis.set_minor_formatter(_plain_formatter()())


@cache
def _plain_formatter() -> Any:
    from matplotlib.ticker import LogFormatterSciNotation

    class PlainPowers(LogFormatterSciNotation):
        """matplotlib's own labels, with raised digits in place of formulas."""

        def __call__(self, x: float, pos: int | None = None) -> str:
            return _without_formula(super().__call__(x, pos))

    return PlainPowers


def _without_formula(label: str) -> str:
    found = _POWER.fullmatch(label)
    if found is None:
        return label
    times, power = found.groups()
    return ("" if times is None else f"{times} × ") + "10" + power.translate(_RAISED)
