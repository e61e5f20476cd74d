"""The eigenvalues behind a ridge path, as exact as its smallest penalty asks.

Penalties along the path are ``multiples[k] * l2``. Wherever `l2` is asked for, it has one
positive value for each penalised coefficient, in the order of ``problem.penalised`` and on the
original columns. `standardize` has then been absorbed: leaving a row out does not standardise anew.
"""

from collections.abc import Iterator
from functools import reduce

import numpy as np
from jaxtyping import Float

from ..base.blas import eigh
from ..data.least_squares import Spectrum
from ..model.problem import Problem

Matrix = Float[np.ndarray, "n p"]
Vector = Float[np.ndarray, " n"]
Path = Float[np.ndarray, " k"]

_EPS = float(np.finfo(float).eps)
_GRAM_ERROR = 10.0 * _EPS  # of a Gram matrix, relative to its largest eigenvalue
_SPECTRUM_TOLERANCE = 1e-9  # of (G + λ)⁻¹ from a Gram matrix, at worst; what is met is 1e-11


def unit_of(problem: Problem, l2: Vector) -> Vector:
    """Return 1/√l2, and 0 for columns that the data cannot tell from 0."""
    return np.where(problem.reduced.squared_norms > 0.0, 1.0 / np.sqrt(l2), 0.0)


def flat_df(problem: Problem) -> float:
    """Return the degrees of freedom of the intercept and the flat coefficients."""
    return float(problem.centred) + (0 if problem.flat_block is None else problem.flat_block.response.size)


def eigh_if_exact(gram: Matrix, smallest: float) -> tuple[Vector, Matrix] | None:
    """Decompose a Gram matrix, or return None where its rounding would show beside the smallest λ."""
    values, vectors = eigh(gram)
    if _GRAM_ERROR * values[-1] > _SPECTRUM_TOLERANCE * (max(values[0], 0.0) + smallest):
        return None
    return np.maximum(values, 0.0), vectors


def graded_svd(root: Matrix) -> tuple[Vector, Matrix]:
    """Decompose A'A given A: all eigenvalues, those that are rounding as 0.

    The pivoted factor is graded, so that columns of very different size keep their relative
    accuracy (Higham 2000, Linear Algebra Appl. 309, 153).
    """
    from scipy.linalg import qr, svd

    triangle, order = qr(root, mode="r", pivoting=True, check_finite=False)
    diagonal = np.abs(np.diagonal(triangle))
    norms = np.sqrt(np.square(root).sum(axis=0))[order[: diagonal.size]]
    kept = triangle[: diagonal.size][diagonal > norms * max(root.shape) * _EPS]
    left, sizes, _ = svd(kept.T)
    vectors = np.empty_like(left)
    vectors[order] = left
    return np.concatenate([sizes**2, np.zeros(len(left) - sizes.size)]), vectors


def triangle_of(blocks: Iterator[Matrix], n_columns: int) -> Matrix:
    """Return R of the QR decomposition of stacked blocks, taken one after the other."""
    from scipy.linalg import qr

    def add(triangle: Matrix, block: Matrix) -> Matrix:
        stacked = np.vstack([triangle, block])
        return qr(stacked, mode="r", overwrite_a=True, check_finite=False)[0][: min(stacked.shape)]

    return reduce(add, blocks, np.zeros((0, n_columns)))


def path_spectrum(problem: Problem, unit: Vector, smallest: float) -> Spectrum:
    """Return the spectrum of Z = X·diag(unit), from the Gram matrix of rows where that is good enough."""
    reduced = problem.reduced
    if problem.has_rows and 0 < unit.size <= problem.sum_weights:
        found = eigh_if_exact(reduced.gram * unit * unit[:, None], smallest)
        if found is not None:
            return Spectrum(*found, found[1].T @ (unit * reduced.cross))
    return reduced.spectrum(unit)
