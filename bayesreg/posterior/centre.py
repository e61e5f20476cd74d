"""Where a posterior lies, roughly: what coordinates are stated around."""

from typing import Any

import numpy as np
from jaxtyping import Float

from ..errors import NoModeError
from ..mode.coefs import solve_coefs
from ..mode.noise import noise_modes
from ..problem import Problem, Rates
from ..propriety import integrated_out
from ..scales import draw_proper
from .density import CoefPrior, Coordinate, Density, Scales

_MEDIAN_DRAWS = 1001
_FALLBACK_NOISE = 0.5  # of the spread of y, where the joint mode does not exist


def as_arrays[T](target: T) -> T:
    """Return a target with float64 arrays as its leaves; inside `jax.enable_x64`."""
    import jax
    import jax.numpy as jnp

    return jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype=jnp.float64), target)


def middles(problem: Problem) -> dict[str, float]:
    """Return the median of each sampled scale's prior."""
    return {name: _middle(prior) for name, prior in problem.sampled_scales.items()}


def _middle(prior: Any) -> float:
    """Return the median of a scale's prior, or 1 where it is improper."""
    import jax

    draws = draw_proper(prior, jax.random.key(0), _MEDIAN_DRAWS)
    return 1.0 if draws is None else float(np.median(draws))


def rates_at(problem: Problem, scales: dict[str, float]) -> Rates:
    """Return the rates of the penalised coefficients at values of the sampled scales."""
    rates, follows = problem.penalised_rates, problem.is_feature[problem.penalised]
    common = scales.get("prior_scale", 1.0)
    b, tau = scales.get("laplace_scale", common), scales.get("gaussian_scale", common)
    return Rates(
        np.where(follows, rates.l1 / b, rates.l1),
        np.where(follows, rates.l2 / tau**2, rates.l2),
        rates.relative,
    )


def noise_centre(problem: Problem, rates: Rates) -> float:
    """Return σ, or of its local modes the largest: the small ones are narrow, where data are overfitted."""
    if problem.noise_scale is not None:
        return problem.noise_scale
    try:
        return max(mode.noise_scale for mode in noise_modes(problem.with_penalised_rates(rates)))
    except NoModeError:
        return rough_noise_centre(problem)


def rough_noise_centre(problem: Problem) -> float:
    """Return σ, or half the spread of y."""
    known = problem.noise_scale
    return _FALLBACK_NOISE * problem.response_scale if known is None else known


def coef_centre(problem: Problem, rates: Rates, sigma: float) -> Float[np.ndarray, " q"]:
    """Return the mode of the penalised coefficients at σ."""
    l1, l2 = (strength[None, :] for strength in rates.strengths(sigma))
    return solve_coefs(problem, l1, l2).values[0]


def coef_prior(problem: Problem) -> Any:
    """Return the prior of the penalised coefficients."""
    rates = problem.penalised_rates
    return CoefPrior(rates.l1, rates.l2, rates.relative, problem.is_feature[problem.penalised])


def power(problem: Problem) -> float:
    """Return the power of 1/σ in the likelihood, what is flat integrated out."""
    return problem.sum_weights - integrated_out(problem)


def scale_coordinates(problem: Problem, scales: dict[str, float], sigma: float) -> Scales:
    """Return coordinates of σ and of the sampled scales around their middles, in steps of about an sd."""
    n_coefs = int(problem.penalised.sum())
    sampled = {
        name: _coordinate(prior, scales[name], 1.0 / np.sqrt(1.0 + n_coefs))
        for name, prior in problem.sampled_scales.items()
    }
    if problem.noise_scale is None:
        prior = problem.likelihood.noise_prior(problem.response_scale)
        sampled["noise_scale"] = _coordinate(prior, sigma, 1.0 / np.sqrt(1.0 + 2.0 * problem.sum_weights))
    return Scales(problem.noise_scale, sampled)


def _coordinate(prior: Any, centre: float, step: float) -> Coordinate:
    from numpyro.distributions import biject_to

    offset = np.asarray(biject_to(prior.support).inv(np.float64(centre)))
    if not np.isfinite(offset):  # the centre lies outside a bounded support
        offset = np.zeros(())
    return Coordinate(Density(prior), offset, np.float64(step))
