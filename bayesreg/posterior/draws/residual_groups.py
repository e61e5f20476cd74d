"""Residuals in groups of neighbouring predictions, which tell a bend from scatter."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from .predictive_check import PredictiveCheck

_MOST_GROUPS, _ROWS_IN_A_GROUP = 12, 10
_AWAY = 2.0  # standard errors


class ResidualGroups(NamedTuple):
    """Means of the residuals of neighbours.

    Attributes
    ----------
    predicted : array (g,)
        The mean prediction of each group.
    mean, standard_error : array (g,)
        Of the residuals in it.
    """

    predicted: Float[np.ndarray, " g"]
    mean: Float[np.ndarray, " g"]
    standard_error: Float[np.ndarray, " g"]

    @property
    def n_away(self) -> int:
        """The number of groups whose mean is more than two standard errors from 0."""
        return int((np.abs(self.mean) > _AWAY * self.standard_error).sum())


def residual_groups(
    check: PredictiveCheck, residuals: Float[np.ndarray, " k"] | None = None
) -> ResidualGroups:
    """Group rows by their prediction, at least ten a group and at most twelve groups; none if rows are too few.

    Residuals are the check's own if others are not given.
    """
    n_groups = min(check.observed.size // _ROWS_IN_A_GROUP, _MOST_GROUPS)
    if n_groups < 2:
        return ResidualGroups(*np.empty((3, 0)))
    groups = np.array_split(np.argsort(check.predicted, kind="stable"), n_groups)
    values = check.residuals if residuals is None else residuals
    of_groups = [values[group] for group in groups]
    return ResidualGroups(
        np.array([check.predicted[group].mean() for group in groups]),
        np.array([one.mean() for one in of_groups]),
        np.array([one.std(ddof=1) / np.sqrt(one.size) for one in of_groups]),
    )
