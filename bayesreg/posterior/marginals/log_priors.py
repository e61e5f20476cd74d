"""Log prior densities of log σ and of the logarithms of sampled scales."""

from typing import Any

import numpy as np

from ...model.problem import Problem
from ...priors.hyperpriors import log_density
from ...priors.scales import bounds

_ROUNDING = 1e-13  # of a logarithm's exponential


def log_scale_prior(problem: Problem, name: str, log_scale: Any) -> Any:
    """Return the log prior density per unit of a log scale."""
    prior = problem.sampled_scales[name]
    values = np.asarray(log_density(prior)(_exp(log_scale, bounds(prior)))[0]) + log_scale
    return np.where(np.isfinite(values), values, -np.inf)


def log_noise_prior(problem: Problem, log_sigma: Any) -> Any:
    """Return the log prior density per unit of log σ."""
    assert problem.noise_log_prior is not None
    low, high = problem.likelihood.noise_bounds()
    sigma = _exp(log_sigma, (low, high))
    with np.errstate(over="ignore"):
        values = np.asarray(problem.noise_log_prior(sigma)[0]) + log_sigma
    return np.where((sigma >= low) & (sigma <= high) & np.isfinite(values), values, -np.inf)


def log_bounds(problem: Problem, name: str) -> tuple[float, float]:
    """Return the logs of a scale's bounds."""
    with np.errstate(divide="ignore"):
        low, high = np.log(bounds(problem.sampled_scales[name]))
    return float(low), float(high)


def _exp(log_value: Any, ends: tuple[float, float]) -> Any:
    """Return exponentials. A value that differs from an end only by rounding becomes that end."""
    value = np.exp(log_value)
    for end in filter(np.isfinite, ends):
        value = np.where(np.abs(value - end) <= _ROUNDING * end, end, value)
    return value
