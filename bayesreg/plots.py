"""Pictures of results; nothing is computed here."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .mode.solve import MapPath

_MOST_NAMED = 10
# Okabe and Ito's palette, told apart by colour-blind readers; the line styles tell apart in grey.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_STYLES = ("-", "--", "-.", ":")


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
            label=path.feature_names[j],
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
