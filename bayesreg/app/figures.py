"""Figures without pyplot, so without a window or global state, as PNG."""

import warnings
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.files import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DPI = 120


def make_figure(width: float, height: float) -> "Figure":
    """Return an empty figure, width and height in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def save_figure(figure: "Figure", file: Path) -> None:
    """Write a figure as PNG."""
    write_whole(file, picture(figure))


def picture(figure: "Figure") -> bytes:
    """Return a figure as the bytes of a PNG, as the commands write it."""
    return png_bytes(figure, _DPI)


def png_bytes(figure: "Figure", dpi: int) -> bytes:
    """Return a figure as the bytes of a PNG; its text is drawn by matplotlib, whatever it is set to."""
    from matplotlib import rc_context
    from matplotlib.text import Text

    stream = BytesIO()
    for text in figure.findobj(Text):
        text.set_usetex(False)
    with warnings.catch_warnings(), rc_context({"text.usetex": False}):
        # A letter that the font lacks is drawn as a box; the text output has the name in full.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(stream, format="png", dpi=dpi)
    return stream.getvalue()
