"""Leave-one-out errors for more rows than columns: p × p matrices, and one pass over X."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import Float, Int

from ...base.threads import over_ranges, single_threaded_blas
from ...model.problem import Problem
from ..path_spectrum import Matrix, Path, Vector, graded_svd, spectrum_if_exact, triangle_of
from .centred_rows import FEWEST_ROWS, CentredRows
from .leverage import CAREFUL

_RANK_TOLERANCE = 1e-14  # absolute error that the low rank causes in a hat matrix's entries
_BLOCK_ENTRIES = 2**17  # entries of a block, so that it stays in cache
_SERIAL_ENTRIES = 2**20  # data smaller than this are not worth threads
_TALL = 16  # rows per column from which the pass over rows is most of the work


@final
@dataclass(frozen=True)
class _PathMap:
    """The map from a centred row to its residual and leverage at every λ.

    d/(d + λ) is a Cauchy-like matrix: a few dozen dimensions represent it up to rounding. So
    a row costs p² operations and not p·k.
    """

    directions: Matrix  # (p, q + r): squares along these columns, weighted by `filters`, are the leverage
    filters: Matrix  # (q + r, s)
    residual: Matrix  # (p, s): these columns, with y added to the last, give the residual
    expand: Float[np.ndarray, "s k"]
    constant_leverage: float  # of the intercept, for a row of weight 1
    smallest: int  # position of the smallest λ


def _path_map(rows: CentredRows, penalties: Path) -> _PathMap:
    problem, unit, smallest = rows.problem, rows.unit, float(penalties.min())
    values, vectors = _row_spectrum(rows, smallest)
    scaled = unit[:, None] * vectors / np.sqrt(values + smallest)
    target = scaled.T @ problem.reduced.cross
    # These numbers are at most 1, and the squares along a row's directions sum to its leverage at the smallest λ.
    # So the tolerance bounds the leverage's error.
    left, expand = _low_rank((values[:, None] + smallest) / (values[:, None] + penalties))
    penalised = _beside_flat(problem, scaled)
    flat, flat_fit = _flat_directions(problem)
    directions = np.hstack([penalised, flat])
    filters = np.zeros((directions.shape[1], left.shape[1] + 1))
    filters[: unit.size, :-1], filters[unit.size :, -1] = left, 1.0
    residual = -np.column_stack([penalised @ (target[:, None] * left), flat_fit])
    intercept = 1.0 / problem.sum_weights if problem.centred else 0.0
    expand = np.vstack([expand, np.ones(penalties.size)])
    return _PathMap(directions, filters, residual, expand, intercept, int(np.argmin(penalties)))


def _row_spectrum(rows: CentredRows, smallest: float) -> tuple[Vector, Matrix]:
    """Return eigenvalues and eigenvectors of Z'Z: from the rows if the Gram matrix is not accurate enough."""
    unit, problem = rows.unit, rows.problem
    found = spectrum_if_exact(problem.reduced.statistics, unit, smallest)
    if found is not None:
        return found.values, found.vectors
    basis = _beside_flat(problem, np.diag(unit))

    def weighted(part: Any) -> Matrix:
        return (rows.centred(part) @ basis) * np.sqrt(rows.weights[part])[:, None]

    return graded_svd(triangle_of(map(weighted, rows.blocks(rows.present)), unit.size))


def _beside_flat(problem: Problem, coefs: Float[np.ndarray, "q s"]) -> Float[np.ndarray, "p s"]:
    """Extend directions of the penalised coefficients by the flat coefficients that go with them."""
    full = np.zeros((problem.rates.l1.size, coefs.shape[1]))
    full[problem.penalised] = coefs
    if problem.flat_block is not None:
        full[problem.rates.flat] = -problem.flat_block.to_coef @ (problem.flat_block.cross @ coefs)
    return full


def _flat_directions(problem: Problem) -> tuple[Float[np.ndarray, "p r"], Float[np.ndarray, " p"]]:
    """Return an orthonormal basis of the flat columns and their own fit, as coefficients."""
    p, block = problem.rates.l1.size, problem.flat_block
    if block is None:
        return np.zeros((p, 0)), np.zeros(p)
    basis = np.zeros((p, block.response.size))
    basis[problem.rates.flat] = block.to_coef
    return basis, basis @ block.response


def _low_rank(matrix: Float[np.ndarray, "q k"]) -> tuple[Float[np.ndarray, "q r"], Float[np.ndarray, "r k"]]:
    from scipy.linalg import svd

    left, sizes, right = svd(matrix, full_matrices=False)
    rank = max(1, int((sizes > _RANK_TOLERANCE).sum()))
    return left[:, :rank], sizes[:rank, None] * right[:rank]


def stream(rows: CentredRows, penalties: Path) -> tuple[Float[np.ndarray, "2 k"], Int[np.ndarray, " s"]]:
    """Return the moments over rows of low leverage, and the positions of the other rows."""
    n, p = rows.weights.size, rows.n_columns
    if n * p <= _SERIAL_ENTRIES or n < _TALL * p:
        results = [_stream_part(rows, _path_map(rows, penalties), range(n))]
    else:
        _ = rows.problem.reduced.gram, rows.problem.reduced.cross  # computed here by all threads of BLAS
        with single_threaded_blas() as n_threads:
            path = _path_map(rows, penalties)
            results = over_ranges(lambda part: _stream_part(rows, path, part), n, n_threads)
    risky = [index for _, found in results for index in found]
    moments = np.sum([moments for moments, _ in results], axis=0)
    return moments, np.concatenate(risky) if risky else np.zeros(0, int)


def _stream_part(
    rows: CentredRows, path: _PathMap, part: range
) -> tuple[Float[np.ndarray, "2 k"], list[Int[np.ndarray, " s"]]]:
    q, k = path.directions.shape[1], path.expand.shape[1]
    size = max(FEWEST_ROWS, _BLOCK_ENTRIES // (rows.n_columns + k))
    maps = np.hstack([path.directions, path.residual])
    X, images = np.empty((size, rows.n_columns)), np.empty((size, maps.shape[1]))
    residuals, left = np.empty((size, k)), np.empty((size, k))
    moments, risky = np.zeros((2, k)), []
    for first in range(part.start, part.stop, size):
        block = slice(first, min(first + size, part.stop))
        m, weights = block.stop - block.start, rows.weights[block]
        image = np.matmul(rows.centred(block, out=X[:m]), maps, out=images[:m])
        image[:, -1] += rows.response(block)
        error = np.matmul(image[:, q:], path.expand, out=residuals[:m])
        square = np.square(image[:, :q], out=image[:, :q])
        leverage = square @ path.filters
        leverage[:, -1] += path.constant_leverage
        leverage *= -weights[:, None]
        leverage[:, -1] += 1.0
        one_minus_h = np.matmul(leverage, path.expand, out=left[:m])
        lost = np.flatnonzero(one_minus_h[:, path.smallest] < CAREFUL)  # h falls with λ
        if lost.size:
            risky.append(first + lost)
            error[lost], one_minus_h[lost] = 0.0, 1.0
        error /= one_minus_h
        moments += moments_of(error, weights)
    return moments, risky


def moments_of(errors: Float[np.ndarray, "m k"], weights: Vector) -> Float[np.ndarray, "2 k"]:
    """Return Σ we² and Σ we⁴. This overwrites `errors`."""
    np.square(errors, out=errors)
    second = weights @ errors
    np.square(errors, out=errors)
    return np.stack([second, weights @ errors])
