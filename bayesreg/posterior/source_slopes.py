"""The likelihood's gradient at many draws, in one pass over rows that are read anew, in plain NumPy."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from ..data.sources.blocks import Block
from ..model.source_problem import SourceProblem

DRAWS_AT_ONCE, ROWS_AT_ONCE = 256, 512  # of a part that stays in cache, its temporary arrays too


def slopes_at_draws(problem: SourceProblem, coefs: Float[np.ndarray, "s d"]) -> Float[np.ndarray, "s d"]:
    """Return the gradient of the log likelihood at each draw, in one pass over the rows."""
    moved = problem.moved(coefs)

    def of(blocks: Iterator[Block]) -> Float[np.ndarray, "s d"]:
        total = np.zeros_like(moved)
        for block in blocks:
            for first in range(0, block.y.size, ROWS_AT_ONCE):
                rows = slice(first, first + ROWS_AT_ONCE)
                X, y = block.X[rows], block.y[rows]
                weighted = X * block.weight[rows, None]
                for start in range(0, len(moved), DRAWS_AT_ONCE):
                    some = slice(start, start + DRAWS_AT_ONCE)
                    eta = moved[some] @ X.T
                    if block.offset is not None:
                        eta += block.offset[rows]
                    total[some] -= problem.likelihood.slope_in_sums(eta, y, problem.known) @ weighted
        return total

    found = problem.source.summed(of, problem.layout, "certificate")
    if problem.moves:  # a coefficient moves the intercept of columns less their means, too
        found[:, :-1] += found[:, -1:] * problem.layout.shift
    return found
