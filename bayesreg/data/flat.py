"""What has a flat prior is profiled out: the penalised coefficients never see it."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float


class FlatBlock(NamedTuple):
    """Columns U under a flat prior, through an orthonormal basis Q = U·T of their span."""

    to_coef: Float[np.ndarray, "m r"]  # T
    null_space: Float[np.ndarray, "m d"]  # orthonormal; the directions that U does not see
    cross: Float[np.ndarray, "r q"]  # Q'X for the penalised columns X
    response: Float[np.ndarray, " r"]  # Q'y

    def coef(self, penalised: Float[np.ndarray, "k q"]) -> Float[np.ndarray, "k m"]:
        """Return the flat coefficients that are optimal beside given ones, of minimum norm."""
        any_solution = (self.response - penalised @ self.cross.T) @ self.to_coef.T
        return any_solution - (any_solution @ self.null_space) @ self.null_space.T


def null_space(
    right_vectors: Float[np.ndarray, "m d"], norms: Float[np.ndarray, " m"]
) -> Float[np.ndarray, "m d"]:
    """Orthonormalise, in the original units, directions given in those of unit-norm columns."""
    return np.linalg.qr(right_vectors / norms[:, None])[0]
