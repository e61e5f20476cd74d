"""Least squares on sufficient statistics."""

from functools import cached_property
from typing import final

import numpy as np
from jaxtyping import Bool, Float

from ..base.blas import cholesky, dot, eigh, gram_of, product, times
from .flat import FlatBlock, basis_maps
from .kept import LIGHT, Kept
from .least_squares import SPECTRA, Spectrum

# Least squared pivot, on unit-norm columns, of a Gram matrix that is as good as the rows.
_WELL_CONDITIONED = 1e-3

# A Gram matrix holds squares, so a norm below √ε of its column is rounding.
_NULL_AFTER_PROJECTION = 1e-7


@final
class GramLeastSquares:
    """The loss ½y'y − c'β + ½β'Gβ of sufficient statistics."""

    def __init__(
        self,
        gram: Float[np.ndarray, "p p"],
        cross: Float[np.ndarray, " p"],
        response_ss: float,
        rounding: float,
    ) -> None:
        self.gram, self.cross, self.response_ss = gram, cross, response_ss
        self.rounding = rounding
        self._spectra = Kept[Spectrum](SPECTRA)
        self._reduced = Kept[tuple[GramLeastSquares, FlatBlock]](1)

    @property
    def squared_norms(self) -> Float[np.ndarray, " p"]:
        """The diagonal of X'X."""
        return np.diagonal(self.gram)

    @property
    def rss_rounding(self) -> float:
        """Residual sum of squares, relative to y'y, that may be only rounding: y'y − β'X'y cancels."""
        return self.rounding

    def residuals(
        self, coefs: Float[np.ndarray, "k p"]
    ) -> tuple[Float[np.ndarray, "k p"], Float[np.ndarray, " k"]]:
        """Return X'r and r'r at r = y − Xβ, for each row β of `coefs`."""
        gradients = self.cross - product(self.gram, coefs.T).T  # row by row in memory, as coefs are
        squares = self.response_ss - np.einsum("kp,kp->k", coefs, self.cross + gradients)
        return gradients, np.maximum(squares, 0.0)

    @property
    def statistics(self) -> "GramLeastSquares":
        """The loss itself."""
        return self

    @cached_property
    def factor(self) -> Float[np.ndarray, "p p"] | None:
        """The Cholesky factor of X'X on unit-norm columns. None if a column is 0, or columns are nearly collinear."""
        norms = np.sqrt(self.squared_norms)
        if not (norms > 0.0).all():
            return None
        factor = cholesky(self.gram / norms / norms[:, None])
        if factor is None or not np.square(np.diagonal(factor)).min(initial=1.0) > _WELL_CONDITIONED:
            return None
        return factor

    def spectrum(self, unit: Float[np.ndarray, " p"]) -> Spectrum:
        """Return the spectrum of Z = X·diag(unit), by an eigendecomposition of Z'Z."""
        return self._spectra.get(unit.tobytes(), lambda: self._spectrum(unit))

    def _spectrum(self, unit: Float[np.ndarray, " p"]) -> Spectrum:
        values, vectors = eigh(self.gram * unit * unit[:, None])
        cross = times(vectors.T, unit * self.cross)
        rounding = values[-1] * values.size * np.finfo(float).eps if values.size else 0.0
        seen = values > rounding
        return Spectrum(np.where(seen, values, 0.0), vectors, np.where(seen, cross, 0.0))

    def zeroed(self, columns: Bool[np.ndarray, " p"]) -> "GramLeastSquares":
        """Set columns to 0, so that their coefficients are 0."""
        if not columns.any():
            return self
        gram = np.where(columns[:, None] | columns[None, :], 0.0, self.gram)
        return GramLeastSquares(gram, np.where(columns, 0.0, self.cross), self.response_ss, self.rounding)

    def without(self, flat: Bool[np.ndarray, " p"]) -> tuple["GramLeastSquares", FlatBlock]:
        """Profile the flat columns out of the others and out of y."""
        return self._reduced.get(
            flat.tobytes(), lambda: self._without(flat), worth=lambda found: found[0].gram.size <= LIGHT
        )

    def _without(self, flat: Bool[np.ndarray, " p"]) -> tuple["GramLeastSquares", FlatBlock]:
        inner, cross_flat = self.gram[np.ix_(flat, flat)], self.cross[flat]
        norms = np.sqrt(np.diagonal(inner))
        unit = np.where(norms > 0.0, norms, 1.0)
        values, vectors = eigh(inner / unit / unit[:, None])
        seen = values > max(values[-1], 0.0) * values.size * 10.0 * np.finfo(float).eps
        to_coef, row_space = basis_maps(vectors[:, seen], np.sqrt(values[seen]), norms)
        cross, response = product(to_coef.T, self.gram[np.ix_(flat, ~flat)]), times(to_coef.T, cross_flat)
        outer = self.gram[np.ix_(~flat, ~flat)]
        projected = GramLeastSquares(
            outer - gram_of(cross),
            self.cross[~flat] - times(cross.T, response),
            self.response_ss - dot(response, response),
            self.rounding,
        )
        limit = _NULL_AFTER_PROJECTION**2
        reduced = without_null(projected, limit * np.diagonal(outer), limit * self.response_ss)
        unseen = times(vectors[:, ~seen].T, cross_flat / unit)
        doubt = 0.5 * np.minimum(unseen**2 / self.rounding, self.response_ss).sum()
        return reduced, FlatBlock(to_coef, row_space, cross, response, float(doubt))


def without_null(
    least_squares: GramLeastSquares, x_limit: Float[np.ndarray, " p"], y_limit: float
) -> GramLeastSquares:
    """Set columns, or y, to exactly 0 if their squared norm is rounding."""
    cross, response_ss = least_squares.cross, least_squares.response_ss
    if response_ss <= y_limit:
        cross, response_ss = np.zeros_like(cross), 0.0
    kept = GramLeastSquares(least_squares.gram, cross, response_ss, least_squares.rounding)
    return kept.zeroed(np.diagonal(least_squares.gram) <= x_limit)
