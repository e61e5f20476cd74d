"""Exact linear relations among columns, with small numbers where they have some."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, final

import numpy as np
from jaxtyping import Float, Int

from .least_squares import LeastSquares, Means
from .rows import RowData

if TYPE_CHECKING:
    from .gram import GramData

_NULL_PIVOT = 1e-11  # of a unit-norm column's squared length: what is to be looked at closer
_REPRODUCED = 1e-8  # of a column's spread
_NEGLIGIBLE = 1e-7  # a term, in columns' spreads
_NEAR = 1e-9  # a coefficient to its fraction
_LARGEST_DENOMINATOR = 1000
_MOST_COLUMNS = 2000
_MOST_SOUGHT = 50
_MOST_ROWS = 10_000


class Term(NamedTuple):
    """A column's position and what it is multiplied by."""

    at: int
    factor: float


@final
@dataclass(frozen=True)
class Relation:
    """A column as a sum of others.

    Attributes
    ----------
    of : int
        Its position.
    terms : tuple of Term
    constant : float
        That is added.
    """

    of: int
    terms: tuple[Term, ...]
    constant: float


@final
@dataclass(frozen=True)
class Relations:
    """What is known of the columns.

    Attributes
    ----------
    found : tuple of Relation
        Empty if there are too many columns for the rows.
    n_more : int
        How many more there are, which were not looked at.
    n_columns, n_samples : int
        Columns that vary, one for each set that sums to one left out; and rows with a positive weight.
    """

    found: tuple[Relation, ...]
    n_more: int
    n_columns: int
    n_samples: int


def linear_relations(
    data: "RowData | GramData", sets: Sequence[Sequence[int]] = (), *, fit_intercept: bool
) -> Relations:
    """Find exact linear relations among the columns, and with a constant if an intercept is fitted.

    Parameters
    ----------
    data : RowData or GramData
    sets : sequence of sequences of int
        Positions of columns that are known to sum to one.
    fit_intercept : bool

    Returns
    -------
    Relations
        As many as the columns' rank lacks, those of the sets and of columns that do not vary left out. A number is a
        fraction with a small denominator if that reproduces the column to 1e-8 of its standard deviation.
    """
    loss, means = data.least_squares(centre=fit_intercept)
    has_constant = fit_intercept or bool(((data.column_sd == 0.0) & (loss.squared_norms > 0.0)).any())
    at = _looked_at(loss, sets if has_constant else sets[1:])
    none = Relations((), 0, at.size, data.n_samples)
    if at.size + fit_intercept > data.n_samples or at.size > _MOST_COLUMNS:
        return none
    if at.size == loss.squared_norms.size and loss.statistics.factor is not None:
        return none
    sums = _sums(loss.gram[np.ix_(at, at)])
    rows = _Rows.of(data, centre=fit_intercept) if isinstance(data, RowData) else None
    sought = [_with_small_numbers(one.of_columns(at), means, loss, rows) for one in sums[:_MOST_SOUGHT]]
    found = tuple(relation for relation in sought if relation is not None)
    return Relations(found, max(0, len(sums) - _MOST_SOUGHT), at.size, data.n_samples)


def _looked_at(loss: LeastSquares, sets: Sequence[Sequence[int]]) -> Int[np.ndarray, " q"]:
    """Return the columns that are not null, without the last of each set: the others and a constant tell it."""
    kept = loss.squared_norms > 0.0
    for one in sets:
        kept[[j for j in one if kept[j]][-1:]] = False
    return np.flatnonzero(kept)


class _Sum(NamedTuple):
    """A null vector of the columns: one of them less a sum of others is a constant."""

    at: Int[np.ndarray, " k"]
    vector: Float[np.ndarray, " k"]

    def of_columns(self, at: Int[np.ndarray, " q"]) -> "_Sum":
        return _Sum(at[self.at], self.vector)

    def seen_from(self, place: int) -> "_Sum":
        """Return it with the factor −1 at a place."""
        return _Sum(self.at, -self.vector / self.vector[place])


def _sums(gram: Float[np.ndarray, "q q"]) -> list[_Sum]:
    """Return one null vector for each column that others determine, as a pivoted Cholesky factor tells."""
    from scipy.linalg import solve_triangular
    from scipy.linalg.lapack import dpstrf

    norms = np.sqrt(np.diagonal(gram))
    factor, order, rank, _ = dpstrf(gram / norms / norms[:, None], lower=1, tol=_NULL_PIVOT)
    order = order - 1
    lower = np.tril(factor[:rank, :rank])
    factors = solve_triangular(lower, factor[rank:, :rank].T, lower=True, trans="T")
    found = []
    for own, others in zip(order[rank:], factors.T, strict=True):
        used = np.abs(others) > _NEGLIGIBLE
        at = np.append(order[:rank][used], own)
        by_place = np.argsort(at)
        vector = np.append(others[used], -1.0) / norms[at]
        found.append(_Sum(at[by_place], vector[by_place]))
    return sorted(found, key=lambda one: int(one.at[-1]))


class _Rows(NamedTuple):
    """Rows that count, to see whether a relation holds in them."""

    X: Any
    centre: bool

    @classmethod
    def of(cls, data: RowData, *, centre: bool) -> "_Rows":
        step = -(-data.n_samples // _MOST_ROWS)
        if data.n_samples == data.y.size:
            return cls(data.X[::step], centre)
        return cls(data.X[np.flatnonzero(data.sample_weight)[::step]], centre)

    def columns(self, at: Int[np.ndarray, " k"]) -> Float[np.ndarray, "n k"]:
        columns = self.X[:, at]
        return columns if isinstance(columns, np.ndarray) else columns.toarray()

    def fitted(self, one: _Sum) -> _Sum:
        """Return a null vector to the last digit, by least squares."""
        columns = self.columns(one.at)
        columns = columns - columns.mean(axis=0) if self.centre else columns
        size = np.linalg.norm(columns, axis=0)
        own = int(np.argmax(np.abs(one.vector) * size))
        others = np.delete(np.arange(one.at.size), own)
        solution = np.linalg.lstsq(columns[:, others], columns[:, own], rcond=None)[0]
        vector = np.insert(solution, own, -1.0)
        used = np.abs(vector) * size > _NEGLIGIBLE * size[own]
        return _Sum(one.at[used], vector[used])


def _with_small_numbers(one: _Sum, means: Means, loss: LeastSquares, rows: _Rows | None) -> Relation | None:
    """Return a relation in its simplest form, or None if it does not hold to the last digits."""
    relation = _simplest(one, means)
    if rows is not None and not _holds(relation, loss, rows):
        relation = _simplest(rows.fitted(one), means)
    return relation if _holds(relation, loss, rows) else None


def _simplest(one: _Sum, means: Means) -> Relation:
    """Solve for the column that leaves whole and positive numbers on the other side, the last of several."""

    def oddity(place: int) -> tuple[int, int, int]:
        seen = np.delete(one.seen_from(place).vector, place)
        whole = np.abs(seen - np.round(seen)) <= _NEAR * np.abs(seen)
        return int((~whole).sum()), int((seen < 0.0).sum()), -place

    own = min(range(one.at.size), key=oddity)
    seen = one.seen_from(own)
    terms = [
        Term(int(j), _small(factor))
        for place, (j, factor) in enumerate(zip(seen.at, seen.vector.tolist(), strict=True))
        if place != own
    ]
    of = int(one.at[own])
    constant = float(means.x[of]) - sum(term.factor * float(means.x[term.at]) for term in terms)
    size = max(abs(float(means.x[of])), *(abs(term.factor * float(means.x[term.at])) for term in terms))
    return Relation(of, tuple(terms), 0.0 if abs(constant) <= _NEAR * size else _small(constant))


def _small(number: float) -> float:
    """Return the near fraction with a small denominator, if there is one."""
    near = float(Fraction(number).limit_denominator(_LARGEST_DENOMINATOR))
    return near if abs(near - number) <= _NEAR * abs(number) else number


def _holds(relation: Relation, loss: LeastSquares, rows: _Rows | None) -> bool:
    at = np.array([relation.of, *(term.at for term in relation.terms)])
    vector = np.array([-1.0, *(term.factor for term in relation.terms)])
    if rows is None:
        left = vector @ loss.gram[np.ix_(at, at)] @ vector
        return bool(left <= _NULL_PIVOT * loss.squared_norms[relation.of])
    columns = rows.columns(at)
    off = columns @ vector + relation.constant
    own = columns[:, 0] - columns[:, 0].mean() if rows.centre else columns[:, 0]
    spread = np.linalg.norm(own) / np.sqrt(own.size)
    rounding = np.finfo(float).eps * np.abs(columns * vector).max() * at.size
    return bool(np.abs(off).max() <= _REPRODUCED * spread + rounding)
