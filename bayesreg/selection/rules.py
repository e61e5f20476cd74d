"""The rules that choose a scale by its costs.

A rule gets costs, their standard errors and the scales, and returns a position. The strongest prior is first.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

_TIE = 1e-12  # relative difference of costs that counts as rounding

Path = Float[np.ndarray, " k"]
Rule = Callable[[Path, Path, Path], int]


def lowest(cost: Path, errors: Path, scales: Path) -> int:
    """Return the lowest cost. If several differ only by rounding, return the strongest prior among them."""
    least = cost.min()
    return int(np.argmax(cost <= least + _TIE * abs(least)))


def one_standard_error(cost: Path, errors: Path, scales: Path) -> int:
    """Return the strongest prior whose cost is within one standard error of the lowest."""
    best = int(np.argmin(cost))
    return int(np.argmax(cost <= cost[best] + errors[best]))


def median(cost: Path, errors: Path, scales: Path) -> int:
    """Return the scale that is nearest to the posterior's median."""
    order = np.argsort(scales)
    mass = np.exp(cost.min() - cost[order])
    steps = np.diff(np.log(scales[order]), prepend=np.nan, append=np.nan)
    width = np.nansum([steps[:-1], steps[1:]], axis=0) if scales.size > 1 else np.ones(1)
    below = np.cumsum(mass * width)
    return int(order[np.searchsorted(below, 0.5 * below[-1])])
