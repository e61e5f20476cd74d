"""The eigenvalues behind a ridge path, as accurate as its smallest penalty needs.

Penalties along the path are ``multiples[k] * l2``. `l2` always has one positive value for each
penalised coefficient, in the order of ``problem.penalised`` and on the original columns.
`standardize` is absorbed in it: columns are not standardised again if a row is left out.
"""

from collections.abc import Iterator
from functools import reduce

import numpy as np
from jaxtyping import Float

from ..base.blas import eigh
from ..data.least_squares import LeastSquares, Spectrum
from ..model.problem import Problem

Matrix = Float[np.ndarray, "n p"]
Vector = Float[np.ndarray, " n"]
Path = Float[np.ndarray, " k"]

_EPS = float(np.finfo(float).eps)
_GRAM_ERROR = 10.0 * _EPS  # error of a Gram matrix, relative to its largest eigenvalue
_SPECTRUM_TOLERANCE = 1e-9  # worst error of (G + λ)⁻¹ from a Gram matrix; the usual one is 1e-11


def flat_df(problem: Problem) -> float:
    """Return the degrees of freedom of the intercept and the flat coefficients."""
    return float(problem.centred) + (0 if problem.flat_block is None else problem.flat_block.response.size)


def eigh_if_exact(gram: Matrix, smallest: float) -> tuple[Vector, Matrix] | None:
    """Decompose a Gram matrix. Return None if its rounding is too large for the smallest λ."""
    values, vectors = eigh(gram)
    values = np.maximum(values, 0.0)
    return (values, vectors) if _is_exact(values, smallest) else None


def spectrum_if_exact(statistics: LeastSquares, unit: Vector, smallest: float) -> Spectrum | None:
    """Return the spectrum of a loss's Gram matrix. Return None if its rounding is too large for the smallest λ."""
    found = statistics.spectrum(unit)
    return found if _is_exact(found.values, smallest) else None


def _is_exact(values: Vector, smallest: float) -> bool:
    return bool(_GRAM_ERROR * values.max() <= _SPECTRUM_TOLERANCE * (values.min() + smallest))


def graded_svd(root: Matrix) -> tuple[Vector, Matrix]:
    """Decompose A'A given A. Eigenvalues that are only rounding become 0.

    The pivoted factor is graded, so columns of very different size keep their relative
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
    """Return R of the QR decomposition of stacked blocks. One block is added after the other."""
    from scipy.linalg import qr

    def add(triangle: Matrix, block: Matrix) -> Matrix:
        stacked = np.vstack([triangle, block])
        return qr(stacked, mode="r", overwrite_a=True, check_finite=False)[0][: min(stacked.shape)]

    return reduce(add, blocks, np.zeros((0, n_columns)))


def path_spectrum(problem: Problem, unit: Vector, smallest: float) -> Spectrum:
    """Return the spectrum of Z = X·diag(unit). The Gram matrix of rows is used if it is accurate enough."""
    reduced = problem.reduced
    if problem.has_rows and 0 < unit.size <= problem.sum_weights:
        found = spectrum_if_exact(reduced.statistics, unit, smallest)
        if found is not None:
            return found
    return reduced.spectrum(unit)
