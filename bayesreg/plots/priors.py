"""One coefficient: what a prior believes of it, and what that does to it."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ..penalty import Penalty
from .style import COLOURS, STYLES, axes_or_current

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..priors import Prior

_POINTS = 1001
_SCALES_SHOWN = 4.0  # on both sides of 0


def plot_prior(
    prior: "Prior", noise_scale: float = 1.0, ax: "Axes | None" = None, *, reach: float | None = None
) -> "Axes":
    """Draw a prior's density of one coefficient.

    Parameters
    ----------
    prior : Prior
        Its scales are numbers.
    noise_scale : float, default 1.0
        σ, in units of y; matters where the scale is relative to the noise.
    ax : matplotlib Axes, optional
        Default: the current one. What is drawn on it already keeps its look; the next curve has another.
    reach : float, optional
        How far the horizontal axis goes on both sides of 0. Default: as far as this prior asks.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        Where the prior is flat, or its scale is no single number.
    """
    ax = axes_or_current(ax)
    coef = _coefs(prior, noise_scale, reach)
    ax.plot(coef, np.exp(prior.log_prob(coef, noise_scale)), **_next_look(ax), label=_named(prior))
    ax.set_xlabel("coefficient, y per unit of x")
    ax.set_ylabel("prior density")
    ax.set_ylim(bottom=0.0)
    ax.legend(frameon=False)
    return ax


def plot_penalty(
    prior: "Prior", noise_scale: float = 1.0, ax: "Axes | None" = None, *, reach: float | None = None
) -> "Axes":
    """Draw a prior as the penalty it is: −σ² log density, up to a constant.

    Parameters
    ----------
    prior : Prior
        Its scales are numbers.
    noise_scale : float, default 1.0
        σ, in units of y.
    ax : matplotlib Axes, optional
        Default: the current one. What is drawn on it already keeps its look; the next curve has another.
    reach : float, optional
        How far the horizontal axis goes on both sides of 0. Default: as far as this prior asks.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        Where the prior is flat, or its scale is no single number.
    """
    ax = axes_or_current(ax)
    coef, penalty = _coefs(prior, noise_scale, reach), Penalty.from_prior(prior, noise_scale)
    value = penalty.l1 * np.abs(coef) + 0.5 * penalty.l2 * coef**2
    ax.plot(coef, value, **_next_look(ax), label=_formula(penalty))
    ax.set_xlabel("coefficient, y per unit of x")
    ax.set_ylabel("penalty beside ½ RSS, units of y²")
    ax.set_ylim(bottom=0.0)
    ax.legend(frameon=False)
    return ax


def plot_shrinkage(
    prior: "Prior", noise_scale: float = 1.0, ax: "Axes | None" = None, *, reach: float | None = None
) -> "Axes":
    """Draw the mode of one coefficient, on a column of length 1, against its least-squares value.

    Parameters
    ----------
    prior : Prior
        Its scales are numbers.
    noise_scale : float, default 1.0
        σ, in units of y.
    ax : matplotlib Axes, optional
        Default: the current one. What is drawn on it already keeps its look; the next curve has another.
    reach : float, optional
        How far the horizontal axis goes on both sides of 0. Default: as far as this prior asks.

    Returns
    -------
    Axes
        Soft thresholding for l1, the same share for l2, both for an elastic net; dotted: no shrinkage.

    Raises
    ------
    ValueError
        Where the prior is flat, or its scale is no single number.
    """
    ax = axes_or_current(ax)
    _one_scale(prior, noise_scale)
    penalty = Penalty.from_prior(prior, noise_scale)
    end = 3.0 * max(float(penalty.l1), noise_scale) if reach is None else float(reach)
    least_squares = np.linspace(-end, end, _POINTS)
    mode = np.sign(least_squares) * np.maximum(np.abs(least_squares) - penalty.l1, 0.0) / (1.0 + penalty.l2)
    look = _next_look(ax)
    if not ax.get_lines():
        ax.plot(least_squares, least_squares, color="0.5", linestyle=":", label="no penalty")
        ax.axhline(0.0, color="0.6", linewidth=0.8, zorder=0)
    ax.plot(least_squares, mode, **look, label=f"mode, {_formula(penalty)}")
    ax.set_xlabel("least-squares value, units of y (column of length 1)")
    ax.set_ylabel("mode (MAP), units of y")
    ax.legend(loc="upper left", frameon=False)
    return ax


def _one_scale(prior: "Prior", noise_scale: float) -> float:
    """Return the narrowest finite scale, in units of the coefficient."""
    scales: list[Any] = [np.unique(scale) for scale in prior.numeric_scales(noise_scale)]
    finite = [float(one[0]) for one in scales if one.size == 1 and np.isfinite(one[0])]
    if not finite or any(one.size > 1 for one in scales):
        raise ValueError(
            f"the picture is of one coefficient under a proper prior of one scale; got {prior!r}."
        )
    return min(finite)


def _coefs(prior: "Prior", noise_scale: float, reach: float | None) -> Any:
    end = _SCALES_SHOWN * _one_scale(prior, noise_scale)
    end = end if reach is None else float(reach)
    return np.linspace(-end, end, _POINTS)


def _next_look(ax: "Axes") -> dict[str, Any]:
    """Return colour and line style that no curve of ours on the axes has yet."""
    taken = sum(line.get_color() in COLOURS for line in ax.get_lines())
    return {"color": COLOURS[taken % len(COLOURS)], "linestyle": STYLES[taken % len(STYLES)]}


def _named(prior: "Prior") -> str:
    stated = ", ".join(f"{name} {value:.3g}" for name, value in prior.scales().items())
    return f"{type(prior).__name__}, {stated}"


def _formula(penalty: Penalty) -> str:
    parts = [f"{penalty.l1:.3g} |β|"] if penalty.l1 else []
    return " + ".join([*parts, *([f"½ · {penalty.l2:.3g} β²"] if penalty.l2 else [])])
