"""The data that a translation may need; an error names the argument that is missing."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, final

import numpy as np
from jaxtyping import Bool, Float

from ..base.errors import DataNeededError
from ..data.checks import as_design, as_response, as_weights, is_sparse
from ..priors.penalty import checked_noise_scale

_ROUNDING = 1e-13  # of a column's size: weighted centring leaves so much spread in a constant column


@final
@dataclass(frozen=True, eq=False)
class Context:
    """The data behind a translation. Each may be missing.

    Attributes
    ----------
    X, y, sample_weight : arrays or None
    noise_scale : float or None
    fit_intercept : bool
    """

    X: Any = None
    y: Any = None
    sample_weight: Any = None
    noise_scale: Any = None
    fit_intercept: bool = True

    def divided(self, unit: Float[np.ndarray, " p"]) -> "Context":
        """Return the same context, with each column divided by its unit."""
        return self if self.X is None else replace(self, X=as_design(self.X) / unit)

    @cached_property
    def n_samples(self) -> int | None:
        """The number of rows, or None if no argument gives it."""
        lengths: dict[str, Any] = {
            name: np.shape(rows)[0] if np.ndim(rows) or hasattr(rows, "shape") else None
            for name, rows in (("X", self.X), ("y", self.y))
            if rows is not None
        }
        if not lengths:
            return None if self.sample_weight is None else np.size(self.sample_weight)
        if len(set(lengths.values())) > 1 or None in lengths.values() or 0 in lengths.values():
            raise ValueError(f"`X` and `y` must have the same number of rows, at least 1; got {lengths}.")
        return int(next(iter(lengths.values())))

    @cached_property
    def weights(self) -> Float[np.ndarray, " n"] | None:
        """The sample weights; ones if none were given."""
        return None if self.n_samples is None else as_weights(self.sample_weight, self.n_samples)

    @cached_property
    def varies(self) -> Bool[np.ndarray, " p"] | None:
        """Which columns vary in rows with a positive weight, or None if X was not given."""
        if self.X is None or self.weights is None:
            return None
        rows = as_design(self.X)[np.flatnonzero(self.weights)]
        high, low = (_dense(end) for end in (rows.max(axis=0), rows.min(axis=0)))
        return high - low > _ROUNDING * np.maximum(np.abs(high), np.abs(low))

    def sum_weights(self, key: str) -> float:
        """Return Σw, or raise an error that names the missing data."""
        if self.weights is None:
            raise DataNeededError(
                f"{key} scales its loss by the number of rows. Give `y` (or `X`), "
                "and `sample_weight` if there are weights."
            )
        return float(self.weights.sum())

    def rows(self, key: str) -> float:
        """Return the number of rows, or raise an error that names the missing data."""
        self.sum_weights(key)
        assert self.n_samples is not None
        return float(self.n_samples)

    def sigma(self, key: str) -> float:
        """Return σ, or raise an error that names it."""
        if self.noise_scale is None:
            raise ValueError(
                f"{key} is a prior scale, and its penalty depends on the noise: lambda = noise_scale²/scale. "
                "Give `noise_scale`, the sd of the noise."
            )
        return checked_noise_scale(self.noise_scale)

    def column_scales(
        self,
        key: str,
        *,
        ddof: int = 0,
        norm: bool = False,
        about_zero: bool = False,
        by_squares: bool = False,
    ) -> Float[np.ndarray, " p"]:
        """Return each column's weighted sd about its mean (or 0), or its length if `norm`; 0 if it is constant."""
        if self.X is None or self.weights is None:
            raise DataNeededError(
                f"{key} standardises the columns. Give `X`: it uses their standard deviations."
            )
        X, w = as_design(self.X), self.weights
        dense = X.toarray() if is_sparse(X) else X
        total = w.sum()
        deviations = dense - (0.0 if about_zero else (w @ dense) / total)
        squares = w @ deviations**2
        size = np.abs(dense).max(axis=0, initial=0.0)
        squares[squares <= total * (_ROUNDING * size) ** 2] = 0.0
        lost = w @ w / total if by_squares else total / len(w)
        return np.sqrt(squares if norm else squares / (total - ddof * lost))

    def response_scale(self, key: str, *, ddof: int = 0, about_zero: bool = False) -> float:
        """Return the weighted sd of y about its mean, or its root mean square."""
        if self.y is None or self.weights is None:
            raise DataNeededError(f"{key} divides by the standard deviation of the response. Give `y`.")
        y, w = as_response(self.y, len(self.weights)), self.weights
        centre = 0.0 if about_zero else (w @ y) / w.sum()
        scale = float(np.sqrt(w @ (y - centre) ** 2 / (w.sum() - ddof * w.sum() / len(w))))
        if not scale > _ROUNDING * np.abs(y).max(initial=0.0):
            raise ValueError(f"{key} divides by the standard deviation of the response, but `y` is constant.")
        return scale


def _dense(ends: Any) -> Float[np.ndarray, " p"]:
    return ends.toarray().ravel() if is_sparse(ends) else ends
