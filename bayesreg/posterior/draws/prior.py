"""Draws from the prior, and its predictions before any response is seen."""

from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ...base.arguments import LARGEST_SEED, check_whole
from ...base.compilation_cache import compiled_by_shape
from ...base.errors import ImproperPriorError
from ...base.jax_context import float64_on_cpu
from ...data.rows import RowData
from ...mode.newton import RowObjective
from ...mode.row_loss import RowLoss
from ...model.linear_model import LinearModel
from ...model.problem import Data, Problem
from ...model.row_problem import AnyProblem, resolve_any
from ...priors.scales import draw_proper
from .predict import check_budget, named_draws

if TYPE_CHECKING:
    import xarray as xr


def sample_prior(model: LinearModel, data: Data, num_samples: int = 1000, seed: int = 0) -> "xr.DataTree":
    """Draw parameters from the prior, and responses at the rows.

    Parameters
    ----------
    model : LinearModel
    data : RowData or GramData
        The source of names, of units of default scales and, if there are rows, of the places of responses.
        A flat intercept has no prior to draw from, so responses have the mean of y at the columns' means (with another
        link: that of the model without columns).
    num_samples : int, default 1000
    seed : int, default 0

    Returns
    -------
    xarray.DataTree
        Groups ``prior`` (coef (chain, draw, feature) and all others with a prior, one chain) and, with
        rows, ``prior_predictive`` and ``observed_data`` (y). The noise is that of a row of weight 1.

    Raises
    ------
    ImproperPriorError
        If a coefficient or σ has a flat prior.
    TypeError, ValueError, MemoryError
    """
    import xarray as xr

    check_whole("num_samples", num_samples, 1)
    check_whole("seed", seed, 0, LARGEST_SEED)
    problem = resolve_any(model, data, "sample_prior")
    _check_proper(problem)
    check_budget((num_samples, max(problem.n_features, data.n_samples if isinstance(data, RowData) else 1)))
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(2,)))
    nuisance, scales = _draw_scales(problem, num_samples, seed)
    sigma = nuisance.get("noise_scale", np.ones(num_samples))
    flat = problem.rates.flat
    with np.errstate(divide="ignore", invalid="ignore"):  # of a flat intercept, which is not drawn
        coefs = problem.law.draw(rng, *_rates(problem, sigma, scales))
    variables: dict[str, Any] = {"coef": coefs[:, : problem.n_features], **scales}
    variables |= {name: values for name, values in nuisance.items() if name not in problem.known}
    if problem.has_intercept_column and not flat[-1]:
        variables["intercept"] = intercept = coefs[:, -1]
    else:
        typical = {name: float(np.median(values)) for name, values in nuisance.items()}
        intercept = _flat_intercept(problem, variables["coef"], typical)
    groups = {"prior": named_draws({name: v[None] for name, v in variables.items()}, problem.feature_names)}
    if isinstance(data, RowData):
        eta = variables["coef"] @ data.X.T + intercept[:, None]
        eta = eta if data.offset is None else eta + data.offset
        y = problem.likelihood.draw(rng, eta, {name: values[:, None] for name, values in nuisance.items()})
        groups["prior_predictive"] = named_draws({"y": y[None]}, range(data.y.size), "observation")
        groups["observed_data"] = xr.Dataset(
            {"y": ("observation", data.y)}, coords={"observation": np.arange(data.y.size)}
        )
    return xr.DataTree.from_dict(groups)


def _flat_intercept(
    problem: AnyProblem, coefs: Float[np.ndarray, "s p"], nuisance: dict[str, float]
) -> Float[np.ndarray, " s"]:
    """Return intercepts with which a response at the columns' means is that of the null model there."""
    if isinstance(problem, Problem):
        return problem.means.y - coefs @ problem.means.x[: problem.n_features]
    if not problem.has_intercept:
        return np.zeros(len(coefs))
    l1, l2 = np.append(np.ones(problem.n_features), 0.0), np.zeros(problem.n_features + 1)
    data = problem.data
    middle = np.asarray(data.X.T @ (data.sample_weight / data.sum_weights)).ravel()
    null = RowObjective(RowLoss(data, problem.likelihood, nuisance, has_intercept=True), l1, l2).null
    return null[-1] - coefs @ middle


def _check_proper(problem: AnyProblem) -> None:
    flat = [name for name, hit in zip(problem.feature_names, problem.rates.flat, strict=False) if hit]
    if flat:
        raise ImproperPriorError(
            f"the prior of {', '.join(map(repr, flat))} is flat, so it cannot be drawn from. Give a finite scale."
        )


def _draw_scales(
    problem: AnyProblem, n: int, seed: int
) -> tuple[dict[str, Float[np.ndarray, " s"]], dict[str, Float[np.ndarray, " s"]]]:
    """Return nuisance parameters, the unknown ones drawn, and draws of the prior's scales."""
    import jax

    drawn = {}
    with float64_on_cpu():
        for i, (name, prior) in enumerate(sorted(problem.hyperpriors.items())):
            draws = draw_proper(prior, jax.random.fold_in(jax.random.key(seed), i), n)
            if draws is None:
                raise ImproperPriorError(
                    f"the prior of {name} is improper, so it cannot be drawn from. Give a proper distribution."
                )
            drawn[name] = draws
    nuisance = {name: np.full(n, value) for name, value in problem.known.items()}
    nuisance |= {name: values for name, values in drawn.items() if name not in problem.sampled_scales}
    return nuisance, {name: drawn[name] for name in problem.sampled_scales}


def _rates(
    problem: AnyProblem, sigma: Float[np.ndarray, " s"], scales: dict[str, Float[np.ndarray, " s"]]
) -> tuple[Float[np.ndarray, "s p"], Float[np.ndarray, "s p"]]:
    """Return 1/b and 1/τ² of each coefficient at each draw."""
    from ..targets.density import CoefPrior

    with float64_on_cpu():
        prior: Any = CoefPrior.at(problem.rates, problem.is_feature, problem.law)
        columns = {name: scale[:, None] for name, scale in scales.items()}
        l1, l2 = (
            np.asarray(rate) for rate in compiled_by_shape(CoefPrior.rates)(prior, sigma[:, None], columns)
        )
    shape = (sigma.size, problem.is_feature.size)
    return np.broadcast_to(l1, shape), np.broadcast_to(l2, shape)
