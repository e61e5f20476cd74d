"""The table of a fitted estimator: the mode and, if there are draws, the posterior."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from ..base.arguments import check_probability
from ..mode.estimate import MapEstimate
from ..posterior.chain_numbers import bulk_draws
from ..posterior.draws.interval import Interval
from ..posterior.draws.summary import summarise
from ..priors.scales import SCALE_NAMES

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


def summarise_fit(
    mode: MapEstimate,
    tree: "xr.DataTree | None",
    scale: float | None,
    nuisance: Iterable[str],
    *,
    fit_intercept: bool,
    interval: float,
) -> "pd.DataFrame":
    """Return a row for each feature, for the intercept, for nuisance parameters, and for the scale if it is sampled.

    Parameters
    ----------
    mode : MapEstimate
    tree : xarray.DataTree, optional
        Draws of the same model and data.
    scale : float, optional
        Of the prior at the mode, if it was chosen.
    nuisance : iterable of str
        Names of the likelihood's parameters, σ for example.
    fit_intercept : bool
    interval : float
        Its probability.

    Returns
    -------
    DataFrame
        Columns "map" and "is_zero"; with draws those of `summarise`, and "ess".
    """
    import pandas as pd

    check_probability("interval", interval)
    shown = Interval(interval)
    draws = {} if tree is None else tree["posterior"].to_dataset()
    at_mode = {"intercept": mode.intercept} if fit_intercept else {}
    values_of = {"noise_scale": mode.noise_scale} | mode.nuisance
    at_mode |= {name: values_of[name] for name in nuisance}
    at_mode |= {name: np.nan if scale is None else scale for name in SCALE_NAMES if name in draws}
    names = [*mode.feature_names, *at_mode]
    values = np.append(mode.coef, list(at_mode.values()))
    frame = pd.DataFrame(
        {"map": values + 0.0, "is_zero": (values == 0.0) & (np.arange(values.size) < mode.coef.size)},
        index=pd.Index(names, name="parameter"),
    )
    if tree is None:
        return frame
    columns = [draws["coef"].transpose("chain", "draw", ...).values]
    columns += [
        draws[name].transpose("chain", "draw").values[:, :, None] for name in at_mode if name in draws
    ]
    sampled = np.concatenate(columns, axis=2)
    known = [name for name in at_mode if name not in draws]
    rows = np.array([j < mode.coef.size or name not in known for j, name in enumerate(names)])
    found = summarise(
        [name for name in names if name not in known],
        values[rows],
        sampled.reshape(-1, sampled.shape[2]),
        shown,
    ).drop(columns="map")
    found["ess"] = bulk_draws(sampled)
    for name, column in found.items():
        frame[name] = np.nan
        frame.loc[rows, name] = column.to_numpy()
    return frame
