"""The scales of a path, and the penalties at them."""

from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float

from ..gaussian.prior_units import prior_units
from ..model.problem import Problem
from ..model.row_problem import AnyProblem
from ..priors.base import Prior
from ..priors.penalty import penalty_weights
from ..priors.scales import LARGEST, SMALLEST

_RIDGE_STRONGEST = 100.0  # λ₂ at the start of a ridge path, in units of the largest eigenvalue
_JUST_ABOVE_LAMBDA_MAX = 1.0 - 1e-12  # the first row of a path stays all zero despite rounding


def unit_prior(prior: Prior) -> Prior:
    """Return the prior at scale 1, from which a path varies its scale; a default scale becomes absolute.

    Raises
    ------
    TypeError, ValueError
        If the prior's scale is not one finite number.
    """
    if not prior.scales():
        raise TypeError("FlatPrior has no scale to follow a path along. Use map_estimate.")
    bad = {name: v for name, v in prior.scales().items() if v is not None and not isinstance(v, float)}
    if bad:
        raise TypeError(
            f"a path varies one number, but `{next(iter(bad))}` has one for each coefficient. "
            "Give them as `factor`; the path keeps it."
        )
    if any(v == np.inf for v in prior.scales().values()):
        raise ValueError(
            "a path cannot start from an infinite scale. Give a finite one, or FlatPrior to map_estimate."
        )
    return prior.with_scale(1.0)


def checked_scales(scales: Any) -> Float[np.ndarray, " k"]:
    """Return the scales as an array, or raise an error if they are not positive finite numbers."""
    try:
        values = np.atleast_1d(np.array(scales, dtype=np.float64))
    except (TypeError, ValueError):
        values = np.empty(0)
    if values.ndim != 1 or values.size == 0 or not (np.isfinite(values) & (values > 0)).all():
        raise ValueError(
            f"`scales` must be positive finite numbers, shape (k,), k at least 1; got {scales!r}."
        )
    if values.min() < SMALLEST or values.max() > LARGEST:
        raise ValueError(f"`scales` must lie between {SMALLEST:g} and {LARGEST:g}; got {scales!r}.")
    return values


def penalty_weights_along(
    problem: AnyProblem, multiples: Float[np.ndarray, " k"], noise_scales: Float[np.ndarray, " k"] | float
) -> tuple[Float[np.ndarray, "k p"], Float[np.ndarray, "k p"]]:
    """Return the canonical penalties (l1, l2) of all coefficients along a path.

    Parameters
    ----------
    problem : Problem or RowProblem
        Under the prior at scale 1.
    multiples : array (k,)
        Of the features' rates. A prior on the intercept does not change.
    noise_scales : array (k,) or float
        σ at each multiple.

    Returns
    -------
    tuple of two arrays (k, p), or (k, p + 1) if the intercept has a prior
    """
    varied = _by_coefficient(problem, multiples)
    sigma = np.broadcast_to(noise_scales, multiples.shape)[:, None]
    with np.errstate(over="ignore"):
        l1, l2 = problem.rates.l1 * varied, problem.rates.l2 * varied
    return penalty_weights(l1, l2, sigma, problem.rates.relative)


def problem_at(problem: Problem, multiple: float) -> Problem:
    """Return the problem under the prior whose rates are a multiple of the rates at scale 1."""
    varied = _by_coefficient(problem, np.array([multiple]))[0]
    rates = problem.rates._replace(l1=problem.rates.l1 * varied, l2=problem.rates.l2 * varied)
    return replace(problem, rates=rates)


def _by_coefficient(problem: AnyProblem, multiples: Float[np.ndarray, " k"]) -> Float[np.ndarray, "k _"]:
    varied = multiples[:, None]
    if problem.has_intercept_column:
        varied = np.repeat(varied, problem.rates.l1.size, axis=1)
        varied[:, -1] = 1.0
    return varied


def default_multiples(
    problem: Problem,
    prior: Prior,
    n_scales: int,
    min_ratio: float,
) -> Float[np.ndarray, " k"]:
    """Return multiples of the penalty at scale 1 and σ = 1; the strongest is first.

    Laplace and elastic net: from the smallest at which all penalised coefficients are 0 (λmax)
    down to `min_ratio` times it. Gaussian: from 100 times the largest eigenvalue of X'X, in units
    of the prior, down to `min_ratio` times it.
    """
    if isinstance(n_scales, bool) or not isinstance(n_scales, int | np.integer) or n_scales < 1:
        raise ValueError(f"`n_scales` must be a whole number, at least 1; got {n_scales!r}.")
    if not isinstance(min_ratio, float | np.floating) or not 0 < min_ratio < 1:
        raise ValueError(f"`min_ratio` must lie between 0 and 1; got {min_ratio!r}.")
    if problem.has_intercept_column:
        raise ValueError(
            "the default grid is made for a flat intercept. With `intercept_prior`, give `scales`."
        )
    rates = problem.penalised_rates
    if not prior.has_zeros:
        largest = _largest_eigenvalue(problem, rates.l2) or 1.0
        return largest * np.geomspace(_RIDGE_STRONGEST, min_ratio, n_scales)
    steepest = (np.abs(problem.reduced.cross) / rates.l1).max(initial=0.0) or 1.0
    return steepest / _JUST_ABOVE_LAMBDA_MAX * np.geomspace(1.0, min_ratio, n_scales)


def _largest_eigenvalue(problem: Problem, l2: Float[np.ndarray, " q"]) -> float:
    """Return the largest eigenvalue of Z'Z, Z = X·diag(1/√l2). A Gram matrix gives it up to rounding."""
    unit, factor = prior_units(problem.reduced, l2)
    wide = problem.has_rows and unit.size > problem.sum_weights
    least_squares = problem.reduced if wide else problem.reduced.statistics
    return float(least_squares.spectrum(unit).values.max(initial=0.0)) / factor


def at_noise_scale(
    problem: Problem, prior: Prior, multiples: Float[np.ndarray, " k"], noise_scale: Any
) -> Float[np.ndarray, " k"]:
    """Return the scales whose penalties are these multiples of the penalty at scale 1 and σ = 1.

    The multiples are of l1 for an elastic net. σ may be one number or an array (k,).
    """
    relative = bool(problem.rates.relative[: problem.n_features].any())
    power = 2 - relative * prior.order
    return prior.scales_at(multiples / np.asarray(noise_scale) ** power)
