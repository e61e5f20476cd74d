"""Coefficients under a flat prior, called flat here, are profiled out: solvers see only the penalised ones."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float


class FlatBlock(NamedTuple):
    """Columns U under a flat prior, given by an orthonormal basis Q = U·T of their span."""

    to_coef: Float[np.ndarray, "m r"]  # T
    row_space: Float[np.ndarray, "m r"] | None  # orthonormal; None if U has full column rank
    cross: Float[np.ndarray, "r q"]  # Q'X for the penalised columns X
    response: Float[np.ndarray, " r"]  # Q'y
    doubt: float  # of ½ RSS: the error that rounding in the statistics may cause

    def coef(self, penalised: Float[np.ndarray, "k q"]) -> Float[np.ndarray, "k m"]:
        """Return the flat coefficients that are optimal given the penalised ones, with minimum norm."""
        solution = (self.response - penalised @ self.cross.T) @ self.to_coef.T
        return solution if self.row_space is None else (solution @ self.row_space) @ self.row_space.T

    @property
    def undetermined(self) -> Bool[np.ndarray, " m"]:
        """Which flat coefficients the data do not determine."""
        if self.row_space is None:
            return np.zeros(len(self.to_coef), dtype=bool)
        return 1.0 - np.square(self.row_space).sum(axis=1) > 1e-8


def orthonormal_basis(
    columns: Float[np.ndarray, "n m"],
) -> tuple[Float[np.ndarray, "n r"], Float[np.ndarray, "m r"], Float[np.ndarray, "m r"] | None]:
    """Return an orthonormal basis Q = U·T of the span of columns U, T, and U's row space (None: the whole space)."""
    from scipy.linalg import svd

    norms = np.sqrt(np.einsum("ij,ij->j", columns, columns))
    Q, values, right = svd(columns / np.where(norms > 0.0, norms, 1.0), full_matrices=False)
    tolerance = values[0] * max(columns.shape) * np.finfo(float).eps
    rank = int((values > tolerance).sum()) if values[0] > 0 else 0
    return np.asfortranarray(Q[:, :rank]), *basis_maps(right[:rank].T, values[:rank], norms)


def basis_maps(
    right: Float[np.ndarray, "m r"], values: Float[np.ndarray, " r"], norms: Float[np.ndarray, " m"]
) -> tuple[Float[np.ndarray, "m r"], Float[np.ndarray, "m r"] | None]:
    """Return T and the row space from the singular values and right vectors of U, whose columns have unit norm.

    The coefficient of a zero column is exactly 0.
    """
    zero = norms == 0.0
    unit = np.where(zero, 1.0, norms)
    to_coef = right / values / unit[:, None]
    to_coef[zero] = 0.0
    if right.shape[1] == len(right):
        return to_coef, None
    row_space = np.linalg.qr(right * unit[:, None])[0]
    row_space[zero] = 0.0
    return to_coef, row_space
