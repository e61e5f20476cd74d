"""Predictive draws, intervals and the pointwise log-likelihood."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ...base.arguments import check_probability
from ...data.checks import as_design, as_offset, column_names
from ...data.rows import RowData
from ...likelihoods.base import Likelihood
from ...model.linear_model import LinearModel
from ...model.needs import ROWS, refusal
from ...model.problem import Data
from ..to_arviz import named_draws
from .observation import Observation

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

_BUDGET = 4 * 2**30  # bytes of one (chain, draw, row) array
_BLOCK = 2**24  # entries of (draw, row) held at once
_BISECTIONS = 60
_NEAR_ENOUGH = 1e-10  # of the least predictive sd
_PREDICTIVE_STREAM = 1
_BY_ROW = ("log_likelihood", "posterior_predictive")


def add_log_likelihood(tree: "xr.DataTree", model: LinearModel, data: Data) -> "xr.DataTree":
    """Add the pointwise log-likelihood wᵢ·log p(yᵢ | draw) as a group.

    Parameters
    ----------
    tree : xarray.DataTree
        From sample_posterior(model, data).
    model : LinearModel
    data : RowData
        The rows of the draws.

    Returns
    -------
    xarray.DataTree
        A copy with the group ``log_likelihood``, variable ``y`` (chain, draw, observation).

    Raises
    ------
    TypeError, ValueError, MemoryError
        If there are no rows, names differ, or the array exceeds its budget.
    """
    data = check_rows(tree, data, "the pointwise log-likelihood")
    shape = (*_posterior(tree)["coef"].shape[:2], data.y.size)
    check_budget(shape)
    one = Observation.of(tree, model.likelihood)
    eta = linear_predictor(tree, data.X, data.offset)
    values = data.sample_weight * one.log_prob(eta, model.likelihood.coded(data.y))
    return _with_rows(tree, "log_likelihood", values.reshape(shape), data)


def add_posterior_predictive(
    tree: "xr.DataTree", model: LinearModel, data: Data, seed: int = 0
) -> "xr.DataTree":
    """Add new responses at the rows, one for each draw of the posterior, as a group.

    Parameters
    ----------
    tree : xarray.DataTree
        From sample_posterior(model, data).
    model : LinearModel
    data : RowData
        The rows of the new responses.
    seed : int, default 0

    Returns
    -------
    xarray.DataTree
        A copy with the groups ``posterior_predictive``, variable ``y`` (chain, draw, observation), and
        ``observed_data``, in the form of ``arviz.plot_ppc_dist``. The noise is that of a row of weight 1.

    Raises
    ------
    TypeError, ValueError, MemoryError
        If there are no rows, names differ, or the array exceeds its budget.
    """
    data = check_rows(tree, data, "drawing responses")
    one = Observation.of(tree, model.likelihood)
    draws = predictive_draws(tree, data.X, seed, one, data.offset)
    return _with_rows(tree, "posterior_predictive", draws, data)


def check_rows(tree: "xr.DataTree", data: Data, what: str) -> RowData:
    """Return rows with the draws' features, or refuse the data.

    Raises
    ------
    TypeError, ValueError
    """
    if not isinstance(data, RowData):
        raise TypeError(refusal(what, ROWS.what, f"{type(data).__name__} has none", ROWS.remedy))
    _check_names(tree, data.feature_names)
    return data


def _with_rows(
    tree: "xr.DataTree", group: str, values: Float[np.ndarray, "chain draw n"], data: Any
) -> "xr.DataTree":
    import xarray as xr

    groups = {name: tree[name].to_dataset() for name in tree.children}
    rows = np.arange(data.y.size)
    before = groups.get("observed_data")
    if before is not None and not np.array_equal(before["y"].values, data.y):
        for of_other_rows in _BY_ROW:
            groups.pop(of_other_rows, None)
    groups[group] = named_draws({"y": values}, rows, "observation")
    groups["observed_data"] = xr.Dataset({"y": ("observation", data.y)}, coords={"observation": rows})
    extended = xr.DataTree.from_dict(groups)
    extended.attrs.update(tree.attrs)
    return extended


def predict_posterior(
    tree: "xr.DataTree",
    X: Any,
    *,
    mass: float = 0.9,
    of: str = "observation",
    likelihood: Likelihood | None = None,
    offset: Any = None,
) -> "pd.DataFrame":
    """Predict at new rows, with posterior means, standard deviations and intervals.

    Parameters
    ----------
    tree : xarray.DataTree
        From sample_posterior.
    X : array or data frame (n, p)
        A frame's columns must be those of the draws, in their order.
    mass : float between 0 and 1, default 0.9
        Probability of the equal-tailed interval.
    of : "observation" or "mean", default "observation"
        A new observation, with its noise, or its mean.
    likelihood : Likelihood, optional
        Needed if it is one of your own: draws hold only its name.
    offset : array (n,), optional
        The known part of η at these rows. Needed if the rows of the fit had one: 0 is an exposure of 1.

    Returns
    -------
    DataFrame
        One row for each row of X, with X's index; columns "mean", "sd", "lower" and "upper". The bounds
        invert the mixture's distribution function; no noise is simulated. Bounds of a discrete response are
        whole numbers.

    Raises
    ------
    TypeError, ValueError
    """
    import pandas as pd

    if of not in ("observation", "mean"):
        raise ValueError(f"`of` must be 'observation' or 'mean'; got {of!r}.")
    check_probability("mass", mass)
    names = column_names(X, None)
    rows = as_design(X, names)
    known = _posterior(tree)["feature"].values
    if names is not None:
        _check_names(tree, names)
    elif rows.shape[1] != known.size:
        raise ValueError(f"`X` has {rows.shape[1]} columns, but the draws are of {known.size} features.")
    known_part = checked_offset(tree.attrs, offset, rows.shape[0])
    of_mean = of == "mean"
    one = Observation.of(tree, likelihood)
    mean = posterior_mean(tree, rows, known_part, one)
    bounds = predictive_bounds(tree, rows, float(mass), one, known_part, of_mean=of_mean)
    columns = {
        "mean": mean,
        "sd": predictive_sd(tree, rows, one, known_part, of_mean=of_mean),
        "lower": bounds[:, 0],
        "upper": bounds[:, 1],
    }
    return pd.DataFrame(columns, index=X.index if hasattr(X, "iloc") else None)


def _posterior(tree: "xr.DataTree") -> "xr.Dataset":
    return tree.children["posterior"].to_dataset()


def _check_names(tree: "xr.DataTree", names: tuple[str, ...]) -> None:
    known = tuple(str(name) for name in _posterior(tree)["feature"].values)
    if known == tuple(names):
        return
    missing = [name for name in known if name not in names]
    if not missing and len(names) == len(known):
        raise ValueError(
            f"the draws are of features in another order than the data: {list(known)}. Give X[{list(known)!r}]."
        )
    extra = [name for name in names if name not in known]
    raise ValueError(
        f"the draws are of features {list(known)}, the data of {list(names)}. Missing from the data: "
        f"{missing or 'nothing'}; only there: {extra or 'nothing'}. Give the columns that were fitted, in their order."
    )


def check_budget(shape: tuple[int, ...]) -> None:
    """Refuse an array of draws above the budget, before it is allocated.

    Raises
    ------
    MemoryError
    """
    size = 8 * int(np.prod(shape))
    if size > _BUDGET:
        raise MemoryError(
            f"an array of shape {shape} takes {size:,} bytes, above the budget of {_BUDGET:,}. "
            "Give fewer rows at a time, or thin the draws."
        )


def checked_offset(attributes: Mapping[Any, Any], offset: Any, n: int) -> Float[np.ndarray, " n"] | None:
    """Return the offset of new rows, or refuse to go without one that the fit had.

    Raises
    ------
    ValueError
    """
    if offset is None and attributes.get("has_offset", 0):
        raise ValueError(
            "the rows of the fit had an offset, so predictions need one: give `offset`, the known part of η of each "
            "new row (0 is an exposure of 1)."
        )
    return as_offset(offset, n)


def linear_predictor(
    tree: "xr.DataTree",
    X: Float[np.ndarray, "n p"],
    offset: Float[np.ndarray, " n"] | None = None,
    every: int = 1,
) -> Float[np.ndarray, "s n"]:
    """Return β₀ + Xβ, plus the offset, for each of the s draws of all chains, or for one in `every`."""
    posterior = _posterior(tree)
    coefs = posterior["coef"].values.reshape(-1, X.shape[1])[::every]
    mean = coefs @ X.T
    if "intercept" in posterior:
        mean += posterior["intercept"].values.reshape(-1, 1)[::every]
    return mean if offset is None else mean + offset


def predictive_draws(
    tree: "xr.DataTree",
    X: Float[np.ndarray, "n p"],
    seed: int,
    one: Observation | None = None,
    offset: Float[np.ndarray, " n"] | None = None,
) -> Float[np.ndarray, "chain draw n"]:
    """Draw new observations at X, one for each draw of the posterior."""
    chains, draws = _posterior(tree)["coef"].shape[:2]
    check_budget((chains, draws, X.shape[0]))
    mean = linear_predictor(tree, X, offset)
    # A separate stream: the same seed has drawn the intercept, and its numbers must not repeat as noise.
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_PREDICTIVE_STREAM,)))
    return (one or Observation.of(tree)).draw(rng, mean).reshape(chains, draws, X.shape[0])


def posterior_mean(
    tree: "xr.DataTree",
    X: Float[np.ndarray, "n p"],
    offset: Float[np.ndarray, " n"] | None = None,
    one: Observation | None = None,
) -> Float[np.ndarray, " n"]:
    """Return the posterior mean of a response at each row."""
    one = one or Observation.of(tree)
    return np.concatenate([one.mean(eta).mean(axis=0) for eta in _along_rows(tree, X, offset)])


def predictive_sd(
    tree: "xr.DataTree",
    X: Float[np.ndarray, "n p"],
    one: Observation | None = None,
    offset: Float[np.ndarray, " n"] | None = None,
    *,
    of_mean: bool,
) -> Float[np.ndarray, " n"]:
    """Return the posterior sd of a new observation at each row, or of its mean."""
    one, variances = one or Observation.of(tree), []
    for eta in _along_rows(tree, X, offset):
        variances.append(one.mean(eta).var(axis=0) + (0.0 if of_mean else one.variance(eta).mean(axis=0)))
    return np.sqrt(np.concatenate(variances))


def predictive_bounds(
    tree: "xr.DataTree",
    X: Float[np.ndarray, "n p"],
    mass: float,
    one: Observation | None = None,
    offset: Float[np.ndarray, " n"] | None = None,
    *,
    of_mean: bool,
) -> Float[np.ndarray, "n 2"]:
    """Return equal-tailed bounds of a new observation at each row, or of its mean."""
    tails = (0.5 * (1.0 - mass), 0.5 * (1.0 + mass))
    one, bounds = one or Observation.of(tree), []
    for eta in _along_rows(tree, X, offset):
        if of_mean:
            bounds.append(np.quantile(one.mean(eta), tails, axis=0).T)
        else:
            bounds.append(np.column_stack([_mixture_quantile(eta, one, tail) for tail in tails]))
    return np.concatenate(bounds)


def _along_rows(
    tree: "xr.DataTree", X: Float[np.ndarray, "n p"], offset: Float[np.ndarray, " n"] | None
) -> Iterator[Float[np.ndarray, "s b"]]:
    """Yield linear predictors, block by block of rows."""
    n_draws = int(np.prod(_posterior(tree)["coef"].shape[:2]))
    step = max(1, _BLOCK // n_draws)
    for first in range(0, X.shape[0], step):
        some = slice(first, first + step)
        yield linear_predictor(tree, X[some], None if offset is None else offset[some])


def _mixture_quantile(
    mean: Float[np.ndarray, "s n"], one: Observation, probability: float
) -> Float[np.ndarray, " n"]:
    """Invert the distribution function of the mixture over draws. A discrete response's quantiles are whole numbers."""
    quantiles = one.quantile(mean, probability)
    low, high = quantiles.min(axis=0), quantiles.max(axis=0)
    discrete = one.likelihood.is_discrete
    if discrete:
        low, enough = (
            low - 1.0,
            1.0,
        )  # the distribution function is too small at `low`, large enough at `high`
    else:
        spread = float(np.sqrt(one.variance(mean).min()))
        enough = _NEAR_ENOUGH * (spread if np.isfinite(spread) else float((high - low).max()))
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        if discrete:
            middle = np.floor(middle)
        above = one.cdf(mean, middle).mean(axis=0) >= probability
        low, high = np.where(above, low, middle), np.where(above, middle, high)
        if np.all(high - low <= enough):
            break
    return high if discrete else 0.5 * (low + high)
