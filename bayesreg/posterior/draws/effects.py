"""Effects in units that people report: ratios of odds or rates, and average marginal effects."""

from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ...base.arguments import check_probability
from ...data.rows import RowData
from ...likelihoods.base import Likelihood
from ...model.needs import refusal
from .observation import Observation
from .predict import check_rows

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

_ENTRIES = 2**22  # of (draw, row) held at once
_BY_EXPONENT = {"bernoulli": "odds ratio", "poisson": "rate ratio", "negative-binomial": "rate ratio"}


def effect_ratios(tree: "xr.DataTree", *, mass: float = 0.9) -> "pd.DataFrame":
    """Return exp(coef): the odds ratio, or the ratio of expected counts, of one unit more of a column.

    Parameters
    ----------
    tree : xarray.DataTree
        From sample_posterior, of a likelihood with a logit or log link.
    mass : float between 0 and 1, default 0.9
        Probability of the equal-tailed interval.

    Returns
    -------
    DataFrame
        One row for each feature; columns "median", "lower", "upper" and "p_above_1", the probability of a ratio
        above 1.
        ``attrs["kind"]`` is "odds ratio" or "rate ratio".

    Raises
    ------
    ValueError
        If the link is another one.
    """
    import pandas as pd

    check_probability("mass", mass)
    family = tree.attrs.get("likelihood", "gaussian")
    if family not in _BY_EXPONENT:
        raise ValueError(
            refusal(
                "effect_ratios",
                "draws of a logit or log link",
                f"these are of {family!r}",
                "Read the coefficients.",
            )
        )
    posterior = tree["posterior"].to_dataset()
    coefs = posterior["coef"].values.reshape(-1, posterior.sizes["feature"])
    low, middle, high = np.quantile(coefs, (0.5 * (1.0 - mass), 0.5, 0.5 * (1.0 + mass)), axis=0)
    columns = {
        "median": np.exp(middle),
        "lower": np.exp(low),
        "upper": np.exp(high),
        "p_above_1": (coefs > 0.0).mean(axis=0),
    }
    names = [str(name) for name in posterior["feature"].values]
    found = pd.DataFrame(columns, index=pd.Index(names, name="feature"))
    found.attrs["kind"] = _BY_EXPONENT[family]
    return found


def marginal_effects(
    tree: "xr.DataTree", data: RowData, *, mass: float = 0.9, likelihood: Likelihood | None = None
) -> "pd.DataFrame":
    """Return average marginal effects: by how much the mean response changes, on average over rows.

    For a column of zeros and ones it is the mean response at 1 less that at 0; for others the derivative of the mean,
    for one unit of the column. Rows count by their weights.

    Parameters
    ----------
    tree : xarray.DataTree
        From sample_posterior.
    data : RowData
        The rows to average over, for example those of the fit.
    mass : float between 0 and 1, default 0.9
        Probability of the equal-tailed interval.
    likelihood : Likelihood, optional
        Needed if it is one of your own: draws hold only its name.

    Returns
    -------
    DataFrame
        One row for each feature; columns "mean", "sd", "lower" and "upper", in units of y (of its probability for
        labels), and "kind": "difference" or "slope".

    Raises
    ------
    TypeError, ValueError
    """
    import pandas as pd

    check_probability("mass", mass)
    data = check_rows(tree, data, "marginal_effects")
    one = Observation.of(tree, likelihood)
    columns = data.X if isinstance(data.X, np.ndarray) else data.X.toarray()
    is_binary = np.array([_is_binary(column) for column in columns.T], dtype=bool)
    effects = _averaged(tree, data, columns, one, is_binary)
    low, high = np.quantile(effects, (0.5 * (1.0 - mass), 0.5 * (1.0 + mass)), axis=0)
    found = {
        "mean": effects.mean(axis=0),
        "sd": effects.std(axis=0),
        "lower": low,
        "upper": high,
        "kind": np.where(is_binary, "difference", "slope"),
    }
    return pd.DataFrame(found, index=pd.Index(data.feature_names, name="feature"))


def _is_binary(column: Float[np.ndarray, " n"]) -> bool:
    return bool(np.isin(column, (0.0, 1.0)).all()) and np.ptp(column) > 0.0


def _averaged(
    tree: "xr.DataTree", data: RowData, columns: Float[np.ndarray, "n p"], one: Observation, is_binary: Any
) -> Float[np.ndarray, "s p"]:
    """Return the weighted average over rows of each effect, for each draw."""
    posterior = tree["posterior"].to_dataset()
    coefs = posterior["coef"].values.reshape(-1, columns.shape[1])
    intercept = posterior["intercept"].values.reshape(-1, 1) if "intercept" in posterior else 0.0
    share = data.sample_weight / data.sum_weights
    effects = np.zeros_like(coefs)
    step = max(1, _ENTRIES // len(coefs))
    for first in range(0, len(columns), step):
        some = slice(first, first + step)
        eta = coefs @ columns[some].T + intercept
        if data.offset is not None:
            eta = eta + data.offset[some]
        slope = one.likelihood.mean_slope(eta, one.nuisance) @ share[some]
        for j in range(coefs.shape[1]):
            if not is_binary[j]:
                effects[:, j] += coefs[:, j] * slope
                continue
            without = eta - np.outer(coefs[:, j], columns[some, j])
            change = one.mean(without + coefs[:, j, None]) - one.mean(without)
            effects[:, j] += change @ share[some]
    return effects
