"""The flat prior: its mode is least squares."""

from dataclasses import dataclass, field
from typing import final

import numpy as np

from .base import Array, Prior
from .scales import ScaleLike


@final
@dataclass(frozen=True, eq=False, repr=False)
class FlatPrior(Prior):
    """Improper flat prior on every coefficient. Its mode is least squares."""

    mode_name = "least squares"
    symbols = ()
    formula = "density of {beta} constant (improper)"
    factor: ScaleLike = field(default=None, init=False, repr=False)
    relative_to_noise: bool = field(default=False, init=False, repr=False)

    def scales(self) -> dict[str, ScaleLike]:
        """Return nothing: a flat prior has no scale."""
        return {}

    def rates(self, *scales: Array) -> tuple[Array, Array]:
        """Return 0 and 0."""
        return np.zeros(()), np.zeros(())

    def unit_log_prob(self, coef: Array, *scales: Array) -> Array:
        """Evaluate 0 for each coefficient."""
        return np.zeros_like(coef)

    def with_scale(self, scale: float) -> "FlatPrior":
        """Refuse: a flat prior has no scale."""
        raise TypeError("FlatPrior has no scale. Choose LaplacePrior, GaussianPrior or ElasticNetPrior.")
