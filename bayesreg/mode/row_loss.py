"""The loss on rows under any likelihood: its value, slopes and curvature at a point, from passes over the rows.

The coefficients are those of the columns, then the intercept if there is one. Tall rows are passed in blocks that
stay in cache, each core with rows of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Bool, Float

from ..base.blas import times
from ..base.threads import is_tall, over_ranges, single_threaded_blas
from ..data.kept import Kept
from ..data.least_squares import NULL_AFTER_CENTRING
from ..data.row_blocks import FEWEST_ROWS, row_slices
from ..data.rows import RowData
from ..likelihoods.base import Likelihood, Nuisance

_LEAST_CURVATURE = 1e-10  # of the largest weighted curvature: float64 loses smaller ones in the quadratic
_LONGEST = 1e30  # step of a row's η: larger ones overflow
_TINY = np.finfo(float).tiny
_NEIGHBOURS = 64  # rows that are copied at once
LARGEST_GRAM = 512  # columns up to which the curvature is one matrix, of rows at least as many

Coefs = Float[np.ndarray, " d"]
Rows = Float[np.ndarray, " n"]


class LossAt(NamedTuple):
    """The loss at a point."""

    coefs: Coefs
    eta: Rows  # with the offset
    value: float  # above its smallest possible value: half the deviance
    slopes: Coefs  # minus the gradient


@final
@dataclass(frozen=True, eq=False)
class RowLoss:
    """Σ wᵢ·Dᵢ: a row's loss minus its smallest possible value, weighted.

    Attributes
    ----------
    data : RowData
    likelihood : Likelihood
    nuisance : mapping
        Numbers, by name.
    has_intercept : bool
        Whether the last coefficient is the intercept.
    """

    data: RowData
    likelihood: Likelihood
    nuisance: Nuisance
    has_intercept: bool

    @property
    def n_coefs(self) -> int:
        """The number of columns, and one more for an intercept."""
        return self.data.n_features + int(self.has_intercept)

    @property
    def _in_blocks(self) -> bool:
        """Whether rows are passed in blocks."""
        return is_tall(self.data.X) and not self.likelihood.holds_rows

    @property
    def has_gram(self) -> bool:
        """Whether `gram` is the fastest way to the curvature."""
        if not isinstance(self.data.X, np.ndarray):
            return False
        n, p = self.data.X.shape
        return p <= LARGEST_GRAM and n >= p

    @cached_property
    def _points(self) -> Kept[LossAt]:
        return Kept(4)

    def at(self, coefs: Coefs) -> LossAt:
        """Evaluate the loss and its slopes. The latest points are kept."""
        return self._points.get(coefs.tobytes(), lambda: self._at(coefs))

    def _at(self, coefs: Coefs) -> LossAt:
        if not self._in_blocks:
            eta = self.eta(coefs)
            return LossAt(coefs, eta, self.value(eta), self.slopes(eta))
        data, likelihood, (n, p) = self.data, self.likelihood, self.data.X.shape
        eta = np.empty(n)

        def part(rows: range) -> tuple[float, Coefs]:
            value, slopes = 0.0, np.zeros(self.n_coefs)
            for block in row_slices(rows, p):
                X, y, weight = data.X[block], data.y[block], data.sample_weight[block]
                own = X @ coefs[:p]
                self._add_known(own, coefs, block)
                eta[block] = own
                value += float((weight * likelihood.excess(own, y, 0.0, self.nuisance)).sum())
                slope = weight * likelihood.slope(own, y, self.nuisance)
                with np.errstate(over="ignore", invalid="ignore"):  # a step too far
                    slopes[:p] -= slope @ X
                slopes[p:] -= slope.sum()
            return value, slopes

        values, slopes = zip(*_over_rows(part, n), strict=True)
        return LossAt(coefs, eta, sum(values), np.sum(slopes, axis=0))

    def eta(self, coefs: Coefs) -> Rows:
        """Return the linear predictors."""
        X, p = self.data.X, self.data.n_features
        if not coefs[:p].any():
            eta = np.zeros(self.data.y.size)
        else:
            eta = times(X, coefs[:p]) if isinstance(X, np.ndarray) else np.asarray(X @ coefs[:p])
        self._add_known(eta, coefs, slice(None))
        return eta

    def _add_known(self, eta: Rows, coefs: Coefs, block: slice) -> None:
        if self.has_intercept:
            eta += coefs[-1]
        if self.data.offset is not None:
            eta += self.data.offset[block]

    def value(self, eta: Rows) -> float:
        """Evaluate the loss at linear predictors."""
        excess = self.likelihood.excess(eta, self.data.y, 0.0, self.nuisance)
        with np.errstate(over="ignore"):  # a step too far
            return float((self.data.sample_weight * excess).sum())

    def slopes(self, eta: Rows) -> Coefs:
        """Return minus the gradient at linear predictors."""
        with np.errstate(over="ignore"):  # a step too far
            return self.transposed(-self.data.sample_weight * self.row_slopes(eta))

    def row_slopes(self, eta: Rows) -> Rows:
        """Return the derivative of each row's loss in η, without the weight."""
        return self.likelihood.slope(eta, self.data.y, self.nuisance)

    def transposed(self, values: Rows) -> Coefs:
        """Return the sums of each column times values, one for each row; of the values alone for the intercept."""
        X = self.data.X
        with np.errstate(over="ignore", invalid="ignore"):  # a step too far
            sums = times(X.T, values) if isinstance(X, np.ndarray) else np.asarray(X.T @ values)
        return np.append(sums, values.sum()) if self.has_intercept else sums

    def curvature(self, eta: Rows) -> Rows:
        """Return the second derivative of each row's loss in η, without the weight; never less than rounding."""
        return curvature_of(self.likelihood, self.nuisance, eta, self.data.y, self.data.sample_weight)

    def columns(self, chosen: Bool[np.ndarray, " d"]) -> Float[np.ndarray, "n k"]:
        """Return some columns, dense; that of an intercept is 1."""
        X, p = self.data.X, self.data.n_features
        of_features = X[:, np.flatnonzero(chosen[:p])]
        dense = of_features if isinstance(of_features, np.ndarray) else of_features.toarray()
        if not (self.has_intercept and chosen[-1]):
            return dense
        return np.column_stack([dense, np.ones(len(dense))])

    def gram(self, weight: Rows) -> Float[np.ndarray, "d d"]:
        """Return the sums of products of two columns times a weight. X must be dense."""
        X, (n, p) = self.data.X, self.data.X.shape
        root = np.sqrt(weight)

        def part(rows: range) -> tuple[Float[np.ndarray, "p p"], Float[np.ndarray, " p"]]:
            gram, sums = np.zeros((p, p)), np.zeros(p)
            for block in row_slices(rows, p):
                own = X[block] * root[block, None]
                gram += own.T @ own
                sums += root[block] @ own
            return gram, sums

        grams, sums = zip(*(_over_rows(part, n) if self._in_blocks else [part(range(n))]), strict=True)
        whole = np.empty((self.n_coefs, self.n_coefs))
        whole[:p, :p] = np.sum(grams, axis=0)
        if self.has_intercept:
            whole[p, :p] = whole[:p, p] = np.sum(sums, axis=0)
            whole[p, p] = weight.sum()
        return whole

    def squared_columns(self, weight: Rows) -> Coefs:
        """Return the sums of squared columns times a weight."""
        X = self.data.X
        square = X**2 if isinstance(X, np.ndarray) else X.power(2)
        sums = np.asarray(square.T @ weight).ravel()
        return np.append(sums, weight.sum()) if self.has_intercept else sums

    def norms(self, *, centred: bool) -> Coefs:
        """Return the lengths of the columns, less their means if asked; that of an intercept is then 1."""
        if not (centred and self._in_blocks):
            intercept_column = self.has_intercept and not centred
            rows, _ = self.data.least_squares(centre=centred, intercept_column=intercept_column)
            norms = np.sqrt(rows.squared_norms)
            return np.append(norms, 1.0) if self.has_intercept and centred else norms
        X, weight, (n, p) = self.data.X, self.data.sample_weight, self.data.X.shape
        shift = X[:FEWEST_ROWS].mean(axis=0)

        def part(rows: range) -> Float[np.ndarray, "2 p"]:
            sums = np.zeros((2, p))
            for block in row_slices(rows, p):
                own = X[block] - shift
                sums[0] += weight[block] @ own
                own *= own
                sums[1] += weight[block] @ own
            return sums

        first, second = np.sum(_over_rows(part, n), axis=0)
        total = float(weight.sum())
        left = first / total
        squares = second - total * left**2
        squares[squares <= NULL_AFTER_CENTRING**2 * (squares + total * (shift + left) ** 2)] = 0.0
        return np.append(np.sqrt(squares), 1.0) if self.has_intercept else np.sqrt(squares)

    def thinned(self, step: int) -> "RowLoss":
        """Return the loss on a share of the rows, about as large as on all of them: blocks of each `step`-th."""
        rows = self.data.at((np.arange(self.data.y.size) // _NEIGHBOURS) % step == 0)
        rows = replace(rows, sample_weight=float(step) * rows.sample_weight)
        return RowLoss(rows, self.likelihood, self.nuisance, self.has_intercept)


def curvature_of(likelihood: Likelihood, nuisance: Nuisance, eta: Rows, y: Rows, weight: Rows) -> Rows:
    """Return the second derivative of each row's loss in η, without the weight; never less than rounding."""
    curvature = np.broadcast_to(likelihood.curvature(eta, y, nuisance), eta.shape)
    least = _LEAST_CURVATURE * float((weight * curvature).max())
    slope = np.abs(likelihood.slope(eta, y, nuisance))
    return np.maximum(curvature, least / np.where(weight > 0.0, weight, np.inf) + slope / _LONGEST + _TINY)


def _over_rows[Part](part: Callable[[range], Part], n: int) -> list[Part]:
    with single_threaded_blas() as n_threads:
        return over_ranges(part, n, n_threads)
