"""Tables of the mode and the posterior of every coefficient."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from ...mode.estimate import MapEstimate

_BOUNDS = (0.05, 0.95)


def summarise_coefs(mode: "MapEstimate", tree: "xr.DataTree") -> "pd.DataFrame":
    """Return the mode with the mean, sd and 90% interval of the posterior.

    Parameters
    ----------
    mode : MapEstimate
    tree : xarray.DataTree
        From sample_posterior of the same model and data.

    Returns
    -------
    DataFrame
        One row for each feature, then the intercept if there is one; columns "map", "mean", "sd",
        "q05", "q95" and "p_sign", the probability of the sign of the mean.
    """
    posterior = tree["posterior"].to_dataset()
    names, at_mode = list(mode.feature_names), mode.coef
    draws = posterior["coef"].values.reshape(-1, mode.coef.size)
    if "intercept" in posterior:
        names.append("intercept")
        at_mode = np.append(at_mode, mode.intercept)
        draws = np.column_stack([draws, posterior["intercept"].values.ravel()])
    return summarise(names, at_mode, draws)


def summarise_contrasts(
    mode: "MapEstimate", tree: "xr.DataTree", groups: Sequence[Sequence[str]]
) -> "pd.DataFrame":
    """Summarise coefficients as their differences from the mean of their group.

    Parameters
    ----------
    mode : MapEstimate
    tree : xarray.DataTree
        From sample_posterior of the same model and data.
    groups : sequence of sequences of str
        Groups of features. A group of one is left out, because it has nothing to compare.

    Returns
    -------
    DataFrame
        One row for each feature of a group, with the columns of `summarise_coefs`.
    """
    compared = [group for group in groups if len(group) > 1]
    draws = tree["posterior"].to_dataset()["coef"].values.reshape(-1, mode.coef.size)
    position = {name: j for j, name in enumerate(mode.feature_names)}
    names = [name for group in compared for name in group]
    at_mode, differences = np.empty(len(names)), np.empty((len(draws), len(names)))
    first = 0
    for group in compared:
        here = [position[name] for name in group]
        place = slice(first, first + len(here))
        at_mode[place] = mode.coef[here] - mode.coef[here].mean()
        differences[:, place] = draws[:, here] - draws[:, here].mean(axis=1, keepdims=True)
        first += len(here)
    return summarise(names, at_mode, differences)


def summarise_noise_scale(mode: "MapEstimate", tree: "xr.DataTree") -> "pd.DataFrame | None":
    """Return one row for σ, with the columns of `summarise_coefs`, or None if σ is known."""
    posterior = tree["posterior"].to_dataset()
    if "noise_scale" not in posterior:
        return None
    return summarise(
        ["noise_scale"], np.array([mode.noise_scale]), posterior["noise_scale"].values.reshape(-1, 1)
    )


def summarise(names: Sequence[str], at_mode: Any, draws: Any) -> "pd.DataFrame":
    """Return one row for each of k numbers, whose draws are (s, k), with the columns of `summarise_coefs`."""
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
