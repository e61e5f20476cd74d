"""σ as the residuals of a fit tell it, the fit's degrees of freedom taken off: one definition."""

from typing import NamedTuple

import numpy as np

from ..data.least_squares import LeastSquares
from .spectrum import unpenalised_fit


class ResidualNoise(NamedTuple):
    """Residuals, and what is left of the weights to divide them by."""

    rss: float  # weighted; 0 where it is rounding
    free: float  # Σw less the degrees of freedom of the fit, intercept and flat coefficients included

    @property
    def variance(self) -> float | None:
        """σ̂² = RSS/(Σw − df); None where nothing is left to estimate it from."""
        return self.rss / self.free if self.free > 0.0 and self.rss > 0.0 else None

    @property
    def scale(self) -> float | None:
        """σ̂; None where nothing is left to estimate it from."""
        variance = self.variance
        return None if variance is None else float(np.sqrt(variance))


def least_squares_noise(least_squares: LeastSquares, sum_weights: float, n_flat: int) -> ResidualNoise:
    """Return what plain least squares on all columns leaves.

    Parameters
    ----------
    least_squares : LeastSquares
    sum_weights : float
        Σw, which stands for n.
    n_flat : int
        Coefficients that were profiled out of it, the intercept included.
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
        What to do where there is none.

    Raises
    ------
    ValueError
        Where least squares leaves no residual.
    """
    noise = least_squares_noise(least_squares, sum_weights, n_flat)
    if noise.variance is None:
        raise ValueError(
            f"least squares leaves no residual to estimate the noise from ({least_squares.cross.size} columns, weights "
            f"that sum to {sum_weights:g}). {otherwise}"
        )
    return noise.variance
