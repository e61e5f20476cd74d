"""Sums over the rows of a block, of columns as they come: numbers, and codes of levels that are never expanded."""

from dataclasses import dataclass
from threading import local
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Float, Int

from .checks import Vector
from .row_blocks import equal_slices

_BLOCK = 3 * 2**17  # entries that are held at once
_FIRST = 64  # rows whose means are subtracted first
_FAR = 1e4  # of a column's sum of squares: its mean was far from theirs, and digits are lost

Numbers = Float[np.ndarray, "q n"]  # a row for each column, float32 or float64


@final
@dataclass(frozen=True, eq=False)
class Codes:
    """A text column: the position of each row's level.

    Attributes
    ----------
    of : array (n,)
        From 0 to `n_levels` − 1.
    n_levels : int
    """

    of: Int[np.ndarray, " n"]
    n_levels: int


class Moments(NamedTuple):
    """Weighted sums over rows of columns of numbers and of one column a level, about their means."""

    sum_weights: float
    mean: Float[np.ndarray, " q"]
    rest: Float[np.ndarray, " q"]  # what rounding took from the means
    products: Float[np.ndarray, "q q"]


def two_sum(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a + b, and what rounding took from it.

    References
    ----------
    D. Knuth (1969), "The Art of Computer Programming", volume 2, 4.2.2.
    """
    total = a + b
    of_b = total - a
    return total, (a - (total - of_b)) + (b - of_b)


def as_numbers(columns: list[np.ndarray]) -> Numbers:
    """Return columns of any kind of numbers as the rows of one array, of float32 if all are that."""
    single = all(one.dtype == np.float32 for one in columns)
    return np.stack(columns, dtype=np.float32 if single else np.float64, casting="unsafe")


def first_means(numbers: Numbers) -> Float[np.ndarray, " q"]:
    """Return the means of the first rows, to be subtracted before sums are made."""
    if not numbers.shape[1]:
        return np.zeros(len(numbers))
    with np.errstate(over="ignore", invalid="ignore"):
        return numbers[:, :_FIRST].mean(axis=1, dtype=np.float64)


def moments_of(
    numbers: Numbers,
    levels: list[Codes],
    weight: Vector | None,
    rows: slice,
    shift: Float[np.ndarray, " q"],
) -> Moments:
    """Return the moments of some rows: of the columns of numbers, then of each level of each text column.

    Parameters
    ----------
    numbers : array (q, n)
        A row for each column, in float32 or float64.
    levels : list of Codes
    weight : array (n,), optional
        All positive.
    rows : slice
        At least one row.
    shift : array (q,)
        Numbers near the means, as `first_means` returns them.

    Returns
    -------
    Moments
        They are not finite if an entry is not.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # the caller refuses what is not finite
        found = _of_numbers(numbers, weight, rows, shift)
        far = found.sum_weights * (found.mean - shift) ** 2 > _FAR * np.diagonal(found.products)
    if far.any() and np.isfinite(found.mean).all():
        found = _of_numbers(numbers, weight, rows, found.mean)
    return _with_levels(found, numbers, levels, weight, rows) if levels else found


def _of_numbers(
    numbers: Numbers, weight: Vector | None, rows: slice, shift: Float[np.ndarray, " q"]
) -> Moments:
    """Add up products of columns less a shift and of a column of ones, block by block in cache."""
    q = len(numbers)
    sums = np.zeros((q + 1, q + 1))
    for block in equal_slices(range(rows.start, rows.stop), max(1, _BLOCK // (q + 1))):
        own = _room(q + 1, block.stop - block.start)
        np.subtract(numbers[:, block], shift[:, None], out=own[:q], dtype=np.float64)
        own[q] = 1.0
        if weight is not None:
            own *= np.sqrt(weight[block])
        sums += own @ own.T
    total, left = float(sums[q, q]), sums[q, :q] / sums[q, q]
    return Moments(total, *two_sum(shift, left), sums[:q, :q] - total * np.outer(left, left))


_kept = local()


def _room(n_columns: int, n_rows: int) -> Float[np.ndarray, "q m"]:
    """Return space for a block, the same one at each call of a thread: new memory costs a third of the time."""
    entries = n_columns * n_rows
    if getattr(_kept, "space", np.empty(0)).size < entries:
        _kept.space = np.empty(entries)
    room: Float[np.ndarray, "q m"] = _kept.space[:entries].reshape(n_columns, n_rows)
    return room


def _with_levels(
    found: Moments, numbers: Numbers, levels: list[Codes], weight: Vector | None, rows: slice
) -> Moments:
    q, sizes = len(numbers), [one.n_levels for one in levels]
    edges = np.cumsum([q, *sizes])
    codes = [one.of[rows] for one in levels]
    own_weight = np.ones(rows.stop - rows.start) if weight is None else weight[rows]
    products = np.zeros((edges[-1], edges[-1]))
    products[:q, :q] = found.products
    counts = [np.bincount(code, own_weight, size) for code, size in zip(codes, sizes, strict=True)]
    mean = np.concatenate([found.mean, *(count / found.sum_weights for count in counts)])
    for j, column in enumerate(numbers):
        centred = own_weight * (column[rows] - found.mean[j] - found.rest[j])
        for a, code in enumerate(codes):
            at = slice(edges[a], edges[a + 1])
            products[j, at] = products[at, j] = np.bincount(code, centred, sizes[a])
    for a, code in enumerate(codes):
        at = slice(edges[a], edges[a + 1])
        products[at, at] = np.diag(counts[a])
        for b in range(a):
            pairs = np.bincount(code * sizes[b] + codes[b], own_weight, sizes[a] * sizes[b])
            other = slice(edges[b], edges[b + 1])
            products[at, other] = pairs.reshape(sizes[a], sizes[b])
            products[other, at] = products[at, other].T
    of_levels = mean[q:]
    products[q:, q:] -= found.sum_weights * np.outer(of_levels, of_levels)
    rest = np.append(found.rest, np.zeros(edges[-1] - q))
    return Moments(found.sum_weights, mean, rest, products)
