"""The log density that is sampled, in coordinates in which it is about a standard normal.

Intercept and flat coefficients are integrated out: given the rest they are Gaussian, and
are drawn exactly afterwards. The data enter through their sufficient statistics alone,
stated around a centre near the mode, so that nothing cancels.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Position = dict[str, Array]


class Coordinate(NamedTuple):
    """A positive quantity with a prior, sampled as offset + step·u on its unconstrained scale."""

    prior: Any  # a NumPyro distribution
    offset: Any
    step: Any


class Target(NamedTuple):
    """Everything that the density is made of, as arrays: new data need no new program."""

    centre: Float[Array, " q"]
    transform: Float[Array, "q q"]  # coef = centre + transform·z
    curvature: Float[Array, "q q"]  # transform'X'X·transform
    slope: Float[Array, " q"]  # transform'X'r at the centre
    rss: Array  # r'r at the centre
    power: Array  # Σw less the number of coefficients that were integrated out
    l1: Float[Array, " q"]  # rates 1/b and 1/τ², where they are sampled at scale 1
    l2: Float[Array, " q"]
    relative: Float[Array, " q"]  # 1 where the scale is in units of σ
    noise_scale: Array | None  # None where it is sampled
    sampled: dict[str, Coordinate]


class State(NamedTuple):
    """A position in its natural units."""

    coef: Float[Array, " q"]
    noise_scale: Array
    scales: dict[str, Array]
    log_jacobian: Array


def natural(target: Target, position: Position) -> State:
    """Turn sampler coordinates into coefficients, σ and prior scales."""
    from numpyro.distributions import biject_to

    values, log_jacobian = {}, jnp.zeros(())
    for name, coordinate in target.sampled.items():
        unconstrained = coordinate.offset + coordinate.step * position[name]
        to_natural = biject_to(coordinate.prior.support)
        values[name] = to_natural(unconstrained)
        log_jacobian += to_natural.log_abs_det_jacobian(unconstrained, values[name])
    sigma = values.pop("noise_scale") if target.noise_scale is None else target.noise_scale
    return State(target.centre + target.transform @ position["coef"], sigma, values, log_jacobian)


def log_coef_prior(coef: Array, l1: Array, l2: Array) -> Array:
    """Evaluate the log density of coefficients whose rates are 1/b = l1 and 1/τ² = l2, not both 0."""
    has_l2 = l2 > 0.0
    l2_safe, l1_safe = jnp.where(has_l2, l2, 1.0), jnp.where(has_l2, 1.0, l1)
    gaussian = 0.5 * jnp.log(2.0 * jnp.pi / l2_safe) + _log_erfcx(l1 / jnp.sqrt(2.0 * l2_safe))
    log_normaliser = jnp.where(has_l2, gaussian, jnp.log(2.0 / l1_safe))
    return -l1 * jnp.abs(coef) - 0.5 * l2 * coef**2 - log_normaliser


def _log_erfcx(x: Array) -> Array:
    """Evaluate log(exp(x²)·erfc(x)) for x ≥ 0."""
    near = jnp.minimum(x, 10.0)
    direct = near**2 + jnp.log(2.0) + jax.scipy.special.log_ndtr(-jnp.sqrt(2.0) * near)
    far = jnp.maximum(x, 10.0)
    inverse = 0.5 / far**2  # the asymptotic series: its sixth term is below 1e-11 from x = 10 on
    terms = (1.0, -1.0, 3.0, -15.0, 105.0, -945.0, 10395.0, -135135.0)
    series = sum(term * inverse**k for k, term in enumerate(terms))
    return jnp.where(x < 10.0, direct, jnp.log(series) - jnp.log(far * jnp.sqrt(jnp.pi)))


def coef_rates(
    l1: Any, l2: Any, relative: Any, noise_scale: Any, scales: dict[str, Any]
) -> tuple[Array, Array]:
    """Return the rates 1/b and 1/τ² at a noise scale and at sampled prior scales."""
    unit = jnp.where(relative > 0, noise_scale, 1.0)
    common = scales.get("prior_scale", 1.0)
    b, tau = scales.get("laplace_scale", common), scales.get("gaussian_scale", common)
    return l1 / (unit * b), l2 / (unit * tau) ** 2


def log_density(target: Target, position: Position) -> Array:
    """Evaluate the log posterior density of a position, up to a constant."""
    state = natural(target, position)
    z = position["coef"]
    rss = target.rss - 2.0 * target.slope @ z + z @ (target.curvature @ z)
    log_likelihood = -target.power * jnp.log(state.noise_scale) - 0.5 * rss / state.noise_scale**2
    rates = coef_rates(target.l1, target.l2, target.relative, state.noise_scale, state.scales)
    log_prior = jnp.sum(log_coef_prior(state.coef, *rates))
    values = {**state.scales, "noise_scale": state.noise_scale}
    for name, coordinate in target.sampled.items():
        log_prior += coordinate.prior.log_prob(values[name])
    return log_likelihood + log_prior + state.log_jacobian


def potential(target: Target, position: Position) -> Array:
    """Return minus the log density: NUTS's potential energy."""
    return -log_density(target, position)
