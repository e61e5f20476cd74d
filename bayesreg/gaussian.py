"""What a Gaussian prior gives in closed form, from one spectral decomposition."""

import numpy as np
from jaxtyping import Float

from .data.least_squares import LeastSquares


def ridge_coefs(least_squares: LeastSquares, l2: Float[np.ndarray, "k p"]) -> Float[np.ndarray, "k p"]:
    """Minimise ½‖y − Xβ‖² + ½ Σ l2ⱼβⱼ² for each row of penalties.

    Rows that are multiples of each other share one decomposition of X·diag(1/√l2).

    Parameters
    ----------
    least_squares : LeastSquares
        Any shape, n < p included.
    l2 : array (k, p)
        Positive.

    Returns
    -------
    array (k, p)
    """
    coefs = np.empty(l2.shape)
    multiples = l2[:, :1] / l2[:1, :1]
    together = np.all(np.abs(l2 - multiples * l2[0]) <= 8 * np.finfo(float).eps * l2, axis=1)
    coefs[together] = _proportional(least_squares, l2[0], multiples[together, 0])
    for k in np.flatnonzero(~together):
        coefs[k] = _proportional(least_squares, l2[k], np.ones(1))[0]
    return coefs


def _proportional(
    least_squares: LeastSquares, l2: Float[np.ndarray, " p"], multiples: Float[np.ndarray, " k"]
) -> Float[np.ndarray, "k p"]:
    unit = 1.0 / np.sqrt(l2)
    spectrum = least_squares.spectrum(unit)
    filtered = spectrum.cross / (spectrum.values + multiples[:, None])
    return filtered @ spectrum.vectors.T * unit
