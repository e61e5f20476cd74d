"""Parts of a density on a grid: cells flow to peaks, and a shallow valley does not separate two peaks."""

from typing import Any

import numpy as np
from jaxtyping import Float, Int


def parts_of(
    log_density: Float[np.ndarray, "..."], material: float, depth: float
) -> tuple[Int[np.ndarray, "..."], int]:
    """Label cells by the peak that they flow to.

    Parameters
    ----------
    log_density : array
        The neighbours of a cell are those along each axis.
    material : float
        Cells further below the highest belong to no part.
    depth : float
        A valley separates two peaks if it is this far below the lower one.

    Returns
    -------
    label : int array
        −1 for cells that are not material.
    n_parts : int
    """
    above = log_density > log_density.max() - material
    if _n_peaks(log_density, above) == 1:
        return np.where(above, 0, -1), 1
    peaks, label = np.unique(_peak_of_each(log_density), return_inverse=True)
    label, height = label.reshape(log_density.shape), log_density.ravel()[peaks]
    root = np.arange(peaks.size)

    def root_of(k: int) -> int:
        while root[k] != k:
            k = root[k]
        return k

    for a, b, saddle in _saddles(log_density, label, above):
        low, high = sorted((root_of(a), root_of(b)), key=lambda k: height[k])
        if low != high and height[low] - saddle < depth:
            root[low] = high
    roots = np.array([root_of(k) for k in range(root.size)])
    kept, merged = np.unique(roots[label[above]], return_inverse=True)
    found = np.full(log_density.shape, -1)
    found[above] = merged
    return found, kept.size


def _peak_of_each(density: Float[np.ndarray, "..."]) -> Int[np.ndarray, " c"]:
    """Return the last cell of each cell's path of steepest ascent."""
    index = np.arange(density.size).reshape(density.shape)
    highest, up = density.copy(), index.copy()
    for here, there in _neighbours(density.ndim):
        for one, other in ((here, there), (there, here)):
            better = (density[other] > highest[one]) | (
                (density[other] == highest[one]) & (index[other] > up[one])
            )
            highest[one] = np.where(better, density[other], highest[one])
            up[one] = np.where(better, index[other], up[one])
    flat = up.ravel()
    while not np.array_equal(further := flat[flat], flat):
        flat = further
    return flat


def _saddles(density: Any, label: Any, material: Any) -> list[tuple[int, int, float]]:
    """Return the highest pass between each two peaks with touching cells. The highest is first."""
    pairs, heights = [], []
    for here, there in _neighbours(density.ndim):
        touch = (label[here] != label[there]) & material[here] & material[there]
        both = np.stack([label[here][touch], label[there][touch]])
        pairs.append(np.sort(both, axis=0))
        heights.append(np.minimum(density[here][touch], density[there][touch]))
    pair, height = np.concatenate(pairs, axis=1), np.concatenate(heights)
    order = np.argsort(-height, kind="stable")
    code = (pair[0].astype(np.int64) * (label.max() + 1) + pair[1])[order]
    first = np.sort(np.unique(code, return_index=True)[1])
    return [(int(pair[0, k]), int(pair[1, k]), float(height[k])) for k in order[first]]


def _neighbours(ndim: int) -> list[tuple[tuple[slice, ...], tuple[slice, ...]]]:
    """Return, for each axis, slices of all cells but the last, and of their next neighbours."""
    every = (slice(None),) * ndim
    return [
        (
            (*every[:axis], slice(None, -1), *every[axis + 1 :]),
            (*every[:axis], slice(1, None), *every[axis + 1 :]),
        )
        for axis in range(ndim)
    ]


def _n_peaks(density: Float[np.ndarray, "..."], material: Any) -> int:
    """Count the material cells without a higher neighbour."""
    peaks = material.copy()
    for axis in range(density.ndim):
        step = np.diff(density, axis=axis)
        ends = [(0, 0)] * density.ndim
        ends[axis] = (1, 0)
        peaks &= np.pad(step >= 0.0, ends, constant_values=True)
        ends[axis] = (0, 1)
        peaks &= np.pad(step <= 0.0, ends, constant_values=True)
    return int(peaks.sum())
