"""Scores of a whole ridge path from one decomposition: leave-one-out, generalised cross-validation, df.

Penalties along the path are ``multiples[k] * l2``. Wherever `l2` is asked for, it has one
positive value for each penalised coefficient, in the order of ``problem.penalised`` and on the
original columns. `standardize` has then been absorbed: leaving a row out does not standardise anew.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any, final

import numpy as np
from jaxtyping import Bool, Float, Int

from ..base.blas import eigh
from ..base.threads import over_ranges, single_threaded_blas
from ..data.least_squares import GRAM_BUDGET, Spectrum
from ..data.rows import RowData
from ..model.problem import Problem

Matrix = Float[np.ndarray, "n p"]
Vector = Float[np.ndarray, " n"]
Path = Float[np.ndarray, " k"]

_EPS = float(np.finfo(float).eps)
_GRAM_ERROR = 10.0 * _EPS  # of a Gram matrix, relative to its largest eigenvalue
_SPECTRUM_TOLERANCE = 1e-9  # of (G + λ)⁻¹ from a Gram matrix, at worst; what is met is 1e-11
_RANK_TOLERANCE = 1e-14  # absolute error of a hat matrix's entries by low rank
CAREFUL = 0.1  # 1 − h below which the subtraction has lost a digit
ALONE = 1e-12  # share of a row outside the flat columns' span that is rounding
_BLOCK_ENTRIES, _FEWEST_ROWS = 2**17, 256  # of a block, so that it stays in cache
_SERIAL_ENTRIES = 2**20  # data smaller than this are not worth threads
_TALL = 16  # times more rows than columns: the pass over rows is most of the work


@final
@dataclass(frozen=True, eq=False)
class LooScores:
    """Leave-one-out scores along a path.

    Attributes
    ----------
    mse : array (k,)
        Σ wᵢeᵢ² / Σw, eᵢ the error at row i of the fit without it.
    standard_errors : array (k,)
        Of `mse`, rows taken for independent: √(Σ wᵢ(eᵢ² − mse)²/Σw / (n − 1)), n the
        number of rows with a positive weight; for equal weights sd(eᵢ²)/√n.
    """

    mse: Path
    standard_errors: Path


def leave_one_out(problem: Problem, data: RowData, l2: Vector, multiples: Path) -> LooScores:
    """Score each penalty of a path by leaving out every row once, exactly and without a refit.

    The error of the fit without row i is eᵢ = rᵢ/(1 − hᵢ), h the diagonal of the map from y to
    fitted values, intercept and flat columns included. Row i leaves with its whole weight; the
    penalty stays. scikit-learn's RidgeCV divides the same sum by n where this divides by Σw.

    Where 1 − hᵢ is small it is the ratio of two sums without cancellation,
    eᵢ = [C⁻¹y]ᵢ/[C⁻¹]ᵢᵢ with C = ZZ' + λI outside the flat columns' span.

    Parameters
    ----------
    problem : Problem
        With a Gaussian prior, resolved from `data`.
    data : RowData
    l2 : array (q,)
        Positive, one for each penalised coefficient.
    multiples : array (k,)
        Positive, in any order.

    Returns
    -------
    LooScores

    Raises
    ------
    ValueError
        Where one row alone determines the intercept or a flat coefficient.

    References
    ----------
    Allen (1974), doi:10.1080/00401706.1974.10489157. Golub, Heath and Wahba (1979),
    doi:10.1080/00401706.1979.10489751.
    """
    if problem.reduced.response_ss == 0.0:
        return LooScores(np.zeros(multiples.size), np.zeros(multiples.size))
    rows = _Rows(problem, data, l2)
    if rows.present.size <= rows.n_directions:
        return _all_by_kernel(rows, multiples)
    moments, risky = _stream(rows, multiples)
    if risky.size == 0:
        return _scores(moments, data)
    if rows.present.size <= rows.n_directions + 1 + risky.size:
        return _all_by_kernel(rows, multiples)
    return _scores(moments + _moments(_risky_errors(rows, risky, multiples), rows.weights[risky]), data)


def gcv(problem: Problem, l2: Vector, multiples: Path) -> Path:
    """Score each penalty of a path by generalised cross-validation, n·RSS/(n − df)², with Σw for n.

    Parameters
    ----------
    problem : Problem
        With a Gaussian prior; statistics are enough.
    l2 : array (q,)
        Positive, one for each penalised coefficient.
    multiples : array (k,)
        Positive.

    Returns
    -------
    array (k,)
        In units of y²; infinite where df reaches n.

    References
    ----------
    Golub, Heath and Wahba (1979), doi:10.1080/00401706.1979.10489751.
    """
    unit = _unit(problem, l2)
    spectrum = _seen(_spectrum(problem, unit, multiples.min()))
    values = spectrum.values
    left = multiples[:, None] / (values + multiples[:, None])
    rss = _unpenalised_rss(problem, unit, spectrum) + np.square(left) @ (spectrum.cross**2 / values)
    # n − df in this order, because for n ≤ p it tends to 0 with λ, together with RSS
    df_left = problem.sum_weights - _flat_df(problem) - values.size + left.sum(axis=1)
    score = np.full(multiples.size, np.inf)
    return np.divide(problem.sum_weights * rss, df_left**2, out=score, where=df_left > 0.0)


def effective_df_path(problem: Problem, l2: Vector, multiples: Path) -> Path:
    """Return the effective degrees of freedom Σ d/(d + λ), intercept and flat coefficients included.

    Parameters
    ----------
    problem : Problem
        With a Gaussian prior; statistics are enough.
    l2 : array (q,)
        Positive, one for each penalised coefficient.
    multiples : array (k,)
        Positive.

    Returns
    -------
    array (k,)
    """
    values = _spectrum(problem, _unit(problem, l2), multiples.min()).values
    values = values[values > 0.0]
    return _flat_df(problem) + (values / (values + multiples[:, None])).sum(axis=1)


def _unit(problem: Problem, l2: Vector) -> Vector:
    """Return 1/√l2, and 0 for columns that the data cannot tell from 0."""
    return np.where(problem.reduced.squared_norms > 0.0, 1.0 / np.sqrt(l2), 0.0)


def _flat_df(problem: Problem) -> float:
    return float(problem.centred) + (0 if problem.flat_block is None else problem.flat_block.response.size)


def _eigh(gram: Matrix, smallest: float) -> tuple[Vector, Matrix] | None:
    """Decompose a Gram matrix, or return None where its rounding would show beside the smallest λ."""
    values, vectors = eigh(gram)
    if _GRAM_ERROR * values[-1] > _SPECTRUM_TOLERANCE * (max(values[0], 0.0) + smallest):
        return None
    return np.maximum(values, 0.0), vectors


def _svd(root: Matrix) -> tuple[Vector, Matrix]:
    """Decompose A'A given A: all eigenvalues, those that are rounding as 0.

    The pivoted factor is graded, so that columns of very different size keep their relative
    accuracy (Higham 2000, Linear Algebra Appl. 309, 153).
    """
    from scipy.linalg import qr, svd

    triangle, order = qr(root, mode="r", pivoting=True, check_finite=False)
    diagonal = np.abs(np.diagonal(triangle))
    norms = np.sqrt(np.square(root).sum(axis=0))[order[: diagonal.size]]
    kept = triangle[: diagonal.size][diagonal > norms * max(root.shape) * _EPS]
    left, sizes, _ = svd(kept.T)
    vectors = np.empty_like(left)
    vectors[order] = left
    return np.concatenate([sizes**2, np.zeros(len(left) - sizes.size)]), vectors


def _triangle(blocks: Iterator[Matrix], n_columns: int) -> Matrix:
    """Return R of the QR decomposition of stacked blocks, taken one after the other."""
    from scipy.linalg import qr

    def add(triangle: Matrix, block: Matrix) -> Matrix:
        stacked = np.vstack([triangle, block])
        return qr(stacked, mode="r", overwrite_a=True, check_finite=False)[0][: min(stacked.shape)]

    return reduce(add, blocks, np.zeros((0, n_columns)))


def _spectrum(problem: Problem, unit: Vector, smallest: float) -> Spectrum:
    """Return the spectrum of Z = X·diag(unit), from the Gram matrix of rows where that is good enough."""
    reduced = problem.reduced
    if problem.has_rows and 0 < unit.size <= problem.sum_weights:
        found = _eigh(reduced.gram * unit * unit[:, None], smallest)
        if found is not None:
            return Spectrum(*found, found[1].T @ (unit * reduced.cross))
    return reduced.spectrum(unit)


def _seen(spectrum: Spectrum) -> Spectrum:
    values = spectrum.values
    seen = values > (values.max(initial=0.0) * values.size * _EPS)
    return Spectrum(values[seen], spectrum.vectors[:, seen], spectrum.cross[seen])


def _unpenalised_rss(problem: Problem, unit: Vector, spectrum: Spectrum) -> float:
    """Return the residual sum of squares at λ = 0, exactly 0 where it is rounding."""
    reduced = problem.reduced
    coef = unit * (spectrum.vectors @ (spectrum.cross / spectrum.values))
    rss = float(reduced.residuals(coef[None, :])[1][0])
    return rss if rss > reduced.rss_rounding * reduced.response_ss else 0.0


def _moments(errors: Float[np.ndarray, "m k"], weights: Vector) -> Float[np.ndarray, "2 k"]:
    """Return Σ we² and Σ we⁴; overwrites `errors`."""
    np.square(errors, out=errors)
    second = weights @ errors
    np.square(errors, out=errors)
    return np.stack([second, weights @ errors])


def _scores(moments: Float[np.ndarray, "2 k"], data: RowData) -> LooScores:
    mse, mean_square = moments / data.sum_weights
    spread = np.maximum(mean_square - mse**2, 0.0)
    return LooScores(mse, np.sqrt(spread / (data.n_samples - 1)))


@final
@dataclass(frozen=True)
class _Rows:
    """The rows of a problem in blocks, dense and centred: X is never copied whole."""

    problem: Problem
    data: RowData
    l2: Vector

    @cached_property
    def unit(self) -> Vector:
        """1/√l2 of the penalised columns."""
        return _unit(self.problem, self.l2)

    @property
    def weights(self) -> Vector:
        """Row weights."""
        return self.data.sample_weight

    @cached_property
    def present(self) -> Int[np.ndarray, " m"]:
        """The rows with a positive weight."""
        return np.flatnonzero(self.weights)

    @property
    def n_columns(self) -> int:
        """Number of columns, one for an intercept that has a prior included."""
        return self.problem.rates.l1.size

    @property
    def n_directions(self) -> int:
        """Number of columns, an intercept included in any case."""
        return self.n_columns + self.problem.centred

    def centred(self, rows: Any, out: Matrix | None = None) -> Matrix:
        """Return some rows less the means."""
        return self._read(self.data.X[rows], slice(None), out)

    def centred_columns(self, columns: Int[np.ndarray, " c"]) -> Matrix:
        """Return some columns less their means, of the rows present."""
        inside = columns[columns < self.data.X.shape[1]]
        return self._read(self.data.X[self.present[:, None], inside], columns)

    def _read(self, part: Any, columns: Any, out: Matrix | None = None) -> Matrix:
        """Centre a part of X, dense by now, and append ones where the intercept is a column of its own."""
        means = self.problem.means.x[columns]
        if not isinstance(part, np.ndarray):
            part = part.toarray()
        if out is None:
            out = np.empty((part.shape[0], means.size))
        out[:, part.shape[1] :] = 1.0
        np.subtract(part, means[: part.shape[1]], out=out[:, : part.shape[1]])
        return out

    def response(self, rows: Any) -> Vector:
        """Return y less its mean."""
        return self.data.y[rows] - self.problem.means.y

    def stacked(self, rows: Any) -> Matrix:
        """Return [intercept, flat columns, Z, y] of some rows, times the roots of their weights."""
        X, problem = self.centred(rows), self.problem
        intercept = np.ones((len(X), int(problem.centred)))
        flat = X[:, problem.rates.flat] * self.flat_alive
        parts = [intercept, flat, X[:, problem.penalised] * self.unit, self.response(rows)[:, None]]
        return np.hstack(parts) * np.sqrt(self.weights[rows])[:, None]

    @property
    def flat_alive(self) -> Bool[np.ndarray, " f"]:
        """Which flat columns differ from 0."""
        return self.problem.least_squares.squared_norms[self.problem.rates.flat] > 0.0

    def blocks(self, rows: Any, size: int | None = None) -> Iterator[Any]:
        """Split an index of rows into blocks that stay in cache."""
        size = size or max(_FEWEST_ROWS, 4 * self.n_columns)
        for first in range(0, len(rows), size):
            yield rows[first : first + size]


# Most rows: from the p × p side, in one pass over X.


@final
@dataclass(frozen=True)
class _PathMap:
    """What takes a centred row to its residual and leverage at every λ.

    d/(d + λ) is a Cauchy-like matrix: a few dozen dimensions hold it to rounding, so that
    a row costs p² and not p·k.
    """

    directions: Matrix  # (p, q + r): columns whose squares, weighted by `filters`, are the leverage
    filters: Matrix  # (q + r, s)
    residual: Matrix  # (p, s): columns that, added to y in the last, are the residual
    expand: Float[np.ndarray, "s k"]
    constant_leverage: float  # of the intercept, at weight 1
    smallest: int  # which λ is the smallest


def _path_map(rows: _Rows, multiples: Path) -> _PathMap:
    problem, unit, smallest = rows.problem, rows.unit, float(multiples.min())
    values, vectors = _row_spectrum(rows, smallest)
    scaled = unit[:, None] * vectors / np.sqrt(values + smallest)
    target = scaled.T @ problem.reduced.cross
    # at most 1, and the squares of a row's directions sum to its leverage at the smallest λ: so the
    # tolerance is the leverage's error
    left, expand = _low_rank((values[:, None] + smallest) / (values[:, None] + multiples))
    penalised = _beside_flat(problem, scaled)
    flat, flat_fit = _flat_directions(problem)
    directions = np.hstack([penalised, flat])
    filters = np.zeros((directions.shape[1], left.shape[1] + 1))
    filters[: unit.size, :-1], filters[unit.size :, -1] = left, 1.0
    residual = -np.column_stack([penalised @ (target[:, None] * left), flat_fit])
    intercept = 1.0 / problem.sum_weights if problem.centred else 0.0
    expand = np.vstack([expand, np.ones(multiples.size)])
    return _PathMap(directions, filters, residual, expand, intercept, int(np.argmin(multiples)))


def _row_spectrum(rows: _Rows, smallest: float) -> tuple[Vector, Matrix]:
    """Return eigenvalues and eigenvectors of Z'Z, from the rows where the Gram matrix is too coarse."""
    unit, problem = rows.unit, rows.problem
    found = _eigh(problem.reduced.gram * unit * unit[:, None], smallest)
    if found is not None:
        return found
    basis = _beside_flat(problem, np.diag(unit))

    def weighted(part: Any) -> Matrix:
        return (rows.centred(part) @ basis) * np.sqrt(rows.weights[part])[:, None]

    return _svd(_triangle(map(weighted, rows.blocks(rows.present)), unit.size))


def _beside_flat(problem: Problem, coefs: Float[np.ndarray, "q s"]) -> Float[np.ndarray, "p s"]:
    """Extend directions of the penalised coefficients by what flat ones do beside them."""
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


def _stream(rows: _Rows, multiples: Path) -> tuple[Float[np.ndarray, "2 k"], Int[np.ndarray, " s"]]:
    """Return the moments over rows of low leverage, and the rows left out of them."""
    n, p = rows.weights.size, rows.n_columns
    if n * p <= _SERIAL_ENTRIES or n < _TALL * p:
        results = [_stream_part(rows, _path_map(rows, multiples), range(n))]
    else:
        _ = rows.problem.reduced.gram, rows.problem.reduced.cross  # these on all threads of BLAS
        with single_threaded_blas() as n_threads:
            path = _path_map(rows, multiples)
            results = over_ranges(lambda part: _stream_part(rows, path, part), n, n_threads)
    risky = [index for _, found in results for index in found]
    moments = np.sum([moments for moments, _ in results], axis=0)
    return moments, np.concatenate(risky) if risky else np.zeros(0, int)


def _stream_part(
    rows: _Rows, path: _PathMap, part: range
) -> tuple[Float[np.ndarray, "2 k"], list[Int[np.ndarray, " s"]]]:
    q, k = path.directions.shape[1], path.expand.shape[1]
    size = max(_FEWEST_ROWS, _BLOCK_ENTRIES // (rows.n_columns + k))
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
        moments += _moments(error, weights)
    return moments, risky


# Rows of high leverage, and n ≤ p: from the n × n side, without cancellation.


def _risky_errors(rows: _Rows, risky: Int[np.ndarray, " s"], multiples: Path) -> Float[np.ndarray, "s k"]:
    """Return the errors at some rows; to these the others are no more than their triangular factor."""
    others = np.setdiff1d(rows.present, risky, assume_unique=True)
    own = rows.stacked(risky)
    triangle = _triangle(map(rows.stacked, rows.blocks(others)), own.shape[1])
    everything = np.vstack([triangle, own])
    n_flat = own.shape[1] - rows.unit.size - 1
    flat, Z, y = np.split(everything, [n_flat, own.shape[1] - 1], axis=1)
    errors = _kernel_errors(flat, y[:, 0], Z @ Z.T, lambda: Z.T, multiples, len(triangle), risky)
    return errors / np.sqrt(rows.weights[risky])[:, None]


def _all_by_kernel(rows: _Rows, multiples: Path) -> LooScores:
    """Score from the n × n kernel, X read a few columns at a time."""
    present, problem = rows.present, rows.problem
    if 8 * present.size**2 > GRAM_BUDGET:
        raise MemoryError(
            f"leave-one-out of {present.size} rows in {rows.n_columns} columns needs a matrix of "
            f"{8 * present.size**2:,} bytes, above the budget of {GRAM_BUDGET:,}. Use K-fold cross-validation."
        )
    root = np.sqrt(rows.weights[present])
    penalised = np.flatnonzero(problem.penalised)

    def pieces() -> Iterator[Matrix]:
        of_penalised = np.arange(penalised.size)
        for part in rows.blocks(of_penalised, max(_FEWEST_ROWS, 2 * present.size)):
            yield (rows.centred_columns(penalised[part]) * root[:, None] * rows.unit[part]).T

    kernel = sum((piece.T @ piece for piece in pieces()), np.zeros((present.size, present.size)))
    flat_columns = rows.centred_columns(np.flatnonzero(problem.rates.flat)) * rows.flat_alive
    flat = np.hstack([np.ones((present.size, int(problem.centred))), flat_columns]) * root[:, None]
    y = rows.response(present) * root

    def factor() -> Matrix:
        return _triangle(pieces(), present.size)

    errors = _kernel_errors(flat, y, kernel, factor, multiples, 0, present) / root[:, None]
    return _scores(_moments(errors, rows.weights[present]), rows.data)


def _kernel_errors(
    flat: Float[np.ndarray, "m f"],
    y: Float[np.ndarray, " m"],
    kernel: Float[np.ndarray, "m m"],
    root: Callable[[], Float[np.ndarray, "q m"]],
    multiples: Path,
    first: int,
    numbers: Int[np.ndarray, " s"],
) -> Float[np.ndarray, "s k"]:
    """Return leave-one-out errors at the rows from `first` on, in the scale of weighted rows.

    The kernel is ZZ' = A'A with A the root, asked for only where the kernel is too coarse;
    `numbers` are the rows' own, for the message.
    """
    outside = complement(flat)
    alone = np.square(outside[first:]).sum(axis=1) <= ALONE
    if alone.any():
        raise ValueError(alone_in(int(numbers[np.argmax(alone)]), "choose the scale by gcv"))
    projected = outside.T @ kernel @ outside
    found = _eigh(projected, float(multiples.min())) or _svd(root() @ outside)
    values, basis = found[0], outside @ found[1]
    filters = (values.min() + multiples) / (values[:, None] + multiples)
    own = basis[first:]
    return (own * (y @ basis)) @ filters / (np.square(own) @ filters)


def complement(flat: Float[np.ndarray, "m f"]) -> Float[np.ndarray, "m c"]:
    """Return an orthonormal basis of what is orthogonal to the flat columns."""
    from scipy.linalg import svd

    if flat.shape[1] == 0:
        return np.eye(len(flat))
    norms = np.sqrt(np.square(flat).sum(axis=0))
    left, sizes, _ = svd(flat / np.where(norms > 0.0, norms, 1.0))
    rank = int((sizes > sizes[0] * max(flat.shape) * _EPS).sum())
    return left[:, rank:]


def alone_in(row: int, otherwise: str) -> str:
    """Say that a row cannot be left out, and what to do."""
    return (
        f"row {row} alone determines the intercept or an unpenalised coefficient, so the fit without it is not "
        f"determined and has no leave-one-out error. Give that coefficient a prior, or {otherwise}."
    )
