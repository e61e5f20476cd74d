"""The picture of two coefficients: contours of the loss, and the ball of the penalty."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ..mode.estimate import map_estimate
from ..model.linear_model import LinearModel
from ..model.needs import PENALTY
from ..model.problem import Data, Problem, resolve
from .style import COLOURS, DARK, NO_CODE, axes_or_current, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_POINTS = 801
_BEYOND = 1.0  # views, on each side
_MARGIN = 0.25  # of the extent
_ABOUT_AS_FAR = 2.5  # largest ratio of the axes' extents with equal units
_LEVELS = (0.02, 0.08, 0.2, 0.45, 1.0)  # shares of the rise in loss from the mode to 0


def plot_geometry(
    model: LinearModel,
    data: Data,
    ax: "Axes | None" = None,
    *,
    features: "Sequence[int | str] | None" = None,
    steps: Any = None,
) -> "Axes":
    """Draw the loss's contours in two coefficients, and the penalty's ball through the mode.

    The mode lies where the ball touches a contour: the penalised and the constrained problem have the same solution.

    Parameters
    ----------
    model : LinearModel
        Not flat.
    data : RowData or GramData
    ax : matplotlib Axes, optional
        Default: the current one.
    features : two positions or names, optional
        Default: the two with the largest penalised effect at the mode. The others stay at the mode.
    steps : array (k, 2), optional
        Points on a solver's way, drawn as a path.

    Returns
    -------
    Axes
        Both axes have equal units if their extents are similar.

    Raises
    ------
    ValueError
        If there are fewer than two features, or neither of the two has a penalty.
    """
    ax = axes_or_current(ax)
    problem, mode = resolve(model, data, "plot_geometry", PENALTY), map_estimate(model, data)
    pair = _pair(problem, mode.coef, mode.penalty, features)
    plane = _plane(problem, mode.coef, pair)
    l1, l2 = (
        np.broadcast_to(np.asarray(part), mode.coef.shape)[pair]
        for part in (mode.penalty.l1, mode.penalty.l2)
    )
    if not (l1.any() or l2.any()):
        raise ValueError("neither of the two coefficients has a penalty, so there is no ball to draw.")
    at_mode, least = mode.coef[pair], plane.least_squares
    path = np.empty((0, 2)) if steps is None else np.asarray(steps, dtype=float)
    budget = float(_penalty(l1, l2, *at_mode))
    corners = np.array([_reach(*weight, budget) for weight in zip(l1, l2, strict=True)])
    low, high, equal = _view(np.vstack([corners, -corners, at_mode, least, path]))
    # With equal units, a frame that is not square shows more than the view: contours continue there.
    beyond = _BEYOND * (high - low) if equal else 0.0
    first, second = np.meshgrid(*(_ticks(*ends) for ends in zip(low - beyond, high + beyond, strict=True)))
    loss, ball = plane.loss(first, second), _penalty(l1, l2, first, second)
    here = float(plane.loss(*at_mode))
    levels = here + np.array(_LEVELS) * max(float(plane.loss(0.0, 0.0)) - here, 1e-9 * abs(here) + 1e-300)
    ax.contour(first, second, loss, levels=levels, colors="0.7", linewidths=0.8)
    ax.contour(first, second, loss, levels=[max(here, 1e-300)], colors=COLOURS[0], linewidths=1.2)
    ax.plot([], [], color="0.7", linewidth=0.8, label="½ RSS, higher")
    ax.plot([], [], color=COLOURS[0], linewidth=1.2, label="½ RSS, as at the mode")
    if budget > 0.0:
        ax.contourf(first, second, ball, levels=[-1.0, budget], colors=[COLOURS[4]], alpha=0.25)
        ax.contour(first, second, ball, levels=[budget], colors=COLOURS[4], linewidths=1.5)
        ax.plot([], [], color=COLOURS[4], linewidth=1.5, label="penalty, as at the mode")
    ax.axhline(0.0, color="0.5", linewidth=0.8, zorder=0)
    ax.axvline(0.0, color="0.5", linewidth=0.8, zorder=0)
    if len(path):
        ax.plot(*path.T, color=COLOURS[2], marker=".", linewidth=1.0, label="solver's steps")
    ax.plot(*least, "s", color="white", markeredgecolor=DARK, label="least squares", linestyle="none")
    ax.plot(
        *at_mode, "D", color=COLOURS[1], markeredgecolor=DARK, label="mode (MAP)", linestyle="none", zorder=5
    )
    ax.set_xlabel(f"coefficient of {shown(problem.feature_names[pair[0]])},\ny per unit of x", **NO_CODE)
    ax.set_ylabel(f"coefficient of {shown(problem.feature_names[pair[1]])},\ny per unit of x", **NO_CODE)
    ax.dataLim.set_points(np.stack([low, high]))  # the contours extend beyond the view
    ax.set_xlim(low[0], high[0], auto=equal)
    ax.set_ylim(low[1], high[1], auto=equal)
    if equal:
        ax.set_aspect("equal", adjustable="datalim")
    others = problem.n_features - 2
    if others:
        rest = "1 other coefficient" if others == 1 else f"{others} other coefficients"
        ax.set_title(f"{rest} held at the mode", fontsize="medium")
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
    return ax


def _pair(problem: Problem, coef: Float[np.ndarray, " p"], penalty: Any, features: Any) -> list[int]:
    if problem.n_features < 2:
        raise ValueError("the picture has two coefficients, and the data have one feature.")
    if features is not None:
        if len(features) != 2:
            raise ValueError(f"`features` must be two positions or names; got {features!r}.")
        names = problem.feature_names
        for one in features:
            if one not in names if isinstance(one, str) else not 0 <= int(one) < len(names):
                raise ValueError(
                    f"`features` has {one!r}, which is none of the data's features {list(names)}."
                )
        return [names.index(one) if isinstance(one, str) else int(one) for one in features]
    if problem.n_features == 2:
        return [0, 1]
    effect = (np.asarray(penalty.l1) + np.asarray(penalty.l2) * np.abs(coef)) * np.abs(coef)
    return sorted(np.argsort(-effect, kind="stable")[:2].tolist())


class _Plane(NamedTuple):
    """½ RSS as a function of two coefficients, up to a constant; it is at least 0."""

    gram: Float[np.ndarray, "2 2"]
    least_squares: Float[np.ndarray, " 2"]
    least: float

    def loss(self, first: Any, second: Any) -> Any:
        """Evaluate ½ RSS."""
        a, b = first - self.least_squares[0], second - self.least_squares[1]
        return self.least + 0.5 * (
            self.gram[0, 0] * a**2 + 2 * self.gram[0, 1] * a * b + self.gram[1, 1] * b**2
        )


def _plane(problem: Problem, coef: Float[np.ndarray, " p"], pair: list[int]) -> _Plane:
    rest = np.zeros(problem.rates.l1.size)
    rest[: coef.size] = coef
    rest[pair] = 0.0
    points = np.stack([rest, rest, rest])
    points[1, pair[0]] = points[2, pair[1]] = 1.0
    slopes, squares = problem.least_squares.residuals(points)
    cross = slopes[0, pair]
    gram = np.stack([cross - slopes[1, pair], cross - slopes[2, pair]])
    gram = 0.5 * (gram + gram.T)
    least_squares = np.linalg.lstsq(gram, cross)[0]
    return _Plane(gram, least_squares, float(0.5 * (squares[0] - cross @ least_squares)))


def _penalty(l1: Any, l2: Any, first: Any, second: Any) -> Any:
    absolute = l1[0] * np.abs(first) + l1[1] * np.abs(second)
    return absolute + 0.5 * (l2[0] * first**2 + l2[1] * second**2)


def _reach(l1: float, l2: float, budget: float) -> float:
    """Return the ball's radius along one axis, or 0 if that coefficient has no penalty."""
    if l2 > 0.0:
        return float((np.sqrt(l1**2 + 2.0 * l2 * budget) - l1) / l2)
    return float(budget / l1) if l1 > 0.0 else 0.0


def _view(points: Float[np.ndarray, "m 2"]) -> tuple[Any, Any, bool]:
    """Return the lower and upper ends of a view of all points, and whether it is square with equal units."""
    low, high = points.min(axis=0), points.max(axis=0)
    extent = np.where(high > low, high - low, max(float((high - low).max()), 1e-12))
    equal = bool(extent.max() < _ABOUT_AS_FAR * extent.min())
    half = (0.5 + _MARGIN) * (np.full(2, extent.max()) if equal else extent)
    middle = 0.5 * (low + high)
    return middle - half, middle + half, equal


def _ticks(low: float, high: float) -> Float[np.ndarray, " m"]:
    """Return places between two ends. They include 0, so that a diamond has its corners."""
    places = np.linspace(low, high, _POINTS)
    return np.unique(np.append(places, 0.0)) if low < 0.0 < high else places
