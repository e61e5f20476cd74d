"""Effects in units that people report: ratios of odds or rates, and average marginal effects."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ...base.arguments import check_probability
from ...data.rows import RowData
from ...likelihoods.base import Likelihood
from ...model.needs import refusal
from .observation import Observation
from .predict import check_rows, linear_predictor

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
    return average_effects(tree, data, mass=mass, likelihood=likelihood)


class LevelSet(NamedTuple):
    """Columns of which at most one is 1: the levels of one column of text.

    `has_reference` says whether a level has no column; else each row has a 1 in one of them.
    """

    at: Int[np.ndarray, " k"]
    has_reference: bool


def average_effects(
    tree: "xr.DataTree",
    data: RowData,
    sets: Sequence[LevelSet] = (),
    *,
    mass: float = 0.9,
    likelihood: Likelihood | None = None,
    most_draws: int | None = None,
    most_rows: int | None = None,
) -> "pd.DataFrame":
    """Return `marginal_effects`, of levels as they exclude one another.

    The effect of a level is the mean response if all rows had it, less that if all had the reference, or less the mean
    of that over the levels if there is no reference. Of more draws, or rows, than wanted some are taken, evenly spaced.
    """
    import pandas as pd

    check_probability("mass", mass)
    data = check_rows(tree, data, "marginal_effects")
    if most_rows is not None and data.y.size > most_rows:
        data = data.at(slice(None, None, -(-data.y.size // most_rows)))
    n_draws = int(np.prod(tree["posterior"]["coef"].shape[:2]))
    every = 1 if most_draws is None else -(-n_draws // most_draws)
    one = Observation.of(tree, likelihood).thinned(every)
    columns = data.X if isinstance(data.X, np.ndarray) else data.X.toarray()
    is_binary = np.array([_is_binary(column) for column in columns.T], dtype=bool)
    effects = _averaged(tree, data, columns, one, is_binary, sets, every)
    for one_set in sets:
        is_binary[one_set.at] = True
        if not one_set.has_reference:
            effects[:, one_set.at] -= effects[:, one_set.at].mean(axis=1)[:, None]
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
    tree: "xr.DataTree",
    data: RowData,
    columns: Float[np.ndarray, "n p"],
    one: Observation,
    is_binary: Any,
    sets: Sequence[LevelSet],
    every: int,
) -> Float[np.ndarray, "s p"]:
    """Return the weighted average over rows of each effect, for each draw; of levels less the mean without them."""
    posterior = tree["posterior"].to_dataset()
    coefs = posterior["coef"].values.reshape(-1, columns.shape[1])[::every]
    of_set = {int(j): one_set for one_set in sets for j in one_set.at}
    share = data.sample_weight / data.sum_weights
    effects = np.zeros_like(coefs)
    step = max(1, _ENTRIES // len(coefs))
    for first in range(0, len(columns), step):
        some = slice(first, first + step)
        offset = None if data.offset is None else data.offset[some]
        eta = linear_predictor(tree, columns[some], offset, every)
        slope = one.likelihood.mean_slope(eta, one.nuisance) @ share[some]
        for j in range(coefs.shape[1]):
            if not is_binary[j] and j not in of_set:
                effects[:, j] += coefs[:, j] * slope
                continue
            at = of_set[j].at if j in of_set else np.array([j])
            without = eta - coefs[:, at] @ columns[some][:, at].T
            change = one.mean(without + coefs[:, j, None]) - one.mean(without)
            effects[:, j] += change @ share[some]
    return effects
