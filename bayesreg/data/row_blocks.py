"""Products of dense rows, block by block. A block is centred and weighted while it is in cache."""

from collections.abc import Iterator
from functools import reduce
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from ..base.blas import gram_of
from ..base.loops import LOOPS
from ..base.threads import over_ranges, single_threaded_blas
from .checks import Matrix, Vector

FEWEST_ROWS = 256
_ROW_BLOCK = 2**17  # entries of a block


class Sums(NamedTuple):
    """Sums over rows."""

    gram: Float[np.ndarray, "p p"]  # X'X
    cross: Float[np.ndarray, " p"]  # X'y
    roots: Float[np.ndarray, " p"]  # X'√w for centred columns, else 0

    def zeroed(self, null: Bool[np.ndarray, " p"] | None) -> "Sums":
        """Set columns to 0 in the products. The sums with the roots do not change."""
        if null is None:
            return self
        kept = ~null
        return Sums(self.gram * kept * kept[:, None], self.cross * kept, self.roots)


def sums_over_rows(
    X: Matrix, y: Vector, root: Vector | None, shift: Vector | None, *, with_roots: bool = False
) -> Sums:
    """Return the sums from one pass over tall rows. Each thread has a range of rows.

    Parameters
    ----------
    X : array (n, p)
    y : array (n,)
        The response, already weighted.
    root : array (n,), optional
        Square roots of the weights.
    shift : array (p,), optional
        The numbers to subtract from the columns.
    with_roots : bool, default False
        Whether the columns' sums are needed without a shift too.

    Returns
    -------
    Sums
    """
    n, p = X.shape
    in_c, copies = adds_up_in_c(X), root is not None or shift is not None
    with_roots = with_roots or shift is not None

    def part(rows: range) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if in_c:
            sums = _sums_in_c(X, y, root, shift, rows)
            return sums[:p, :p], sums[:p, p], sums[:p, p + 1] * with_roots
        gram, cross, roots = np.zeros((p, p)), np.zeros(p), np.zeros(p)
        for block in row_slices(rows, p) if copies else [slice(rows.start, rows.stop)]:
            own = _weighted(X, block, root, shift)
            gram += own.T @ own
            cross += own.T @ y[block]
            if with_roots:
                roots += own.sum(axis=0) if root is None else own.T @ root[block]
        return gram, cross, roots

    with single_threaded_blas() as n_threads:
        parts = over_ranges(part, n, n_threads)
    return Sums(*(reduce(np.add, each[1:], each[0].copy()) for each in zip(*parts, strict=True)))


def adds_up_in_c(X: Matrix) -> bool:
    """Tell whether sums over rows are made by a loop in C. There a shift costs nothing, else a copy of the rows."""
    if not (LOOPS and LOOPS.HAS_WIDE_VECTORS and X.dtype == np.float64):
        return False
    size, strides = X.itemsize, X.strides
    lies_apart = size in strides and min(strides) > 0 and not any(step % size for step in strides)
    return X.flags.c_contiguous or X.flags.f_contiguous or lies_apart


def _sums_in_c(
    X: Matrix, y: Vector, root: Vector | None, shift: Vector | None, rows: range
) -> Float[np.ndarray, "q q"]:
    """Return products of the columns, y and the roots of weights with each other."""
    n_columns = X.shape[1]
    roots = np.zeros(0) if root is None else np.ascontiguousarray(root)
    means = np.zeros(n_columns) if shift is None else np.ascontiguousarray(shift)
    sums = np.empty((n_columns + 2, n_columns + 2))
    LOOPS.tall_gram(np.ascontiguousarray(y), roots, means, sums, X, rows.start, rows.stop)
    return sums


def gram_by_blocks(X: Matrix, root: Vector | None, shift: Vector | None) -> Float[np.ndarray, "p p"]:
    """Return X'X of centred and weighted rows, without a copy of the rows."""
    n, p = X.shape
    gram = np.zeros((p, p))
    for block in row_slices(range(n), p):
        gram += gram_of(_weighted(X, block, root, shift))
    return gram


def _weighted(X: Matrix, rows: slice, root: Vector | None, shift: Vector | None) -> Matrix:
    block = X[rows]
    if shift is not None:
        block = block - shift
    return block if root is None else block * root[rows, None]


def row_slices(rows: range, n_columns: int, entries: int = _ROW_BLOCK) -> Iterator[slice]:
    """Cut rows into blocks that stay in cache."""
    step = max(FEWEST_ROWS, entries // max(n_columns, 1))
    for first in range(rows.start, rows.stop, step):
        yield slice(first, min(first + step, rows.stop))


def equal_slices(rows: range, most: int) -> Iterator[slice]:
    """Cut rows into blocks of about equal size, each of at most so many rows."""
    n_blocks = max(1, -(-len(rows) // most))
    edges = np.linspace(rows.start, rows.stop, n_blocks + 1).astype(int).tolist()
    for first, last in pairwise(edges):
        yield slice(first, last)
