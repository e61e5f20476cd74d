"""Which columns of a Gram matrix others tell, exactly or nearly, by its pivoted Cholesky factor."""

from typing import NamedTuple, Self

import numpy as np
from jaxtyping import Float, Int

_NULL_PIVOT = 1e-11  # of a unit-norm column's squared length: what is to be looked at closer
_NEAR_PIVOT = 1e-3  # the same of a column that others nearly tell: a variance inflation of 1,000
_NEGLIGIBLE = 1e-7  # a term, in columns' spreads


def tells_none(factor: Float[np.ndarray, "q q"]) -> bool:
    """Tell from a factor in any order that no column is told by those before it, exactly or nearly."""
    return bool((np.diagonal(factor) ** 2 >= _NEAR_PIVOT).all())


class NullVector(NamedTuple):
    """A combination of columns that is constant, or nearly so.

    Attributes
    ----------
    at : array (k,)
        Positions of the columns, increasing.
    vector : array (k,)
        What they are multiplied by.
    left : float
        The squared length that is left of one of them, in its own.
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
        return self._vectors(self.lower.shape[1], len(self.order))

    def near(self) -> list[NullVector]:
        """Return one vector for each column that others leave less than a thousandth of, and not nothing."""
        rank = self.lower.shape[1]
        pivots = np.diagonal(self.lower) ** 2  # in falling order
        return self._vectors(int(np.count_nonzero(pivots >= _NEAR_PIVOT)), rank)

    def _vectors(self, n_others: int, stop: int) -> list[NullVector]:
        """Return the columns from a place on as sums of those that stand before it."""
        from scipy.linalg import solve_triangular

        if n_others == stop:
            return []
        rows = self.lower[n_others:stop]
        factors = solve_triangular(
            self.lower[:n_others, :n_others], rows[:, :n_others].T, lower=True, trans="T"
        )
        left = (rows[:, n_others:] ** 2).sum(axis=1)
        found = []
        for own, others, rest in zip(self.order[n_others:stop], factors.T, left.tolist(), strict=True):
            used = np.abs(others) > _NEGLIGIBLE
            at = np.append(self.order[:n_others][used], own)
            by_place = np.argsort(at)
            vector = np.append(others[used], -1.0) / self.norms[at]
            found.append(NullVector(at[by_place], vector[by_place], rest))
        return sorted(found, key=lambda one: int(one.at[-1]))
