"""One look for every picture.

Colour-blind readers tell the colours apart (Okabe and Ito's, then three of Tol's muted scheme); in grey, styles do.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"),
    *("#882255", "#999933", "#332288"),
)
STYLES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "h")
DARK = "0.15"
_MOST_LETTERS = 32


def axes_or_current(ax: "Axes | None") -> "Axes":
    """Return the axes given, else the current ones."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.gca()


def shown(name: str) -> str:
    """Return a name that matplotlib shows as it is: $ starts no formula, a leading _ hides nothing."""
    short = name if len(name) <= _MOST_LETTERS else f"{name[: _MOST_LETTERS - 1]}…"
    return f" {short}".replace("$", r"\$") if short.startswith("_") else short.replace("$", r"\$")
