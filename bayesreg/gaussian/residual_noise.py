"""The estimate of σ from the residuals and the degrees of freedom of a fit: one definition."""

from typing import NamedTuple

import numpy as np

from ..data.least_squares import LeastSquares
from .spectrum import unpenalised_fit


class ResidualNoise(NamedTuple):
    """The residual sum of squares of a fit, and the degrees of freedom that it leaves."""

    rss: float  # weighted; 0 if it is only rounding
    free: float  # Σw less the degrees of freedom of the fit, with intercept and flat coefficients

    @property
    def variance(self) -> float | None:
        """σ̂² = RSS/(Σw − df). None if there is no residual, or no degree of freedom is left."""
        return self.rss / self.free if self.free > 0.0 and self.rss > 0.0 else None

    @property
    def scale(self) -> float | None:
        """σ̂. None if there is no residual, or no degree of freedom is left."""
        variance = self.variance
        return None if variance is None else float(np.sqrt(variance))


def least_squares_noise(least_squares: LeastSquares, sum_weights: float, n_flat: int) -> ResidualNoise:
    """Return the residuals of plain least squares on all columns.

    Parameters
    ----------
    least_squares : LeastSquares
    sum_weights : float
        Σw. It takes the place of n.
    n_flat : int
        The number of coefficients that were profiled out, with the intercept.
    """
    rss, rank = unpenalised_fit(least_squares)
    told_apart = rss > least_squares.rss_rounding * least_squares.response_ss
    return ResidualNoise(rss if told_apart else 0.0, sum_weights - rank - n_flat)


def least_squares_variance(
    least_squares: LeastSquares, sum_weights: float, n_flat: int, otherwise: str
) -> float:
    """Return σ̂² of plain least squares on all columns.

    Parameters
    ----------
    least_squares, sum_weights, n_flat
        As in `least_squares_noise`.
    otherwise : str
        The remedy in the message if there is no residual.

    Raises
    ------
    ValueError
        If least squares leaves no residual, or no degree of freedom.
    """
    noise = least_squares_noise(least_squares, sum_weights, n_flat)
    if noise.variance is None:
        raise ValueError(
            f"least squares leaves no residual to estimate the noise from ({least_squares.cross.size} columns, weights "
            f"that sum to {sum_weights:g}). {otherwise}"
        )
    return noise.variance
