"""The loss on rows under any likelihood: its value, slopes and curvature at a point, from passes over the rows.

The coefficients are those of the columns, then the intercept if there is one. Tall rows are passed in blocks that
stay in cache, each core with rows of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, final

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
_WORTH_LESS = 0.7  # share of the columns up to which a curvature of those alone is faster
_SPARSE = 0.25  # share of the columns up to which those of the support are copied for a product
_NEIGHBOURS = 64  # rows that are copied at once
_PASS_BLOCK = 2**19  # entries of a block in a pass for slopes: in smaller ones threads wait for each other
_GRAM_BLOCK = 2**18  # entries of a block that is weighted for the curvature
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
        eta, is_null = np.empty(n), not coefs[:p].any()

        def part(rows: range) -> tuple[float, Coefs]:
            value, slopes = 0.0, np.zeros(self.n_coefs)
            for block in row_slices(rows, p, _PASS_BLOCK):
                X, y, weight, own = data.X[block], data.y[block], data.sample_weight[block], eta[block]
                if is_null:
                    own[:] = 0.0
                else:
                    np.matmul(X, coefs[:p], out=own)
                self._add_known(own, coefs, block)
                deviance, slope = likelihood.deviance_and_slope(own, y, self.nuisance)
                value += float(weight @ deviance)
                slope = weight * slope
                with np.errstate(over="ignore", invalid="ignore"):  # a step too far
                    slopes[:p] -= slope @ X
                slopes[p:] -= slope.sum()
            return value, slopes

        values, slopes = zip(*_over_rows(part, n), strict=True)
        return LossAt(coefs, eta, sum(values), np.sum(slopes, axis=0))

    def eta(self, coefs: Coefs) -> Rows:
        """Return the linear predictors."""
        X, (n, p) = self.data.X, self.data.X.shape
        support = np.flatnonzero(coefs[:p])
        if not support.size:
            eta = np.zeros(n)
        elif self._in_blocks:
            return self.at(coefs).eta
        elif not isinstance(X, np.ndarray):
            eta = np.asarray(X @ coefs[:p])
        elif support.size <= _SPARSE * p and X.flags.f_contiguous:
            eta = times(X[:, support], coefs[support])
        else:
            eta = times(X, coefs[:p])
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

    def curvature(self, eta: Rows, slope: Rows | None = None) -> Rows:
        """Return the second derivative of each row's loss in η, without the weight; never less than rounding.

        The first derivative may be at hand.
        """
        return curvature_of(self.likelihood, self.nuisance, eta, self.data.y, self.data.sample_weight, slope)

    def columns(self, chosen: Bool[np.ndarray, " d"]) -> Float[np.ndarray, "n k"]:
        """Return some columns, dense; that of an intercept is 1."""
        return self.data.columns(chosen)

    def gram(self, weight: Rows, within: Bool[np.ndarray, " d"] | None = None) -> Float[np.ndarray, "d d"]:
        """Return the sums of products of two columns times a weight. X must be dense.

        If some coefficients are given, entries of the others may be 0.
        """
        X, (n, p) = self.data.X, self.data.X.shape
        root = np.sqrt(weight)
        chosen: Any = slice(None)
        if within is not None and self._in_blocks and within[:p].mean() <= _WORTH_LESS:
            chosen = np.flatnonzero(within[:p])
        at = np.arange(p)[chosen]
        q = at.size

        def part(rows: range) -> tuple[Float[np.ndarray, "q q"], Float[np.ndarray, " q"]]:
            gram, sums, blocks = np.zeros((q, q)), np.zeros(q), list(row_slices(rows, p, _GRAM_BLOCK))
            room = np.empty_like(X[blocks[0], chosen])
            for block in blocks:
                own = np.multiply(X[block, chosen], root[block, None], out=room[: block.stop - block.start])
                gram += own.T @ own
                sums += root[block] @ own
            return gram, sums

        grams, sums = zip(*(_over_rows(part, n) if self._in_blocks else [part(range(n))]), strict=True)
        whole = np.zeros((self.n_coefs, self.n_coefs))
        whole[np.ix_(at, at)] = np.sum(grams, axis=0)
        if self.has_intercept:
            whole[p, at] = whole[at, p] = np.sum(sums, axis=0)
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
            sums, blocks = np.zeros((2, p)), list(row_slices(rows, p))
            room = np.empty_like(X[blocks[0]])
            for block in blocks:
                own = np.subtract(X[block], shift, out=room[: block.stop - block.start])
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


def curvature_of(
    likelihood: Likelihood, nuisance: Nuisance, eta: Rows, y: Rows, weight: Rows, slope: Rows | None = None
) -> Rows:
    """Return the second derivative of each row's loss in η, without the weight; never less than rounding.

    The first derivative may be at hand.
    """
    curvature = np.broadcast_to(likelihood.curvature(eta, y, nuisance), eta.shape)
    least = _LEAST_CURVATURE * float((weight * curvature).max())
    slope = likelihood.slope(eta, y, nuisance) if slope is None else slope
    unit = np.where(weight > 0.0, weight, np.inf)
    return np.maximum(curvature, least / unit + np.abs(slope) / _LONGEST + _TINY)


def _over_rows[Part](part: Callable[[range], Part], n: int) -> list[Part]:
    with single_threaded_blas() as n_threads:
        return over_ranges(part, n, n_threads)
