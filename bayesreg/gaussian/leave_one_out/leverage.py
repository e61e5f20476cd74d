"""Rows with a leverage near 1 need a careful formula; a leverage of 1 has no leave-one-out error."""

import numpy as np
from jaxtyping import Float, Int

CAREFUL = 0.1  # 1 − h below which the subtraction loses a digit
_ALONE = 1e-12  # share of a row outside the flat columns' span that counts as rounding
_EPS = float(np.finfo(float).eps)


def complement(flat: Float[np.ndarray, "m f"]) -> Float[np.ndarray, "m c"]:
    """Return an orthonormal basis of the space orthogonal to the flat columns."""
    from scipy.linalg import svd

    if flat.shape[1] == 0:
        return np.eye(len(flat))
    norms = np.sqrt(np.square(flat).sum(axis=0))
    left, sizes, _ = svd(flat / np.where(norms > 0.0, norms, 1.0))
    rank = int((sizes > sizes[0] * max(flat.shape) * _EPS).sum())
    return left[:, rank:]


def refuse_alone(outside: Float[np.ndarray, "s c"], numbers: Int[np.ndarray, " s"], otherwise: str) -> None:
    """Refuse rows that cannot be left out: they lie wholly in the span of the flat columns.

    Parameters
    ----------
    outside : array (s, c)
        The rows of the basis from `complement`.
    numbers : array (s,)
        The numbers of these rows in the data.
    otherwise : str
        The other remedy, besides a prior on the coefficient.

    Raises
    ------
    ValueError
        The message names the first such row.
    """
    alone = np.square(outside).sum(axis=1) <= _ALONE
    if alone.any():
        raise ValueError(
            f"row {int(numbers[np.argmax(alone)])} alone determines the intercept or an unpenalised coefficient, so "
            "the fit without it is not determined and has no leave-one-out error. Give that coefficient a prior, or "
            f"{otherwise}."
        )
