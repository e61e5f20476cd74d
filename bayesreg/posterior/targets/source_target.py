"""A target on rows that are read anew at each pass: the densities of all positions are evaluated in one pass."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...base.compilation_cache import compiled_by_shape
from ...base.jax_context import float64_on_cpu
from ...data.sources.blocks import Block
from ...model.source_problem import SourceProblem
from .density import Position, Scales, Values
from .rows import Traced

_AT_ONCE = 1024  # positions, of which there is a multiple


class SourceTarget(NamedTuple):
    """The reported coefficients are reference + transform·z. Its density is not known to a sampler."""

    reference: Float[Any, " d"]
    transform: Float[Any, "d d"]
    scales: Scales

    def start(self, key: Array) -> Position:
        """Draw a position to start from."""
        return {"coef": jax.random.normal(key, self.reference.shape, dtype=jnp.float64)}

    def natural(self, position: Position) -> Values:
        """Turn sampler coordinates into coefficients."""
        return Values(self.reference + self.transform @ position["coef"], dict(self.scales.known), {})


@compiled_by_shape
def _log_likelihoods(rows: Any, coefs: Any, nuisance: Any, of: Traced) -> Array:
    """Evaluate the log likelihood of some rows at some coefficients."""
    columns, y, weight, offset = rows
    log_prob: Array = of.likelihood.log_prob(coefs @ columns + offset, y, nuisance)
    return jnp.sum(weight * log_prob, axis=1)  # computed with the logarithms; a product is three times slower


def log_densities(
    problem: SourceProblem, moved: Float[np.ndarray, "m d"], what: str
) -> Float[np.ndarray, " m"]:
    """Evaluate the log posterior density at many coefficients, up to a constant, in one pass over the rows.

    Parameters
    ----------
    problem : SourceProblem
    moved : array (m, d)
        Coefficients of the columns as the problem moves them; m is a multiple of 1,024.
    what : str
        What the pass is for.
    """
    parts = moved.reshape(-1, _AT_ONCE, moved.shape[1])
    of_likelihood = Traced(problem.likelihood)
    nuisance = {name: np.float64(value) for name, value in problem.known.items()}

    def of(blocks: Iterator[Block]) -> Float[np.ndarray, " m"]:
        total, n_rows = np.zeros(parts.shape[:2]), 0
        with float64_on_cpu():
            for block in blocks:
                n_rows = max(n_rows, block.y.size)
                rows = _filled_up(block, n_rows)
                for k, coefs in enumerate(parts):
                    total[k] += np.asarray(_log_likelihoods(rows, coefs, nuisance, of_likelihood))
        return total.ravel()

    held, (l1, l2, _) = problem.penalised, problem.rates
    norm = problem.law.log_normaliser(l1[held], l2[held])
    of_prior = problem.law.log_density(moved[:, held], l1[held], l2[held], norm).sum(axis=1)
    found: Float[np.ndarray, " m"] = problem.source.summed(of, problem.layout, what) + of_prior
    return found


def _filled_up(block: Block, n_rows: int) -> tuple[Any, ...]:
    """Return columns, response, weight and offset of a block, with rows of weight 0 up to a number of rows."""
    m = block.y.size
    offset = np.zeros(m) if block.offset is None else block.offset
    if m == n_rows:
        return np.ascontiguousarray(block.X.T), block.y, block.weight, offset
    rows = np.minimum(np.arange(n_rows), m - 1)
    weight = np.append(block.weight, np.zeros(n_rows - m))
    return np.ascontiguousarray(block.X.T[:, rows]), block.y[rows], weight, offset[rows]
