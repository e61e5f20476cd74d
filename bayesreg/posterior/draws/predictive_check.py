"""The check of predictions: the places of observations in their own predictive distributions."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np
from jaxtyping import Float, Int

from ...base.shown import Shown
from ...data.rows import RowData
from ...likelihoods.base import Likelihood
from ...model.problem import Data
from .observation import Observation
from .predict import check_rows, linear_predictor

if TYPE_CHECKING:
    import xarray as xr

_MOST_BINS, _FEWEST_BINS = 20, 5
_ROWS_IN_A_BIN = 10
BAND = 0.9  # probability of a count inside its band, if places are uniform
_MOST_ROWS = 10_000
_MOST_DRAWS = 1000
_ENTRIES = 2**22  # of (draw, row) held at once
_INSIDE = 0.9


@final
@dataclass(frozen=True, eq=False, repr=False)
class PredictiveCheck(Shown):
    """Rows and their posterior predictions.

    Attributes
    ----------
    places : array (k,)
        The probability, under each row's predictive distribution, of a value below the observed one (PIT).
        It is uniform between 0 and 1 if the model is right. The place of a discrete response is drawn uniformly
        between the probabilities of less than it and of at most it (Czado, Gneiting and Held 2009,
        doi:10.1111/j.1541-0420.2009.01191.x).
    predicted : array (k,)
        Predictive means.
    observed : array (k,)
    n_rows : int
        The number of all rows with a positive weight; k of them were checked.
    """

    places: Float[np.ndarray, " k"]
    predicted: Float[np.ndarray, " k"]
    observed: Float[np.ndarray, " k"]
    n_rows: int

    @property
    def residuals(self) -> Float[np.ndarray, " k"]:
        """What was observed, less what was predicted."""
        return self.observed - self.predicted

    @property
    def quantile_residuals(self) -> Float[np.ndarray, " k"]:
        """The places as quantiles of a standard normal: they scatter as normal noise does if the model is right."""
        from scipy.special import ndtri

        half = 0.5 / self.places.size
        return np.asarray(ndtri(np.clip(self.places, half, 1.0 - half)))

    @property
    def n_bins(self) -> int:
        """The number of bars of a histogram of the places: one for each ten rows, from five to twenty."""
        return min(max(self.places.size // _ROWS_IN_A_BIN, _FEWEST_BINS), _MOST_BINS)

    @cached_property
    def counts(self) -> Int[np.ndarray, " bins"]:
        """The number of rows in each bar of a histogram of the places."""
        return np.histogram(self.places, bins=self.n_bins, range=(0.0, 1.0))[0]

    @property
    def band(self) -> tuple[float, float]:
        """The counts between which a bar lies with a probability of at least 90%, if places are uniform."""
        low, high = self._counts_by_chance(1.0 / self.n_bins)
        return float(low), float(high)

    @property
    def n_outside_band(self) -> int:
        """The number of bars outside the band."""
        low, high = self.band
        return int(((self.counts < low) | (self.counts > high)).sum())

    @property
    def covered(self) -> float:
        """The share of rows inside their own 90% predictive interval."""
        return float(self.coverage(_INSIDE))

    def coverage(self, mass: Any) -> Float[np.ndarray, "..."]:
        """Return the share of rows inside their own equal-tailed predictive interval of each mass."""
        distance = np.sort(2.0 * np.abs(self.places - 0.5))
        return np.searchsorted(distance, np.asarray(mass, dtype=float), side="right") / distance.size

    def coverage_by_chance(self, mass: Any) -> tuple[Float[np.ndarray, "..."], Float[np.ndarray, "..."]]:
        """Return the shares between which each coverage lies with at least 90% probability, if places are uniform."""
        low, high = self._counts_by_chance(mass)
        return low / self.places.size, high / self.places.size

    def __str__(self) -> str:
        k = self.places.size
        rows = f"{k} rows" if k == self.n_rows else f"{k} of {self.n_rows} rows"
        return (
            f"{rows} and their posterior predictions: {self.covered:.1%} inside their own 90% interval; "
            f"{self.n_outside_band} of {self.n_bins} bars of their places outside the band of chance"
        )

    def _counts_by_chance(self, probability: Any) -> tuple[Any, Any]:
        n, half = self.places.size, 0.5 * BAND
        return _binomial_quantile(0.5 - half, n, probability), _binomial_quantile(0.5 + half, n, probability)


def _binomial_quantile(mass: float, n: int, probability: Any) -> Any:
    """Return the fewest of n of which at most so many occur with this mass; scipy.stats would take longer to load."""
    from scipy.special import bdtr, bdtrik

    count = np.ceil(bdtrik(mass, n, probability))
    fewer = np.maximum(count - 1.0, 0.0)  # if rounding went up
    return np.where(bdtr(fewer, n, probability) >= mass, fewer, count)


def check_predictions(
    tree: "xr.DataTree",
    data: Data,
    *,
    likelihood: Likelihood | None = None,
    most_rows: int = _MOST_ROWS,
    most_draws: int = _MOST_DRAWS,
) -> PredictiveCheck:
    """Compare rows with their posterior predictive distributions.

    Parameters
    ----------
    tree : xarray.DataTree
        From sample_posterior.
    data : RowData
        The rows of the fit, or better new rows. The rows of the fit lie nearer to their predictions than new
        rows, above all if there are many coefficients for each row. Rows of weight 0 are left out.
    likelihood : Likelihood, optional
        Needed if it is one of your own: draws hold only its name.
    most_rows, most_draws : int
        Default: 10,000 and 1,000. Of more rows so many are taken at random, of more draws so many, evenly spaced.

    Returns
    -------
    PredictiveCheck
        No noise is simulated: each place is the distribution function,
        averaged over draws. `plot_predictive_check` and `plot_calibration` draw it.

    Raises
    ------
    TypeError, ValueError
        If there are no rows, or names differ.
    """
    data = check_rows(tree, data, "a predictive check")
    rows = np.flatnonzero(data.sample_weight)
    n_rows = rows.size
    if n_rows > most_rows:
        rows = np.sort(np.random.default_rng(0).choice(rows, most_rows, replace=False))
    n_draws = int(np.prod(tree["posterior"]["coef"].shape[:2]))
    every = -(-n_draws // most_draws)
    step = max(1, _ENTRIES * every // n_draws)
    one = Observation.of(tree, likelihood).thinned(every)
    found = [_block(tree, data, block, one, every) for block in np.split(rows, range(step, rows.size, step))]
    places, predicted = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return PredictiveCheck(places, predicted, one.likelihood.coded(data.y)[rows], n_rows)


def _block(
    tree: "xr.DataTree", data: RowData, rows: Int[np.ndarray, " b"], one: Observation, every: int
) -> tuple[Float[np.ndarray, " b"], Float[np.ndarray, " b"]]:
    """Return places and predictive means of some rows, from one draw in `every`."""
    offset = None if data.offset is None else data.offset[rows]
    eta = linear_predictor(tree, data.X[rows], offset, every)
    y = one.likelihood.coded(data.y)[rows]
    places = one.cdf(eta, y).mean(axis=0)
    if one.likelihood.is_discrete:
        below = one.cdf(eta, y - 1.0).mean(axis=0)
        places = below + np.random.default_rng([0, *rows[:1]]).random(rows.size) * (places - below)
    return places, one.mean(eta).mean(axis=0)
