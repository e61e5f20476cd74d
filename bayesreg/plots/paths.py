"""The picture of coefficients along the scale of a prior."""

from typing import TYPE_CHECKING, Any

import numpy as np

from .penalty_axis import penalty_label, penalty_name, penalty_weights_along
from .style import COLOURS, MARKERS, NO_CODE, STYLES, axes_or_current, plain_powers, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from ..mode.estimate import MapPath
    from ..selection.scale_selection import ScaleSelection

_MOST_NAMED = 10
_SAME = 1e-9
_TINY = 1e-100  # matplotlib may ask an axis for λ at 0
_MARKS_FROM, _MARKS_CLOSE = 0.98, 0.05  # shares of the height and the width
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
    """Draw the coefficients against the scale of the prior, λ, the degrees of freedom or the budget.

    Parameters
    ----------
    path : MapPath
    ax : matplotlib Axes, optional
        Default: the current one.
    title : str, optional
    x : "scale", "lambda", "df" or "budget", default "scale"
        The quantity on the axis. With "scale", λ is on the upper axis. "lambda" is the largest canonical penalty
        weight. "df" is the effective degrees of freedom; with an l1 part they are counts that may rise and fall, so
        points are drawn and no lines. "budget" is the limit of the constrained form: ‖β‖₁, or ½‖β‖² under a Gaussian
        prior.
    bands : array (k, p, 2), optional
        Ends of an interval of each coefficient at each scale, as `path_intervals` returns. They are shaded for the
        named coefficients.
    marks : ScaleSelection, several of them, or mapping of labels to scales, optional
        Scales that a line marks.

    Returns
    -------
    Axes
        The coefficients that are largest at the weakest penalty are named, at most ten,
        in the order of their right ends. The others are grey.

    Raises
    ------
    ValueError
        If `x` or the shape of `bands` is wrong, or a mark lies outside of the path.
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
    counted = x == "df" and penalty_name(path.penalties) == "l1"
    if others.size:
        grey: dict[str, Any] = {"linestyle": "none", "marker": "."} if counted else {"linewidth": 0.7}
        ax.plot(along, coefs[:, others], color="0.8", zorder=1, **grey)
    look = {
        j: position for position, j in enumerate(np.sort(named))
    }  # the same in every figure of up to ten features
    for j in named[np.argsort(-coefs[-1, named])]:
        band = None if bands is None else np.asarray(bands, dtype=float)[order, j].T
        _draw_one(ax, along, coefs[:, j], band, look[j], shown(path.feature_names[j]), counted=counted)
    ax.axhline(0.0, color="0.4", linewidth=0.8, zorder=0)
    if x in ("scale", "lambda"):
        ax.set_xscale("log")
        plain_powers(ax.xaxis)
    if counted or along[0] == along[-1]:
        ax.margins(x=0.02)
        ax.autoscale(axis="x")
    else:
        ax.set_xlim(along[0], along[-1])
    ax.set_xlabel(_label(path, x))
    ax.set_ylabel("coefficient, y per unit of x")
    if named.size:
        hidden = f"{others.size} more in grey" if others.size else None
        legend = ax.legend(title=hidden, loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
        for text in legend.get_texts():
            text.set(**NO_CODE)
    if x == "scale":
        _add_penalty_axis(path, ax)
    places = {
        label: float(np.interp(np.log(scale), np.log(path.scales[order]), along))
        for label, scale in _marked(marks, path).items()
    }
    _mark(ax, places)
    if title:
        ax.set_title(title)
    return ax


def _draw_one(
    ax: "Axes", along: Any, coefs: Any, band: Any, position: int, label: str, *, counted: bool
) -> None:
    """Draw one named coefficient, with the style of its position."""
    colour, style = COLOURS[position % len(COLOURS)], STYLES[position % len(STYLES)]
    if counted:
        if band is not None:
            ax.vlines(along, *band, color=colour, linewidth=0.8, alpha=0.5, zorder=0)
        marker = MARKERS[position % len(MARKERS)]
        ax.plot(along, coefs, color=colour, linestyle="none", marker=marker, markersize=4, label=label)
        return
    if band is not None:
        ax.fill_between(along, *band, color=colour, alpha=0.12, linewidth=0.0, zorder=0)
        for end in band:
            ax.plot(along, end, color=colour, linestyle=style, linewidth=0.5, alpha=0.6, zorder=0)
    ax.plot(along, coefs, color=colour, linestyle=style, label=label)


def _mark(ax: "Axes", places: "Mapping[str, float]") -> None:
    """Draw vertical lines with labels from the top down. A label close to the one before it starts below that one."""
    to_axes = ax.transData + ax.transAxes.inverted()
    low, (left, top) = sorted(ax.get_ylim())[0], (-1.0, _MARKS_FROM)
    for label, place in sorted(places.items(), key=lambda one: one[1]):
        at = float(to_axes.transform((place, low))[0])
        top = top if at - left < _MARKS_CLOSE else _MARKS_FROM
        on_right = at > 1.0 - _MARKS_CLOSE
        ax.axvline(place, color="0.3", linewidth=1.0, linestyle=(0, (1, 2)), zorder=0)
        ax.annotate(
            label,
            (place, top),
            xycoords=("data", "axes fraction"),
            xytext=(-3 if on_right else 3, 0),
            textcoords="offset points",
            rotation=90,
            ha="right" if on_right else "left",
            va="top",
            fontsize="small",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.85},
        )
        left, top = at, top - 0.025 * len(label) - 0.04


def _along(path: "MapPath", x: str) -> Any:
    if x == "scale":
        return path.scales
    if x == "lambda":
        return penalty_weights_along(path.penalties)
    if x == "df":
        return path.effective_df
    if penalty_name(path.penalties) == "l1":
        return np.abs(path.coefs).sum(axis=1)
    return 0.5 * np.square(path.coefs).sum(axis=1)


def _label(path: "MapPath", x: str) -> str:
    if x == "budget":
        return "budget ‖β‖₁" if penalty_name(path.penalties) == "l1" else "budget ½‖β‖²"
    return penalty_label(path.penalties) if x == "lambda" else _AXES[x]


def _marked(marks: Any, path: "MapPath") -> dict[str, float]:
    """Return labels and scales."""
    if marks is None:
        return {}
    if hasattr(marks, "items"):
        found = {str(label): float(scale) for label, scale in marks.items()}
    else:
        if np.ndim(marks) == 0 and not hasattr(marks, "scales"):
            raise TypeError(
                f"`marks` must be ScaleSelections or a mapping of labels to scales; got {marks!r}."
            )
        found = {one.method: one.scale for one in ([marks] if hasattr(marks, "scales") else marks)}
    low, high = path.scales.min() * (1.0 - _SAME), path.scales.max() * (1.0 + _SAME)
    for label, scale in found.items():
        if not low <= scale <= high:
            raise ValueError(
                f"the mark {label!r} is at the scale {scale:.6g}, outside of the path from {path.scales.min():.6g} to "
                f"{path.scales.max():.6g}. Give map_path `scales` that include it."
            )
    return found


def _add_penalty_axis(path: "MapPath", ax: "Axes") -> None:
    """Add an upper axis of λ, which falls as the scale grows, if one number relates the two."""
    name = penalty_name(path.penalties)
    values = _along(path, "lambda")
    power = 1.0 if name == "l1" else 2.0
    constant = float(np.median(values * path.scales**power))
    if not constant > 0:
        return
    upper = ax.secondary_xaxis(
        "top",
        functions=(
            lambda scale: constant / np.maximum(scale, _TINY) ** power,
            lambda strength: (constant / np.maximum(strength, _TINY)) ** (1.0 / power),
        ),
    )
    plain_powers(upper.xaxis)
    upper.set_xlabel(penalty_label(path.penalties))
