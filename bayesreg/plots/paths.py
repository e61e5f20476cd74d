"""Coefficients along the scale of a prior."""

from typing import TYPE_CHECKING, Any

import numpy as np

from .style import COLOURS, STYLES, axes_or_current, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from ..mode.solve import MapPath
    from ..selection import ScaleSelection

_MOST_NAMED = 10
_AXES = {
    "scale": "prior scale, in units of y per unit of x",
    "lambda": "",  # by the kind of penalty
    "df": "effective degrees of freedom",
    "budget": "",  # by the kind of penalty
}


def plot_coefficient_path(
    path: "MapPath",
    ax: "Axes | None" = None,
    title: str | None = None,
    *,
    x: str = "scale",
    bands: Any = None,
    marks: "ScaleSelection | Sequence[ScaleSelection] | Mapping[str, float] | None" = None,
) -> "Axes":
    """Draw the coefficients against the scale of the prior, λ, degrees of freedom or budget.

    Parameters
    ----------
    path : MapPath
    ax : matplotlib Axes, optional
        Default: the current one.
    title : str, optional
    x : "scale", "lambda", "df" or "budget", default "scale"
        What runs along the axis; with "scale" λ is on the upper axis. "lambda" is the largest canonical strength, "df"
        the effective degrees of freedom, "budget" what the constrained form allows: ‖β‖₁, under a Gaussian prior
        ½‖β‖².
    bands : array (k, p, 2), optional
        Ends of an interval of each coefficient at each scale, as `path_intervals` gives, shaded for those named.
    marks : ScaleSelection, several of them, or mapping of labels to scales, optional
        Scales to be marked by a line.

    Returns
    -------
    Axes
        With the coefficients that are largest at the weakest penalty named, ten at most,
        in the order of their right ends; the others are drawn in grey.

    Raises
    ------
    ValueError
        Where `x` is another, or `bands` have another shape.
    """
    if x not in _AXES:
        raise ValueError(f"`x` must be one of {', '.join(map(repr, _AXES))}; got {x!r}.")
    if bands is not None and np.shape(bands) != (*path.coefs.shape, 2):
        raise ValueError(f"`bands` must have shape {(*path.coefs.shape, 2)}; got {np.shape(bands)}.")
    ax = axes_or_current(ax)
    order = np.argsort(path.scales)
    along, coefs = _along(path, x)[order], path.coefs[order]
    named = np.argsort(-np.abs(coefs[-1]), kind="stable")[:_MOST_NAMED]
    named = named[np.abs(coefs[:, named]).max(axis=0) > 0]
    others = np.setdiff1d(np.flatnonzero(np.abs(coefs).max(axis=0) > 0), named)
    if others.size:
        ax.plot(along, coefs[:, others], color="0.8", linewidth=0.7, zorder=1)
    look = {
        j: position for position, j in enumerate(np.sort(named))
    }  # the same in every figure of up to ten features
    for j in named[np.argsort(-coefs[-1, named])]:
        colour = COLOURS[look[j] % len(COLOURS)]
        if bands is not None:
            low, high = np.asarray(bands, dtype=float)[order, j].T
            ax.fill_between(along, low, high, color=colour, alpha=0.12, linewidth=0.0, zorder=0)
        ax.plot(
            along,
            coefs[:, j],
            color=colour,
            linestyle=STYLES[look[j] % len(STYLES)],
            label=shown(path.feature_names[j]),
        )
    ax.axhline(0.0, color="0.4", linewidth=0.8, zorder=0)
    if x in ("scale", "lambda"):
        ax.set_xscale("log")
    ax.set_xlim(along[0], along[-1])
    ax.set_xlabel(_label(path, x))
    ax.set_ylabel("coefficient, y per unit of x")
    if named.size:
        hidden = f"{others.size} more in grey" if others.size else None
        ax.legend(title=hidden, loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    if x == "scale":
        _add_penalty_axis(path, ax)
    for label, scale in _marked(marks).items():
        place = float(np.interp(np.log(scale), np.log(path.scales[order]), along))
        ax.axvline(place, color="0.3", linewidth=1.0, linestyle=(0, (1, 2)), zorder=0)
        ax.annotate(
            label,
            (place, 0.02),
            xycoords=("data", "axes fraction"),
            xytext=(3, 0),
            textcoords="offset points",
            rotation=90,
            va="bottom",
            fontsize="small",
        )
    if title:
        ax.set_title(title)
    return ax


def _along(path: "MapPath", x: str) -> Any:
    if x == "scale":
        return path.scales
    if x == "lambda":
        name = _strength(path)
        return np.array([np.max(getattr(penalty, name)) for penalty in path.penalties])
    if x == "df":
        return path.effective_df
    return (
        np.abs(path.coefs).sum(axis=1) if _strength(path) == "l1" else 0.5 * np.square(path.coefs).sum(axis=1)
    )


def _label(path: "MapPath", x: str) -> str:
    if x == "budget":
        return "budget ‖β‖₁" if _strength(path) == "l1" else "budget ½‖β‖²"
    return _lambda_label(path) if x == "lambda" else _AXES[x]


def _strength(path: "MapPath") -> str:
    return "l1" if any(np.any(penalty.l1) for penalty in path.penalties) else "l2"


def _lambda_label(path: "MapPath") -> str:
    name = _strength(path)
    differs = any(
        np.ptp(getattr(penalty, name)) > 1e-9 * np.max(getattr(penalty, name)) for penalty in path.penalties
    )
    symbol, unit = ("λ₁", "x·y") if name == "l1" else ("λ₂", "x²")
    return f"{'largest ' if differs else ''}{symbol} (canonical {name}), in units of {unit}"


def _marked(marks: Any) -> dict[str, float]:
    """Return labels and scales."""
    if marks is None:
        return {}
    if hasattr(marks, "items"):
        return {str(label): float(scale) for label, scale in marks.items()}
    selections = [marks] if hasattr(marks, "scales") else list(marks)
    return {one.method: one.scale for one in selections}


def _add_penalty_axis(path: "MapPath", ax: "Axes") -> None:
    """Add λ above, where one number tells it: it falls as the scale grows."""
    name = _strength(path)
    values = _along(path, "lambda")
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
    upper.set_xlabel(_lambda_label(path))
