"""The pictures of a prior on one coefficient: its density, its penalty and its shrinkage."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ..priors.penalty import Penalty
from .style import COLOURS, STYLES, axes_or_current

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..priors.base import Prior

_POINTS = 4001
_SCALES_SHOWN = 4.0  # on both sides of 0
_BEYOND = 100.0  # views
_BEND = 9.0  # of sinh: places near 0 are some 25 times closer than evenly spaced ones


def plot_prior(
    prior: "Prior", noise_scale: float = 1.0, ax: "Axes | None" = None, *, reach: float | None = None
) -> "Axes":
    """Draw a prior's density of one coefficient.

    Parameters
    ----------
    prior : Prior
        Its scales are numbers.
    noise_scale : float, default 1.0
        σ, in units of y. It matters only if the scale is relative to the noise.
    ax : matplotlib Axes, optional
        Default: the current one. Curves that are on it already keep their style; the new one has another.
    reach : float, optional
        The end of the horizontal axis on both sides of 0. Default: it depends on the prior's scale.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the prior is flat, or its scale is not a single number.
    """
    ax = axes_or_current(ax)
    end = _end(prior, noise_scale, reach)
    coef = _coefs(end)
    density = np.exp(prior.log_prob(coef, noise_scale))
    _draw(ax, coef, density, _named(prior), (end, float(density.max())))
    ax.set_xlabel("coefficient, y per unit of x")
    ax.set_ylabel("prior density")
    return ax


def plot_penalty(
    prior: "Prior", noise_scale: float = 1.0, ax: "Axes | None" = None, *, reach: float | None = None
) -> "Axes":
    """Draw a prior as a penalty: −σ² log density, up to a constant.

    Parameters
    ----------
    prior : Prior
        Its scales are numbers.
    noise_scale : float, default 1.0
        σ, in units of y.
    ax : matplotlib Axes, optional
        Default: the current one. Curves that are on it already keep their style; the new one has another.
    reach : float, optional
        The end of the horizontal axis on both sides of 0. Default: it depends on the prior's scale.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the prior is flat, or its scale is not a single number.
    """
    ax = axes_or_current(ax)
    end, penalty = _end(prior, noise_scale, reach), Penalty.from_prior(prior, noise_scale)
    coef = _coefs(end)
    value = penalty.l1 * np.abs(coef) + 0.5 * penalty.l2 * coef**2
    highest = float(penalty.l1 * end + 0.5 * penalty.l2 * end**2)
    _draw(ax, coef, value, _formula(penalty), (end, highest))
    ax.set_xlabel("coefficient, y per unit of x")
    ax.set_ylabel("penalty beside ½ RSS, units of y²")
    return ax


def plot_shrinkage(
    prior: "Prior", noise_scale: float = 1.0, ax: "Axes | None" = None, *, reach: float | None = None
) -> "Axes":
    """Draw the mode of one coefficient against its least-squares value, for a column of length 1.

    Parameters
    ----------
    prior : Prior
        Its scales are numbers.
    noise_scale : float, default 1.0
        σ, in units of y.
    ax : matplotlib Axes, optional
        Default: the current one. Curves that are on it already keep their style; the new one has another.
    reach : float, optional
        The end of the horizontal axis on both sides of 0. Default: it depends on the prior's scale.

    Returns
    -------
    Axes
        Soft thresholding for l1, division by a constant for l2, both for an elastic net. Dotted: no shrinkage.

    Raises
    ------
    ValueError
        If the prior is flat, or its scale is not a single number.
    """
    ax = axes_or_current(ax)
    _one_scale(prior, noise_scale)
    penalty = Penalty.from_prior(prior, noise_scale)
    end = 3.0 * max(float(penalty.l1), noise_scale) if reach is None else float(reach)
    if _ours(ax):
        end = max(end, ax.get_xlim()[1])
    else:
        ax.axline((0.0, 0.0), slope=1.0, color="0.5", linestyle=":", label="no penalty")
        ax.axhline(0.0, color="0.6", linewidth=0.8, zorder=0)
    least_squares = _coefs(end)
    mode = np.sign(least_squares) * np.maximum(np.abs(least_squares) - penalty.l1, 0.0) / (1.0 + penalty.l2)
    ax.plot(least_squares, mode, **_next_look(ax), label=f"mode under {_formula(penalty)}")
    ax.set_xlim(-end, end)
    ax.set_ylim(-end, end)
    ax.set_xlabel("least-squares value, units of y (column of length 1)")
    ax.set_ylabel("mode (MAP), units of y")
    ax.legend(loc="upper left", frameon=False)
    return ax


def _draw(ax: "Axes", x: Any, values: Any, label: str, corner: tuple[float, float]) -> None:
    """Add a curve, and widen the view to its corner (right end, height), with room above for the legend."""
    before = len(_ours(ax))
    end, highest = corner
    if before:
        end = max(end, ax.get_xlim()[1])
        highest = max(highest, ax.get_ylim()[1] * (1.0 - _room(before)))
    ax.plot(x, values, **_next_look(ax), label=label)
    ax.set_xlim(-end, end)
    ax.set_ylim(0.0, highest / (1.0 - _room(before + 1)))
    ax.legend(loc="upper right", frameon=False)


def _room(n_labels: int) -> float:
    """Return the share of the height that a legend takes."""
    return min(0.04 + 0.07 * n_labels, 0.6)


def _ours(ax: "Axes") -> list[Any]:
    return [line for line in ax.get_lines() if line.get_color() in COLOURS]


def _one_scale(prior: "Prior", noise_scale: float) -> float:
    """Return the narrowest finite scale, in units of the coefficient."""
    scales: list[Any] = [np.unique(scale) for scale in prior.numeric_scales(noise_scale)]
    finite = [float(one[0]) for one in scales if one.size == 1 and np.isfinite(one[0])]
    if not finite or any(one.size > 1 for one in scales):
        raise ValueError(
            f"the picture is of one coefficient under a proper prior of one scale; got {prior!r}."
        )
    return min(finite)


def _end(prior: "Prior", noise_scale: float, reach: float | None) -> float:
    """Return the end of the view on both sides of 0."""
    own = _SCALES_SHOWN * _one_scale(prior, noise_scale)
    return own if reach is None else float(reach)


def _coefs(end: float) -> Any:
    """Return places, dense near 0. They go far beyond the view, because a later curve may widen it."""
    return _BEYOND * end * np.sinh(_BEND * np.linspace(-1.0, 1.0, _POINTS)) / np.sinh(_BEND)


def _next_look(ax: "Axes") -> dict[str, Any]:
    """Return a colour and line style that no curve of this module on the axes has."""
    taken = len(_ours(ax))
    return {"color": COLOURS[taken % len(COLOURS)], "linestyle": STYLES[taken % len(STYLES)]}


def _named(prior: "Prior") -> str:
    return f"{type(prior).__name__}({', '.join(f'{value:.3g}' for value in prior.scales().values())})"


def _formula(penalty: Penalty) -> str:
    """Write l1 |β| + ½ l2 β², without parts that are 0 and factors that are 1."""
    l1, l2 = (f"{weight:.3g}" for weight in (penalty.l1, penalty.l2))
    parts = ["|β|" if l1 == "1" else f"{l1} |β|"] if penalty.l1 else []
    return " + ".join([*parts, *(["½ β²" if l2 == "1" else f"½ · {l2} β²"] if penalty.l2 else [])])
