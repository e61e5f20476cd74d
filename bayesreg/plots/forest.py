"""The picture of posterior intervals, with the mode."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ..posterior.draws.interval import Interval
from .named_rows import MOST_ROWS, name_rows
from .style import COLOURS, DARK, axes_or_current

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from ..mode.estimate import MapEstimate

_INNER = Interval(0.5)


def plot_forest(
    tree: "xr.DataTree",
    mode: "MapEstimate",
    ax: "Axes | None" = None,
    units: Any = None,
    *,
    penalized: Any = None,
    mass: float = 0.9,
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
    mass : float, default 0.9
        Probability of the interval.

    Returns
    -------
    Axes
        The features with the largest |mean|/sd, at most thirty, the largest at the top. A thin line is
        the interval, a thick line the 50% interval, a dot the mean, a diamond the mode.

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
    theirs = None if penalized is None else _of_each("penalized", penalized, p) * multipliers
    draws = posterior["coef"].values.reshape(-1, p) * multipliers
    draw_forest(ax, mode.feature_names, draws, mode.coef * multipliers, Interval(mass), penalized=theirs)
    ax.set_xlabel("coefficient, y per unit of x" if units is None else "coefficient × sd(x), in units of y")
    return ax


def draw_forest(
    ax: "Axes",
    names: Sequence[str],
    draws: Float[np.ndarray, "s p"],
    at_mode: Float[np.ndarray, " p"],
    interval: Interval,
    *,
    penalized: Float[np.ndarray, " p"] | None = None,
    of: int | None = None,
) -> None:
    """Draw intervals of named numbers: the thirty with the largest |mean|/sd, of them or of `of` in all."""
    mean, sd = draws.mean(axis=0), draws.std(axis=0)
    clarity = np.abs(mean) / np.where(sd > 0, sd, np.inf)
    at = np.argsort(-clarity, kind="stable")[:MOST_ROWS]
    rows, blue = np.arange(at.size), COLOURS[0]
    ax.axvline(0.0, color="0.6", linewidth=0.8, zorder=0)
    ax.hlines(rows, *interval.of(draws[:, at]), color=blue, linewidth=1.2, label=str(interval))
    if interval.mass > _INNER.mass:
        ax.hlines(rows, *_INNER.of(draws[:, at]), color=blue, linewidth=4.0, label=str(_INNER))
    ax.plot(mean[at], rows, "o", color="white", markeredgecolor=DARK, markersize=3.5, zorder=4, label="mean")
    ax.plot(
        at_mode[at],
        rows,
        "D",
        color=COLOURS[1],
        markeredgecolor=DARK,
        markersize=5.5,
        zorder=3,
        label="mode (MAP)",
    )
    if penalized is not None:
        ax.plot(penalized[at], rows, "x", color="black", markersize=6, zorder=5, label="penalised estimate")
    shown = [names[j] for j in at]
    name_rows(ax, shown, len(names) if of is None else of, "features", ", largest |mean|/sd first")


def _of_each(argument: str, values: Any, p: int) -> Any:
    array = np.asarray(values, dtype=np.float64)
    if array.shape not in ((), (p,)):
        raise ValueError(f"`{argument}` must be {p} numbers, one a feature; got shape {array.shape}.")
    return np.broadcast_to(array, p)
