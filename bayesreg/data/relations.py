"""Linear relations among columns: exact ones, with small numbers where they have some, and near ones."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, final

import numpy as np
from jaxtyping import Float, Int

from .dependence import NullVector, PivotedFactor, tells_none
from .least_squares import LeastSquares, Means
from .rows import RowData

if TYPE_CHECKING:
    from .gram import GramData

_REPRODUCED = 1e-8  # of a column's spread
_NULL_LENGTH = 1e-11  # of a column's squared length, in statistics
_NEGLIGIBLE = 1e-7  # a term, in columns' spreads
_ALIKE_DIGITS = 6
_BY_CHANCE = 0.9  # columns for a row, from which on some nearly tell others whatever they are
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


class Near(NamedTuple):
    """A column that others nearly tell.

    Attributes
    ----------
    of : int
        Its position.
    by : tuple of int
        Those that matter most, the most first: as many as nearly tell it by themselves.
    left : float
        The share of its variance that these leave.
    """

    of: int
    by: tuple[int, ...]
    left: float


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
    near : tuple of Near
        Columns of which others leave less than a thousandth of the variance, and not nothing.
    """

    found: tuple[Relation, ...]
    n_more: int
    n_columns: int
    n_samples: int
    near: tuple[Near, ...] = ()


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
    known = sets if has_constant else sets[1:]
    at = _looked_at(loss, means, known)
    none = Relations((), 0, at.size, data.n_samples)
    if at.size + fit_intercept > data.n_samples or at.size > _MOST_COLUMNS:
        return none
    whole = loss.statistics.factor if at.size == loss.squared_norms.size else None
    if whole is not None and tells_none(whole):
        return none
    factor = PivotedFactor.of(loss.gram[np.ix_(at, at)])
    exact = factor.exact()
    rows = _Rows.of(data, centre=fit_intercept) if isinstance(data, RowData) else None
    shared = known if has_constant else ()
    sums = [_fewest_levels(one.of_columns(at), shared) for one in exact[:_MOST_SOUGHT]]
    sought = [_with_small_numbers(one, means, loss, rows) for one in sums]
    found = tuple(relation for relation in sought if relation is not None)
    places = {int(j): place for place, j in enumerate(at)}
    looked_at = [[places[j] for j in one if j in places] for one in sets]
    near = factor.near(looked_at) if at.size <= _BY_CHANCE * data.n_samples else []
    return Relations(
        found,
        max(0, len(exact) - _MOST_SOUGHT),
        at.size,
        data.n_samples,
        tuple(_near(one.of_columns(at), loss.squared_norms) for one in near),
    )


def _looked_at(loss: LeastSquares, means: Means, sets: Sequence[Sequence[int]]) -> Int[np.ndarray, " q"]:
    """Return the columns that are not null, without the commonest of each set: the others and a constant tell it.

    Without a rare one the others would nearly sum to one.
    """
    kept = loss.squared_norms > 0.0
    for one in sets:
        varying = [j for j in one if kept[j]]
        if varying:
            kept[max(varying, key=lambda j: (means.x[j], j))] = False
    return np.flatnonzero(kept)


def _near(one: NullVector, squared_norms: Float[np.ndarray, " p"]) -> Near:
    sizes = one.vector * np.sqrt(squared_norms[one.at])
    own = int(np.argmin(np.abs(sizes + 1.0)))
    others = [k for k in np.argsort(-np.abs(sizes), kind="stable") if k != own]
    return Near(int(one.at[own]), tuple(int(one.at[k]) for k in others), one.left)


def _fewest_levels(one: NullVector, sets: Sequence[Sequence[int]]) -> NullVector:
    """Say by few levels what a sum over all the others says, as the levels of a column sum to one."""
    factors = dict(zip(one.at.tolist(), one.vector.tolist(), strict=True))
    for levels in sets:
        of_set = [factors.get(j, 0.0) for j in levels]
        size = max(map(abs, of_set), default=0.0)
        if not size:
            continue
        steps = Counter(round(value / size, _ALIKE_DIGITS) for value in of_set)
        usual = max(steps, key=lambda step: (steps[step], step == 0.0))
        if usual:
            shift = float(
                np.median([value for value in of_set if round(value / size, _ALIKE_DIGITS) == usual])
            )
            less = {j: value - shift for j, value in zip(levels, of_set, strict=True)}
            factors |= {j: value if abs(value) > _NEGLIGIBLE * size else 0.0 for j, value in less.items()}
    at = np.array(sorted(j for j, value in factors.items() if value), dtype=int)
    return NullVector(at, np.array([factors[j] for j in at.tolist()]), one.left)


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

    def fitted(self, one: NullVector) -> NullVector:
        """Return a null vector to the last digit, by least squares."""
        columns = self.columns(one.at)
        columns = columns - columns.mean(axis=0) if self.centre else columns
        size = np.linalg.norm(columns, axis=0)
        own = int(np.argmax(np.abs(one.vector) * size))
        others = np.delete(np.arange(one.at.size), own)
        solution = np.linalg.lstsq(columns[:, others], columns[:, own], rcond=None)[0]
        vector = np.insert(solution, own, -1.0)
        used = np.abs(vector) * size > _NEGLIGIBLE * size[own]
        return NullVector(one.at[used], vector[used])


def _with_small_numbers(
    one: NullVector, means: Means, loss: LeastSquares, rows: _Rows | None
) -> Relation | None:
    """Return a relation in its simplest form, or None if it does not hold to the last digits."""
    relation = _simplest(one, means)
    if rows is not None and not _holds(relation, loss, rows):
        relation = _simplest(rows.fitted(one), means)
    return relation if _holds(relation, loss, rows) else None


def _simplest(one: NullVector, means: Means) -> Relation:
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
        return bool(left <= _NULL_LENGTH * loss.squared_norms[relation.of])
    columns = rows.columns(at)
    off = columns @ vector + relation.constant
    own = columns[:, 0] - columns[:, 0].mean() if rows.centre else columns[:, 0]
    spread = np.linalg.norm(own) / np.sqrt(own.size)
    rounding = np.finfo(float).eps * np.abs(columns * vector).max() * at.size
    return bool(np.abs(off).max() <= _REPRODUCED * spread + rounding)
