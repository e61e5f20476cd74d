"""Responses as the model draws them anew, beside those that were observed."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, final

import numpy as np
from jaxtyping import Float, Int

from ...data.rows import RowData
from ...likelihoods.base import Likelihood
from ...model.problem import Data
from .observation import Observation
from .predict import check_rows, linear_predictor
from .predictive_check import BAND

if TYPE_CHECKING:
    import xarray as xr

_MOST_DRAWS, _MOST_ROWS = 200, 2000
_FEWEST_BINS, _MOST_BINS = 8, 30
_FAR = 0.002  # share of the replicated responses beyond either end of the bars
_STREAM = 2  # no other use of the seed


@final
@dataclass(frozen=True, eq=False)
class Replicates:
    """Observed responses, and data sets of new ones at the same rows.

    Attributes
    ----------
    observed : array (k,)
    replicated : array (m, k)
        One data set for each of m draws of the posterior.
    """

    observed: Float[np.ndarray, " k"]
    replicated: Float[np.ndarray, "m k"]

    @cached_property
    def edges(self) -> Float[np.ndarray, " bins+1"]:
        """The edges of a histogram's bars; if the responses are few whole numbers, each is the middle of a bar."""
        y = self.observed
        low, high = np.quantile(self.replicated, (_FAR, 1.0 - _FAR))
        low, high = min(low, y.min()), max(high, y.max())
        if _whole(y) and high - low < _MOST_BINS:
            return self._edges_about_whole_numbers(low, high)
        if _whole(y) and _whole(self.replicated):  # as many whole numbers in each bar
            step = np.ceil((high - low + 1.0) / _MOST_BINS)
            return np.arange(low - 0.5, high + 0.5 + step, step)
        spread = float(np.subtract(*np.quantile(y, (0.75, 0.25))))
        width = 2.0 * spread / np.cbrt(y.size)  # Freedman and Diaconis
        wanted = np.ceil((high - low) / width) if width > 0.0 else _FEWEST_BINS
        return np.linspace(low, high, int(np.clip(wanted, _FEWEST_BINS, _MOST_BINS)) + 1)

    def _edges_about_whole_numbers(self, low: float, high: float) -> Float[np.ndarray, " bins+1"]:
        """Part each step into an odd number of bars: what the model draws between whole numbers is seen there."""
        units = np.floor(low), np.ceil(high)
        bars = 1 if _whole(self.replicated) else max(1, int(_MOST_BINS / max(units[1] - units[0], 1.0)))
        bars -= 1 - bars % 2
        return (np.arange(units[0] * bars, units[1] * bars + 2) - 0.5) / bars

    @cached_property
    def counts(self) -> Int[np.ndarray, " bins"]:
        """The number of observed responses in each bar."""
        return np.histogram(self.observed, self.edges)[0]

    @cached_property
    def expected(self) -> Float[np.ndarray, " bins"]:
        """The mean of each bar's count over the replicated data sets."""
        return np.histogram(self.replicated, self.edges)[0] / len(self.replicated)

    @cached_property
    def band(self) -> Float[np.ndarray, "3 bins"]:
        """The lower end, the median and the upper end of each bar's count in 90% of the replicated data sets."""
        counts = np.array([np.histogram(one, self.edges)[0] for one in self.replicated])
        tail = 0.5 * (1.0 - BAND)
        return np.quantile(counts, (tail, 0.5, 1.0 - tail), axis=0)


def replicate(
    tree: "xr.DataTree", data: Data, *, seed: int = 0, likelihood: Likelihood | None = None
) -> Replicates:
    """Draw new responses at the rows of data.

    Parameters
    ----------
    tree : xarray.DataTree
        From sample_posterior.
    data : RowData
        Rows of weight 0 are left out.
    seed : int, default 0
    likelihood : Likelihood, optional
        Needed if it is one of your own: draws hold only its name.

    Returns
    -------
    Replicates
        At most 200 data sets of at most 2,000 rows. The noise is that of a row of weight 1.

    Raises
    ------
    TypeError, ValueError
        If there are no rows, or names differ.
    """
    data = check_rows(tree, data, "drawing responses")
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_STREAM,)))
    rows = _some_rows(data, rng)
    eta = linear_predictor(tree, data.X[rows], None if data.offset is None else data.offset[rows])
    step = -(-len(eta) // _MOST_DRAWS)
    one = Observation.of(tree, likelihood).thinned(step)
    return Replicates(one.likelihood.coded(data.y)[rows], one.draw(rng, eta[::step]))


def _whole(values: Float[np.ndarray, "..."]) -> bool:
    return bool(np.all(values % 1.0 == 0.0))


def _some_rows(data: RowData, rng: np.random.Generator) -> Int[np.ndarray, " k"]:
    rows = np.flatnonzero(data.sample_weight)
    return rows if rows.size <= _MOST_ROWS else np.sort(rng.choice(rows, _MOST_ROWS, replace=False))
