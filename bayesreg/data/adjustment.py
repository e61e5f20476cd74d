"""The adjustment of rows before a fit: weights are applied, means subtracted, and a span is projected out."""

from functools import cached_property
from typing import final

import numpy as np
from jaxtyping import Float, Int

from ..base.blas import dot, product, times
from .checks import Matrix, Vector


@final
class Adjustment:
    """X becomes diag(root)·(X − 1·shift') less its projections on a basis and, if there are means, on the intercept.

    The adjustment is applied to products with X, and to copies of columns. X itself does not change.

    Parameters
    ----------
    n_samples : int
    root : array (n,), optional
        Square roots of the weights. None: ones.
    shift : array (p,), optional
        The means to subtract. None: the columns are not centred.
    basis : array (n, r), optional
        Orthonormal columns to project out.
    """

    def __init__(
        self,
        n_samples: int,
        root: Vector | None = None,
        shift: Vector | None = None,
        basis: Matrix | None = None,
    ) -> None:
        self._n_samples = n_samples
        self.root, self.shift, self.basis = root, shift, basis

    @cached_property
    def sum_weights(self) -> float:
        """Σw."""
        return float(self._n_samples) if self.root is None else dot(self.root, self.root)

    def columns(self, copied: Matrix, indices: Int[np.ndarray, " m"]) -> Matrix:
        """Adjust copies of columns, in place if possible."""
        if self.shift is not None:
            copied -= self.shift[indices]
        if self.root is not None:
            copied *= self.root[:, None]
        if self.shift is not None:
            copied -= self._intercept_part(copied.T).T  # the means have a relative error of 1e-16
        if self.basis is not None:
            for _ in range(2):  # the first projection leaves 1e-16 of the part that it removes
                copied -= product(self.basis, product(self.basis.T, copied))
        return copied

    def fitted(
        self, fitted: Float[np.ndarray, "k n"], coefs: Float[np.ndarray, "k p"], used: Int[np.ndarray, " m"]
    ) -> Float[np.ndarray, "k n"]:
        """Adjust Xβ in place, for each row β of `coefs`. Only the columns `used` have coefficients that are not 0."""
        if self.shift is not None:
            fitted -= times(coefs[:, used], self.shift[used])[:, None]
        if self.root is not None:
            fitted *= self.root
        if self.shift is not None:
            fitted -= self._intercept_part(fitted)
        if self.basis is not None:
            fitted -= product(product(fitted, self.basis), self.basis.T)
        return fitted

    def weighted(self, residuals: Float[np.ndarray, "k n"]) -> Float[np.ndarray, "k n"]:
        """Return residuals times the roots of the weights, ready for products with X."""
        return residuals if self.root is None else residuals * self.root

    def gradients(
        self, gradients: Float[np.ndarray, "k p"], weighted: Float[np.ndarray, "k n"]
    ) -> Float[np.ndarray, "k p"]:
        """Turn products of X with weighted residuals, in place, into products of the adjusted rows with residuals."""
        if self.shift is not None:
            gradients -= np.outer(weighted.sum(axis=1), self.shift)
        return gradients

    def products(
        self, products: Float[np.ndarray, "a b"], left: Int[np.ndarray, " a"], right: Int[np.ndarray, " b"]
    ) -> Float[np.ndarray, "a b"]:
        """Subtract, in place, the part of the means from weighted products of columns with each other."""
        if self.shift is not None:
            products -= self.sum_weights * np.outer(self.shift[left], self.shift[right])
        return products

    def squared_norms(self, raw: Float[np.ndarray, " p"]) -> Float[np.ndarray, " p"]:
        """Return weighted sums of squares without the part of the means."""
        return raw.copy() if self.shift is None else raw - self.sum_weights * self.shift**2

    def is_near(self, squared_norms: Float[np.ndarray, " p"], ratio: float) -> bool:
        """Tell whether the squares of the means are at most `ratio` times the squared norms of the centred columns."""
        return self.shift is None or bool((self.sum_weights * self.shift**2 <= ratio * squared_norms).all())

    def of(self, columns: Int[np.ndarray, " m"]) -> "Adjustment":
        """Return the adjustment of some of the columns."""
        shift = None if self.shift is None else self.shift[columns]
        return Adjustment(self._n_samples, self.root, shift, self.basis)

    def off(self, basis: Matrix | None) -> "Adjustment":
        """Return the adjustment of the same columns with another span projected out, or none."""
        return Adjustment(self._n_samples, self.root, self.shift, basis)

    def _intercept_part(self, rows: Float[np.ndarray, "k n"]) -> Float[np.ndarray, "k n"]:
        if self.root is None:
            return rows.mean(axis=1, keepdims=True)
        return np.outer(times(rows, self.root), self.root) / self.sum_weights
