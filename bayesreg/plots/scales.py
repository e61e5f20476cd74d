"""What the scales of a prior were compared by, and which was taken."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ..selection import ScaleSelection
from .style import COLOURS, MARKERS, STYLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

_NATS_SHOWN = 12.0  # below the best
_TICKS = 6
_METHOD_LABELS = {
    "cv": "cross-validation",
    "cv-1se": "one standard error",
    "loo": "leave-one-out",
    "gcv": "generalised CV",
    "aic": "−½ AIC",
    "bic": "−½ BIC",
    "evidence": "log evidence",
    "psis-loo": "PSIS-LOO",
    "posterior": "log posterior of the scale (shaded: density)",
}


def plot_scale_selection(
    selections: "ScaleSelection | Sequence[ScaleSelection]",
    axes: "Sequence[Axes] | None" = None,
    convention: str | None = None,
) -> "list[Axes]":
    """Draw what scales of a prior were compared by: errors above, log probabilities below.

    Parameters
    ----------
    selections : ScaleSelection, or several of one model and data
        From `select_scale`, by whatever methods.
    axes : sequence of matplotlib Axes, optional
        One for each kind of score among them: errors first. Default: new ones in the current figure.
    convention : str, optional
        A key of `CONVENTIONS`: λ in that package is shown on the upper axis in place of the canonical one.

    Returns
    -------
    list of Axes
        On the upper one mean squared errors, with one standard error for cross-validation; on the lower one how many
        nats each scale is below the best: evidence, expected log predictive density, the posterior of the scale
        (shaded by its density), and −½ AIC and −½ BIC. What each method took is marked.
    """
    import matplotlib.pyplot as plt

    chosen = [selections] if isinstance(selections, ScaleSelection) else list(selections)
    kinds = [kind for kind in ("mse", "nats") if any(_kind(one) == kind for one in chosen)]
    if axes is None:
        figure = plt.gcf()
        axes = list(np.atleast_1d(figure.subplots(len(kinds), 1, sharex=True)))
    look = {id(one): i for i, one in enumerate(chosen)}
    for ax, kind in zip(axes, kinds, strict=True):
        for one in chosen:
            if _kind(one) == kind:
                _draw_scores(ax, one, look[id(one)])
        ax.set_xscale("log")
        ax.set_ylabel("mean squared error, units of y²" if kind == "mse" else "nats below the best")
        if kind == "nats":
            ax.set_ylim(-_NATS_SHOWN, 0.05 * _NATS_SHOWN)
        ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    last = chosen[0]
    units = "in units of σ" if last.model.prior.relative_to_noise else "in units of y per unit of x"
    if last.model.standardize:
        units = (
            "in units of σ, columns standardised" if "σ" in units else "in units of y, columns standardised"
        )
    axes[-1].set_xlabel(f"prior scale, {units}")
    _add_selection_axes(axes[0], last, convention)
    return list(axes)


def _kind(selection: "ScaleSelection") -> str:
    return "mse" if selection.score == "mse" else "nats"


def _draw_scores(ax: "Axes", selection: "ScaleSelection", position: int) -> None:
    """Draw one method's curve, and what it took."""
    colour, style = COLOURS[position % len(COLOURS)], STYLES[position % len(STYLES)]
    order = np.argsort(selection.scales)
    x, scores, errors = selection.scales[order], selection.scores[order], selection.standard_errors[order]
    if selection.score != "mse":
        nats = -0.5 * scores if selection.score in ("aic", "bic") else scores
        scores = nats - np.nanmax(nats)
    label = f"{_METHOD_LABELS[selection.method]}: {selection.scale:.3g}"
    ax.plot(x, scores, color=colour, linestyle=style, label=label)
    if selection.method in ("cv", "cv-1se", "evidence") and np.isfinite(errors).all():
        ax.fill_between(x, scores - errors, scores + errors, color=colour, alpha=0.15, linewidth=0.0)
    if selection.method == "posterior":
        density = np.exp(scores)
        ax.fill_between(
            x, -_NATS_SHOWN, -_NATS_SHOWN * (1.0 - 0.5 * density), color=colour, alpha=0.2, linewidth=0.0
        )
    ax.axvline(selection.scale, color=colour, linestyle=style, linewidth=0.8)
    at = int(np.flatnonzero(x == selection.scale)[0])
    ax.plot([selection.scale], [scores[at]], color=colour, marker=MARKERS[position % len(MARKERS)])


def _add_selection_axes(ax: "Axes", selection: "ScaleSelection", convention: str | None) -> None:
    """Add above what the scales are in λ, and what they cost in effective degrees of freedom."""
    order = np.argsort(selection.scales)
    x = selection.scales[order]
    if convention is None:
        penalties = [selection.penalty_at(row) for row in order]
        name = "l1" if np.any(selection.penalty.l1) else "l2"
        values = np.array([np.max(getattr(one, name)) for one in penalties])
        label = f"{'λ₁' if name == 'l1' else 'λ₂'} (canonical {name}, the largest)"
    else:
        values, label = selection.in_convention(convention)[order], f"λ of {convention}"
    _upper_axis(ax, x, values, label, 1.0, log=True)
    _upper_axis(ax, x, selection.effective_df[order], "effective degrees of freedom", 1.22, log=False)


def _upper_axis(ax: "Axes", x: Any, values: Any, label: str, height: float, *, log: bool) -> None:
    """Add an axis above with the values at places where they are round enough to read."""
    from matplotlib.ticker import NullLocator

    places = np.unique(np.round(np.linspace(0, x.size - 1, _TICKS)).astype(int))
    upper = ax.secondary_xaxis(height)
    upper.xaxis.set_minor_locator(NullLocator())
    upper.set_xticks(x[places], [_short(values[i]) if log else f"{values[i]:.1f}" for i in places])
    upper.set_xlabel(label)


def _short(value: float) -> str:
    """Return two digits without an exponent, where that is short."""
    if 1e-3 <= abs(value) < 1e5:
        return np.format_float_positional(float(f"{value:.2g}"), trim="-")
    mantissa, exponent = f"{value:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}"
