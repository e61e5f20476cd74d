"""Equal rows become one row, their weights added: no sum over rows changes."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int

from ..base.blas import times
from .checks import Design
from .row_blocks import row_slices
from .rows import RowData

_FEWEST_ROWS = 2000  # fewer rows are passed in no time
_MOST_ASKED, _PAIRS = 4096, 40  # rows that tell how many are different: so many pairs where merging just pays
_PAYS = 4.0  # rows for each different one from which merging pays


def merged(data: RowData) -> RowData:
    """Merge rows that are equal in X, y and offset, if that leaves a quarter of the rows or fewer.

    Parameters
    ----------
    data : RowData

    Returns
    -------
    RowData
        The data themselves if they have too many different rows.
    """
    n = data.y.size
    if n < _FEWEST_ROWS:
        return data
    n_asked = min(n, _MOST_ASKED, int(np.sqrt(2.0 * _PAIRS * n / _PAYS)))
    asked = np.random.default_rng(0).choice(n, n_asked, replace=False)
    if _most_different(_keys(data.at(asked)), n) > n / _PAYS:
        return data
    _, first, group = np.unique(_keys(data), return_index=True, return_inverse=True)
    if first.size > n / _PAYS or not _are_equal(data, first[group]):
        return data
    weight = np.bincount(group, data.sample_weight, minlength=first.size)
    return replace(data.at(first), sample_weight=weight)


def _keys(data: RowData) -> Float[np.ndarray, " n"]:
    """Return a number for each row. Equal rows have the same one, but for rounding, which costs a merger only."""
    rng = np.random.default_rng(1)
    X, across = data.X, rng.normal(size=data.n_features)
    keys = times(X, across) if isinstance(X, np.ndarray) else np.asarray(X @ across)
    keys = keys + rng.normal() * data.y
    return keys if data.offset is None else keys + rng.normal() * data.offset


def _most_different(keys: Float[np.ndarray, " m"], n: int) -> float:
    """Estimate how many of n rows are different, from pairs that are equal among m of them."""
    m = keys.size
    counts = np.unique(keys, return_counts=True)[1].astype(float)
    if m == n:
        return float(counts.size)
    pairs = float((counts * (counts - 1.0)).sum())
    return m * (m - 1.0) / pairs if pairs else np.inf


def _are_equal(data: RowData, to: Int[np.ndarray, " n"]) -> bool:
    """Tell whether each row is equal to the row at another position."""
    others = [data.y] if data.offset is None else [data.y, data.offset]
    return all(np.array_equal(one[to], one) for one in others) and _rows_equal(data.X, to)


def _rows_equal(X: Design, to: Int[np.ndarray, " n"]) -> bool:
    if not isinstance(X, np.ndarray):
        rows = X.tocsr()
        return (rows[to] != rows).nnz == 0
    return all(np.array_equal(X[to[block]], X[block]) for block in row_slices(range(len(X)), X.shape[1]))
