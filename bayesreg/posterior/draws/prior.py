"""Draws from the prior, and its predictions before any response is seen."""

from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ...base.arguments import LARGEST_SEED, check_whole
from ...base.compilation_cache import compiled_by_shape
from ...base.errors import ImproperPriorError
from ...base.jax_context import float64_on_cpu
from ...data.rows import RowData
from ...model.linear_model import LinearModel
from ...model.problem import Data, Problem, resolve
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
        A flat intercept has no prior to draw from, so responses have the mean of y at the columns' means.
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
    problem = resolve(model, data, "sample_prior")
    _check_proper(problem)
    check_budget((num_samples, max(problem.n_features, data.n_samples if isinstance(data, RowData) else 1)))
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(2,)))
    sigma, scales = _draw_scales(problem, num_samples, seed)
    coefs = problem.law.draw(rng, *_rates(problem, sigma, scales))
    variables: dict[str, Any] = {"coef": coefs[:, : problem.n_features], **scales}
    if problem.noise_scale is None:
        variables["noise_scale"] = sigma
    intercept = problem.means.y - variables["coef"] @ problem.means.x[: problem.n_features]
    if problem.has_intercept_column:
        variables["intercept"] = intercept = coefs[:, -1]
    groups = {"prior": named_draws({name: v[None] for name, v in variables.items()}, problem.feature_names)}
    if isinstance(data, RowData):
        eta = variables["coef"] @ data.X.T + intercept[:, None]
        y = problem.likelihood.draw(rng, eta, {"noise_scale": sigma[:, None]})
        groups["prior_predictive"] = named_draws({"y": y[None]}, range(data.y.size), "observation")
        groups["observed_data"] = xr.Dataset(
            {"y": ("observation", data.y)}, coords={"observation": np.arange(data.y.size)}
        )
    return xr.DataTree.from_dict(groups)


def _check_proper(problem: Problem) -> None:
    flat = [name for name, hit in zip(problem.feature_names, problem.rates.flat, strict=False) if hit]
    if flat:
        raise ImproperPriorError(
            f"the prior of {', '.join(map(repr, flat))} is flat, so it cannot be drawn from. Give a finite scale."
        )


def _draw_scales(
    problem: Problem, n: int, seed: int
) -> tuple[Float[np.ndarray, " s"], dict[str, Float[np.ndarray, " s"]]]:
    """Draw σ and the prior's scales."""
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
    return drawn.pop("noise_scale", np.full(n, problem.noise_scale or 1.0)), drawn


def _rates(
    problem: Problem, sigma: Float[np.ndarray, " s"], scales: dict[str, Float[np.ndarray, " s"]]
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
