"""Pictures of results; nothing is computed here."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from .mode.solve import MapEstimate, MapPath

_MOST_NAMED = 10
# Okabe and Ito's palette, told apart by colour-blind readers; the line styles tell apart in grey.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_STYLES = ("-", "--", "-.", ":")
_MOST_INTERVALS = 30
_MOST_LETTERS = 32


def plot_coefficient_path(path: "MapPath", ax: "Axes | None" = None, title: str | None = None) -> "Axes":
    """Draw the coefficients against the scale of the prior, with λ on the upper axis.

    Parameters
    ----------
    path : MapPath
    ax : matplotlib Axes, optional
        Default: the current one.
    title : str, optional

    Returns
    -------
    Axes
        With the coefficients that are largest at the weakest penalty named, ten at most,
        in the order of their right ends; the others are drawn in grey.
    """
    import matplotlib.pyplot as plt

    ax = plt.gca() if ax is None else ax
    order = np.argsort(path.scales)
    scales, coefs = path.scales[order], path.coefs[order]
    named = np.argsort(-np.abs(coefs[-1]), kind="stable")[:_MOST_NAMED]
    named = named[np.abs(coefs[:, named]).max(axis=0) > 0]
    others = np.setdiff1d(np.flatnonzero(np.abs(coefs).max(axis=0) > 0), named)
    if others.size:
        ax.plot(scales, coefs[:, others], color="0.8", linewidth=0.7, zorder=1)
    look = {
        j: position for position, j in enumerate(np.sort(named))
    }  # the same in every figure of up to ten features
    for j in named[np.argsort(-coefs[-1, named])]:
        ax.plot(
            scales,
            coefs[:, j],
            color=_COLOURS[look[j] % len(_COLOURS)],
            linestyle=_STYLES[look[j] % len(_STYLES)],
            label=_shown(path.feature_names[j]),
        )
    ax.axhline(0.0, color="0.4", linewidth=0.8, zorder=0)
    ax.set_xscale("log")
    ax.set_xlim(scales[0], scales[-1])
    ax.set_xlabel("prior scale, in units of y per unit of x")
    ax.set_ylabel("coefficient, y per unit of x")
    if named.size:
        hidden = f"{others.size} more in grey" if others.size else None
        ax.legend(title=hidden, loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    _add_penalty_axis(path, ax)
    if title:
        ax.set_title(title)
    return ax


def _add_penalty_axis(path: "MapPath", ax: "Axes") -> None:
    """Add λ above, where one number tells it: it falls as the scale grows."""
    strengths: dict[str, Any] = {
        name: np.array([np.max(getattr(penalty, name)) for penalty in path.penalties])
        for name in ("l1", "l2")
    }
    name = "l1" if strengths["l1"].any() else "l2"
    values = strengths[name]
    power = 1.0 if name == "l1" else 2.0
    constant = float(np.median(values * path.scales**power))
    if not constant > 0:
        return
    upper = ax.secondary_xaxis(
        "top",
        functions=(
            lambda scale: constant / np.maximum(scale, 1e-300) ** power,
            lambda strength: (constant / np.maximum(strength, 1e-300)) ** (1.0 / power),
        ),
    )
    differs = any(
        np.ptp(getattr(penalty, name)) > 1e-9 * np.max(getattr(penalty, name)) for penalty in path.penalties
    )
    symbol, unit = ("λ₁", "x·y") if name == "l1" else ("λ₂", "x²")
    upper.set_xlabel(f"{'largest ' if differs else ''}{symbol} (canonical {name}), in units of {unit}")


def plot_forest(
    tree: "xr.DataTree",
    mode: "MapEstimate",
    ax: "Axes | None" = None,
    units: Any = None,
) -> "Axes":
    """Draw the posterior intervals of the coefficients, with the mode marked.

    Parameters
    ----------
    tree : xarray.DataTree
        From sample_posterior.
    mode : MapEstimate
        Of the same model and data.
    ax : matplotlib Axes, optional
        Default: the current one.
    units : array (p,), optional
        Multipliers of the coefficients, for example the columns' sd, which bring features in
        different units onto one axis. Default: 1, the original scale.

    Returns
    -------
    Axes
        From the top down the features whose |mean|/sd is largest, thirty at most: a thin line is
        the 90% interval, a thick one the 50% interval, a dot the mean, a diamond the mode.
    """
    import matplotlib.pyplot as plt

    ax = plt.gca() if ax is None else ax
    p = len(mode.feature_names)
    multipliers = np.ones(p) if units is None else np.asarray(units, dtype=np.float64)
    posterior = tree["posterior"].to_dataset()
    draws = posterior["coef"].values.reshape(-1, p) * multipliers
    mean, sd = draws.mean(axis=0), draws.std(axis=0)
    clarity = np.abs(mean) / np.where(sd > 0, sd, np.inf)
    shown = np.argsort(-clarity, kind="stable")[:_MOST_INTERVALS]
    bounds = np.quantile(draws[:, shown], (0.05, 0.25, 0.75, 0.95), axis=0)
    rows = np.arange(shown.size)
    dark, light = "0.15", _COLOURS[1]
    ax.axvline(0.0, color="0.6", linewidth=0.8, zorder=0)
    ax.hlines(rows, bounds[0], bounds[3], color=_COLOURS[0], linewidth=1.2, label="90% interval")
    ax.hlines(rows, bounds[1], bounds[2], color=_COLOURS[0], linewidth=4.0, label="50% interval")
    at_mode = (mode.coef * multipliers)[shown]
    ax.plot(mean[shown], rows, "o", color="white", markeredgecolor=dark, markersize=4, zorder=4, label="mean")
    ax.plot(at_mode, rows, "D", color=light, markeredgecolor=dark, markersize=7, zorder=3, label="mode (MAP)")
    ax.set_yticks(rows, [_shown(mode.feature_names[j]) for j in shown])
    ax.set_ylim(shown.size - 0.5, -0.5)
    ax.set_xlabel("coefficient, y per unit of x" if units is None else "coefficient × sd(x), in units of y")
    which = f"{shown.size} of {p} features" if shown.size < p else "features"
    ax.set_ylabel(f"{which}, largest |mean|/sd first")
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
    return ax


def _shown(name: str) -> str:
    """Return a name that matplotlib shows as it is: $ starts no formula, a leading _ hides nothing."""
    short = name if len(name) <= _MOST_LETTERS else f"{name[: _MOST_LETTERS - 1]}…"
    return f" {short}".replace("$", r"\$") if short.startswith("_") else short.replace("$", r"\$")
