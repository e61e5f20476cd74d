"""What every solver needs from the data, whatever their form."""

from typing import NamedTuple, Protocol, Self

import numpy as np
from jaxtyping import Bool, Float

from .flat import FlatBlock

# Relative size below which a centred column, or the rest of one after a projection, is
# rounding: weighted centring leaves 1e-15, and merging blocks a little more.
NULL_AFTER_CENTRING = 1e-13

GRAM_BUDGET = 2**30  # bytes that one p × p matrix may take
SPECTRA = 2  # the number that is kept: of columns in the prior's units, and of columns of unit norm


class Means(NamedTuple):
    """Weighted means that were subtracted. They are 0 if nothing was centred."""

    x: Float[np.ndarray, " p"]
    y: float


class Spectrum(NamedTuple):
    """Eigenvalues d of Z'Z = V·diag(d)·V' in any order, and V'Z'y."""

    values: Float[np.ndarray, " r"]
    vectors: Float[np.ndarray, "q r"]
    cross: Float[np.ndarray, " r"]


class LeastSquares(Protocol):
    """The loss ½‖y − Xβ‖² with weights absorbed and, on request, centred columns."""

    @property
    def gram(self) -> Float[np.ndarray, "p p"]:
        """X'X."""

    @property
    def cross(self) -> Float[np.ndarray, " p"]:
        """X'y."""

    @property
    def response_ss(self) -> float:
        """Y'y."""

    @property
    def squared_norms(self) -> Float[np.ndarray, " p"]:
        """The diagonal of X'X."""

    @property
    def statistics(self) -> "LeastSquares":
        """The same loss as sufficient statistics."""

    @property
    def factor(self) -> Float[np.ndarray, "p p"] | None:
        """The Cholesky factor of X'X on unit-norm columns. None if X'X is large, or loses digits that X has."""

    @property
    def rss_rounding(self) -> float:
        """Residual sum of squares, relative to y'y, that may be only rounding."""

    @property
    def rounding(self) -> float:
        """Relative error of the product of two columns, for bounds on rounding."""

    def residuals(
        self, coefs: Float[np.ndarray, "k p"]
    ) -> tuple[Float[np.ndarray, "k p"], Float[np.ndarray, " k"]]:
        """Return X'r and r'r at r = y − Xβ, for each row β of `coefs`."""

    def spectrum(self, unit: Float[np.ndarray, " p"]) -> Spectrum:
        """Return the spectrum of Z = X·diag(unit)."""

    def zeroed(self, columns: Bool[np.ndarray, " p"]) -> Self:
        """Set columns to 0, so that their coefficients are 0."""

    def without(self, flat: Bool[np.ndarray, " p"]) -> tuple[Self, FlatBlock]:
        """Profile the flat columns out of the others and out of y."""


def told_by_gram(least_squares: LeastSquares) -> bool:
    """Tell whether the Gram matrix is as good as the rows: no columns are nearly collinear, and none is 0."""
    return least_squares.statistics.factor is not None


def relative_rounding(n_samples: int) -> float:
    """Return the relative error of a sum over rows. Errors of blocked sums grow like a random walk."""
    return 8.0 * float(np.sqrt(n_samples)) * float(np.finfo(float).eps)


def matrices_of(n_features: int) -> int:
    """Return how many numbers a loss on p columns may hold: its Gram matrix, a factor, and the spectra."""
    return (2 + SPECTRA) * n_features**2


def check_gram_size(n_features: int) -> None:
    """Refuse a Gram matrix above the budget, before it is allocated.

    Raises
    ------
    MemoryError
        The message says how many bytes it would take.
    """
    size = 8 * n_features**2
    if size > GRAM_BUDGET:
        raise MemoryError(
            f"{n_features} features need a Gram matrix of {size:,} bytes, above the budget of {GRAM_BUDGET:,}. "
            "Select columns first."
        )


def check_dense_size(n_samples: int, n_features: int) -> None:
    """Refuse a dense copy of sparse rows above the budget, before it is allocated.

    Raises
    ------
    MemoryError
        The message says how many bytes it would take.
    """
    size = 8 * n_samples * n_features
    if size > GRAM_BUDGET:
        raise MemoryError(
            f"this needs a dense copy of X, {n_samples} × {n_features} numbers: {size:,} bytes, above the budget of "
            f"{GRAM_BUDGET:,}. Use a Laplace or elastic-net prior, or select columns first."
        )
