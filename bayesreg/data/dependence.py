"""Which columns of a Gram matrix others tell, exactly or nearly, by its pivoted Cholesky factor."""

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
from jaxtyping import Float, Int

_NULL_PIVOT = 1e-11  # of a unit-norm column's squared length: what is to be looked at closer
LARGEST_INFLATION = 1000.0  # of the variance of a coefficient, by what other columns tell of its own
A_PART = 0.1  # of the largest term, in columns' spreads: what is worth naming of a near relation
_NEGLIGIBLE = 1e-7  # a term, in columns' spreads


def inflation(lower: Float[np.ndarray, "q q"]) -> tuple[Float[np.ndarray, " q"], Float[np.ndarray, "q q"]]:
    """Return the variance inflation of each column, and the inverse of the factor that tells it.

    It is 1/(1 − R²), with R² of the column on all others.
    """
    from scipy.linalg.lapack import dtrtri

    inverse = dtrtri(lower, lower=1)[0]
    return (inverse**2).sum(axis=0), inverse


def tells_none(lower: Float[np.ndarray, "q q"]) -> bool:
    """Tell from a factor in any order that no column is told by the others, exactly or nearly."""
    return bool((inflation(lower)[0] <= LARGEST_INFLATION).all())


class NullVector(NamedTuple):
    """A combination of columns that is constant, or nearly so.

    Attributes
    ----------
    at : array (k,)
        Positions of the columns, increasing.
    vector : array (k,)
        What they are multiplied by.
    left : float
        The share of a column's squared length that the others leave.
    """

    at: Int[np.ndarray, " k"]
    vector: Float[np.ndarray, " k"]
    left: float = 0.0

    def of_columns(self, at: Int[np.ndarray, " q"]) -> "NullVector":
        """Return it with the positions that a choice of columns has among all."""
        return self._replace(at=at[self.at])

    def seen_from(self, place: int) -> "NullVector":
        """Return it with the factor −1 at a place."""
        return self._replace(vector=-self.vector / self.vector[place])


class PivotedFactor(NamedTuple):
    """The factor of a Gram matrix of columns of unit length, those that add most first.

    Attributes
    ----------
    lower : array (q, rank)
    order : array (q,)
    norms : array (q,)
    """

    lower: Float[np.ndarray, "q rank"]
    order: Int[np.ndarray, " q"]
    norms: Float[np.ndarray, " q"]

    @classmethod
    def of(cls, gram: Float[np.ndarray, "q q"]) -> Self:
        """Factorise a Gram matrix; a pivot is the squared length that is left of a column."""
        from scipy.linalg.lapack import dpstrf

        norms = np.sqrt(np.diagonal(gram))
        factor, order, rank, _ = dpstrf(gram / norms / norms[:, None], lower=1, tol=_NULL_PIVOT)
        return cls(np.tril(factor)[:, :rank], order - 1, norms)

    def exact(self) -> list[NullVector]:
        """Return one vector for each column that others determine."""
        from scipy.linalg import solve_triangular

        rank = self.lower.shape[1]
        own, others = self.order[rank:], self.order[:rank]
        factors = solve_triangular(self.lower[:rank], self.lower[rank:].T, lower=True, trans="T")
        found = [self._vector(j, others, of_j) for j, of_j in zip(own.tolist(), factors.T, strict=True)]
        return sorted(found, key=lambda one: int(one.at[-1]))

    def near(self, sets: Sequence[Sequence[int]] = ()) -> list[NullVector]:
        """Return one vector for each column that others nearly tell, the best told first.

        Of columns that nearly tell one another, the best told stands for all that matter to it. A vector has as many
        of them as tell it nearly by themselves, and what they leave. Columns of a set, the levels of one column, come
        together.
        """
        rank = self.lower.shape[1]
        told, inverse = inflation(self.lower[:rank])
        found, named = [], np.zeros(rank, dtype=bool)
        set_of = self._set_of(sets)
        for place in np.lexsort((-self.order[:rank], -told)):
            if told[place] <= LARGEST_INFLATION:
                break
            factors = -(inverse.T @ inverse[:, place]) / told[place]
            factors[place] = 0.0
            matters = np.abs(factors) > A_PART * np.abs(factors).max()
            if not named[place]:
                enough, of_enough, left = self._enough(place, np.flatnonzero(matters), set_of)
                at, own = self.order[:rank][enough], int(self.order[place])
                found.append(self._vector(own, at, of_enough, left))
                named[enough] = True
            named |= matters
        return found

    def _set_of(self, sets: Sequence[Sequence[int]]) -> Int[np.ndarray, " rank"]:
        """Return a number for each column of the factor, the same for those of a set."""
        number = np.arange(self.order.size)
        for one in sets:
            number[list(one)] = min(one, default=0)
        return number[self.order[: self.lower.shape[1]]]

    def _enough(
        self, place: int, chosen: Int[np.ndarray, " k"], set_of: Int[np.ndarray, " rank"]
    ) -> tuple[Int[np.ndarray, " m"], Float[np.ndarray, " m"], float]:
        """Add to the chosen columns those that tell most of the rest, until they nearly tell one."""
        own = self.lower[place]
        while True:
            is_chosen = np.isin(set_of, set_of[chosen])
            is_chosen[place] = False
            chosen = np.flatnonzero(is_chosen)
            columns = self.lower[chosen].T
            factors = np.linalg.lstsq(columns, own, rcond=None)[0]
            rest = own - columns @ factors
            left = float(rest @ rest)
            if left * LARGEST_INFLATION <= 1.0 or chosen.size >= set_of.size - 1:
                return chosen, factors, left
            telling = np.abs(self.lower[: set_of.size] @ rest)
            telling[[place, *chosen]] = -1.0
            most = np.argsort(-telling, kind="stable")[: max(1, chosen.size // 4)]
            chosen = np.append(chosen, most)

    def _vector(
        self, own: int, others: Int[np.ndarray, " k"], factors: Float[np.ndarray, " k"], left: float = 0.0
    ) -> NullVector:
        used = np.abs(factors) > _NEGLIGIBLE
        at = np.append(others[used], own)
        by_place = np.argsort(at)
        vector = np.append(factors[used], -1.0) / self.norms[at]
        return NullVector(at[by_place], vector[by_place], left)
