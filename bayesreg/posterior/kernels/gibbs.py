"""A blocked Gibbs sampler of the scale mixture: no gradient, no tuning, every block exact.

It draws the coefficients together given their variances (Bhattacharya, Chakraborty and
Mallick 2016, doi:10.1093/biomet/asw042). It draws the variances given the coefficients, and σ with the
coefficients integrated out (Rajaratnam, Sparks, Khare and Zhang 2019,
doi:10.1080/10618600.2019.1573686). Scales may be relative to the noise or absolute.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from ..targets.density import Position, Values, log_noise_likelihood
from ..targets.mixture import MixtureTarget
from .chains import Program, Record, compiled

Relative = Literal["all", "none", "some"]

_MOST_TRIES = 100
_STEPS_OUT, _WIDTH = 64, 3.0  # of a coordinate whose sd is about 1, or more if σ is hardly known


class _State(NamedTuple):
    key: Any
    position: Position  # of σ and the prior's scales
    coef: Float[Array, " q"]
    failed: Array  # whether float64 could not draw the coefficients; then they stay


@lru_cache(maxsize=3)
def gibbs_program(relative: Relative) -> Program:
    """Return the sampler.

    Parameters
    ----------
    relative : "all", "none" or "some"
        Which of the scales are in units of σ.

    Returns
    -------
    Program
    """

    def start(key: Any, position: Position, target: MixtureTarget) -> _State:
        coef = target.natural(position).coef
        here = {name: position[name] for name in target.scales.sampled}
        return _State(key, here, coef, jnp.zeros((), dtype=bool))

    def step(state: _State, target: MixtureTarget) -> _State:
        key, key_mixing, key_noise, key_coef, *keys = jax.random.split(
            state.key, 4 + 3 * len(target.scales.sampled)
        )
        position, names = (
            dict(state.position),
            [name for name in target.scales.sampled if name != "noise_scale"],
        )
        # Each scale moves twice, given the coefficients and given e (Yu and Meng 2011): one alone is slow.
        for name in names:
            position = _move(
                keys.pop(), position, name, lambda p: _density_given_coefs(target, p, state.coef)
            )
        sigma, scales, _ = target.scales.with_noise(position)
        rates = target.prior.rates(sigma, scales)
        mixing = target.law.draw_mixing(key_mixing, state.coef, *rates)
        for name in names:
            position = _move(keys.pop(), position, name, lambda p: _density_given_mixing(target, p, mixing))
        scales = target.scales.with_noise(position)[1]
        system = _system(target, scales, mixing, relative)
        if "noise_scale" in target.scales.sampled:
            position = _move(key_noise, position, "noise_scale", lambda p: _noise_density(target, p, system))
            if relative != "none":
                for name in names:
                    position = _trade(keys.pop(), target, position, name, mixing)
        sigma, scales, _ = target.scales.with_noise(position)
        variance = target.mixed(sigma, scales, mixing)[0]
        if names:  # the scales may have moved since
            system = _System(_covariance(target, variance), None)
        factor = system.factor(sigma)
        coef = _draw_coefs(key_coef, target, sigma, variance, factor)
        drawn = jnp.all(jnp.isfinite(coef))
        return _State(key, position, jnp.where(drawn, coef, state.coef), ~drawn)

    def record(state: _State, target: MixtureTarget) -> Record:
        sigma, scales, _ = target.scales.with_noise(state.position)
        return Record(Values(state.coef, {"noise_scale": sigma}, scales), {"diverging": state.failed})

    return compiled(start, step, record)


def _density_given_coefs(target: MixtureTarget, position: Position, coef: Array) -> Array:
    """Evaluate the log density of the prior's scales given the coefficients, with e integrated out."""
    sigma, scales, log_prior = target.scales.with_noise(position)
    return log_prior + jnp.sum(target.prior.log_density(coef, sigma, scales))


def _density_given_mixing(target: MixtureTarget, position: Position, mixing: Array) -> Array:
    """Evaluate the log density of the prior's scales and σ given e, with the coefficients integrated out."""
    sigma, scales, log_prior = target.scales.with_noise(position)
    variance, log_weight = target.mixed(sigma, scales, mixing)
    factor = _System(_covariance(target, variance), None).factor(sigma)
    return log_prior + jnp.sum(log_weight) + _log_marginal(target, sigma, factor)


def _noise_density(target: MixtureTarget, position: Position, system: "_System") -> Array:
    """Evaluate the same as a function of σ. The density of e does not depend on σ."""
    sigma, _, log_prior = target.scales.with_noise(position)
    return log_prior + _log_marginal(target, sigma, system.factor(sigma))


def _log_marginal(target: MixtureTarget, sigma: Any, factor: Array) -> Array:
    """Evaluate the log likelihood from the Cholesky factor of the response's covariance."""
    left = jax.scipy.linalg.solve_triangular(factor, target.response, lower=True)
    of_response = -0.5 * left @ left - jnp.sum(jnp.log(jnp.diagonal(factor)))
    return log_noise_likelihood(target.power - target.response.size, target.rss, sigma) + of_response


def _covariance(target: MixtureTarget, variance: Array) -> Array:
    return (target.root * variance) @ target.root.T


class _System(NamedTuple):
    """The response's covariance given the variances, with the coefficients integrated out, as a function of σ."""

    fixed: Float[Array, "r r"] | None  # the part that does not depend on σ
    root: Float[Array, "r r"] | None  # a root of the multiplier of σ², if there is no fixed part
    growing: Float[Array, "r r"] | None = None  # the multiplier of σ² beside a fixed part; None: I

    def factor(self, noise_scale: Any) -> Array:
        """Return the lower Cholesky factor."""
        if self.fixed is None:
            return noise_scale * self.root
        growing = jnp.eye(self.fixed.shape[0]) if self.growing is None else self.growing
        return jnp.linalg.cholesky(self.fixed + noise_scale**2 * growing)


def _system(target: MixtureTarget, scales: dict[str, Array], mixing: Array, relative: Relative) -> _System:
    at_one = target.mixed(1.0, scales, mixing)[0]
    one = jnp.eye(target.response.size)
    if relative == "none":
        return _System(_covariance(target, at_one), None)
    if relative == "all":
        return _System(None, jnp.linalg.cholesky(one + _covariance(target, at_one)))
    grows = target.prior.relative > 0
    fixed = _covariance(target, jnp.where(grows, 0.0, at_one))
    return _System(fixed, None, one + _covariance(target, jnp.where(grows, at_one, 0.0)))


def _draw_coefs(key: Any, target: MixtureTarget, sigma: Array, variance: Array, factor: Array) -> Array:
    """Draw the coefficients given σ and their variances, by a system whose size is the rank of X."""
    key_prior, key_noise = jax.random.split(key)
    prior = jnp.sqrt(variance) * jax.random.normal(key_prior, variance.shape, dtype=variance.dtype)
    noise = sigma * jax.random.normal(key_noise, target.response.shape, dtype=variance.dtype)
    missing = target.response - target.root @ prior - noise
    return prior + variance * (target.root.T @ jax.scipy.linalg.cho_solve((factor, True), missing))


def _move(key: Any, position: Position, name: str, density: Callable[[Position], Array]) -> Position:
    """Draw one coordinate by slice sampling (Neal 2003, doi:10.1214/aos/1056562461)."""

    def at(x: Array) -> Array:
        return density({**position, name: x})

    return {**position, name: slice_draw(key, position[name], at)}


def _trade(key: Any, target: MixtureTarget, position: Position, name: str, mixing: Array) -> Position:
    """Move σ and a scale in its units, with their product nearly fixed: the coefficients depend only on the product."""
    sampled = target.scales.sampled

    def along(t: Array) -> Position:
        moved = {other: t / sampled[other].step for other in (name, "noise_scale")}
        return {
            **position,
            name: position[name] + moved[name],
            "noise_scale": position["noise_scale"] - moved["noise_scale"],
        }

    return along(slice_draw(key, jnp.zeros(()), lambda t: _density_given_mixing(target, along(t), mixing)))


def slice_draw(key: Any, x: Array, log_density: Callable[[Array], Array]) -> Array:
    """Move a number by slice sampling, which leaves its density invariant: step out, then shrink."""
    key_height, key_place, key_limit, key = jax.random.split(key, 4)
    height = log_density(x) + jnp.log1p(-jax.random.uniform(key_height, dtype=x.dtype))
    left = x - _WIDTH * jax.random.uniform(key_place, dtype=x.dtype)
    n_left = jax.random.randint(key_limit, (), 0, _STEPS_OUT)

    def out(end: Array, n: Array, by: float) -> Array:
        def going(carry: tuple[Array, Array]) -> Array:
            return (carry[1] > 0) & (log_density(carry[0]) >= height)

        return lax.while_loop(going, lambda carry: (carry[0] + by, carry[1] - 1), (end, n))[0]

    low, high = out(left, n_left, -_WIDTH), out(left + _WIDTH, _STEPS_OUT - 1 - n_left, _WIDTH)

    def outside(carry: tuple[Any, Array, Array, Array, Array]) -> Array:
        return ~(log_density(carry[3]) >= height) & (carry[4] < _MOST_TRIES)

    def shrink(carry: tuple[Any, Array, Array, Array, Array]) -> tuple[Any, Array, Array, Array, Array]:
        key, low, high, tried, n = carry
        low, high = jnp.where(tried < x, tried, low), jnp.where(tried < x, high, tried)
        return *_within(key, low, high), n + 1

    _, _, _, tried, n = lax.while_loop(outside, shrink, (*_within(key, low, high), jnp.zeros((), jnp.int64)))
    return jnp.where(n < _MOST_TRIES, tried, x)  # the density may be nan everywhere


def _within(key: Any, low: Array, high: Array) -> tuple[Any, Array, Array, Array]:
    key, now = jax.random.split(key)
    tried = low + (high - low) * jax.random.uniform(now, dtype=low.dtype)
    return key, low, high, tried
