"""Likelihoods: the loss of a row, and what is believed of its nuisance parameter."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, final

import numpy as np

from .jax_context import float64_on_cpu
from .penalty import checked_noise_scale
from .scales import bounds, check_positive_distribution, is_distribution

LogDensity = Callable[[Any], tuple[Any, Any]]  # of numbers in an array of any shape, element by element

_DEGREES_OF_FREEDOM = 4.0
_AT_ONCE = 128  # numbers that a distribution is evaluated at: one compiled program for any more or fewer


@final
@dataclass(frozen=True)
class GaussianLikelihood:
    """Gaussian noise: yᵢ ~ Normal(β₀ + xᵢ'β, σ²).

    Parameters
    ----------
    noise_scale : float or NumPyro distribution, optional
        σ, the standard deviation of the noise in units of y. A float: known. A
        distribution on the positives: the prior on σ itself
        (``ImproperUniform(constraints.positive, (), ())`` is flat on σ). None: a
        half-Student-t prior with 4 degrees of freedom whose scale is the weighted
        standard deviation of y (its root mean square in a model without intercept).
    """

    noise_scale: Any = None

    def __post_init__(self) -> None:
        if self.noise_scale is None:
            return
        if is_distribution(self.noise_scale):
            check_positive_distribution("noise_scale", self.noise_scale)
        else:
            object.__setattr__(self, "noise_scale", checked_noise_scale(self.noise_scale))

    @property
    def known_noise_scale(self) -> float | None:
        """σ where it is known, else None."""
        return self.noise_scale if isinstance(self.noise_scale, float) else None

    def noise_prior(self, response_scale: float) -> Any:
        """Return the prior on σ as a NumPyro distribution.

        Parameters
        ----------
        response_scale : float
            The spread of y that scales the default prior.
        """
        if self.noise_scale is not None:
            return self.noise_scale
        import numpyro.distributions as dist

        return dist.FoldedDistribution(dist.StudentT(_DEGREES_OF_FREEDOM, 0.0, response_scale))

    def noise_bounds(self) -> tuple[float, float]:
        """Return the support of the prior on σ."""
        return (0.0, float("inf")) if self.noise_scale is None else bounds(self.noise_scale)

    def noise_log_prior(self, response_scale: float) -> LogDensity:
        """Return the log prior density of σ and its derivative, up to a constant, as one function.

        Parameters
        ----------
        response_scale : float
            The spread of y that scales the default prior.
        """
        if self.noise_scale is None:
            return _half_student_t(response_scale)
        closed_form = _CLOSED_FORMS.get(type(self.noise_scale).__qualname__)
        if closed_form is not None and type(self.noise_scale).__module__.startswith("numpyro."):
            return closed_form(self.noise_scale)
        return _from_distribution(self.noise_scale)


def _half_student_t(scale: float) -> LogDensity:
    nu = _DEGREES_OF_FREEDOM

    def log_density(sigma: Any) -> tuple[Any, Any]:
        z = (sigma / scale) ** 2 / nu
        return -0.5 * (nu + 1) * np.log1p(z), -(nu + 1) * z / (sigma * (1 + z))

    return log_density


def _half_normal(distribution: Any) -> LogDensity:
    scale = float(distribution.scale)
    return lambda sigma: (-0.5 * (sigma / scale) ** 2, -sigma / scale**2)


def _half_cauchy(distribution: Any) -> LogDensity:
    scale = float(distribution.scale)
    return lambda sigma: (-np.log1p((sigma / scale) ** 2), -2.0 * sigma / (scale**2 + sigma**2))


def _exponential(distribution: Any) -> LogDensity:
    rate = float(distribution.rate)
    return lambda sigma: (-rate * sigma, np.full(np.shape(sigma), -rate)[()])


def _log_normal(distribution: Any) -> LogDensity:
    loc, scale = float(distribution.loc), float(distribution.scale)

    def log_density(sigma: Any) -> tuple[Any, Any]:
        z = (np.log(sigma) - loc) / scale
        return -0.5 * z**2 - np.log(sigma), -(z / scale + 1.0) / sigma

    return log_density


# What a mode of σ asks for dozens of times: a compiled call each would take most of the time of a small problem.
_CLOSED_FORMS: dict[str, Callable[[Any], LogDensity]] = {
    "HalfNormal": _half_normal,
    "HalfCauchy": _half_cauchy,
    "Exponential": _exponential,
    "LogNormal": _log_normal,
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
    import jax
    import jax.numpy as jnp

    low, high = bounds(distribution)
    with float64_on_cpu():
        prior = jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype=jnp.float64), distribution)

    def log_density(sigma: Any) -> tuple[Any, Any]:
        shape, flat = np.shape(sigma), np.ravel(sigma)
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

    return log_density
