"""The common parts of sampled densities: σ and prior scales on the whole line, and the coefficients' prior."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...model.problem import Rates
from ...priors.law import Law
from ...priors.scales import SCALE_NAMES

Position = dict[str, Array]

NOWHERE = 1e300  # stands for a missing upper end


class Values(NamedTuple):
    """A position in its natural units."""

    coef: Float[Any, " q"]
    nuisance: dict[str, Any]
    scales: dict[str, Any]

    @property
    def noise_scale(self) -> Any:
        """σ, the unit of scales relative to the noise; 1 if the likelihood has none."""
        return self.nuisance.get("noise_scale", np.ones(()))


class Target(Protocol):
    """A log density for a sampler: a pytree of arrays, so that new data need no new program."""

    @property
    def scales(self) -> "Scales":
        """The coordinates of σ and the prior's scales."""

    def start(self, key: Any) -> Position:
        """Draw a position to start from."""

    def natural(self, position: Position) -> Values:
        """Turn sampler coordinates into coefficients, σ and prior scales."""

    def log_density(self, position: Position) -> Array:
        """Evaluate the log posterior density of a position, up to a constant."""


@final
@jax.tree_util.register_pytree_node_class
class Density:
    """A NumPyro distribution as a pytree whose leaves are sorted by name.

    NumPyro's own order is that of a set of names, and differs between processes. With it no
    checkpoint could be compared, and no program could be found again in a cache on disk.
    """

    def __init__(self, distribution: Any) -> None:
        self.distribution = distribution
        # Kept, because each call of a program asks for it twice.
        self._flat: tuple[list[Any], tuple[type, Any]] | None = None

    def tree_flatten(self) -> tuple[list[Any], tuple[type, Any]]:
        """Return the parameters, sorted by name, and the structure of the distribution."""
        if self._flat is None:
            self._flat = self._flattened()
        return self._flat

    def _flattened(self) -> tuple[list[Any], tuple[type, Any]]:
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
        """The names of the distribution's class and of its inner classes."""
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
    low: Any = 0.0  # the bounds of a part of the posterior
    high: Any = NOWHERE

    def at(self, u: Array) -> tuple[Array, Array]:
        """Return the quantity, and the log prior density of u."""
        unconstrained = self.offset + self.step * u
        to_natural = self._to_natural
        value = to_natural(unconstrained)
        jacobian = to_natural.log_abs_det_jacobian(unconstrained, value)
        log_density = self.prior.distribution.log_prob(value) + jacobian
        return value, jnp.where((value >= self.low) & (value < self.high), log_density, -jnp.inf)

    @property
    def middle(self) -> Any:
        """The quantity at u = 0."""
        return self._to_natural(np.asarray(self.offset))

    @property
    def _to_natural(self) -> Any:
        from numpyro.distributions import biject_to

        return biject_to(self.prior.distribution.support)


class Scales(NamedTuple):
    """Nuisance parameters and the prior's scales: the known ones, and the coordinates of the sampled ones."""

    known: dict[str, Any]
    sampled: dict[str, Coordinate]

    def start(self, key: Any) -> Position:
        """Draw a position near the middle."""
        keys = jax.random.split(key, max(len(self.sampled), 1))
        return {
            name: 0.5 * jax.random.normal(key, dtype=jnp.float64)
            for name, key in zip(self.sampled, keys, strict=False)
        }

    @property
    def middle(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Nuisance parameters and sampled prior scales where all coordinates are 0. No density is evaluated."""
        middle = {name: coordinate.middle for name, coordinate in self.sampled.items()}
        scales = {name: middle.pop(name) for name in SCALE_NAMES if name in middle}
        return self.known | middle, scales

    def at(self, position: Position) -> tuple[dict[str, Array], dict[str, Array], Array]:
        """Return nuisance parameters, sampled prior scales, and the log prior density of all sampled ones."""
        nuisance, log_prior = dict(self.known), jnp.zeros(())
        scales: dict[str, Array] = {}
        for name, coordinate in self.sampled.items():
            values = scales if name in SCALE_NAMES else nuisance
            values[name], one = coordinate.at(position[name])
            log_prior += one
        return nuisance, scales, log_prior

    def with_noise(self, position: Position) -> tuple[Array, dict[str, Array], Array]:
        """Return the same under a Gaussian likelihood, with σ for the nuisance parameters."""
        nuisance, scales, log_prior = self.at(position)
        return nuisance["noise_scale"], scales, log_prior


class CoefPrior(NamedTuple):
    """The prior of coefficients, given by their rates 1/b and 1/τ², which are not both 0."""

    l1: Float[Any, " q"]  # at σ = 1 if it is relative, at scale 1 if the scale is sampled
    l2: Float[Any, " q"]
    relative: Float[Any, " q"]  # 1 if the scale is in units of σ
    follows: Float[Any, " q"]  # 1 if a sampled scale belongs to this coefficient
    log_norm: Float[Any, " q"]  # log of the normaliser at l1 and l2
    of: "Fixed"  # the law

    @classmethod
    def at(cls, rates: Rates, follows: Any, law: Law) -> "CoefPrior":
        """Return the prior with these rates. If both rates are 0, its normaliser has no meaning."""
        log_norm = law.log_normaliser(rates.l1, rates.l2)
        return cls(*rates, follows, np.where(np.isfinite(log_norm), log_norm, 0.0), Fixed(law))

    @property
    def law(self) -> Law:
        """The density of a coefficient."""
        return self.of.law

    def rates(self, noise_scale: Any, scales: dict[str, Any]) -> tuple[Array, Array]:
        """Return 1/b and 1/τ² at a noise scale and at sampled prior scales."""
        return Rates(self.l1, self.l2, self.relative).at(noise_scale, self.follows, scales)

    def log_normalisers(self, noise_scale: Any, scales: dict[str, Any]) -> Array:
        """Return the log normaliser of each coefficient, at a noise scale and at sampled prior scales.

        A common factor of b and τ is a factor of the normaliser. So it is evaluated again only if b or τ alone is
        sampled.
        """
        if not set(scales) <= {"prior_scale"}:
            return self.law.log_normaliser(*self.rates(noise_scale, scales))
        log_unit = jnp.where(self.relative > 0, jnp.log(noise_scale), 0.0)
        return (
            self.log_norm
            + log_unit
            + jnp.where(self.follows > 0, jnp.log(scales.get("prior_scale", 1.0)), 0.0)
        )

    def log_density(self, coef: Array, noise_scale: Any, scales: dict[str, Any]) -> Array:
        """Evaluate the log density of each coefficient."""
        log_norm = self.log_normalisers(noise_scale, scales)
        return jnp.asarray(self.law.log_density(coef, *self.rates(noise_scale, scales), log_norm))


@final
@jax.tree_util.register_static
@dataclass(frozen=True)
class Fixed:
    """A static part of a compiled program, not an argument."""

    law: Law


def log_noise_likelihood(power: Array, rss: Array, noise_scale: Array) -> Array:
    """Evaluate −power·log σ − ½ RSS/σ²."""
    return -power * jnp.log(noise_scale) - 0.5 * rss / noise_scale**2
