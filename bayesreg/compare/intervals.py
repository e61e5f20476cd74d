"""Two intervals for one coefficient, side by side: what the posterior says, and what the bootstrap does."""

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
    "The posterior interval holds the coefficient with probability {percent:g}%, given these rows, if the prior and "
    "the noise are as the model states them; averaged over coefficients drawn from that prior it covers that often. "
    "The bootstrap interval says how the penalised estimate itself would move if the rows were drawn again. It knows "
    "nothing of the estimate's bias towards 0, so it need not cover the coefficient {percent:g}% of the time, and "
    "where the estimate is 0 in many replicates it ends at 0 or lies there wholly, which is no evidence that the "
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
    """Set posterior intervals beside bootstrap intervals of the mode.

    Parameters
    ----------
    model : LinearModel
        With scales that are numbers.
    data : RowData
    prob : float, default 0.9
        Probability between the ends; both intervals are equal-tailed.
    n_replicates : int, default 1000
        Of the bootstrap.
    seed : int, default 0
    posterior : xarray.DataTree, optional
        From sample_posterior(model, data), if it is at hand.
    progress : bool, default True

    Returns
    -------
    DataFrame
        One row a coefficient, then the intercept; columns "map", "posterior_mean", "posterior_low",
        "posterior_high", "bootstrap_low", "bootstrap_high" and "bootstrap_zero" (share of replicates in which it is
        exactly 0). ``.attrs["note"]`` is a paragraph on what each promises.

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
