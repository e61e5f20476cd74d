"""A blocked Gibbs sampler of the scale mixture: no gradient, no tuning, every block exact.

The coefficients are drawn together given their variances (Bhattacharya, Chakraborty and
Mallick 2016, doi:10.1093/biomet/asw042), the variances given the coefficients; where all
scales are relative to the noise σ is drawn with the coefficients integrated out (Rajaratnam,
Sparks, Khare and Zhang 2019, doi:10.1080/10618600.2019.1573686).
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from .chains import Program, Record, compiled
from .density import Position, Values, log_noise_likelihood
from .mixture import MixtureTarget

_STEPS_OUT = 64


class _State(NamedTuple):
    key: Any
    position: Position  # of σ and the prior's scales
    coef: Float[Array, " q"]


@lru_cache(maxsize=2)
def gibbs_program(*, all_relative: bool) -> Program:
    """Return the sampler.

    Parameters
    ----------
    all_relative : bool
        Whether every scale is in units of σ.

    Returns
    -------
    Program
    """

    def start(key: Any, position: Position, target: MixtureTarget) -> _State:
        coef = target.natural(position).coef
        return _State(key, {name: position[name] for name in target.scales.sampled}, coef)

    def step(state: _State, target: MixtureTarget) -> _State:
        key, key_mixing, key_scales, key_noise, key_coef = jax.random.split(state.key, 5)
        position = dict(state.position)
        sigma, scales, _ = target.scales.at(position)
        l1, _ = target.prior.rates(sigma, scales)
        unit_l1, _ = target.prior.rates(1.0, scales)
        mixing = draw_mixing(key_mixing, l1 * jnp.abs(state.coef))
        spread = mixing / jnp.where(unit_l1 > 0.0, unit_l1, 1.0) ** 2  # held while scales and σ move
        for name in target.scales.sampled:
            if name != "noise_scale":
                key_scales, key_one = jax.random.split(key_scales)
                position = _move(
                    key_one, position, name, lambda p: _scale_density(target, p, spread, state.coef)
                )
        if target.scales.noise_scale is None:
            density = _noise_density(target, position, spread, state.coef, all_relative=all_relative)
            position = _move(key_noise, position, "noise_scale", density)
        sigma, scales, _ = target.scales.at(position)
        variance = _variance(target, sigma, scales, spread)[0]
        coef = _draw_coefs(key_coef, target, sigma, variance)
        return _State(key, position, coef)

    def record(state: _State, target: MixtureTarget) -> Record:
        sigma, scales, _ = target.scales.at(state.position)
        return Record(Values(state.coef, sigma, scales), {"diverging": jnp.zeros((), dtype=bool)})

    return compiled(start, step, record)


def draw_mixing(key: Any, size: Array) -> Array:
    """Draw e given |β|/b: half a reciprocal inverse Gaussian, by the roots of Michael, Schucany and Haas (1976).

    Written so that nothing cancels where the coefficient is 0.
    """
    key_normal, key_uniform = jax.random.split(key)
    half = 0.5 * jax.random.normal(key_normal, size.shape, dtype=size.dtype) ** 2
    root = size + half + jnp.sqrt(half * (half + 2.0 * size))
    uniform = jax.random.uniform(key_uniform, size.shape, dtype=size.dtype)
    other = jnp.where(root > 0.0, size**2 / jnp.where(root > 0.0, root, 1.0), 0.0)
    return 0.5 * jnp.where(uniform * (root + size) <= root, root, other)


def _variance(
    target: MixtureTarget, sigma: Any, scales: dict[str, Array], spread: Array
) -> tuple[Array, Array, Array]:
    """Return the coefficients' variances, and e's log density where `spread` = e·b² at σ = 1 is held."""
    unit_l1, _ = target.prior.rates(1.0, scales)
    has_l1 = unit_l1 > 0.0
    mixing = spread * jnp.where(has_l1, unit_l1, 1.0) ** 2
    variance, log_weight = target.mixed(1.0, scales, mixing)
    log_jacobian = 2.0 * jnp.log(jnp.where(has_l1, unit_l1, 1.0))
    density = jnp.where(has_l1, log_weight - mixing + log_jacobian, 0.0)
    unit = jnp.where(target.prior.relative > 0, sigma, 1.0)
    return variance * unit**2, density, mixing


def _log_normal(coef: Array, variance: Array) -> Array:
    return -0.5 * jnp.sum(jnp.log(variance) + coef**2 / variance)


def _scale_density(target: MixtureTarget, position: Position, spread: Array, coef: Array) -> Array:
    """Evaluate the log density of the prior's scales given all else."""
    sigma, scales, log_prior = target.scales.at(position)
    variance, density, _ = _variance(target, sigma, scales, spread)
    return log_prior + jnp.sum(density) + _log_normal(coef, variance)


def _noise_density(
    target: MixtureTarget, position: Position, spread: Array, coef: Array, *, all_relative: bool
) -> Callable[[Position], Array]:
    """Return the log density of σ given all else, where it can be without the coefficients."""
    _, scales, _ = target.scales.at(position)
    if all_relative:
        variance = _variance(target, 1.0, scales, spread)[0]
        rss = target.rss + target.response @ _solve(target, variance, target.response)

        def density(p: Position) -> Array:
            sigma, _, log_prior = target.scales.at(p)
            return log_noise_likelihood(target.power, rss, sigma) + log_prior
    else:
        rss = target.rss_at(coef)

        def density(p: Position) -> Array:
            sigma, _, log_prior = target.scales.at(p)
            variance = _variance(target, sigma, scales, spread)[0]
            return log_noise_likelihood(target.power, rss, sigma) + log_prior + _log_normal(coef, variance)

    return density


def _solve(target: MixtureTarget, variance: Array, right: Array) -> Array:
    """Solve (I + R·diag(variance)·R')x = right."""
    system = (target.root * variance) @ target.root.T
    system = system.at[jnp.diag_indices(system.shape[0])].add(1.0)
    factor = jax.scipy.linalg.cho_factor(system, lower=True)
    return jax.scipy.linalg.cho_solve(factor, right)


def _draw_coefs(key: Any, target: MixtureTarget, sigma: Array, variance: Array) -> Array:
    """Draw the coefficients given σ and their variances, by a system as large as the rank of X."""
    key_prior, key_noise = jax.random.split(key)
    prior = jnp.sqrt(variance) * jax.random.normal(key_prior, variance.shape, dtype=variance.dtype)
    noise = jax.random.normal(key_noise, target.response.shape, dtype=variance.dtype)
    missing = (target.response - target.root @ prior) / sigma - noise
    weights = _solve(target, variance / sigma**2, missing)
    return prior + variance * (target.root.T @ weights) / sigma


def _move(key: Any, position: Position, name: str, density: Callable[[Position], Array]) -> Position:
    """Draw one coordinate by slice sampling (Neal 2003, doi:10.1214/aos/1056562461)."""

    def at(x: Array) -> Array:
        return density({**position, name: x})

    return {**position, name: slice_draw(key, position[name], at)}


def slice_draw(key: Any, x: Array, log_density: Callable[[Array], Array]) -> Array:
    """Move a number so that its density is left as it is: stepping out in steps of 1, then shrinking."""
    key_height, key_place, key_limit, key = jax.random.split(key, 4)
    height = log_density(x) + jnp.log1p(-jax.random.uniform(key_height, dtype=x.dtype))
    left = x - jax.random.uniform(key_place, dtype=x.dtype)
    n_left = jax.random.randint(key_limit, (), 0, _STEPS_OUT)

    def out(end: Array, n: Array, by: float) -> Array:
        def going(carry: tuple[Array, Array]) -> Array:
            return (carry[1] > 0) & (log_density(carry[0]) >= height)

        return lax.while_loop(going, lambda carry: (carry[0] + by, carry[1] - 1), (end, n))[0]

    low, high = out(left, n_left, -1.0), out(left + 1.0, _STEPS_OUT - 1 - n_left, 1.0)

    def outside(carry: tuple[Any, Array, Array, Array]) -> Array:
        return ~(log_density(carry[3]) >= height)

    def shrink(carry: tuple[Any, Array, Array, Array]) -> tuple[Any, Array, Array, Array]:
        key, low, high, tried = carry
        low, high = jnp.where(tried < x, tried, low), jnp.where(tried < x, high, tried)
        return _within(key, low, high)

    return lax.while_loop(outside, shrink, _within(key, low, high))[3]


def _within(key: Any, low: Array, high: Array) -> tuple[Any, Array, Array, Array]:
    key, now = jax.random.split(key)
    tried = low + (high - low) * jax.random.uniform(now, dtype=low.dtype)
    return key, low, high, tried
