"""Where the observations lie in their own predictions."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, final

import numpy as np
from jaxtyping import Float, Int

from ..data.rows import RowData
from ..posterior.predict import noise_scale

if TYPE_CHECKING:
    import xarray as xr

BINS = 20
_MOST_ROWS = 10_000
_MOST_DRAWS = 1000
_BLOCK = 1000  # rows at once
_INSIDE = 0.9


@final
@dataclass(frozen=True, eq=False)
class PredictiveCheck:
    """The rows beside what the posterior predicts for them.

    Attributes
    ----------
    places : array (k,)
        The probability, under each row's predictive distribution, of a value below the one observed (PIT):
        uniform between 0 and 1 where the model is right.
    predicted : array (k,)
        Predictive means.
    observed : array (k,)
    n_rows : int
        All rows with a positive weight, of which k were looked at.
    """

    places: Float[np.ndarray, " k"]
    predicted: Float[np.ndarray, " k"]
    observed: Float[np.ndarray, " k"]
    n_rows: int

    @cached_property
    def counts(self) -> Int[np.ndarray, " bins"]:
        """Rows in each bar of the histogram."""
        return np.histogram(self.places, bins=BINS, range=(0.0, 1.0))[0]

    @property
    def band(self) -> tuple[float, float]:
        """Counts between which a bar lies with a probability of at least 90% where places are uniform."""
        from scipy.stats import binom

        tails = (0.5 * (1.0 - _INSIDE), 0.5 * (1.0 + _INSIDE))
        low, high = binom.ppf(tails, self.places.size, 1.0 / BINS)
        return float(low), float(high)

    @property
    def n_outside_band(self) -> int:
        """How many bars lie outside the band."""
        low, high = self.band
        return int(((self.counts < low) | (self.counts > high)).sum())

    @property
    def covered(self) -> float:
        """The share of rows inside their own 90% predictive interval."""
        return float((np.abs(self.places - 0.5) <= 0.5 * _INSIDE).mean())


def check_predictions(tree: "xr.DataTree", data: RowData) -> PredictiveCheck:
    """Set the rows beside their posterior predictive distributions.

    Parameters
    ----------
    tree : xarray.DataTree
        From sample_posterior on `data`.
    data : RowData

    Returns
    -------
    PredictiveCheck
        From 10,000 rows and 1,000 draws at most. No noise is simulated: each place is an average over draws of
        the normal distribution function.
    """
    rows = np.flatnonzero(data.sample_weight)
    n_rows = rows.size
    if n_rows > _MOST_ROWS:
        rows = np.sort(np.random.default_rng(0).choice(rows, _MOST_ROWS, replace=False))
    found = [_block(tree, data, block) for block in np.split(rows, range(_BLOCK, rows.size, _BLOCK))]
    places, predicted = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return PredictiveCheck(places, predicted, data.y[rows], n_rows)


def _block(
    tree: "xr.DataTree", data: RowData, rows: Int[np.ndarray, " b"]
) -> tuple[Float[np.ndarray, " b"], Float[np.ndarray, " b"]]:
    """Return places and predictive means of some rows."""
    from scipy.special import ndtr

    posterior = tree["posterior"].to_dataset()
    coefs = posterior["coef"].values.reshape(-1, data.n_features)
    thin = slice(None, None, -(-len(coefs) // _MOST_DRAWS))
    mean = coefs[thin] @ data.X[rows].T
    if "intercept" in posterior:
        mean = mean + posterior["intercept"].values.reshape(-1, 1)[thin]
    sigma = noise_scale(tree)[thin, None]
    return ndtr((data.y[rows] - mean) / sigma).mean(axis=0), mean.mean(axis=0)
