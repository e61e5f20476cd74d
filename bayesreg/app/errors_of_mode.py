"""How far the mode's predictions of rows are off, from the rows or from sums over them."""

from typing import NamedTuple, Self

from ..mode.estimate import MapEstimate
from ..model.problem import Data


class Errors(NamedTuple):
    """The errors of predictions.

    Attributes
    ----------
    n_samples : int
    mean_squared_error : float
        Weighted.
    r_squared : float or None
        The share of the response's variance about its own mean that is predicted; None if it does not vary.
    """

    n_samples: int
    mean_squared_error: float
    r_squared: float | None

    @classmethod
    def of(cls, mode: MapEstimate, data: Data) -> Self:
        """Return the errors on rows, of a linear predictor that is the mean."""
        centred, means = data.least_squares(centre=True)
        off = means.y - means.x @ mode.coef - mode.intercept
        rss = float(centred.residuals(mode.coef[None, :])[1][0] + data.sum_weights * off**2)
        varies = centred.response_ss > 0.0
        return cls(
            data.n_samples, rss / data.sum_weights, 1.0 - rss / centred.response_ss if varies else None
        )

    def __str__(self) -> str:
        share = "" if self.r_squared is None else f", R squared {self.r_squared:.3f}"
        rows = f"{self.n_samples} row{'s' * (self.n_samples != 1)}"
        return f"{rows}, predicted by the mode: mean squared error {self.mean_squared_error:.6g}{share}"
