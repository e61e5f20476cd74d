"""Whether rows as they come are like rows in random order, as folds of neighbouring rows take for granted."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ..base.errors import RowOrderWarning, warn
from ..data.gram import GramData
from ..data.rows import RowData
from ..model.problem import Data
from .partition import Partition

_FALSE_ALARM = 3e-5  # nominal: of 10,000 data sets in random order at most one is warned of, few rows or many
_FEWEST = 10  # rows a fold whose own values, heavy tails or not, are near enough to normal
_ROUNDING = 1e-9  # of y's range: residuals below are the arithmetic's
_LEAST_SHARE = 0.01  # of the variance that folds must explain: many rows show what is too small to matter
_REMEDY = (
    "If their order means nothing, give folds=KFold({k}, shuffle=True, random_state=0) of scikit-learn; if rows belong "
    "together, an array with the label of each row's group; if the order is time, folds=TimeSeriesSplit({k})."
)
_OF_STATISTICS = (
    "If their order means nothing, make the statistics with folds=KFold({k}, shuffle=True, random_state=0) of "
    "scikit-learn; if rows belong together, with an array of labels."
)


class Between(NamedTuple):
    """How much of a quantity's variance lies between folds, and how likely so much is if rows are in random order."""

    what: str
    share: float
    probability: float

    @classmethod
    def of(
        cls, what: str, means: Float[np.ndarray, " folds"], sizes: Int[np.ndarray, " folds"], total_ss: float
    ) -> "Between":
        """Judge folds by their means.

        In random order the share has mean (K − 1)/(n − 1), whatever the distribution. It is judged as if the quantity
        were normal, so that it has a beta distribution (Pitman 1937).

        Parameters
        ----------
        what : str
        means : array (K,)
        sizes : array (K,)
        total_ss : float
            Sum of squares about the mean of all.

        References
        ----------
        E. Pitman (1937), "Significance tests which may be applied to samples from any populations. III. The analysis
        of variance test", doi:10.1093/biomet/29.3-4.322.
        """
        from scipy.special import betaincc

        k, n = sizes.size, sizes.sum()
        if n <= k or not total_ss > 0.0:
            return cls(what, 0.0, 1.0)
        off = means - sizes @ means / n
        share = min(1.0, float(sizes @ off**2 / total_ss))
        return cls(what, share, float(betaincc(0.5 * (k - 1), 0.5 * (n - k), share)))


def warn_if_order_matters(
    data: Data, partition: Partition, coef: Float[np.ndarray, " p"], intercept: float
) -> None:
    """Warn if folds of neighbouring rows differ by more than chance would have it.

    Three quantities of each row are compared between folds: y, its residual, and the size of the residual. All are from
    one fit to all rows, so that none knows of the order. Rows give ranks, so that heavy tails do not count. Statistics
    give the first two, as they are.

    Parameters
    ----------
    data : RowData or GramData
    partition : Partition
        Whose folds are blocks of rows as they come.
    coef : array (p,)
    intercept : float
        Of the mode on all data at the chosen scale.

    Warns
    -----
    RowOrderWarning
    """
    if isinstance(data, RowData):
        found, remedy = _of_rows(data, partition, coef, intercept), _REMEDY
    else:
        found, remedy = _of_statistics(data, coef, intercept), _OF_STATISTICS
    if not found:
        return
    worst = min(found, key=lambda one: one.probability)
    if worst.probability * len(found) < _FALSE_ALARM and worst.share > _LEAST_SHARE:
        k = len(partition.labels)
        warn(
            f"the {k} folds are blocks of rows as they come, and the rows are in no random order: {worst.what} differs "
            f"between folds by more than chance ({_p_value(worst.probability)}). Each fold is predicted from rows "
            f"unlike it, so that the scale may not be one that predicts well. {remedy.format(k=k)}",
            RowOrderWarning,
        )


def _p_value(probability: float) -> str:
    return f"p = {probability:.0e}" if probability > 1e-16 else "p < 1e-16"


def _of_rows(
    data: RowData, partition: Partition, coef: Float[np.ndarray, " p"], intercept: float
) -> list[Between]:
    residual = data.y - intercept - data.X @ coef
    if not np.ptp(residual) > _ROUNDING * np.ptp(data.y):
        residual = np.zeros_like(residual)
    sizes = np.array([part.n_samples for part in partition.parts])
    starts = np.cumsum(sizes) - sizes
    found = []
    for what, values in (
        ("the level of y", data.y),
        ("the level of the residuals", residual),
        ("the size of the residuals", np.abs(residual)),
    ):
        ranks = _ranks(values)
        found.append(Between.of(what, np.add.reduceat(ranks, starts) / sizes, sizes, float(ranks @ ranks)))
    return found


def _ranks(values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Return the rank of each value about the mean rank; equal values share one."""
    _, place, times = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(times) - 0.5 * (times + values.size))[place]


def _of_statistics(data: GramData, coef: Float[np.ndarray, " p"], intercept: float) -> list[Between]:
    assert data.folds is not None
    few = data.n_samples < _FEWEST * len(data.folds.parts)
    if (
        few or data.sum_weights != data.n_samples
    ):  # weighted means vary more, and statistics do not tell by how much
        return []
    parts = list(data.folds.parts.values())
    sizes = np.array([part.n_samples for part in parts])
    levels = np.array([part.y_mean for part in parts])
    residuals = levels - intercept - np.array([part.x_mean for part in parts]) @ coef
    centred, _ = data.least_squares(centre=True)
    residual_ss = float(centred.residuals(coef[None, :])[1][0])
    return [
        Between.of("the level of y", levels, sizes, data.response_ss),
        Between.of("the level of the residuals", residuals, sizes, residual_ss),
    ]
