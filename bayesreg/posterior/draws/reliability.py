"""Whether predicted probabilities are the shares that come true."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from .predictive_check import BAND, PredictiveCheck

_MOST_GROUPS, _ROWS_IN_A_GROUP = 10, 20


class Reliability(NamedTuple):
    """Rows in groups of neighbouring predicted probabilities.

    Attributes
    ----------
    predicted, observed : array (g,)
        The mean probability of each group, and the share of its rows that are 1.
    low, high : array (g,)
        Between which that share lies with a probability of at least 90%, if the probabilities are right.
    n_rows : array (g,)
    """

    predicted: Float[np.ndarray, " g"]
    observed: Float[np.ndarray, " g"]
    low: Float[np.ndarray, " g"]
    high: Float[np.ndarray, " g"]
    n_rows: Int[np.ndarray, " g"]

    @property
    def n_outside(self) -> int:
        """The number of groups whose share lies outside."""
        return int(((self.observed < self.low) | (self.observed > self.high)).sum())


def reliability(check: PredictiveCheck) -> Reliability:
    """Group rows by their predicted probability, at least twenty a group and at most ten groups.

    Parameters
    ----------
    check : PredictiveCheck
        Of responses that are 0 or 1.

    Returns
    -------
    Reliability

    Raises
    ------
    ValueError
        If a response is neither 0 nor 1.
    """
    if not np.isin(check.observed, (0.0, 1.0)).all():
        raise ValueError(
            "reliability needs responses that are 0 or 1, but these hold other numbers. Use plot_predictive_check."
        )
    order = np.argsort(check.predicted, kind="stable")
    n_groups = int(np.clip(order.size // _ROWS_IN_A_GROUP, 1, _MOST_GROUPS))
    groups = np.array_split(order, n_groups)
    ends = np.array([_ends_of_sum(check.predicted[group]) for group in groups])
    sizes = np.array([group.size for group in groups])
    return Reliability(
        np.array([check.predicted[group].mean() for group in groups]),
        np.array([check.observed[group].mean() for group in groups]),
        ends[:, 0] / sizes,
        ends[:, 1] / sizes,
        sizes,
    )


def _ends_of_sum(probabilities: Float[np.ndarray, " m"]) -> tuple[int, int]:
    """Return an interval of the sum of independent 0s and 1s, from its exact distribution."""
    masses = np.ones(1)
    for p in probabilities:
        masses = np.append(masses, 0.0) * (1.0 - p) + np.append(0.0, masses) * p
    below = np.cumsum(masses)
    tail = 0.5 * (1.0 - BAND)
    low, high = np.searchsorted(below, (tail, 1.0 - tail))
    return int(low), min(int(high), len(probabilities))
