"""Dense products and factorisations by one BLAS.

NumPy and SciPy each bring a BLAS. The idle threads of one spin for a while and take the cores of the other:
a Cholesky factorisation takes three times longer after a NumPy product than after a SciPy product
(docs/explanation/solver.md). LAPACK is SciPy's, so products use SciPy's BLAS too.
"""

import numpy as np
from jaxtyping import Float

_SMALL = 2**13  # entries of a matrix up to which a product uses one thread in any case


def dot(left: Float[np.ndarray, " n"], right: Float[np.ndarray, " n"]) -> float:
    """Return left @ right. A long product avoids BLAS, because its threads cost more than they save."""
    return float(left @ right) if left.size <= _SMALL else float(np.sum(left * right))


def times(matrix: Float[np.ndarray, "n m"], vector: Float[np.ndarray, " m"]) -> Float[np.ndarray, " n"]:
    """Return matrix @ vector."""
    if matrix.size <= _SMALL or not _is_contiguous(matrix):
        return matrix @ vector
    from scipy.linalg.blas import dgemv

    if matrix.flags.f_contiguous:
        return dgemv(1.0, matrix, vector)
    return dgemv(1.0, matrix.T, vector, trans=1)


def product(left: Float[np.ndarray, "n m"], right: Float[np.ndarray, "m k"]) -> Float[np.ndarray, "n k"]:
    """Return left @ right."""
    small = max(left.size, right.size) <= _SMALL
    if small or not (_is_contiguous(left) and _is_contiguous(right)):
        return left @ right
    if right.shape[1] == 1:
        return times(left, right[:, 0])[:, None]
    if left.shape[0] == 1:
        return times(right.T, left[0])[None, :]
    from scipy.linalg.blas import dgemm

    def as_columns(matrix: np.ndarray) -> tuple[np.ndarray, bool]:
        return (matrix, False) if matrix.flags.f_contiguous else (matrix.T, True)

    (a, trans_a), (b, trans_b) = as_columns(left), as_columns(right)
    return dgemm(1.0, a, b, trans_a=trans_a, trans_b=trans_b)


def gram_of(matrix: Float[np.ndarray, "n p"]) -> Float[np.ndarray, "p p"]:
    """Return matrix' @ matrix."""
    if matrix.size <= _SMALL or not _is_contiguous(matrix):
        return matrix.T @ matrix
    from scipy.linalg.blas import dsyrk

    half = dsyrk(1.0, matrix, trans=1) if matrix.flags.f_contiguous else dsyrk(1.0, matrix.T)
    gram = half + half.T
    np.fill_diagonal(gram, np.diagonal(half))
    return gram


def eigh(matrix: Float[np.ndarray, "p p"]) -> tuple[Float[np.ndarray, " p"], Float[np.ndarray, "p p"]]:
    """Return rising eigenvalues, and eigenvectors. Divide and conquer takes half the time of SciPy's default."""
    import scipy.linalg

    return scipy.linalg.eigh(matrix, driver="evd")


def cholesky(matrix: Float[np.ndarray, "p p"]) -> Float[np.ndarray, "p p"] | None:
    """Return the lower factor of a symmetric matrix, or None if the matrix is not positive definite.

    The factor is in column-major order, and its entries above the diagonal are undefined. The matrix is overwritten.
    """
    from scipy.linalg.lapack import dpotrf, spotrf

    factorise = spotrf if matrix.dtype == np.float32 else dpotrf
    columns = matrix.T if matrix.flags.c_contiguous else matrix
    factor, failed = factorise(columns, lower=1, clean=0, overwrite_a=1)
    return None if failed else factor


def cholesky_of_gram(
    matrix: Float[np.ndarray, "n p"], added: Float[np.ndarray, " p"]
) -> Float[np.ndarray, "p p"] | None:
    """Return `cholesky` of matrix' @ matrix + diag(added). The matrix is in column-major order."""
    from scipy.linalg.blas import dsyrk

    half = dsyrk(1.0, matrix, trans=1, lower=1)
    half[np.diag_indices_from(half)] += added
    return cholesky(half)


def cholesky_solve(
    factor: Float[np.ndarray, "p p"], right: Float[np.ndarray, " p"]
) -> Float[np.ndarray, " p"]:
    """Solve with a factor of `cholesky`."""
    from scipy.linalg.lapack import dpotrs, spotrs

    solve = spotrs if factor.dtype == np.float32 else dpotrs
    return solve(factor, right.astype(factor.dtype, copy=False), lower=1)[0]


def _is_contiguous(matrix: np.ndarray) -> bool:
    return bool(matrix.flags.c_contiguous or matrix.flags.f_contiguous)
