"""The mode and the posterior of every coefficient, side by side."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from ..mode.solve import MapEstimate

_BOUNDS = (0.05, 0.95)


def summarise_coefs(mode: "MapEstimate", tree: "xr.DataTree") -> "pd.DataFrame":
    """Set the mode beside mean, sd and 90% interval of the posterior.

    Parameters
    ----------
    mode : MapEstimate
    tree : xarray.DataTree
        From sample_posterior of the same model and data.

    Returns
    -------
    DataFrame
        One row a feature, then the intercept where there is one; columns "map", "mean", "sd",
        "q05", "q95" and "p_sign", the probability of the sign of the mean.
    """
    posterior = tree["posterior"].to_dataset()
    names, at_mode = list(mode.feature_names), mode.coef
    draws = posterior["coef"].values.reshape(-1, mode.coef.size)
    if "intercept" in posterior:
        names.append("intercept")
        at_mode = np.append(at_mode, mode.intercept)
        draws = np.column_stack([draws, posterior["intercept"].values.ravel()])
    return _frame(names, at_mode, draws)


def summarise_noise_scale(mode: "MapEstimate", tree: "xr.DataTree") -> "pd.DataFrame | None":
    """Return the one row of σ, in the columns of `summarise_coefs`; None where σ is known."""
    posterior = tree["posterior"].to_dataset()
    if "noise_scale" not in posterior:
        return None
    return _frame(
        ["noise_scale"], np.array([mode.noise_scale]), posterior["noise_scale"].values.reshape(-1, 1)
    )


def _frame(names: list[str], at_mode: Any, draws: Any) -> "pd.DataFrame":
    import pandas as pd

    index = pd.Index(names, name="feature")
    return pd.DataFrame({"map": at_mode + 0.0} | _columns(draws), index=index)


def _columns(draws: Any) -> dict[str, Any]:
    mean = draws.mean(axis=0)
    low, high = np.quantile(draws, _BOUNDS, axis=0)
    return {
        "mean": mean,
        "sd": draws.std(axis=0, ddof=1),
        "q05": low,
        "q95": high,
        "p_sign": (np.sign(draws) == np.sign(mean)).mean(axis=0),
    }
