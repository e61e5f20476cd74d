"""Leave-one-out predictive densities under a Gaussian prior, without importance weights on coefficients."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ...base.jax_context import float64_on_cpu
from ...data.rows import RowData
from ...gaussian.evidence import noise_bounds, noise_log_prior
from ...gaussian.propriety import check_proper, integrated_out
from ...gaussian.spectrum import gaussian_scale, is_one_gaussian, rotate
from ...model.linear_model import LinearModel
from ...model.problem import Data, Problem, resolve
from ...priors.scales import LARGEST, SMALLEST, bounds, log_prob_within
from .left_out import Few, LogDensities, Rows, few_rows, log_densities, residuals_of, weighted_rows
from .log_grid import Window, integration_nodes
from .predict import check_budget, check_rows

if TYPE_CHECKING:
    import xarray as xr

_GOOD_K = 0.7  # ArviZ's threshold
_TRUSTED_K = 0.3  # above it weights are not precise enough for one row's density


def exact_loo(tree: "xr.DataTree", model: LinearModel, data: Data) -> Any:
    """Evaluate the log predictive density of each row given all others.

    Given σ and the prior's scale, the density without row i has a closed form. It is normal with the
    error eᵢ/(1 − hᵢ) and the variance σ²(1 + hᵢ/(wᵢ(1 − hᵢ))); hᵢ is the leverage. If σ or the scale is
    unknown, the density is averaged over their draws, with weights of one over the density of row i to
    the power wᵢ. This is importance sampling in at most two dimensions. If a row moves σ or the scale so
    far that the weights' Pareto k is above 0.3, quadrature replaces it, and k is reported as 0.

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
        In the form of ``arviz.loo``, so that ``arviz.compare`` takes it. The log density of a row of weight 1 is
        multiplied by the row's weight. A row is left out with its whole weight.

    Raises
    ------
    TypeError, ValueError, MemoryError
        ValueError also if one row alone determines the intercept or an unpenalised coefficient.

    References
    ----------
    A. Vehtari, T. Mononen, V. Tolvanen, T. Sivula and O. Winther (2016), JMLR 17(103), for
    integrating the Gaussian part.
    """
    data = check_rows(tree, data, "leaving out rows")
    problem = resolve(model, data, "exact_loo")
    check_proper(problem)
    if not is_one_gaussian(problem) or problem.has_intercept_column:
        raise ValueError(
            "leave-one-out has a closed form for a GaussianPrior or FlatPrior and a flat intercept. "
            "Use arviz.loo on sample_posterior(..., log_likelihood=True)."
        )
    posterior = tree["posterior"].to_dataset()
    shape = posterior["coef"].shape[:2]
    check_budget((*shape, data.y.size))
    sigma, ratio = _noise_and_ratio(problem, posterior)
    rows = weighted_rows(problem, data)
    density = log_densities(sigma, data.sample_weight, *residuals_of(rows, ratio))
    if problem.noise_scale is not None and not problem.sampled_scales:
        pointwise, pareto_k = density.left_out[0], np.zeros(data.y.size)
    else:
        pointwise, pareto_k = _averaged(*(part.reshape(*shape, -1) for part in density[:2]))
        doubtful = np.flatnonzero(pareto_k > _TRUSTED_K)
        if doubtful.size:
            pointwise[doubtful] = _integrated(rows, _unknowns(problem, posterior), data, doubtful)
            pareto_k[doubtful] = 0.0
    within = _log_sum_exp(density.inside, axis=0) - np.log(len(density.inside))
    return _as_elpd(
        pointwise * data.sample_weight, within * data.sample_weight, pareto_k, n_samples=len(density.inside)
    )


class _Unknowns(NamedTuple):
    """The unknown ones of σ and the prior's scale, by their logarithms."""

    problem: Problem
    log_priors: tuple[Callable[[Any], Any], ...]
    draws: Window
    ends: Window

    def at(self, logs: Float[np.ndarray, "m d"]) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
        """Return σ and σ²/scale²."""
        known = self.problem.noise_scale
        sigma = np.exp(logs[:, 0]) if known is None else np.full(len(logs), known)
        scale = np.exp(logs[:, -1]) if self.problem.sampled_scales else np.ones(len(logs))
        unit = 1.0 if self.problem.penalised_rates.relative.any() else sigma
        return sigma, (unit / scale) ** 2

    def log_prior(self, logs: Float[np.ndarray, "m d"]) -> Float[np.ndarray, " m"]:
        """Return the log prior density of the logarithms."""
        with float64_on_cpu():
            each = [prior(np.exp(part)) for prior, part in zip(self.log_priors, logs.T, strict=True)]
        return logs.sum(axis=1) + np.sum(each, axis=0)


def _unknowns(problem: Problem, posterior: "xr.Dataset") -> _Unknowns:
    """Return the unknown quantities, with the ranges of their draws and of their priors."""
    names, priors, ends = [], [], []
    if problem.noise_scale is None:
        names, priors, ends = ["noise_scale"], [noise_log_prior(problem)], [noise_bounds(problem)]
    for name, prior in problem.sampled_scales.items():
        names.append(name)
        priors.append(partial(log_prob_within, prior))
        ends.append(tuple(np.clip(bounds(prior), SMALLEST, LARGEST)))
    draws = [(posterior[name].values.min(), posterior[name].values.max()) for name in names]
    return _Unknowns(problem, tuple(priors), np.log(np.array(draws)).T, np.log(np.array(ends)).T)


def _integrated(
    rows: Rows, unknowns: _Unknowns, data: RowData, chosen: Int[np.ndarray, " r"]
) -> Float[np.ndarray, " r"]:
    """Return the densities of some rows by quadrature: weighted draws fail if a row moves σ or the scale."""
    problem = unknowns.problem
    power = problem.sum_weights - integrated_out(problem)
    marginal = rotate(problem.reduced, problem.penalised_rates.l2).marginal(power)
    found = np.empty(chosen.size)
    for k, row in enumerate(chosen):
        few, weight = few_rows(rows, chosen[[k]]), data.sample_weight[[row]]

        def densities(logs: Any, few: Few = few, weight: Any = weight) -> LogDensities:
            sigma, ratio = unknowns.at(logs)
            return log_densities(sigma, weight, *few.residuals(ratio))

        def without(logs: Any, densities: Any = densities) -> Any:
            all_rows = marginal.log_likelihood(*unknowns.at(logs)) + unknowns.log_prior(logs)
            return all_rows - densities(logs).held[:, 0]

        logs, log_weights = integration_nodes(without, unknowns.draws, unknowns.ends)
        found[k] = _log_sum_exp(log_weights + densities(logs).left_out[:, 0], axis=0)
    return found


def _noise_and_ratio(
    problem: Problem, posterior: "xr.Dataset"
) -> tuple[Float[np.ndarray, " s"], Float[np.ndarray, " s"]]:
    """Return σ and σ²/scale² of each draw, or of one draw if both are known."""
    scales = {name: posterior[name].values.ravel() for name in problem.sampled_scales}
    if problem.noise_scale is None:
        sigma = posterior["noise_scale"].values.ravel()
    else:
        sigma = np.full(next(iter(scales.values())).size if scales else 1, problem.noise_scale)
    unit = 1.0 if problem.penalised_rates.relative.any() else sigma
    return sigma, np.broadcast_to((unit / gaussian_scale(scales)) ** 2, sigma.shape)


def _log_sum_exp(values: Any, axis: Any) -> Any:
    from scipy.special import logsumexp

    return logsumexp(values, axis=axis)


def _averaged(
    left_out: Float[np.ndarray, "chain draw n"], held: Float[np.ndarray, "chain draw n"]
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Return log E[p(yᵢ | y₋ᵢ, σ, scale) | y₋ᵢ] by weights 1/held with ArviZ's smoothing, and the Pareto k."""
    from arviz_stats.base import array_stats

    # A row of weight 0 has the density 1 at every draw: there is nothing to smooth.
    varying = np.ptp(held, axis=(0, 1)) > 0.0
    elpd, pareto_k = left_out[0, 0].copy(), np.zeros(varying.size)
    if varying.any():
        weights, pareto_k[varying] = array_stats.psislw(held[..., varying], r_eff=1.0, axis=(0, 1))
        elpd[varying] = _log_sum_exp(weights + np.moveaxis(left_out[..., varying], -1, 0), axis=(1, 2))
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
