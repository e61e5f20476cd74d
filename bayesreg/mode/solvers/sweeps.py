"""Compiled coordinate descent on a Gram matrix of unit-norm columns."""

from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from ...base.compilation_cache import compiled_by_shape
from .sizes import padded

# XLA updates a short vector in place, and a long one several times slower (184 ns for 512 entries, 73 ns in pieces
# of 128). So a long gradient is cut into pieces; more than eight would take long to compile.
_PIECE, _MOST_PIECES = 128, 8


def first_indices(mask: Bool[Array, " p"], size: int) -> Int[Array, " size"]:
    """Return the indices of the masked entries, then any others. A loop is faster than XLA's cumulative sums."""

    def place(j: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        chosen, count = state
        return chosen.at[jnp.minimum(count, size)].set(j), count + mask[j]

    zero = jnp.zeros((), dtype=jnp.int64)
    return lax.fori_loop(0, mask.size, place, (jnp.zeros(size + 1, dtype=jnp.int64), zero))[0][:size]


def sweep(
    gram: Float[Array, "p p"],
    coef: Float[Array, " p"],
    gradient: Float[Array, " p"],
    l1: Float[Array, " p"],
    inverse_curvature: Float[Array, " p"],
    wanted: Bool[Array, " p"],
    n_sweeps: Array | int,
) -> tuple[Float[Array, " p"], Float[Array, " p"]]:
    """Minimise over each wanted coordinate in turn, `n_sweeps` times.

    Parameters
    ----------
    gram : array (p, p)
        With ones on its diagonal, or zeros for columns that are zero.
    coef, gradient : array (p,)
        Coefficients, and X'r at them.
    l1, inverse_curvature : array (p,)
        The penalty, and 1/(1 + l2).
    wanted : array (p,) of bool
    n_sweeps : int

    Returns
    -------
    coef, gradient
    """
    piece = max(_PIECE, -(-coef.size // _MOST_PIECES))
    cuts = [(first, min(first + piece, coef.size)) for first in range(0, coef.size, piece)]

    def pieces(vector: Array) -> tuple[Array, ...]:
        return tuple(vector[first:last] for first, last in cuts)

    l1s, inverses, masks = pieces(l1), pieces(inverse_curvature), pieces(wanted)
    orders = [first_indices(mask, mask.size) for mask in masks]
    counts = [jnp.sum(mask) for mask in masks]

    def update(k: int, i: Array, state: tuple[tuple[Array, ...], ...]) -> tuple[tuple[Array, ...], ...]:
        coefs, gradients = state
        j = orders[k][i]
        z = gradients[k][j] + coefs[k][j]
        new = jnp.sign(z) * jnp.maximum(jnp.abs(z) - l1s[k][j], 0.0) * inverses[k][j]
        change = new - coefs[k][j]
        row = cuts[k][0] + j
        moved = tuple(
            part - lax.dynamic_slice(gram, (row, first), (1, last - first))[0] * change
            for part, (first, last) in zip(gradients, cuts, strict=True)
        )
        return (*coefs[:k], coefs[k].at[j].set(new), *coefs[k + 1 :]), moved

    def one_sweep(_: Array, state: tuple[tuple[Array, ...], ...]) -> tuple[tuple[Array, ...], ...]:
        for k in range(len(cuts)):
            state = lax.fori_loop(0, counts[k], partial(update, k), state)
        return state

    coefs, gradients = lax.fori_loop(0, n_sweeps, one_sweep, (pieces(coef), pieces(gradient)))
    return jnp.concatenate(coefs), jnp.concatenate(gradients)


def padded_square(matrix: Float[np.ndarray, "q q"]) -> Float[Array, "p p"]:
    """Return a matrix padded with zeros, held by JAX for several calls. Call it inside `float64_on_cpu`."""
    q = len(matrix)
    larger = np.zeros((padded(q), padded(q)))
    larger[:q, :q] = matrix
    return jnp.asarray(larger)


@compiled_by_shape
def sweep_compiled(*arguments: Any) -> tuple[Array, Array]:
    """Call `sweep` in a compiled program."""
    return sweep(*arguments)
