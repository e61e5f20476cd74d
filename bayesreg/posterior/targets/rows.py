"""A target for any likelihood: the loss of every row, in coordinates whitened at the mode."""

from dataclasses import fields
from typing import Any, NamedTuple, Self, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...likelihoods.base import Likelihood, Nuisance
from ...model.row_problem import RowProblem
from .density import CoefPrior, Position, Scales, Values
from .reference_point import as_arrays
from .row_reference import RowReference, root_of_inverse

_BLOCK = 4096  # rows whose densities at many positions are held at once


@final
@jax.tree_util.register_pytree_node_class
class Traced:
    """A likelihood as a pytree: its arrays are arguments of a program; its other fields are static parts.

    Nuisance parameters are neither.
    """

    def __init__(self, likelihood: Likelihood) -> None:
        self.likelihood = likelihood

    def tree_flatten(self) -> tuple[list[Any], tuple[Any, ...]]:
        """Return the arrays, and the other parts of the likelihood."""
        one = self.likelihood
        named = {field.name: getattr(one, field.name) for field in fields(one)}  # type: ignore[arg-type]
        arrays = {name: value for name, value in named.items() if isinstance(value, np.ndarray | jax.Array)}
        rest = {k: None if k in one.parameters() else v for k, v in named.items() if k not in arrays}
        return list(arrays.values()), (type(one), tuple(arrays), tuple(rest.items()))

    @classmethod
    def tree_unflatten(cls, form: tuple[Any, ...], arrays: Any) -> Self:
        """Return the likelihood with these arrays. They are not checked again."""
        kind, names, rest = form
        likelihood = object.__new__(kind)
        for name, value in (*zip(names, arrays, strict=True), *rest):
            object.__setattr__(likelihood, name, value)
        return cls(likelihood)


class RowTarget(NamedTuple):
    """coef = reference + transform·z. The intercept is last. Rows may be in k blocks, then (k, m, d) and (k, m)."""

    design: Float[Any, "n d"]
    offset: Float[Any, " n"]
    response: Float[Any, " n"]
    weight: Float[Any, " n"]
    reference: Float[Any, " d"]
    transform: Float[Any, "d d"]
    penalised: Float[Any, " d"]  # 1, or 0 under a flat prior
    prior: CoefPrior
    scales: Scales
    of: Traced

    def start(self, key: Array) -> Position:
        """Draw a position to start from."""
        key_coef, key_rest = jax.random.split(key)
        z = jax.random.normal(key_coef, self.reference.shape, dtype=jnp.float64)
        return {"coef": z, **self.scales.start(key_rest)}

    def natural(self, position: Position) -> Values:
        """Turn sampler coordinates into coefficients, nuisance parameters and prior scales."""
        nuisance, scales, _ = self.scales.at(position)
        return Values(self._coef(position), nuisance, scales)

    @property
    def middle(self) -> Values:
        """The position at which all coordinates are 0."""
        return Values(self.reference, *self.scales.middle)

    @property
    def middle_rates(self) -> tuple[Any, Any]:
        """The rates 1/b and 1/τ² there, by NumPy: JAX would compile a program for each operation."""
        prior, middle = jax.tree.map(np.asarray, (self.prior, self.middle))
        rates: tuple[Any, Any] = prior.rates(middle.noise_scale, middle.scales)
        return rates

    def log_density(self, position: Position) -> Array:
        """Evaluate the log posterior density of a position, up to a constant."""
        nuisance, scales, log_prior = self.scales.at(position)
        coef, sigma = self._coef(position), nuisance.get("noise_scale", 1.0)
        of_coefs = jnp.where(self.penalised > 0.0, self.prior.log_density(coef, sigma, scales), 0.0)
        return self.log_likelihood(coef, nuisance) + jnp.sum(of_coefs) + log_prior

    def log_likelihood(self, coef: Array, nuisance: Nuisance) -> Array:
        """Evaluate the log likelihood of all rows at coefficients."""

        def of(design: Array, offset: Array, response: Array, weight: Array) -> Array:
            # a sum is computed with the logarithms, a product after them: three times slower
            return jnp.sum(weight * self.of.likelihood.log_prob(design @ coef + offset, response, nuisance))

        rows = self.design, self.offset, self.response, self.weight
        if self.design.ndim == 2:
            return of(*rows)
        return jax.lax.scan(lambda total, block: (total + of(*block), None), jnp.zeros(()), rows)[0]

    @property
    def splits(self) -> bool:
        """Whether many positions take little memory: rows are few, or can be split into blocks."""
        return self.design.shape[0] <= _BLOCK or not self.of.likelihood.holds_rows

    def in_blocks(self) -> "RowTarget":
        """Return the same with many rows in blocks, so that many positions take little memory at once."""
        n, d = self.design.shape
        if n <= _BLOCK:
            return self
        missing = -n % _BLOCK

        def blocks(rows: Any, *shape: int) -> Any:
            padded = np.concatenate(
                [np.asarray(rows), np.broadcast_to(np.asarray(rows)[:1], (missing, *shape))]
            )
            return padded.reshape(-1, _BLOCK, *shape)

        weight = np.concatenate([np.asarray(self.weight), np.zeros(missing)]).reshape(-1, _BLOCK)
        return as_arrays(
            self._replace(
                design=blocks(self.design, d),
                offset=blocks(self.offset),
                response=blocks(self.response),
                weight=weight,
            )
        )

    def _coef(self, position: Position) -> Array:
        return self.reference + self.transform @ position["coef"]


def row_target(problem: RowProblem, near: RowReference) -> RowTarget:
    """State a problem's posterior around a point near its mode.

    Parameters
    ----------
    problem : RowProblem
        Of a proper posterior.
    near : RowReference

    Returns
    -------
    RowTarget
        Of float64 arrays.
    """
    offset = problem.data.offset
    return as_arrays(
        RowTarget(
            design=near.design,
            offset=np.zeros(problem.data.y.size) if offset is None else offset,
            response=problem.data.y,
            weight=problem.data.sample_weight,
            reference=near.coef,
            transform=root_of_inverse(near.precision),
            penalised=problem.penalised,
            prior=CoefPrior.at(problem.rates, problem.is_feature, problem.law),
            scales=Scales(dict(problem.known), near.coordinates),
            of=Traced(problem.likelihood),
        )
    )


def data_share(problem: RowProblem, target: RowTarget) -> float:
    """Return the data's share in the precision around the mode, on average over penalised coefficients."""
    held = problem.penalised
    if not held.any():
        return 1.0
    variance = np.square(np.asarray(target.transform)).sum(axis=1)[held]
    return float(1.0 - np.mean(_precision_of_prior(problem, target) * variance))


def narrowest(problem: RowProblem, target: RowTarget) -> float:
    """Return the least sd around the mode of penalised coefficients along any direction, in units of the prior's."""
    held = problem.penalised
    if not held.any():
        return 1.0
    root = np.asarray(target.transform)[held]
    scaled = np.sqrt(_precision_of_prior(problem, target))[:, None] * root
    return float(np.sqrt(np.linalg.eigvalsh(scaled @ scaled.T)[0]))


def _precision_of_prior(problem: RowProblem, target: RowTarget) -> Float[np.ndarray, " k"]:
    l1, l2 = target.middle_rates
    return problem.law.precision(l1, l2, np.asarray(target.reference))[problem.penalised]
