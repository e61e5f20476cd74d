"""Integrals over σ and the prior's scale, on a grid of their logarithms."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

_POINTS = {1: 801, 2: 129}  # along each axis
_NEGLIGIBLE = 30.0  # of log density: places below exp(−30) of the peak are ignored
_MOVES = 60
_FILLED = 0.4  # of the grid: it is fine enough if the other places fill this share

Window = Float[np.ndarray, "2 d"]


def integration_nodes(
    log_density: Callable[[Float[np.ndarray, "m d"]], Float[np.ndarray, " m"]], window: Window, ends: Window
) -> tuple[Float[np.ndarray, "m d"], Float[np.ndarray, " m"]]:
    """Return logarithms and log weights, so that weighted sums are means under a density. The weights sum to 1.

    This is the trapezoid rule on a window that is moved, widened and narrowed until it fits. If the density is smooth
    and negligible at the ends, the error falls exponentially with the number of points.

    Parameters
    ----------
    log_density : callable
        Of the logarithms, (m, d) to (m,), up to a constant.
    window : array (2, d)
        The first window: its lower and upper ends.
    ends : array (2, d)
        The limits of all windows.

    Returns
    -------
    array (m, d), array (m,)
    """
    d = window.shape[1]
    for _ in range(_MOVES):
        axes = [np.linspace(window[0, j], window[1, j], _POINTS[d]) for j in range(d)]
        nodes = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
        values = log_density(nodes.reshape(-1, d)).reshape(nodes.shape[:-1])
        nearer, fits = _nearer(values > values.max() - _NEGLIGIBLE, axes, window, ends)
        if fits:
            break
        window = nearer
    values = values.ravel() - values.max()
    return nodes.reshape(-1, d), values - np.log(np.exp(values).sum())


def _nearer(counts: np.ndarray, axes: list[np.ndarray], window: Window, ends: Window) -> tuple[Window, bool]:
    """Return the window around places that count, wider if they reach its end; and whether the old window fits."""
    found, fits = window.copy(), True
    for j, axis in enumerate(axes):
        others = tuple(k for k in range(len(axes)) if k != j)
        places = np.flatnonzero(counts.any(axis=others))
        first, last, width = places[0], places[-1], axis[-1] - axis[0]
        low = axis[0] - width if first == 0 else axis[first - 1]
        high = axis[-1] + width if last == axis.size - 1 else axis[last + 1]
        found[:, j] = max(low, ends[0, j]), min(high, ends[1, j])
        at_ends = (first > 0 or axis[0] <= ends[0, j]) and (last < axis.size - 1 or axis[-1] >= ends[1, j])
        fits &= bool(at_ends and last - first >= _FILLED * axis.size)
    return found, fits
