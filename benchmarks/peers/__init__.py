"""One module for each competitor; all of them, and `ours`, answer the same three names.

``TOLERANCES``: its own tolerances, loose to tight. ``variants(problem)``: its ways of solving the problem,
empty where it has none. ``fit(problem, variant, tol)``: solve, and return a `Fit`. A module may have
``prepared(problem, variant)``: the problem as its user would hold it, which is not timed.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Fit:
    """Coefficients (k, p), dense or sparse, intercepts (k,), and what else is worth keeping."""

    coefs: Any
    intercepts: np.ndarray
    notes: dict[str, Any] = field(default_factory=dict)


def powers_of_ten(first: int, last: int) -> list[float]:
    """Return 10^first, 10^(first − 1), …, 10^last."""
    return [float(f"1e{k}") for k in range(first, last - 1, -1)]
