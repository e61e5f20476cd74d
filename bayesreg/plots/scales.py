"""The picture of a scale selection: the scores of the scales, and the chosen scale."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ..selection.criteria import HIGHEST_IS_BEST
from ..selection.methods import METHOD_WORDS
from ..selection.scale_selection import ScaleSelection
from .penalty_axis import penalty_label, penalty_weights_along
from .style import COLOURS, MARKERS, NO_CODE, STYLES, current_figure, plain_powers, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

_NATS_SHOWN = 12.0  # below the best
_A_ROW = "log_density"  # a mean over rows
_TICKS = 6
_ABOVE = 38.0  # points from one upper axis to the next
_LARGEST_MARKER, _SMALLEST_MARKER = 12.0, 5.0  # points; one is inside the other if methods agree


def plot_scale_selection(
    selections: "ScaleSelection | Sequence[ScaleSelection]",
    axes: "Sequence[Axes] | None" = None,
    convention: str | None = None,
    *,
    response: str = "y",
) -> "list[Axes]":
    """Draw the scores of a prior's scales: errors above, log probabilities below.

    Parameters
    ----------
    selections : ScaleSelection, or several of one model and data
        From `select_scale`, by any methods.
    axes : sequence of matplotlib Axes, optional
        One for each kind of score, errors first. Default: new ones in the current figure.
    convention : str, optional
        A key of `CONVENTIONS`. The upper axis then shows that package's λ instead of the canonical one.
    response : str, default "y"
        Its name.

    Returns
    -------
    list of Axes
        The upper one has mean squared errors, with one standard error for cross-validation. The lower one has, in nats
        relative to the best, the evidence, the expected log predictive density, the posterior of the scale (with its
        density), −½ AIC and −½ BIC. Each method's chosen scale is marked.
    """
    chosen = [selections] if isinstance(selections, ScaleSelection) else list(selections)
    if not chosen:
        raise ValueError("`selections` is empty: give at least one ScaleSelection.")
    kinds = [kind for kind in ("mse", "nats") if any(_kind(one) == kind for one in chosen)]
    if axes is None:
        axes = list(np.atleast_1d(current_figure().subplots(len(kinds), 1, sharex=True)))
    look = {id(one): i for i, one in enumerate(chosen)}
    for ax, kind in zip(axes, kinds, strict=True):
        drawn: list[ScaleSelection] = []
        for one in chosen:
            if _kind(one) == kind:
                _draw_scores(ax, one, look[id(one)], drawn)
                drawn.append(one)
        ax.set_xscale("log")
        plain_powers(ax.xaxis)
        errors = f"mean squared error, units of {shown(response)} squared"
        a_row = all(one.score == _A_ROW for one in chosen if _kind(one) == "nats")
        nats = f"nats{' a row' if a_row else ''}, relative to the best"
        ax.set_ylabel(errors if kind == "mse" else nats, **NO_CODE)
        if kind == "nats":
            shown_below = _nats_shown(chosen)
            ax.set_ylim(-shown_below, 0.08 * shown_below)
        ax.legend(title="method: scale taken", loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    axes[-1].set_xlabel(f"prior scale, {_units(chosen[0], response)}", **NO_CODE)
    _add_selection_axes(axes[0], chosen[0], convention)
    return list(axes)


def _nats_shown(selections: "Sequence[ScaleSelection]") -> float:
    """Return how far below the best is shown: less if all scores are means over rows, which differ little."""
    nats = [one for one in selections if _kind(one) == "nats"]
    if any(one.score != _A_ROW for one in nats):
        return _NATS_SHOWN
    deepest = max(float(np.nanmax(one.scores) - np.nanmin(one.scores)) for one in nats)
    return min(_NATS_SHOWN, 1.1 * deepest) or _NATS_SHOWN


def _kind(selection: "ScaleSelection") -> str:
    return "mse" if selection.score == "mse" else "nats"


def _units(selection: "ScaleSelection", response: str) -> str:
    per = ", columns standardised" if selection.model.standardize else " per unit of x"
    return f"in units of {'σ' if selection.model.prior.relative_to_noise else shown(response)}{per}"


def _draw_scores(
    ax: "Axes", selection: "ScaleSelection", position: int, drawn: "Sequence[ScaleSelection]"
) -> None:
    """Draw one method's curve and its chosen scale, or only the scale if another method has drawn the curve."""
    order = np.argsort(selection.scales)
    x, scores, errors = selection.scales[order], selection.scores[order], selection.standard_errors[order]
    if selection.score != "mse":
        nats = scores if selection.score in HIGHEST_IS_BEST else -0.5 * scores
        scores = nats - np.nanmax(nats)
    at = int(np.flatnonzero(x == selection.scale)[0])
    look: dict[str, Any] = {
        "color": COLOURS[position % len(COLOURS)],
        "marker": MARKERS[position % len(MARKERS)],
        "markersize": max(_LARGEST_MARKER - 2.0 * len(drawn), _SMALLEST_MARKER),
        "fillstyle": "none",
        "markeredgewidth": 1.5,
    }
    style = STYLES[position % len(STYLES)]
    ax.axvline(selection.scale, color=look["color"], linestyle=style, linewidth=0.8)
    label = f"{METHOD_WORDS[selection.method].label}: {_short([selection.scale], 3)[0]}"
    if any(np.array_equal(one.scores, selection.scores) for one in drawn):
        ax.plot([x[at]], [scores[at]], linestyle="none", label=label, **look)
        return
    has_band = METHOD_WORDS[selection.method].error_shown and bool(np.isfinite(errors).all())
    ax.plot(x, scores, linestyle=style, label=label, markevery=[at], **look)
    if has_band and errors.any():
        ends = (scores - errors, scores + errors)
        ax.fill_between(x, *ends, color=look["color"], alpha=0.15, linewidth=0.0, label="± 1 standard error")
    if selection.method == "posterior":
        top = -_NATS_SHOWN * (1.0 - 0.5 * np.exp(scores))
        ax.fill_between(
            x, -_NATS_SHOWN, top, color=look["color"], alpha=0.2, linewidth=0.0, label="its density, any unit"
        )


def _add_selection_axes(ax: "Axes", selection: "ScaleSelection", convention: str | None) -> None:
    """Add upper axes of λ and of the effective degrees of freedom."""
    order = np.argsort(selection.scales)
    x = selection.scales[order]
    if convention is None:
        penalties = [selection.penalty_at(row) for row in order]
        values, label = penalty_weights_along(penalties), penalty_label(penalties)
    else:
        values, label = selection.in_convention(convention)[order], f"λ of {convention}"
    places = np.unique(np.round(np.linspace(0, x.size - 1, _TICKS)).astype(int))
    degrees = selection.effective_df[order][places]
    whole = np.array_equal(degrees, np.round(degrees))
    _upper_axis(ax, x[places], _short(values[places], 2), label, 0.0)
    _upper_axis(
        ax, x[places], [f"{d:.{0 if whole else 1}f}" for d in degrees], "effective degrees of freedom", _ABOVE
    )


def _upper_axis(ax: "Axes", places: Any, labels: "Sequence[str]", label: str, above: float) -> None:
    """Add an upper axis, some points above the frame."""
    from matplotlib.ticker import NullLocator

    upper = ax.secondary_xaxis("top")
    upper.spines["top"].set_position(("outward", above))
    upper.xaxis.set_minor_locator(NullLocator())
    upper.set_xticks(places, labels)
    upper.set_xlabel(label)


def _short(values: Any, digits: int) -> list[str]:
    """Return a few digits of each value, without an exponent if that is short."""
    return [_few_digits(float(value), digits) for value in values]


def _few_digits(value: float, digits: int) -> str:
    if value == 0.0 or 1e-3 <= abs(value) < 1e5:
        return np.format_float_positional(float(f"{value:.{digits}g}"), trim="-")
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa}e{int(exponent)}"
