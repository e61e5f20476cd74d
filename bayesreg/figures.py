"""Figures without pyplot, so without a window or global state, saved as PNG."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .plots import plot_forest

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from .mode.solve import MapEstimate


def make_figure(width: float, height: float) -> "Figure":
    """Return an empty figure, width and height in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def save_figure(figure: "Figure", file: Path) -> None:
    """Write a figure as PNG."""
    with warnings.catch_warnings():
        # A letter that the font lacks is drawn as a box; the text output has the name in full.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(file, dpi=120)


def save_forest(file: Path, tree: "xr.DataTree", mode: "MapEstimate", units: Any = None) -> None:
    """Draw `plot_forest` as tall as it needs, and write it as PNG."""
    figure = make_figure(8, 1.6 + 0.26 * min(len(mode.feature_names), 30))
    plot_forest(tree, mode, figure.subplots(), units)
    save_figure(figure, file)
