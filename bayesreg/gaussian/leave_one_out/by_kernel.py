"""Leave-one-out errors for rows of high leverage, or few rows: n × n matrices, without cancellation."""

from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Float, Int

from ...data.least_squares import GRAM_BUDGET
from ..path_spectrum import Matrix, Path, eigh_if_exact, graded_svd, triangle_of
from .centred_rows import FEWEST_ROWS, CentredRows
from .leverage import complement, refuse_alone


def errors_of_few(
    rows: CentredRows, risky: Int[np.ndarray, " s"], penalties: Path
) -> Float[np.ndarray, "s k"]:
    """Return the errors at some rows. A triangular factor replaces the other rows."""
    others = np.setdiff1d(rows.present, risky, assume_unique=True)
    own = rows.stacked(risky)
    triangle = triangle_of(map(rows.stacked, rows.blocks(others)), own.shape[1])
    everything = np.vstack([triangle, own])
    n_flat = own.shape[1] - rows.unit.size - 1
    flat, Z, y = np.split(everything, [n_flat, own.shape[1] - 1], axis=1)
    errors = _errors_of_kernel(flat, y[:, 0], Z @ Z.T, lambda: Z.T, penalties, len(triangle), risky)
    return errors / np.sqrt(rows.weights[risky])[:, None]


def errors_of_all(rows: CentredRows, penalties: Path) -> Float[np.ndarray, "m k"]:
    """Return the errors at all rows of positive weight, from the n × n kernel. X is read a few columns at a time."""
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
        for part in rows.blocks(of_penalised, max(FEWEST_ROWS, 2 * present.size)):
            yield (rows.centred_columns(penalised[part]) * root[:, None] * rows.unit[part]).T

    kernel = sum((piece.T @ piece for piece in pieces()), np.zeros((present.size, present.size)))
    flat_columns = rows.centred_columns(np.flatnonzero(problem.rates.flat)) * rows.flat_alive
    flat = np.hstack([np.ones((present.size, int(problem.centred))), flat_columns]) * root[:, None]
    y = rows.response(present) * root

    def factor() -> Matrix:
        return triangle_of(pieces(), present.size)

    return _errors_of_kernel(flat, y, kernel, factor, penalties, 0, present) / root[:, None]


def _errors_of_kernel(
    flat: Float[np.ndarray, "m f"],
    y: Float[np.ndarray, " m"],
    kernel: Float[np.ndarray, "m m"],
    root: Callable[[], Float[np.ndarray, "q m"]],
    penalties: Path,
    first: int,
    numbers: Int[np.ndarray, " s"],
) -> Float[np.ndarray, "s k"]:
    """Return leave-one-out errors at the rows from `first` on, in the scale of weighted rows.

    The kernel is ZZ' = A'A with A the root. The root is computed only if the kernel is not accurate
    enough. `numbers` are the row numbers in the message.
    """
    outside = complement(flat)
    refuse_alone(outside[first:], numbers, "choose the scale by gcv")
    projected = outside.T @ kernel @ outside
    found = eigh_if_exact(projected, float(penalties.min())) or graded_svd(root() @ outside)
    values, basis = found[0], outside @ found[1]
    filters = (values.min() + penalties) / (values[:, None] + penalties)
    own = basis[first:]
    return (own * (y @ basis)) @ filters / (np.square(own) @ filters)
