"""What likelihoods of counts share: which responses they allow, and the quantile of a count."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

Array = Float[np.ndarray, "..."]


def check_counts(y: Array, likelihood: str) -> None:
    """Allow whole numbers from 0.

    Raises
    ------
    ValueError
    """
    wrong = np.flatnonzero((y < 0.0) | (y != np.floor(y)))
    if wrong.size:
        row = int(wrong[0])
        kind = "is negative" if y[row] < 0.0 else "is no whole number"
        raise ValueError(
            f"`y` must hold counts, 0, 1, 2, ..., for a {likelihood}; {y[row]:g} at row {row} {kind} "
            f"({wrong.size} such entries). If these are rates, give the counts as `y` and the exposure e as the "
            "offset log(e)."
        )


def smallest_count(cdf: Callable[[Array], Array], probability: float, near: Array) -> Array:
    """Return the smallest count whose distribution function is at least a probability.

    `near` is the place where the continued function reaches it, up to rounding.
    """
    count = np.maximum(np.ceil(near), 0.0)
    below = np.maximum(count - 1.0, 0.0)
    count = np.where(cdf(below) >= probability, below, count)
    return np.where(cdf(count) >= probability, count, count + 1.0)
