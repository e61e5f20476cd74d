"""Leave-one-out predictive densities of a Gaussian prior, with no importance weights on coefficients."""

from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ..data.rows import RowData
from ..model import LinearModel
from ..problem import Data, Problem, resolve
from ..propriety import check_proper
from .marginal import gaussian_scale, is_one_gaussian
from .predict import check_budget, check_rows

if TYPE_CHECKING:
    import xarray as xr

_GOOD_K = 0.7


def exact_loo(tree: "xr.DataTree", model: LinearModel, data: Data) -> Any:
    """Evaluate the log predictive density of each row given all others.

    Given σ and the prior's scale the density without row i is closed-form: Normal with the error
    eᵢ/(1 − hᵢ) and the variance σ²(1 + hᵢ/(wᵢ(1 − hᵢ))), hᵢ the leverage. With both known that is
    all; else it is averaged over the draws of σ and the scale, 1/p(yᵢ | y₋ᵢ) =
    E[1/p(yᵢ | y₋ᵢ, σ, scale)]: importance sampling in two dimensions at most.

    Parameters
    ----------
    tree : xarray.DataTree
        From sample_posterior(model, data).
    model : LinearModel
        With a GaussianPrior or a FlatPrior.
    data : RowData

    Returns
    -------
    arviz_stats.utils.ELPDDataLOO
        As ``arviz.loo`` returns it, so that ``arviz.compare`` takes it. A row's density is multiplied
        by its weight.

    Raises
    ------
    TypeError, ValueError, MemoryError

    References
    ----------
    A. Vehtari, T. Mononen, V. Tolvanen, T. Sivula and O. Winther (2016), JMLR 17(103), for
    integrating what is Gaussian.
    """
    data = check_rows(tree, data, "leaving out rows")
    problem = resolve(model, data)
    check_proper(problem)
    if not is_one_gaussian(problem) or problem.has_intercept_column:
        raise ValueError(
            "leave-one-out is a closed form for a GaussianPrior or FlatPrior and a flat intercept. "
            "Use arviz.loo on sample_posterior(..., log_likelihood=True)."
        )
    posterior = tree["posterior"].to_dataset()
    shape = posterior["coef"].shape[:2]
    check_budget((*shape, data.y.size))
    left_out, inside = _log_densities(problem, data, *_noise_and_ratio(problem, posterior))
    known = problem.noise_scale is not None and not problem.sampled_scales
    if known:
        pointwise, pareto_k = left_out[0], np.zeros(data.y.size)
    else:
        pointwise, pareto_k = _averaged(left_out.reshape(*shape, -1))
    within = _log_mean_exp(inside)
    return _as_elpd(
        pointwise * data.sample_weight, within * data.sample_weight, pareto_k, n_samples=left_out.shape[0]
    )


def _noise_and_ratio(
    problem: Problem, posterior: "xr.Dataset"
) -> tuple[Float[np.ndarray, " s"], Float[np.ndarray, " s"]]:
    """Return σ and σ²/scale² of each draw, of one where both are known."""
    scales = {name: posterior[name].values.ravel() for name in problem.sampled_scales}
    if problem.noise_scale is None:
        sigma = posterior["noise_scale"].values.ravel()
    else:
        sigma = np.full(next(iter(scales.values())).size if scales else 1, problem.noise_scale)
    unit = 1.0 if problem.penalised_rates.relative.any() else sigma
    return sigma, np.broadcast_to((unit / gaussian_scale(scales)) ** 2, sigma.shape)


def _log_densities(
    problem: Problem, data: RowData, sigma: Float[np.ndarray, " s"], ratio: Float[np.ndarray, " s"]
) -> tuple[Float[np.ndarray, "s n"], Float[np.ndarray, "s n"]]:
    """Return the log density of each row without itself, and with itself, given σ and σ²/scale²."""
    from scipy.linalg import qr, svd

    root = np.sqrt(data.sample_weight)
    X = data.X if isinstance(data.X, np.ndarray) else data.X.toarray()
    flat = [np.ones((len(X), int(problem.centred))), X[:, problem.rates.flat[: X.shape[1]]]]
    basis = qr(np.hstack(flat) * root[:, None], mode="economic")[0]
    columns = X[:, problem.penalised] / np.sqrt(problem.penalised_rates.l2) * root[:, None]
    columns = columns - basis @ (basis.T @ columns)
    y = data.y * root
    y = y - basis @ (basis.T @ y)
    left, sizes, _ = svd(columns, full_matrices=False)
    filters = sizes[:, None] ** 2 / (sizes[:, None] ** 2 + ratio)
    leverage = (np.square(basis).sum(axis=1)[:, None] + np.square(left) @ filters).T
    error = (y[:, None] - left @ (filters * (left.T @ y)[:, None])).T
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.where(root > 0.0, root, np.nan)
        spread = leverage / weight**2
        without = _log_normal(error / weight / (1.0 - leverage), sigma, 1.0 + spread / (1.0 - leverage))
        inside = _log_normal(error / weight, sigma, 1.0 + spread)
    absent = root == 0.0
    without[:, absent] = inside[:, absent] = 0.0
    return without, inside


def _log_normal(
    error: Float[np.ndarray, "s n"], sigma: Float[np.ndarray, " s"], variance: Float[np.ndarray, "s n"]
) -> Float[np.ndarray, "s n"]:
    total = sigma[:, None] ** 2 * variance
    return -0.5 * (np.log(2.0 * np.pi * total) + error**2 / total)


def _log_mean_exp(values: Float[np.ndarray, "s n"]) -> Float[np.ndarray, " n"]:
    from scipy.special import logsumexp

    return logsumexp(values, axis=0) - np.log(len(values))


def _averaged(log_density: Float[np.ndarray, "chain draw n"]) -> tuple[Any, Any]:
    """Return −log E[1/p], smoothed by ArviZ as it smooths any importance weights, and the Pareto k."""
    import arviz as az
    import xarray as xr

    from .to_arviz import named_draws

    # A row of weight 0 has the density 1 at every draw: nothing is to be smoothed.
    varying = np.ptp(log_density, axis=(0, 1)) > 0.0
    elpd, pareto_k = log_density[0, 0].copy(), np.zeros(varying.size)
    if not varying.any():
        return elpd, pareto_k
    log_density = log_density[..., varying]
    rows = np.arange(log_density.shape[-1])
    tree = xr.DataTree.from_dict(
        {
            "posterior": named_draws({"unused": log_density[..., 0]}, ()),
            "log_likelihood": named_draws({"y": log_density}, rows, "observation"),
        }
    )
    found = az.loo(tree, pointwise=True, reff=1.0)
    elpd[varying], pareto_k[varying] = found.elpd_i.values, found.pareto_k.values
    return elpd, pareto_k


def _as_elpd(pointwise: Any, within: Any, pareto_k: Any, *, n_samples: int) -> Any:
    import xarray as xr
    from arviz_stats.utils import ELPDDataLOO

    n = pointwise.size
    coords = {"observation": np.arange(n)}
    return ELPDDataLOO(
        elpd=float(pointwise.sum()),
        se=float(np.sqrt(n * pointwise.var())),
        p=float((within - pointwise).sum()),
        n_samples=n_samples,
        n_data_points=n,
        scale="log",
        warning=bool((pareto_k > _GOOD_K).any()),
        good_k=_GOOD_K,
        elpd_i=xr.DataArray(pointwise, dims="observation", coords=coords),
        pareto_k=xr.DataArray(pareto_k, dims="observation", coords=coords),
    )
