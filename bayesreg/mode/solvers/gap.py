"""The duality gap of one point while a solver is at work; `certificate.py` proves the points that are returned."""

import numpy as np
from jaxtyping import Float


def duality_gap(
    coef: Float[np.ndarray, " p"],
    gradient: Float[np.ndarray, " p"],
    rss: float,
    l1: Float[np.ndarray, " p"],
    l2: Float[np.ndarray, " p"],
) -> float:
    """Return the gap at the residual, scaled where pure l1 columns ask for it, in units of the objective."""
    size = np.abs(gradient)
    binding = (l2 == 0.0) & (size > l1)
    step = np.divide(l1, size, out=np.ones_like(size), where=binding).min(initial=1.0)
    beyond = np.maximum(step * size - l1, 0.0)
    conjugate = np.divide(beyond**2, 2.0 * l2, out=np.zeros_like(beyond), where=l2 > 0.0)
    terms = l1 * np.abs(coef) + 0.5 * l2 * coef**2 + conjugate - step * coef * gradient
    return float(0.5 * (1.0 - step) ** 2 * rss + terms.sum())
