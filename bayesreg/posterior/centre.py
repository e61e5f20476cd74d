"""Where a posterior lies, roughly: what coordinates are stated around."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ..errors import NoModeError
from ..mode.coefs import solve_coefs
from ..mode.noise import noise_beside
from ..problem import Problem, Rates
from ..propriety import integrated_out
from ..scales import draw_proper
from .density import CoefPrior, Coordinate, Density, Scales

_MEDIAN_DRAWS = 1001
_ALTERNATIONS = 3  # between σ and the coefficients' mode
_SHARE_OF_SD = 0.1  # of σ's posterior, that its centre may be off
_SCALE_GRID = np.linspace(-8.0, 8.0, 161)
_LEAST_NOISE = 1e-6  # of the spread of y, below which the fit counts as perfect
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


class Centre(NamedTuple):
    """A point in the bulk of a posterior."""

    noise_scale: float
    scales: dict[str, float]
    rates: Rates  # of the penalised coefficients, at these scales


def centre(problem: Problem) -> Centre:
    """Return where a posterior lies, by its mode in one quantity after the other, on sufficient statistics.

    A sampled scale is moved once, beside coefficients that its prior's median hardly shrinks: together they have no
    mode. σ moves to about its largest local mode: the small ones are narrow, where data are overfitted.
    """
    problem = problem.as_statistics
    sigma, scales, start = rough_noise_centre(problem), middles(problem), None
    rates = rates_at(problem, scales)
    if problem.noise_scale is not None and not scales:
        return Centre(sigma, scales, rates)
    for round_ in range(_ALTERNATIONS):
        l1, l2 = (strength[None, :] for strength in rates.strengths(sigma))
        coefs = solve_coefs(problem, l1, l2, refine=False, start=start).values
        start = coefs[0]
        if problem.noise_scale is None:
            beside = _noise_beside(problem, coefs, l1, l2)
            if beside is None:
                return Centre(rough_noise_centre(problem), scales, rates)
            sigma = beside
        if round_ == 0 and scales:
            scales = _scales_beside(problem, start, sigma, scales)
            rates = rates_at(problem, scales)
    return Centre(sigma, scales, rates)


def _noise_beside(problem: Problem, coefs: Any, l1: Any, l2: Any) -> float | None:
    """Return σ beside coefficients; None where there is none, or the fit is perfect."""
    try:
        sigma = float(
            noise_beside(problem, coefs, l1, l2, _SHARE_OF_SD / np.sqrt(2.0 * problem.sum_weights))[0]
        )
    except NoModeError:
        return None
    return sigma if sigma > _LEAST_NOISE * problem.response_scale else None


def _scales_beside(
    problem: Problem, coef: Float[np.ndarray, " q"], sigma: float, scales: dict[str, float]
) -> dict[str, float]:
    """Return the modes of the sampled scales, on a grid of their unconstrained scale, given coefficients."""
    import jax.numpy as jnp

    prior, found = coef_prior(problem), dict(scales)
    for name, density in problem.sampled_scales.items():
        values, log_density = _coordinate(density, scales[name], 1.0).at(jnp.asarray(_SCALE_GRID))
        others = {**found, name: values[:, None]}
        log_density += prior.log_density(jnp.asarray(coef), sigma, others).sum(axis=-1)
        finite = np.nan_to_num(np.asarray(log_density), nan=-np.inf)
        if np.isfinite(finite.max()):
            found[name] = float(values[int(finite.argmax())])
    return found


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
    return CoefPrior.at(rates.l1, rates.l2, rates.relative, problem.is_feature[problem.penalised])


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
