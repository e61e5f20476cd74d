"""Tables of the mode and the posterior of every coefficient."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from .interval import Interval

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from ...mode.estimate import MapEstimate

_USUAL = Interval()


def summarise_coefs(mode: "MapEstimate", tree: "xr.DataTree", interval: Interval = _USUAL) -> "pd.DataFrame":
    """Return the mode with the mean, sd and an interval of the posterior.

    Parameters
    ----------
    mode : MapEstimate
    tree : xarray.DataTree
        From sample_posterior of the same model and data.
    interval : Interval
        Default: 90%.

    Returns
    -------
    DataFrame
        One row for each feature, then the intercept if there is one; columns "map", "mean", "sd",
        the interval's ends ("q05" and "q95" of 90%) and "p_sign", the probability of the sign of the mean.
    """
    posterior = tree["posterior"].to_dataset()
    names, at_mode = list(mode.feature_names), mode.coef
    draws = posterior["coef"].values.reshape(-1, mode.coef.size)
    if "intercept" in posterior:
        names.append("intercept")
        at_mode = np.append(at_mode, mode.intercept)
        draws = np.column_stack([draws, posterior["intercept"].values.ravel()])
    return summarise(names, at_mode, draws, interval)


def summarise_noise_scale(
    mode: "MapEstimate", tree: "xr.DataTree", interval: Interval = _USUAL
) -> "pd.DataFrame | None":
    """Return one row for σ, with the columns of `summarise_coefs`, or None if σ is known."""
    if "noise_scale" not in tree["posterior"].to_dataset():
        return None
    return _summarise_named(["noise_scale"], mode, tree, interval)


def summarise_nuisance(
    mode: "MapEstimate", tree: "xr.DataTree", interval: Interval = _USUAL
) -> "pd.DataFrame":
    """Return one row for each unknown parameter of the likelihood but σ, with the columns of `summarise_coefs`."""
    posterior = tree["posterior"].to_dataset()
    unknown = [name for name in mode.nuisance if name in posterior and name != "noise_scale"]
    return _summarise_named(unknown, mode, tree, interval)


def _summarise_named(
    names: Sequence[str], mode: "MapEstimate", tree: "xr.DataTree", interval: Interval
) -> "pd.DataFrame":
    posterior = tree["posterior"].to_dataset()
    n_draws = int(np.prod(posterior["coef"].shape[:2]))
    draws = np.array([posterior[name].values.ravel() for name in names]).reshape(-1, n_draws).T
    at_mode = np.array([mode.nuisance.get(name, mode.noise_scale) for name in names])
    return summarise(names, at_mode, draws, interval)


def summarise(
    names: Sequence[str],
    at_mode: Float[np.ndarray, " k"],
    draws: Float[np.ndarray, "s k"],
    interval: Interval = _USUAL,
) -> "pd.DataFrame":
    """Return one row for each of k numbers, with the columns of `summarise_coefs`."""
    import pandas as pd

    mean = draws.mean(axis=0)
    low, high = interval.of(draws)
    below, above = interval.columns
    columns = {
        "map": at_mode + 0.0,
        "mean": mean,
        "sd": draws.std(axis=0, ddof=1),
        below: low,
        above: high,
        "p_sign": (np.sign(draws) == np.sign(mean)).mean(axis=0),
    }
    return pd.DataFrame(columns, index=pd.Index(names, name="feature"))
