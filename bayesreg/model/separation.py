"""Separation: directions of unpenalised columns along which the likelihood only grows; no estimate is finite then."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from ..base.listed import listed
from .problem import Rates
from .row_problem import RowProblem

_FEW = 2000  # rows that are asked first
_OF_EACH = 20  # rows of each column and sign among them
_CLEARLY = 0.5  # of a sum that is at least 1 if there is a direction
_NEAR_ZERO = 1e-7  # of a unit column: what the linear programme takes for 0
_MOST_NAMED = 6
_MOST_COLUMNS = 300  # of a linear programme that only a caution needs

Rows = Float[np.ndarray, "n f"]


def refuse_separation(problem: RowProblem, error: type[Exception], what: str) -> None:
    """Refuse data that unpenalised columns separate.

    Parameters
    ----------
    problem : RowProblem
    error : type
        What to raise.
    what : str
        What there is not, for the message.
    """
    found = separation(problem)
    if found is not None:
        raise error(
            f"the rows are separated: {found}. So an unpenalised coefficient is best at infinity, and {what}. Give it "
            "a prior with a finite scale, for example GaussianPrior(2.5), as `intercept_prior` if it is the "
            "intercept; or drop the column."
        )


def separation(problem: RowProblem) -> str | None:
    """Tell in words how unpenalised columns separate the rows; return None if they do not.

    Parameters
    ----------
    problem : RowProblem

    Returns
    -------
    str or None
        A sentence without its full stop.

    References
    ----------
    A. Albert and J. A. Anderson (1984), doi:10.1093/biomet/71.1.1; S. Correia, P. Guimarães and T. Zylkin (2019),
    arXiv:1903.01633, for counts.
    """
    flat = np.flatnonzero(problem.rates.flat)
    present = np.flatnonzero(problem.data.sample_weight > 0.0)
    up, down = problem.likelihood.bounded(problem.data.y[present])
    if not flat.size or not (up | down).any():
        return None
    columns = problem.data.columns(problem.rates.flat)[present]
    sizes = np.abs(columns).max(axis=0)
    columns = columns / np.where(sizes > 0.0, sizes, 1.0)
    sign = up.astype(float) - down
    found = _direction(columns, sign)
    if found is None:
        return None
    names = [(*problem.feature_names, None)[j] for j in flat]
    return _in_words(columns * sizes, sign, found, names, is_count=not up.any())


def separating_columns(problem: RowProblem, most: int) -> tuple[str, ...]:
    """Tell in words which columns would separate the rows if none were penalised.

    Parameters
    ----------
    problem : RowProblem
        Its own rates are of no matter.
    most : int
        How many columns, one by one, are told.

    Returns
    -------
    tuple of str
        Sentences as `separation` returns them: of single columns, or one of several columns together.
    """
    p = problem.n_features
    present = np.flatnonzero(problem.data.sample_weight > 0.0)
    up, down = problem.likelihood.bounded(problem.data.y[present])
    n = max(present.size, problem.sum_weights)  # equal rows may be merged
    if not (up | down).any() or n <= p + problem.has_intercept:
        return ()
    sign, columns = up.astype(float) - down, problem.data.X
    found = []
    for j, name in enumerate(problem.feature_names):
        column = columns[:, [j]] if isinstance(columns, np.ndarray) else columns[:, [j]].toarray()
        along = column[present, 0]
        ways = [way for way in (1.0, -1.0) if _separates(way * along, sign)]
        if ways:
            found.append(_of_one(name, along, ways[0], is_count=not up.any()))
        if len(found) == most:
            return tuple(found)
    if found or p > _MOST_COLUMNS:
        return tuple(found)
    rates = Rates(*(np.zeros_like(part) for part in problem.rates))
    together = separation(replace(problem, rates=rates))
    return () if together is None else (together,)


def _direction(columns: Rows, sign: Float[np.ndarray, " n"]) -> Float[np.ndarray, " f"] | None:
    """Return a direction along which no row's loss grows and some fall, or None.

    A few rows are asked first. If they leave no direction at all, all rows leave none.
    """
    if columns.shape[1] == 1:
        ways = [way for way in (1.0, -1.0) if _separates(way * columns[:, 0], sign)]
        return np.array(ways[:1]) if ways else None
    chosen = _telling_rows(columns, sign)
    while True:
        found = _direction_of(columns[chosen], sign[chosen])
        if (
            found is None
            and chosen.size < sign.size
            and np.linalg.matrix_rank(columns[chosen]) < len(columns[0])
        ):
            chosen = np.arange(sign.size)
            continue
        if found is None or chosen.size == sign.size:
            return found
        along = columns @ found
        wrong = np.flatnonzero(np.where(sign == 0.0, np.abs(along), -sign * along) > _NEAR_ZERO)
        if not wrong.size:
            return found
        chosen = np.union1d(chosen, wrong[:_FEW])


def _telling_rows(columns: Rows, sign: Float[np.ndarray, " n"]) -> Int[np.ndarray, " m"]:
    if sign.size <= _FEW:
        return np.arange(sign.size)
    chosen = [np.random.default_rng(0).choice(sign.size, _FEW // 2, replace=False)]
    for column in columns.T:
        for kind in (-1.0, 0.0, 1.0):
            chosen.append(np.flatnonzero((column != 0.0) & (sign == kind))[:_OF_EACH])
    return np.unique(np.concatenate(chosen))


def _direction_of(columns: Rows, sign: Float[np.ndarray, " n"]) -> Float[np.ndarray, " f"] | None:
    """Maximise the sum over rows of sign·column·d, each between 0 and 1, and 0 where the sign is 0."""
    from scipy.linalg import null_space
    from scipy.optimize import linprog

    fixed, free = sign == 0.0, sign != 0.0
    basis = np.eye(columns.shape[1])
    if fixed.any():
        basis = null_space(columns[fixed].T @ columns[fixed], rcond=1e-10)
        if not basis.size:
            return None
    along = sign[free, None] * (columns[free] @ basis)
    along[np.abs(along) < 1e-12] = 0.0
    answer = linprog(
        -along.sum(axis=0),
        A_ub=np.vstack([-along, along]),
        b_ub=np.repeat([0.0, 1.0], len(along)),
        bounds=(None, None),
        method="highs",
    )
    if answer.status != 0 or -answer.fun < _CLEARLY:
        return None
    found: Float[np.ndarray, " f"] = basis @ answer.x
    return found / np.abs(found).max()


def _in_words(
    columns: Rows,
    sign: Float[np.ndarray, " n"],
    direction: Float[np.ndarray, " f"],
    names: Sequence[str | None],
    *,
    is_count: bool,
) -> str:
    """Name the simplest set of columns that separates; the name of the intercept is None."""
    for j, name in enumerate(names):
        along = columns[:, j]
        for way in (1.0, -1.0):
            if _separates(way * along, sign):
                return _of_one(name, along, way, is_count=is_count)
    if None in names and not is_count:
        for name, along in zip(names, columns.T, strict=True):
            if name is not None and (place := _threshold(along, sign)) is not None:
                low, high, above = place
                return (
                    f"{name!r} separates y = 0 from y = 1: it is at {'most' if above else 'least'} {low:.6g} "
                    f"for the one and at {'least' if above else 'most'} {high:.6g} for the other"
                )
    part = [name or "the intercept" for name, d in zip(names, direction, strict=True) if abs(d) > _NEAR_ZERO]
    what = "only counts of 0" if is_count else "y = 0 from y = 1"
    return (
        f"together {listed([repr(one) if one != 'the intercept' else one for one in part], _MOST_NAMED)} "
        + (f"single out rows with {what}" if is_count else f"separate {what}")
    )


def _separates(along: Float[np.ndarray, " n"], sign: Float[np.ndarray, " n"]) -> bool:
    still: Bool[np.ndarray, " n"] = np.where(sign == 0.0, along == 0.0, sign * along >= 0.0)
    return bool(still.all() and (along != 0.0).any())


def _of_one(name: str | None, along: Any, way: float, *, is_count: bool) -> str:
    if name is None:
        return "y is 0 at all rows" if is_count or way < 0.0 else "y is 1 at all rows"
    if is_count:
        return f"where {name!r} is not 0, y is 0 at all rows"
    values = np.unique(along)
    if values.size <= 2 and 0.0 in values:
        meets = way * values[values != 0.0][0] > 0.0
        return f"{name!r} never meets y = {'0' if meets else '1'}"
    return f"the sign of {name!r} separates y = 0 from y = 1"


def _threshold(
    along: Float[np.ndarray, " n"], sign: Float[np.ndarray, " n"]
) -> tuple[float, float, bool] | None:
    """Return the ends of a column for y = 0 and y = 1 if they do not overlap, and whether y = 1 is above."""
    if (sign == 0.0).any() or np.ptp(along) == 0.0:
        return None
    yes, no = along[sign > 0.0], along[sign < 0.0]
    if yes.min() >= no.max():
        return float(no.max()), float(yes.min()), True
    if yes.max() <= no.min():
        return float(no.min()), float(yes.max()), False
    return None
