"""The picture of posterior intervals, with the mode."""

from typing import TYPE_CHECKING, Any

import numpy as np

from .named_rows import MOST_ROWS, name_rows
from .style import COLOURS, DARK, axes_or_current

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from ..mode.estimate import MapEstimate


def plot_forest(
    tree: "xr.DataTree",
    mode: "MapEstimate",
    ax: "Axes | None" = None,
    units: Any = None,
    *,
    penalized: Any = None,
) -> "Axes":
    """Draw the posterior intervals of the coefficients, with the mode marked.

    Parameters
    ----------
    tree : xarray.DataTree
        From sample_posterior.
    mode : MapEstimate
        The mode of the same model and data.
    ax : matplotlib Axes, optional
        Default: the current one.
    units : array (p,), optional
        Multipliers of the coefficients, for example the columns' sd. They bring features in
        different units onto one axis. Default: 1, the original scale.
    penalized : array (p,), optional
        Coefficients from another package under the same penalty. They are marked too.

    Returns
    -------
    Axes
        The features with the largest |mean|/sd, at most thirty, the largest at the top. A thin line is
        the 90% interval, a thick line the 50% interval, a dot the mean, a diamond the mode.

    Raises
    ------
    ValueError
        If draws and mode have different features, or `units` or `penalized` are not p numbers.
    """
    ax = axes_or_current(ax)
    p = len(mode.feature_names)
    posterior = tree["posterior"].to_dataset()
    known = tuple(str(name) for name in posterior["feature"].values)
    if "feature" in posterior.coords and known != tuple(mode.feature_names):
        raise ValueError(f"the draws are of features {list(known)}, the mode of {list(mode.feature_names)}.")
    multipliers = _of_each("units", 1.0 if units is None else units, p)
    draws = posterior["coef"].values.reshape(-1, p) * multipliers
    mean, sd = draws.mean(axis=0), draws.std(axis=0)
    clarity = np.abs(mean) / np.where(sd > 0, sd, np.inf)
    shown_rows = np.argsort(-clarity, kind="stable")[:MOST_ROWS]
    bounds = np.quantile(draws[:, shown_rows], (0.05, 0.25, 0.75, 0.95), axis=0)
    rows = np.arange(shown_rows.size)
    light = COLOURS[1]
    ax.axvline(0.0, color="0.6", linewidth=0.8, zorder=0)
    ax.hlines(rows, bounds[0], bounds[3], color=COLOURS[0], linewidth=1.2, label="90% interval")
    ax.hlines(rows, bounds[1], bounds[2], color=COLOURS[0], linewidth=4.0, label="50% interval")
    at_mode = (mode.coef * multipliers)[shown_rows]
    ax.plot(
        mean[shown_rows],
        rows,
        "o",
        color="white",
        markeredgecolor=DARK,
        markersize=3.5,
        zorder=4,
        label="mean",
    )
    ax.plot(
        at_mode, rows, "D", color=light, markeredgecolor=DARK, markersize=5.5, zorder=3, label="mode (MAP)"
    )
    if penalized is not None:
        theirs = (_of_each("penalized", penalized, p) * multipliers)[shown_rows]
        ax.plot(theirs, rows, "x", color="black", markersize=6, zorder=5, label="penalised estimate")
    name_rows(ax, [mode.feature_names[j] for j in shown_rows], p, "features", ", largest |mean|/sd first")
    ax.set_xlabel("coefficient, y per unit of x" if units is None else "coefficient × sd(x), in units of y")
    return ax


def _of_each(argument: str, values: Any, p: int) -> Any:
    array = np.asarray(values, dtype=np.float64)
    if array.shape not in ((), (p,)):
        raise ValueError(f"`{argument}` must be {p} numbers, one a feature; got shape {array.shape}.")
    return np.broadcast_to(array, p)
