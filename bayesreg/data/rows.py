"""Dense rows, with weights and names."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self, final

import numpy as np
from jaxtyping import Bool, Float

from .checks import Matrix, Vector, as_matrix, as_response, as_weights, column_names, numbered_names
from .flat import FlatBlock, basis_maps
from .least_squares import NULL_AFTER_CENTRING, Means, Spectrum, check_gram_size, relative_rounding

_RESIDUAL_BLOCK = 2**24  # entries of residuals held at once
_NULL_AFTER_PROJECTION = 1e-12


@final
@dataclass(frozen=True, eq=False)
class RowData:
    """Rows of a regression, checked. Make it with `from_arrays`.

    Attributes
    ----------
    X : array (n, p)
        Design matrix, float64, without a column for the intercept.
    y : array (n,)
        Response.
    sample_weight : array (n,)
        wᵢ multiplies row i's log-likelihood: 2 is the row twice, 0 the row absent.
    feature_names : tuple of p str
    """

    X: Matrix
    y: Vector
    sample_weight: Vector
    feature_names: tuple[str, ...]

    @classmethod
    def from_arrays(
        cls,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        feature_names: Sequence[str] | None = None,
    ) -> Self:
        """Check arrays or data frames and hold them as float64.

        Parameters
        ----------
        X : array or data frame (n, p)
            Finite numbers; n ≥ 2 rows with a positive weight.
        y : array (n,)
            Finite numbers.
        sample_weight : array (n,), optional
            At least 0, not all 0.
        feature_names : sequence of p str, optional
            Default: the frame's columns, else "x0", "x1", ...

        Returns
        -------
        RowData

        Raises
        ------
        TypeError, ValueError
            Naming the column, the row and the remedy.
        """
        data = cls._checked(X, y, sample_weight, feature_names)
        require_two_rows(data.n_samples)
        return data

    @classmethod
    def _checked(cls, X: Any, y: Any, sample_weight: Any, feature_names: Sequence[str] | None) -> Self:
        names = column_names(X, feature_names)
        values = as_matrix(X, names)
        n, p = values.shape
        return cls(values, as_response(y, n), as_weights(sample_weight, n), names or numbered_names(p))

    @property
    def n_features(self) -> int:
        """Number of columns p."""
        return len(self.feature_names)

    @property
    def n_samples(self) -> int:
        """Number of rows with a positive weight."""
        return int(np.count_nonzero(self.sample_weight))

    @property
    def sum_weights(self) -> float:
        """Σw, which stands for n everywhere."""
        return float(self.sample_weight.sum())

    @cached_property
    def column_sd(self) -> Float[np.ndarray, " p"]:
        """Weighted standard deviations of the columns, ddof 0; 0 for a constant column."""
        return np.sqrt(self.least_squares(centre=True)[0].squared_norms / self.sum_weights)

    @property
    def response_sd(self) -> float:
        """Weighted standard deviation of y, ddof 0."""
        share = self.sample_weight / self.sum_weights
        centred = self.y - share @ self.y
        return float(np.sqrt(share @ centred**2))

    def centred(self) -> tuple[Matrix, Vector, Means]:
        """Return copies of X and y less their weighted means, and the means."""
        share = self.sample_weight / self.sum_weights
        x_mean, y_mean = share @ self.X, float(share @ self.y)
        X, y = self.X - x_mean, self.y - y_mean
        x_left, y_left = share @ X, float(share @ y)  # the first means are right to 1e-16 of their size only
        X -= x_left
        y -= y_left
        return X, y, Means(x_mean + x_left, y_mean + y_left)

    def least_squares(
        self, *, centre: bool, intercept_column: bool = False
    ) -> "tuple[RowLeastSquares, Means]":
        """Return the loss with weights absorbed: centred, or with a last column for the intercept."""
        root = np.sqrt(self.sample_weight)
        if centre:
            X, y, means = self.centred()
            X *= root[:, None]
            y *= root
            x_size = np.einsum("ij,ij->j", X, X) + self.sum_weights * means.x**2
            y_size = float(y @ y) + self.sum_weights * means.y**2
            _zero_null(X, y, NULL_AFTER_CENTRING * np.sqrt(x_size), NULL_AFTER_CENTRING * np.sqrt(y_size))
            return RowLeastSquares(X, y), means
        X = self.X * root[:, None]
        if intercept_column:
            X = np.column_stack([X, root])
        return RowLeastSquares(X, self.y * root), Means(np.zeros(X.shape[1]), 0.0)


def require_two_rows(n_samples: int) -> None:
    """Refuse data of a single row.

    Raises
    ------
    ValueError
    """
    if n_samples < 2:
        raise ValueError(
            f"a regression needs at least 2 rows with a positive weight; got n_samples = {n_samples}. "
            "One row cannot tell a coefficient from the intercept or the noise."
        )


def _zero_null(X: Matrix, y: Vector, x_limit: Any, y_limit: float) -> None:
    """Set to exactly 0 the columns, and y, whose norm is rounding."""
    X[:, np.sqrt(np.einsum("ij,ij->j", X, X)) <= x_limit] = 0.0
    if np.sqrt(y @ y) <= y_limit:
        y[:] = 0.0


@final
class RowLeastSquares:
    """Least squares on rows; X and y carry the weights' square roots."""

    def __init__(self, X: Matrix, y: Vector) -> None:
        self.X, self.y = X, y

    @cached_property
    def gram(self) -> Float[np.ndarray, "p p"]:
        """X'X."""
        check_gram_size(self.X.shape[1])
        return self.X.T @ self.X

    @cached_property
    def cross(self) -> Float[np.ndarray, " p"]:
        """X'y."""
        return self.X.T @ self.y

    @property
    def response_ss(self) -> float:
        """Y'y."""
        return float(self.y @ self.y)

    @cached_property
    def squared_norms(self) -> Float[np.ndarray, " p"]:
        """The diagonal of X'X."""
        return np.einsum("ij,ij->j", self.X, self.X)

    rss_rounding = 1e-24  # a perfect fit leaves residuals of 1e-12

    @property
    def rounding(self) -> float:
        """Relative error of the product of two columns."""
        return relative_rounding(self.y.size)

    def residuals(
        self, coefs: Float[np.ndarray, "k p"]
    ) -> tuple[Float[np.ndarray, "k p"], Float[np.ndarray, " k"]]:
        """Return X'r and r'r at r = y − Xβ, for each row β of `coefs`."""
        gradients, squares = np.empty(coefs.shape), np.empty(len(coefs))
        step = max(1, _RESIDUAL_BLOCK // max(1, self.y.size))
        for first in range(0, len(coefs), step):
            block = slice(first, first + step)
            residual = self.y - coefs[block] @ self.X.T
            gradients[block] = residual @ self.X
            squares[block] = np.einsum("kn,kn->k", residual, residual)
        return gradients, squares

    def spectrum(self, unit: Float[np.ndarray, " p"]) -> Spectrum:
        """Return the spectrum of Z = X·diag(unit), by a singular value decomposition."""
        from scipy.linalg import svd

        left, values, right = svd(self.X * unit, full_matrices=False)
        return Spectrum(values**2, right.T, values * (left.T @ self.y))

    def zeroed(self, columns: Bool[np.ndarray, " p"]) -> "RowLeastSquares":
        """Set columns to 0, so that their coefficients are 0."""
        return RowLeastSquares(np.where(columns, 0.0, self.X), self.y)

    def without(self, flat: Bool[np.ndarray, " p"]) -> tuple["RowLeastSquares", FlatBlock]:
        """Profile the flat columns out of the others and of y."""
        from scipy.linalg import svd

        U, X, y = self.X[:, flat], self.X[:, ~flat], self.y.copy()
        norms = np.sqrt(np.einsum("ij,ij->j", U, U))
        Q, values, right = svd(U / np.where(norms > 0.0, norms, 1.0), full_matrices=False)
        rank = int((values > values[0] * max(U.shape) * np.finfo(float).eps).sum()) if values[0] > 0 else 0
        Q = Q[:, :rank]
        x_limit = _NULL_AFTER_PROJECTION * np.sqrt(np.einsum("ij,ij->j", X, X))
        y_limit = _NULL_AFTER_PROJECTION * float(np.sqrt(y @ y))
        cross, response = Q.T @ X, Q.T @ y
        X, y = X - Q @ cross, y - Q @ response
        X -= Q @ (Q.T @ X)  # the first projection leaves 1e-16 of what it took away
        y -= Q @ (Q.T @ y)
        _zero_null(X, y, x_limit, y_limit)
        to_coef, row_space = basis_maps(right[:rank].T, values[:rank], norms)
        return RowLeastSquares(X, y), FlatBlock(to_coef, row_space, cross, response, doubt=0.0)
