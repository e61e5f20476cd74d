"""The interval of a posterior that tables and pictures show."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ...base.arguments import check_probability

_DIGITS = 12  # of a tail's probability: 0.5·(1 − 0.9) is 0.04999999999999999


@final
@dataclass(frozen=True)
class Interval:
    """An equal-tailed interval.

    Attributes
    ----------
    mass : float, default 0.9
        Its probability.
    """

    mass: float = 0.9

    def __post_init__(self) -> None:
        check_probability("mass", self.mass)

    @property
    def tails(self) -> tuple[float, float]:
        """The probabilities below its two ends."""
        return round(0.5 * (1.0 - self.mass), _DIGITS), round(0.5 * (1.0 + self.mass), _DIGITS)

    @property
    def columns(self) -> tuple[str, str]:
        """The names of its ends in a table: q05 and q95 of 90%."""
        low, high = (
            f"q{tail:.{_DIGITS}f}".replace("q0.", "q").rstrip("0").ljust(3, "0") for tail in self.tails
        )
        return low, high

    def ends(self, row: Any) -> tuple[float, float]:
        """Return its ends from a row of a table."""
        low, high = self.columns
        return float(row[low]), float(row[high])

    def leaves_out_0(self, frame: Any) -> Any:
        """Tell for each row of a table whether 0 is outside of it."""
        low, high = self.columns
        return ((frame[low] > 0.0) | (frame[high] < 0.0)).to_numpy()

    def of(self, draws: Any) -> Any:
        """Return its ends, along the first axis of draws."""
        return np.quantile(draws, self.tails, axis=0)

    def __str__(self) -> str:
        return f"{100.0 * self.mass:.10g}% interval"
