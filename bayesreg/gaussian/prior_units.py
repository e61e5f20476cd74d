"""Columns in units of their prior, so that priors that differ by a factor can share one decomposition."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ..data.least_squares import LeastSquares

_SAME = 32.0 * float(np.finfo(float).eps)  # relative difference of penalties that counts as rounding


class PriorUnits(NamedTuple):
    """Units with l2 = factor/unit²."""

    unit: Float[np.ndarray, " q"]  # 0 for columns that are 0
    factor: float


def prior_units(least_squares: LeastSquares, l2: Float[np.ndarray, " q"]) -> PriorUnits:
    """Return the units of columns under a Gaussian prior.

    If the prior is on standardised columns, they get unit norm. If the prior is the same for all columns, they do not
    change. In both cases a common factor of all priors does not change the units. Otherwise the largest column gets a
    norm between ½ and 1, because squares of larger numbers may be infinite.

    Parameters
    ----------
    least_squares : LeastSquares
    l2 : array (q,)
        Positive.

    Returns
    -------
    PriorUnits
    """
    squares = least_squares.squared_norms
    alive = squares > 0.0
    if not alive.any():
        return PriorUnits(np.zeros(l2.size), 1.0)
    with np.errstate(over="ignore", under="ignore"):
        shares = l2[alive] / squares[alive]
    if _are_one(shares):
        return PriorUnits(to_unit_norm(least_squares), float(shares[0]))
    if _are_one(l2[alive]):
        return PriorUnits(alive.astype(float), float(l2[alive][0]))
    unit = np.where(alive, 1.0 / np.sqrt(l2), 0.0)
    largest = 2.0 ** (np.floor(np.log2((np.sqrt(squares) * unit).max())) + 1.0)  # a power of 2, so exact
    return PriorUnits(unit / largest, 1.0 / largest**2)


def to_unit_norm(least_squares: LeastSquares) -> Float[np.ndarray, " p"]:
    """Return the factors that give columns unit norm. They are 0 for columns that are 0."""
    norms = np.sqrt(least_squares.squared_norms)
    return np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 0.0)


def _are_one(values: Float[np.ndarray, " q"]) -> bool:
    return bool(0.0 < values[0] < np.inf and (np.abs(values - values[0]) <= _SAME * values[0]).all())
