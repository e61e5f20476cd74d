"""What every sampled density is made of: σ and prior scales on the whole line, and the coefficients' prior."""

from typing import Any, NamedTuple, Protocol, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...priors.elastic_net import elastic_net_log_normaliser

Position = dict[str, Array]

NOWHERE = 1e300  # the end of what has none


class Values(NamedTuple):
    """A position in its natural units."""

    coef: Float[Any, " q"]
    noise_scale: Any
    scales: dict[str, Any]


class Target(Protocol):
    """A log density for a sampler: a pytree of arrays, so that new data need no new program."""

    @property
    def scales(self) -> "Scales":
        """What is known of σ and the prior's scales."""

    def start(self, key: Any) -> Position:
        """Draw a position to start from."""

    def natural(self, position: Position) -> Values:
        """Turn sampler coordinates into coefficients, σ and prior scales."""

    def log_density(self, position: Position) -> Array:
        """Evaluate the log posterior density of a position, up to a constant."""


@final
@jax.tree_util.register_pytree_node_class
class Density:
    """A NumPyro distribution as a pytree whose leaves come in the order of their names.

    NumPyro's own order is that of a set of names, which differs from one process to the next: no
    checkpoint could be compared with it, and no program found again in a cache on disk.
    """

    def __init__(self, distribution: Any) -> None:
        self.distribution = distribution

    def tree_flatten(self) -> tuple[list[Any], tuple[type, Any]]:
        """Return the parameters, sorted by name, and what makes the distribution of them."""
        kind = type(self.distribution)
        parameters, rest = self.distribution.tree_flatten()
        named = dict(zip(kind.gather_pytree_data_fields(), parameters, strict=True))
        return [_as_density(named[name]) for name in sorted(named)], (kind, rest)

    @classmethod
    def tree_unflatten(cls, form: tuple[type, Any], parameters: Any) -> "Density":
        """Return the distribution of these parameters."""
        kind, rest = form
        names = kind.gather_pytree_data_fields()  # type: ignore[attr-defined]
        named = dict(zip(sorted(names), parameters, strict=True))
        ordered = [named[name] for name in names]
        plain = [part.distribution if isinstance(part, Density) else part for part in ordered]
        return cls(kind.tree_unflatten(rest, plain))  # type: ignore[attr-defined]

    @property
    def family(self) -> str:
        """The names of the distribution's classes, inside out."""
        inner = [part.family for part in self.tree_flatten()[0] if isinstance(part, Density)]
        return type(self.distribution).__name__ + (f"({', '.join(inner)})" if inner else "")


def _as_density(part: Any) -> Any:
    from numpyro.distributions import Distribution

    return Density(part) if isinstance(part, Distribution) else part


class Coordinate(NamedTuple):
    """A positive quantity with a prior, sampled as offset + step·u on its unconstrained scale."""

    prior: Density
    offset: Any
    step: Any
    low: Any = 0.0  # what a part of the posterior is held within
    high: Any = NOWHERE

    def at(self, u: Array) -> tuple[Array, Array]:
        """Return the quantity, and the log prior density of u."""
        from numpyro.distributions import biject_to

        unconstrained = self.offset + self.step * u
        to_natural = biject_to(self.prior.distribution.support)
        value = to_natural(unconstrained)
        jacobian = to_natural.log_abs_det_jacobian(unconstrained, value)
        log_density = self.prior.distribution.log_prob(value) + jacobian
        return value, jnp.where((value >= self.low) & (value < self.high), log_density, -jnp.inf)


class Scales(NamedTuple):
    """σ and the prior's scales: what is known, and how the rest is sampled."""

    noise_scale: Any  # None where it is sampled
    sampled: dict[str, Coordinate]

    def start(self, key: Any) -> Position:
        """Draw a position near the middle."""
        keys = jax.random.split(key, max(len(self.sampled), 1))
        return {
            name: 0.5 * jax.random.normal(key, dtype=jnp.float64)
            for name, key in zip(self.sampled, keys, strict=False)
        }

    def at(self, position: Position) -> tuple[Array, dict[str, Array], Array]:
        """Return σ, the sampled prior scales, and the log prior density of their coordinates."""
        values, log_prior = {}, jnp.zeros(())
        for name, coordinate in self.sampled.items():
            values[name], one = coordinate.at(position[name])
            log_prior += one
        sigma = values.pop("noise_scale") if self.noise_scale is None else self.noise_scale
        return sigma, values, log_prior


class CoefPrior(NamedTuple):
    """The prior of coefficients, through their rates 1/b and 1/τ², not both 0."""

    l1: Float[Any, " q"]  # at σ = 1 where relative, at scale 1 where that is sampled
    l2: Float[Any, " q"]
    relative: Float[Any, " q"]  # 1 where the scale is in units of σ
    follows: Float[Any, " q"]  # 1 where a sampled scale is this coefficient's
    log_norm: Float[Any, " q"]  # log of the normaliser at l1 and l2

    @classmethod
    def at(cls, l1: Any, l2: Any, relative: Any, follows: Any) -> "CoefPrior":
        """Return the prior of these rates; where both are 0 its normaliser means nothing."""
        with np.errstate(divide="ignore"):
            log_norm = elastic_net_log_normaliser(1.0 / l1, 1.0 / np.sqrt(l2))
        return cls(l1, l2, relative, follows, np.where(np.isfinite(log_norm), log_norm, 0.0))

    def rates(self, noise_scale: Any, scales: dict[str, Any]) -> tuple[Array, Array]:
        """Return 1/b and 1/τ² at a noise scale and at sampled prior scales."""
        unit = jnp.where(self.relative > 0, noise_scale, 1.0)
        common = scales.get("prior_scale", 1.0)
        b = jnp.where(self.follows > 0, scales.get("laplace_scale", common), 1.0)
        tau = jnp.where(self.follows > 0, scales.get("gaussian_scale", common), 1.0)
        return self.l1 / (unit * b), self.l2 / (unit * tau) ** 2

    def log_normalisers(self, noise_scale: Any, scales: dict[str, Any]) -> Array:
        """Return log ∫ exp(−l1|β| − ½l2β²) dβ of each coefficient, at a noise scale and at sampled prior scales.

        What multiplies b and τ alike multiplies the normaliser, so that erfcx is needed only where one is sampled.
        """
        if not set(scales) <= {"prior_scale"}:
            return log_normaliser(*self.rates(noise_scale, scales))
        log_unit = jnp.where(self.relative > 0, jnp.log(noise_scale), 0.0)
        return (
            self.log_norm
            + log_unit
            + jnp.where(self.follows > 0, jnp.log(scales.get("prior_scale", 1.0)), 0.0)
        )

    def log_density(self, coef: Array, noise_scale: Any, scales: dict[str, Any]) -> Array:
        """Evaluate the log density of each coefficient."""
        l1, l2 = self.rates(noise_scale, scales)
        return -l1 * jnp.abs(coef) - 0.5 * l2 * coef**2 - self.log_normalisers(noise_scale, scales)


def log_coef_prior(coef: Array, l1: Array, l2: Array) -> Array:
    """Evaluate the log density of coefficients whose rates are 1/b = l1 and 1/τ² = l2, not both 0."""
    return -l1 * jnp.abs(coef) - 0.5 * l2 * coef**2 - log_normaliser(l1, l2)


def log_normaliser(l1: Array, l2: Array) -> Array:
    """Evaluate log ∫ exp(−l1|β| − ½l2β²) dβ."""
    has_l2 = l2 > 0.0
    l2_safe, l1_safe = jnp.where(has_l2, l2, 1.0), jnp.where(has_l2, 1.0, l1)
    gaussian = 0.5 * jnp.log(2.0 * jnp.pi / l2_safe) + _log_erfcx(l1 / jnp.sqrt(2.0 * l2_safe))
    return jnp.where(has_l2, gaussian, jnp.log(2.0 / l1_safe))


def _log_erfcx(x: Array) -> Array:
    """Evaluate log(exp(x²)·erfc(x)) for x ≥ 0."""
    near = jnp.minimum(x, 10.0)
    direct = near**2 + jnp.log(2.0) + jax.scipy.special.log_ndtr(-jnp.sqrt(2.0) * near)
    far = jnp.maximum(x, 10.0)
    inverse = 0.5 / far**2  # the asymptotic series: its sixth term is below 1e-11 from x = 10 on
    terms = (1.0, -1.0, 3.0, -15.0, 105.0, -945.0, 10395.0, -135135.0)
    series = sum(term * inverse**k for k, term in enumerate(terms))
    return jnp.where(x < 10.0, direct, jnp.log(series) - jnp.log(far * jnp.sqrt(jnp.pi)))


def log_noise_likelihood(power: Array, rss: Array, noise_scale: Array) -> Array:
    """Evaluate −power·log σ − ½ RSS/σ²."""
    return -power * jnp.log(noise_scale) - 0.5 * rss / noise_scale**2
