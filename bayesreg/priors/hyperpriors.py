"""Log densities, with derivatives, of priors on one positive number: σ or a scale."""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from ..base.jax_context import float64_on_cpu
from .scales import bounds

LogDensity = Callable[[Any], tuple[Any, Any]]  # it takes an array of any shape, and works element by element

_AT_ONCE = 128  # values per call: one compiled program serves any number of values


def log_density(distribution: Any) -> LogDensity:
    """Return the log density of a NumPyro distribution and its derivative, as one function.

    Parameters
    ----------
    distribution : NumPyro distribution
        On positive numbers. An improper one has density 1.

    Returns
    -------
    callable (values) -> (log densities, derivatives)
        Outside of the support the log density is −inf and its derivative 0.
    """
    closed_form = _CLOSED_FORMS.get(type(distribution).__qualname__)
    if closed_form is not None and type(distribution).__module__.startswith("numpyro."):
        return closed_form(distribution)
    return _from_distribution(distribution)


def half_student_t(df: float, scale: float) -> LogDensity:
    """Return the log density of |t|·scale and its derivative; t is Student's with `df` degrees of freedom."""
    constant = (
        math.lgamma(0.5 * (df + 1))
        - math.lgamma(0.5 * df)
        - 0.5 * math.log(df * math.pi)
        + math.log(2.0 / scale)
    )

    def evaluate(value: Any) -> tuple[Any, Any]:
        z = (value / scale) ** 2 / df
        return constant - 0.5 * (df + 1) * np.log1p(z), -(df + 1) * z / (value * (1 + z))

    return evaluate


def _half_normal(distribution: Any) -> LogDensity:
    scale = float(distribution.scale)
    constant = 0.5 * math.log(2.0 / math.pi) - math.log(scale)
    return lambda value: (constant - 0.5 * (value / scale) ** 2, -value / scale**2)


def _half_cauchy(distribution: Any) -> LogDensity:
    scale = float(distribution.scale)
    constant = math.log(2.0 / (math.pi * scale))
    return lambda value: (
        constant - np.log1p((value / scale) ** 2),
        -2.0 * value / (scale**2 + value**2),
    )


def _exponential(distribution: Any) -> LogDensity:
    rate = float(distribution.rate)
    constant = math.log(rate)
    return lambda value: (constant - rate * value, np.full(np.shape(value), -rate)[()])


def _log_normal(distribution: Any) -> LogDensity:
    loc, scale = float(distribution.loc), float(distribution.scale)
    constant = -0.5 * math.log(2.0 * math.pi) - math.log(scale)

    def evaluate(value: Any) -> tuple[Any, Any]:
        z = (np.log(value) - loc) / scale
        return constant - 0.5 * z**2 - np.log(value), -(z / scale + 1.0) / value

    return evaluate


def _gamma(distribution: Any) -> LogDensity:
    shape, rate = float(distribution.concentration), float(distribution.rate)
    constant = shape * math.log(rate) - math.lgamma(shape)
    return lambda value: (
        constant + (shape - 1.0) * np.log(value) - rate * value,
        (shape - 1.0) / value - rate,
    )


# Evaluated dozens of times: compiled calls would take most of the time of a small problem.
_CLOSED_FORMS: dict[str, Callable[[Any], LogDensity]] = {
    "HalfNormal": _half_normal,
    "HalfCauchy": _half_cauchy,
    "Exponential": _exponential,
    "LogNormal": _log_normal,
    "Gamma": _gamma,
}


@lru_cache(maxsize=1)
def _value_and_derivative() -> Callable[..., Any]:
    """Compile once for each family of distributions: its parameters are arguments."""
    import jax
    import jax.numpy as jnp

    def total(sigma: Any, prior: Any) -> tuple[Any, Any]:
        values = prior.log_prob(sigma)
        return jnp.sum(values), values

    def evaluate(sigma: Any, prior: Any) -> tuple[Any, Any]:
        derivatives, values = jax.grad(total, has_aux=True)(sigma, prior)
        return values, derivatives

    return jax.jit(evaluate)


def _from_distribution(distribution: Any) -> LogDensity:
    """Evaluate any distribution by NumPyro."""
    import jax
    import jax.numpy as jnp

    low, high = bounds(distribution)
    with float64_on_cpu():
        prior = jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype=jnp.float64), distribution)

    def guarded(value: Any) -> tuple[Any, Any]:
        shape, flat = np.shape(value), np.ravel(value)
        inside = (low <= flat) & (flat <= high)
        values, derivatives = np.full(flat.size, -np.inf), np.zeros(flat.size)
        wanted = flat[inside]
        if wanted.size:
            values[inside], derivatives[inside] = evaluate(wanted)
        return values.reshape(shape)[()], derivatives.reshape(shape)[()]

    def evaluate(sigma: Any) -> tuple[Any, Any]:
        whole = -(-sigma.size // _AT_ONCE) * _AT_ONCE
        blocks = np.pad(sigma, (0, whole - sigma.size), mode="edge").reshape(-1, _AT_ONCE)
        with float64_on_cpu():
            parts = [_value_and_derivative()(block, prior) for block in blocks]
        values, derivatives = (
            np.concatenate([np.asarray(v) for v in column]) for column in zip(*parts, strict=True)
        )
        return values[: sigma.size], derivatives[: sigma.size]

    return guarded
