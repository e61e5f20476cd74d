"""The exact log marginal likelihood of a Gaussian prior for many scales at once, and of the null model."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float

from ..base.jax_context import float64_on_cpu
from ..model.linear_model import LinearModel
from ..model.needs import FLAT_INTERCEPT, GAUSSIAN_PRIOR, QUADRATIC_LOSS, require
from ..model.problem import Data, Problem, resolve
from ..priors.scales import checked
from .propriety import check_proper, power
from .spectrum import GaussianMarginal, rotate

_GAUSSIAN = replace(
    GAUSSIAN_PRIOR, remedy="select_scale(method='evidence') takes any prior.", error=TypeError
)
_POINTS = 801
_ZOOMS = 40
_NEGLIGIBLE = 50.0  # of log density: places below exp(−50) of the peak are ignored
_WIDEST = (-80.0, 80.0)  # limits of log σ, with σ in units of the spread of y


def log_marginal_likelihood(
    model: LinearModel, data: Data, scales: Any = None
) -> "float | Float[np.ndarray, ' k']":
    """Evaluate log p(y | scale), with coefficients and σ integrated out.

    The coefficients are integrated in closed form; one spectral decomposition serves all scales.
    An unknown σ is integrated by quadrature over log σ.

    Parameters
    ----------
    model : LinearModel
        With a GaussianPrior. Its scale is a number, unless `scales` are given.
    data : RowData or GramData
    scales : sequence of k positive floats, optional
        Values of the prior's scale; its factor does not change. Default: the model's own scale.

    Returns
    -------
    float, or array (k,)
        With all constants. Unpenalised coefficients are integrated against the density 1 in their own
        units. So you can compare two models only if both have the same unpenalised columns and both
        or neither have an intercept. Their priors on σ must be the same, or both proper.

    Raises
    ------
    TypeError, ValueError
        If the prior is no GaussianPrior, or its scale is a distribution and no `scales` are given.
    ImproperPosteriorError
        If the integral does not exist: the data do not determine an unpenalised coefficient, or the
        prior on σ is flat and there are too few rows.
    """
    by = "log_marginal_likelihood"
    require(by, model, data, QUADRATIC_LOSS, _GAUSSIAN, FLAT_INTERCEPT)
    if model.prior.has_sampled_scale and scales is None:
        raise ValueError("the prior's scale is a distribution. Give the `scales` at which to evaluate.")
    values = (
        np.ones(1) if scales is None else np.atleast_1d(np.asarray(checked("scales", scales), dtype=float))
    )
    if values.ndim != 1 or not np.isfinite(values).all():
        raise ValueError(f"`scales` must be finite positive numbers in one dimension; got {scales!r}.")
    at_one = model if scales is None else replace(model, prior=model.prior.with_scale(1.0))
    problem = resolve(at_one, data, by)
    result = log_evidence_at(problem, values)
    return float(result[0]) if scales is None or np.ndim(scales) == 0 else result


def log_evidence_at(problem: Problem, scales: Float[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
    """Evaluate log p(y | scale) as `log_marginal_likelihood` does, on a problem whose prior has scale 1.

    Parameters
    ----------
    problem : Problem
        With a Gaussian prior.
    scales : array (k,)
        Positive.

    Returns
    -------
    array (k,)

    Raises
    ------
    ImproperPosteriorError
        If the integral does not exist.
    """
    check_proper(problem)
    marginal = rotate(problem.reduced, problem.penalised_rates.l2).marginal(power(problem))
    relative = bool(problem.penalised_rates.relative.any())
    constant = log_constant(problem)
    if problem.noise_scale is not None:
        sigma = problem.noise_scale
        ratio = (1.0 if relative else sigma) ** 2 / scales**2
        return constant + np.asarray(marginal.log_likelihood(np.full(scales.size, sigma), ratio))
    log_prior, bounds = noise_log_prior(problem), noise_bounds(problem)

    def at(scale: float) -> Callable[[Any], Any]:
        return lambda sigma: marginal.log_likelihood(sigma, (1.0 if relative else sigma**2) / scale**2)

    return constant + np.array([_over_noise(at(scale), log_prior, bounds) for scale in scales])


def null_log_evidence(problem: Problem) -> float:
    """Evaluate log p(y) with all penalised coefficients 0, with the constants of `log_marginal_likelihood`.

    Parameters
    ----------
    problem : Problem
        With any prior.

    Returns
    -------
    float
    """
    nothing = np.zeros(0)
    marginal = GaussianMarginal(nothing, nothing, problem.reduced.response_ss, power(problem))

    def log_likelihood(sigma: Any) -> Any:
        return np.asarray(marginal.log_likelihood(sigma, np.ones_like(sigma)))

    if problem.noise_scale is not None:
        return float(log_constant(problem) + log_likelihood(np.float64(problem.noise_scale)))
    return log_constant(problem) + _over_noise(
        log_likelihood, noise_log_prior(problem), noise_bounds(problem)
    )


def log_constant(problem: Problem) -> float:
    """Return the constants that the log likelihood of the reduced problem leaves out."""
    return _flat_volume(problem) - 0.5 * power(problem) * float(np.log(2.0 * np.pi))


def _flat_volume(problem: Problem) -> float:
    """Return the log of the integral over flat coefficients, without its power of σ√(2π): −½ log det U'U."""
    volume = -0.5 * np.log(problem.sum_weights) if problem.centred else 0.0
    block = problem.flat_block
    if block is None:
        return float(volume)
    return float(volume + np.linalg.slogdet(block.to_coef)[1])


def noise_log_prior(problem: Problem) -> Callable[[Any], Float[np.ndarray, " m"]]:
    """Return the log prior density of an unknown σ as a function. It is −inf outside of the support."""
    prior = problem.likelihood.noise_prior(problem.response_scale)

    def log_prior(sigma: Any) -> Float[np.ndarray, " m"]:
        with float64_on_cpu():
            inside = np.asarray(prior.support(sigma), dtype=bool)
            values = np.asarray(prior.log_prob(np.where(inside, sigma, problem.response_scale)))
        return np.where(inside, values, -np.inf)

    return log_prior


def _over_noise(
    log_likelihood: Callable[[Any], Any], log_prior: Callable[[Any], Any], bounds: tuple[float, float]
) -> float:
    """Integrate over log σ by Simpson's rule. The window is narrowed until it fits the peak."""
    from scipy.integrate import simpson

    low, high = np.log(bounds)
    for _ in range(_ZOOMS):
        grid = np.linspace(low, high, _POINTS)
        sigma = np.clip(np.exp(grid), *bounds)
        density = np.asarray(log_likelihood(sigma)) + log_prior(sigma) + grid
        counts = np.flatnonzero(density >= density.max() - _NEGLIGIBLE)
        first, last = max(counts[0] - 1, 0), min(counts[-1] + 1, _POINTS - 1)
        if last - first > 0.5 * _POINTS:
            break
        low, high = grid[first], grid[last]
    peak = density.max()
    return float(peak + np.log(simpson(np.exp(density - peak), x=grid)))


def noise_bounds(problem: Problem) -> tuple[float, float]:
    """Return a range of σ that holds all mass of a proper posterior."""
    low, high = problem.likelihood.noise_bounds()
    least, most = problem.response_scale * np.exp(np.array(_WIDEST))
    return max(low, float(least)), min(high, float(most))
