"""The curvature of a loss at a point as one matrix, and the minimum of its quadratic plus a penalty."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Self, final

import numpy as np
from jaxtyping import Bool, Float, Int

from ..base.blas import cholesky, cholesky_solve, times
from ..data.kept import Kept
from ..data.least_squares import NULL_AFTER_CENTRING
from ..data.row_least_squares import NEAR
from .solvers.gram_sweeps import GramSweeps
from .solvers.quadratic import solve_quadratics

_ROUNDS, _SWEEPS = 4, 5  # of coordinate descent, before a solver that always comes to an end

Coefs = Float[np.ndarray, " d"]


@final
@dataclass(frozen=True, eq=False)
class Curvature:
    """Second derivatives of a loss. The unpenalised coefficients are eliminated.

    Attributes
    ----------
    free : array (d,) of bool
        Which coefficients are unpenalised; k of d.
    of_free : array (k, k)
        The inverse of their block.
    onto_free : array (k, q)
        What their optimum loses for each unit of another coefficient.
    reduced : array (q, q)
        The curvature along the others, the unpenalised ones at their optimum. A column without curvature is 0.
    """

    free: Bool[np.ndarray, " d"]
    of_free: Float[np.ndarray, "k k"]
    onto_free: Float[np.ndarray, "k q"]
    reduced: Float[np.ndarray, "q q"]

    @classmethod
    def of(cls, gram: Float[np.ndarray, "d d"], free: Bool[np.ndarray, " d"]) -> Self | None:
        """Eliminate the unpenalised coefficients; return None if that loses more than a digit."""
        held = ~free
        across = gram[np.ix_(free, held)]
        try:
            of_free = np.linalg.pinv(gram[np.ix_(free, free)], hermitian=True)
        except np.linalg.LinAlgError:  # numbers near the largest
            return None
        onto_free = of_free @ across
        whole = gram[np.ix_(held, held)]
        reduced = whole - across.T @ onto_free
        size, left = np.diagonal(whole), np.diagonal(reduced)
        constant = left <= NULL_AFTER_CENTRING**2 * size
        if not (constant | (size <= (1.0 + NEAR) * left)).all():
            return None
        reduced[constant] = 0.0
        reduced[:, constant] = 0.0
        return cls(free, of_free, onto_free, reduced)

    @cached_property
    def _usable(self) -> Bool[np.ndarray, " q"]:
        return np.diagonal(self.reduced) > 0.0

    def minimum(self, coefs: Coefs, slopes: Coefs, l1: Coefs, l2: Coefs) -> Coefs | None:
        """Return the minimum of the quadratic at a point, given minus the gradient there, plus a penalty.

        Return None if the matrix is not positive definite.
        """
        free, held = self.free, ~self.free
        start = coefs[held]
        slope = np.where(self._usable, slopes[held] - self.onto_free.T @ slopes[free], 0.0)
        if l1.any():
            penalty = l1[held], l2[held]
            found = self._on_support(start, slope, *penalty)
            if found is None:
                found = self._by_sweeps(start, slope, *penalty)
            if found is None:
                found = solve_quadratics(
                    self.reduced, start[None], slope[None], l1[None, held], l2[None, held], follow=False
                ).coefs[0]
        else:
            change = self._ridge_step(slope - l2[held] * start, l2[held])
            if change is None:
                return None
            found = start + change
        moved = coefs.copy()
        moved[held] = found
        moved[free] += self.of_free @ slopes[free] - self.onto_free @ (found - start)
        return moved

    def _by_sweeps(self, start: Coefs, slope: Coefs, l1: Coefs, l2: Coefs) -> Float[np.ndarray, " q"] | None:
        """Return the minimum if a few sweeps of coordinate descent show its support, else None."""
        sweep, unit = self._sweeps
        coef, gradient = start / unit, slope * unit
        for _ in range(_ROUNDS):
            coef, gradient = sweep(coef, gradient, l1 * unit, l2 * unit**2, _SWEEPS)
            if not (np.isfinite(coef).all() and np.isfinite(gradient).all()):
                return None
            found = self._on_support(coef * unit, gradient / unit, l1, l2)
            if found is not None:
                return found
        return None

    @cached_property
    def _sweeps(self) -> tuple[GramSweeps, Coefs]:
        """Coordinate descent for columns of unit length; and what a coefficient of such a column is multiplied by."""
        size = np.diagonal(self.reduced)
        unit = 1.0 / np.sqrt(np.where(self._usable, size, 1.0))
        return GramSweeps(self.reduced * unit * unit[:, None]), unit

    def _on_support(self, start: Coefs, slope: Coefs, l1: Coefs, l2: Coefs) -> Float[np.ndarray, " q"] | None:
        """Return the minimum if it has the support and the signs of the start, else None."""
        chosen = (start != 0.0) | (l1 == 0.0)
        if (chosen & ~self._usable).any():
            return None
        support = np.flatnonzero(chosen)
        own, sign = start[support], np.sign(start[support])
        solve = self._factors.get(chosen.tobytes() + l2.tobytes(), lambda: self._factorised(support, l2))
        if solve is None:
            return None
        change = solve(slope[support] - l2[support] * own - l1[support] * sign)
        if ((own + change) * sign <= 0.0)[l1[support] > 0.0].any():
            return None
        step = np.zeros(start.size)
        step[support] = change
        left = np.abs(slope - times(self.reduced, step))
        return None if (left > l1)[~chosen & self._usable].any() else start + step

    @cached_property
    def _factors(self) -> Kept[Callable[[Coefs], Coefs] | None]:
        return Kept(1)

    def _factorised(self, support: Int[np.ndarray, " s"], l2: Coefs) -> Callable[[Coefs], Coefs] | None:
        """Return the function that solves for a step on a support, or None if it is singular."""
        if not support.size:
            return lambda slope: slope
        system = self.reduced.take(support, axis=0).take(support, axis=1) + np.diag(l2[support])
        unit = 1.0 / np.sqrt(np.diagonal(system))
        factor = cholesky(system * unit * unit[:, None])
        return None if factor is None else lambda slope: unit * cholesky_solve(factor, unit * slope)

    def _ridge_step(self, slope: Float[np.ndarray, " q"], l2: Float[np.ndarray, " q"]) -> Coefs | None:
        if not slope.size:
            return slope
        system = self.reduced + np.diag(l2)
        unit = 1.0 / np.sqrt(np.diagonal(system))
        factor = cholesky(system * unit * unit[:, None])
        return None if factor is None else unit * cholesky_solve(factor, unit * slope)
