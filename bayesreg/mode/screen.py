"""Slopes of many columns: a bound from those nearby shows which are within l1, and the others are computed."""

from functools import cached_property
from typing import final

import numpy as np
from jaxtyping import Bool, Float

from ..data.least_squares import NULL_AFTER_CENTRING
from .row_loss import Coefs, RowLoss, Rows

_MANY = 0.1  # share of the columns from which all are computed anew
_EPS = float(np.finfo(float).eps)
_ROUNDINGS = 10  # of the numbers around a sum, besides those of the sum


@final
class Screen:
    """Slopes as exact as the question needs whether they exceed l1.

    With row slopes u = c·v + d, a column's slope is c times that at v and a rest of at most ‖x − m‖‖d − d̄‖ + W|m·d̄|
    (Cauchy and Schwarz; weighted, with means m and d̄ and the total weight W). A column whose bound exceeds its l1 is
    computed; if many are, all are, and they are the next v.

    Parameters
    ----------
    loss : RowLoss
    lengths : array (d,)
        Of the columns, less their means if `centred`; 0 for columns of which no slope is asked.
    centred : bool
    """

    def __init__(self, loss: RowLoss, lengths: Coefs, *, centred: bool) -> None:
        self._loss, self._lengths, self._centred = loss, lengths, centred
        self._near: tuple[Rows, Coefs] | None = None

    @cached_property
    def _means(self) -> Coefs:
        weight = self._loss.data.sample_weight
        return np.abs(self._loss.transposed(weight)) / weight.sum() if self._centred else 0.0 * self._lengths

    @cached_property
    def _rounding(self) -> Coefs:
        """What rounding may add, for row slopes of length 1."""
        weight = self._loss.data.sample_weight
        share = (weight.size + _ROUNDINGS) * _EPS + NULL_AFTER_CENTRING  # the latter of a length taken for 0
        return share * np.hypot(self._lengths, np.sqrt(weight.sum()) * self._means)

    def slopes(
        self, row_slopes: Rows, l1: Coefs, known: Bool[np.ndarray, " d"], those: Float[np.ndarray, " k"]
    ) -> Coefs:
        """Return minus the gradient at a point; a number within l1 may be another within l1.

        Parameters
        ----------
        row_slopes : array (n,)
            The derivative of each row's loss, without the weight.
        l1 : array (d,)
        known : array (d,) of bool
            Which of the numbers are known.
        those : array (k,)
            These numbers.
        """
        values = -self._loss.data.sample_weight * row_slopes
        slopes, bound = self._bounded(row_slopes)
        in_doubt = ~((bound <= l1) | known)
        if in_doubt.mean() > _MANY:
            slopes = self._loss.transposed(values)
            self._near = row_slopes, slopes
            return slopes
        slopes[known] = those
        if in_doubt.any():
            slopes[in_doubt] = self._loss.columns(in_doubt).T @ values
        return slopes

    def _bounded(self, row_slopes: Rows) -> tuple[Coefs, Coefs]:
        """Return slopes in proportion to those nearby, and a bound of the true ones."""
        if self._near is None:
            return self._lengths, np.full(self._lengths.size, np.inf)
        (near, slopes), weight = self._near, self._loss.data.sample_weight
        square = float(weight @ near**2)
        share = float(weight @ (near * row_slopes)) / square if square > 0.0 else 0.0
        rest = row_slopes - share * near
        mean = float(weight @ rest) / float(weight.sum()) if self._centred else 0.0
        length = np.sqrt(float(weight @ (rest - mean) ** 2))
        size = np.sqrt(float(weight @ row_slopes**2)) + abs(share) * np.sqrt(square)
        reach = self._lengths * length + (abs(mean) * weight.sum()) * self._means + self._rounding * size
        slopes = share * slopes
        return slopes, np.abs(slopes) + reach
