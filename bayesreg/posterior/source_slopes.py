"""The likelihood's gradient at many draws, in one pass over rows that are read anew, in plain NumPy."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from ..data.sources.blocks import Block
from ..model.source_problem import SourceProblem

_SIDE = 512  # draws, and rows, of a part that stays in cache


def slopes_at_draws(problem: SourceProblem, coefs: Float[np.ndarray, "s d"]) -> Float[np.ndarray, "s d"]:
    """Return the gradient of the log likelihood at each draw, in one pass over the rows."""
    moved = problem.moved(coefs)

    def of(blocks: Iterator[Block]) -> Float[np.ndarray, "s d"]:
        total = np.zeros_like(moved)
        for block in blocks:
            for first in range(0, block.y.size, _SIDE):
                rows = slice(first, first + _SIDE)
                X, y, weight = block.X[rows], block.y[rows], block.weight[rows]
                for start in range(0, len(moved), _SIDE):
                    some = slice(start, start + _SIDE)
                    eta = moved[some] @ X.T
                    if block.offset is not None:
                        eta += block.offset[rows]
                    total[some] -= (problem.likelihood.slope(eta, y, problem.known) * weight) @ X
        return total

    found = problem.source.summed(of, problem.layout, "certificate")
    if problem.moves:  # a coefficient moves the intercept of columns less their means, too
        found[:, :-1] += found[:, -1:] * problem.layout.shift
    return found
