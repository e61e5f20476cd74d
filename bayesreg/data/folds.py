"""The fold of each row, and sums over all folds but one."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from operator import add
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

Positions = Int[np.ndarray, " m"]
Label = Any  # a whole number, or what an array of labels holds
Rows = slice | Positions


class FoldRows(NamedTuple):
    """The rows of each fold; folds without rows are left out.

    `n_splits` is the number of folds if they are numbered, None if they have labels. `trains` has the rows that predict
    a fold, and None says that all rows are in folds and each fold is predicted from all others. `in_order` says that
    folds are blocks of rows as they come.
    """

    n_splits: int | None
    rows: dict[Label, Rows]
    trains: dict[Label, Positions] | None = None
    in_order: bool = False


def split_rows(folds: Any, X: Any, y: Any) -> FoldRows:
    """Put rows into folds, none of them into two.

    Parameters
    ----------
    folds : int, scikit-learn splitter or array (n,)
        K: contiguous blocks of rows as scikit-learn's unshuffled KFold makes them. A splitter:
        its test folds, with the rows that it trains on. An array: a label for each row.
    X : array (n, p)
    y : array (n,)

    Returns
    -------
    FoldRows

    Raises
    ------
    TypeError, ValueError
        If `folds` is none of these, a row is in more than one fold, or a fold is predicted from its own rows.
    """
    if isinstance(folds, int | np.integer) and not isinstance(folds, bool):
        return _contiguous(int(folds), len(y))
    if hasattr(folds, "split") and not isinstance(folds, str | bytes):
        return _from_splitter(folds, X, y)
    return _from_labels(folds, len(y))


def _contiguous(n_splits: int, n_samples: int) -> FoldRows:
    if n_splits < 2:
        raise ValueError(f"`folds` must be at least 2, so that some rows are left to fit; got {n_splits}.")
    size, larger = divmod(n_samples, n_splits)
    edges = np.cumsum([0] + [size + (k < larger) for k in range(n_splits)]).tolist()
    rows: dict[Label, Rows] = {
        k: slice(edges[k], edges[k + 1]) for k in range(n_splits) if edges[k] < edges[k + 1]
    }
    return FoldRows(n_splits, rows, in_order=True)


def _from_splitter(splitter: Any, X: Any, y: Any) -> FoldRows:
    name, n = type(splitter).__name__, len(y)
    tests: list[Positions] = []
    trains: dict[Label, Positions] = {}
    try:
        for k, (train, test) in enumerate(splitter.split(X, y)):
            tests.append(np.asarray(test))
            if not _are_all_others(train, test, n):  # those of leave-one-out would fill the memory
                trains[k] = np.asarray(train)
    except (TypeError, ValueError, IndexError) as error:
        raise ValueError(
            f"`folds`: {name} cannot split these {n} rows: {error} Give an array of labels, one a row."
        ) from error
    if not _each_is_tested(name, tests, n):  # sums over test folds would leave some rows out
        trains |= {k: np.setdiff1d(np.arange(n), test) for k, test in enumerate(tests) if k not in trains}
    for k, train in trains.items():
        both = np.intersect1d(train, tests[k])
        if both.size:
            raise ValueError(
                f"`folds` must predict each test fold from other rows, but {name} trains on row {both[0]} for the fold "
                "that holds it."
            )
    return FoldRows(len(tests), {k: test for k, test in enumerate(tests) if test.size}, trains or None)


def _are_all_others(train: Any, test: Any, n: int) -> bool:
    among = np.zeros(n, dtype=bool)
    among[test] = True
    return len(train) + len(test) == n and not among[train].any()


def _each_is_tested(name: str, tests: list[Positions], n: int) -> bool:
    """Tell whether each row is in a test fold; refuse one that is in two."""
    times = np.bincount(np.concatenate([np.arange(0), *tests]).astype(int), minlength=n)
    if (times > 1).any():
        row = int(np.argmax(times > 1))
        raise ValueError(
            f"`folds` must put each row into one test fold at most, but {name} puts row {row} into {times[row]}. "
            "Use a splitter whose test folds share no row, like KFold or TimeSeriesSplit, or an array of labels."
        )
    return bool(times.all())


def _from_labels(folds: Any, n_samples: int) -> FoldRows:
    try:
        labels = np.asarray(folds)
    except ValueError:
        labels = np.empty((0, 0))
    if labels.dtype.kind == "O" and all(isinstance(label, str) for label in labels.ravel()):
        labels = labels.astype(str)  # a data frame's text
    if labels.ndim != 1 or labels.dtype.kind not in "biufUS":
        raise TypeError(
            "`folds` must be a whole number, a scikit-learn splitter, or an array with one label (a number or text) "
            f"for each row; got {folds!r}."
        )
    if labels.size != n_samples:
        raise ValueError(f"`folds` must have one label for each of the {n_samples} rows; got {labels.size}.")
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        row = int(np.argmin(np.isfinite(labels)))
        raise ValueError(
            f"`folds` has a label that is not finite (first at row {row}). Give every row a label."
        )
    found, fold_of_row, counts = np.unique(labels, return_inverse=True, return_counts=True)
    rows = np.split(np.argsort(fold_of_row, kind="stable"), np.cumsum(counts)[:-1])
    return FoldRows(None, dict(zip(found.tolist(), rows, strict=True)))


def sums_without_each[Summand](parts: Sequence[Summand]) -> Iterator[Summand]:
    """Yield, for each part, the sum of all others. Parts are only added: a difference would lose digits.

    Parameters
    ----------
    parts : sequence of summands, at least two
    """
    after = list(accumulate(reversed(parts[1:]), add))[::-1]  # after[k] is the sum of all parts behind part k
    before: Any = None
    for k, part in enumerate(parts):
        if before is None:
            yield after[0]
        else:
            yield before + after[k] if k < len(after) else before
        before = part if before is None else before + part
