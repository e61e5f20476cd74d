"""From a problem to a sampling target: a centre near the mode, and coordinates whitened there."""

from typing import Any

import numpy as np
from jaxtyping import Float

from ..errors import NoModeError
from ..mode.coefs import solve_coefs
from ..mode.noise import noise_modes
from ..problem import Problem, Rates
from .density import Coordinate, Target
from .propriety import integrated_out

_MEDIAN_DRAWS = 1001
_FALLBACK_NOISE = 0.5  # of the spread of y, where the joint mode does not exist


def build_target(problem: Problem) -> Target:
    """State a problem's posterior around a centre, in whitened coordinates.

    Parameters
    ----------
    problem : Problem
        Of a proper posterior.

    Returns
    -------
    Target
        Of float64 arrays.
    """
    import jax

    with jax.enable_x64(True):
        scales = {name: _middle(prior) for name, prior in problem.sampled_scales.items()}
        rates = _at_scales(problem.penalised_rates, scales)
        sigma = _noise_centre(problem, rates)
        centre = _coef_centre(problem, rates, sigma)
        transform = _whitening(problem, rates, sigma)
        gradients, rss = problem.reduced.residuals(centre[None, :])
        sampled = {
            name: _coordinate(prior, scales[name], 1.0 / np.sqrt(1.0 + centre.size))
            for name, prior in problem.sampled_scales.items()
        }
        if problem.noise_scale is None:
            prior = problem.likelihood.noise_prior(problem.response_scale)
            sampled["noise_scale"] = _coordinate(prior, sigma, 1.0 / np.sqrt(1.0 + 2.0 * problem.sum_weights))
        unit = problem.penalised_rates
        fields: dict[str, Any] = {
            "centre": centre,
            "transform": transform,
            "curvature": transform.T @ problem.reduced.gram @ transform,
            "slope": transform.T @ gradients[0],
            "rss": rss[0],
            "power": problem.sum_weights - integrated_out(problem),
            "l1": unit.l1,
            "l2": unit.l2,
            "relative": unit.relative,
            "noise_scale": problem.noise_scale,
            "sampled": sampled,
        }
        return Target(**jax.tree.map(lambda leaf: jax.numpy.asarray(leaf, dtype=jax.numpy.float64), fields))


def _middle(prior: Any) -> float:
    """Return the median of a scale's prior, or 1 where it is improper."""
    import jax

    # Any improper prior of the user's may come here, and NumPyro has no property that says so: only this error.
    try:
        draws = prior.sample(jax.random.key(0), (_MEDIAN_DRAWS,))
    except NotImplementedError:
        return 1.0
    return float(np.median(np.asarray(draws)))


def _at_scales(rates: Rates, scales: dict[str, float]) -> Rates:
    common = scales.get("prior_scale", 1.0)
    b, tau = scales.get("laplace_scale", common), scales.get("gaussian_scale", common)
    return Rates(rates.l1 / b, rates.l2 / tau**2, rates.relative)


def _noise_centre(problem: Problem, rates: Rates) -> float:
    """Return σ, or of its local modes the largest: the small ones are narrow, where data are overfitted."""
    if problem.noise_scale is not None:
        return problem.noise_scale
    try:
        return max(mode.noise_scale for mode in noise_modes(problem.with_penalised_rates(rates)))
    except NoModeError:
        return _FALLBACK_NOISE * problem.response_scale


def _coef_centre(problem: Problem, rates: Rates, sigma: float) -> Float[np.ndarray, " q"]:
    l1, l2 = (strength[None, :] for strength in rates.strengths(sigma))
    return solve_coefs(problem, l1, l2).values[0]


def _whitening(problem: Problem, rates: Rates, sigma: float) -> Float[np.ndarray, "q q"]:
    """Return a root of the covariance of the Gaussian with the likelihood's curvature and the prior's variance."""
    from scipy.linalg import cholesky, solve_triangular

    l1, l2 = rates.strengths(sigma)
    prior_precision = 0.5 * (l1 / sigma**2) ** 2 + l2 / sigma**2  # a Laplace prior's variance is 2b²
    unit = 1.0 / np.sqrt(problem.reduced.squared_norms / sigma**2 + prior_precision)
    gram = problem.reduced.gram / sigma**2 * unit * unit[:, None]
    gram[np.diag_indices_from(gram)] += prior_precision * unit**2
    gram[np.diag_indices_from(gram)] += 1e-12  # a duplicate column under a very wide prior
    lower = cholesky(gram, lower=True)
    return unit[:, None] * solve_triangular(lower, np.eye(unit.size), lower=True, trans="T")


def _coordinate(prior: Any, centre: float, step: float) -> Coordinate:
    from numpyro.distributions import biject_to

    offset = np.asarray(biject_to(prior.support).inv(np.float64(centre)))
    if not np.isfinite(offset):  # the centre lies outside a bounded support
        offset = np.zeros(())
    return Coordinate(prior, offset, np.float64(step))
