"""Two intervals for each coefficient, side by side: from the posterior and from the bootstrap."""

from typing import TYPE_CHECKING

import numpy as np

from ..base.arguments import check_probability
from ..data.rows import RowData
from ..mode.estimate import map_estimate
from ..model.linear_model import LinearModel
from ..posterior.sample import sample_posterior
from .bootstrap import bootstrap_map

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

_NOTE = (
    "The posterior interval holds the coefficient with probability {percent:g}%, given these rows, if the prior "
    "and the noise of the model are right. On average over coefficients drawn from this prior it covers that often. "
    "The bootstrap interval says how the penalised estimate would change if the rows were drawn again. It does not "
    "account for the estimate's bias towards 0, so it need not cover the coefficient {percent:g}% of the time. If the "
    "estimate is 0 in many replicates, an end of the interval is 0, or both are. This is no evidence that the "
    "coefficient is 0 (Chatterjee and Lahiri 2011, doi:10.1198/jasa.2011.tm10159)."
)


def compare_intervals(
    model: LinearModel,
    data: RowData,
    prob: float = 0.9,
    *,
    n_replicates: int = 1000,
    seed: int = 0,
    posterior: "xr.DataTree | None" = None,
    progress: bool = True,
) -> "pd.DataFrame":
    """Compare posterior intervals with bootstrap intervals of the mode.

    Parameters
    ----------
    model : LinearModel
        Its scales are numbers.
    data : RowData
    prob : float, default 0.9
        The probability of each interval. Both intervals are equal-tailed.
    n_replicates : int, default 1000
        The number of replicates of the bootstrap.
    seed : int, default 0
    posterior : xarray.DataTree, optional
        The result of sample_posterior(model, data), if you have it.
    progress : bool, default True

    Returns
    -------
    DataFrame
        One row for each coefficient, then the intercept. Columns "map", "posterior_mean", "posterior_low",
        "posterior_high", "bootstrap_low", "bootstrap_high" and "bootstrap_zero" (the share of replicates in which it
        is exactly 0). ``.attrs["note"]`` is a paragraph on what each interval promises.

    Raises
    ------
    TypeError, ValueError
    """
    import pandas as pd

    check_probability("prob", prob)
    mode = map_estimate(model, data)
    modes = bootstrap_map(model, data, n_replicates, seed, progress=progress)
    tree = sample_posterior(model, data, seed=seed, progress=progress) if posterior is None else posterior
    draws = tree["posterior"].to_dataset()
    coefs = draws["coef"].values.reshape(-1, data.n_features)
    names, point, resampled = list(data.feature_names), mode.coef, modes.coefs
    if model.fit_intercept:
        names.append("intercept")
        point = np.append(point, mode.intercept)
        coefs = np.column_stack([coefs, draws["intercept"].values.ravel()])
        resampled = np.column_stack([resampled, modes.intercepts])
    ends = [0.5 * (1.0 - prob), 0.5 * (1.0 + prob)]
    low, high = np.quantile(coefs, ends, axis=0)
    bootstrap_low, bootstrap_high = np.quantile(resampled, ends, axis=0)
    frame = pd.DataFrame(
        {
            "map": point,
            "posterior_mean": coefs.mean(axis=0),
            "posterior_low": low,
            "posterior_high": high,
            "bootstrap_low": bootstrap_low,
            "bootstrap_high": bootstrap_high,
            "bootstrap_zero": (resampled == 0.0).mean(axis=0),
        },
        index=pd.Index(names, name="parameter"),
    )
    frame.attrs.update(note=_NOTE.format(percent=100.0 * prob), prob=float(prob), n_replicates=n_replicates)
    return frame
