"""Rows with missing entries: how many there are, what is lost with them, and what would keep them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
from jaxtyping import Bool, Int

from ...base.listed import listed
from .pasted import pasted_names
from .questions import FLAG, GAPS, Question

if TYPE_CHECKING:
    import pandas as pd

_MUCH = 0.2  # of the rows
_MOST_SHOWN = 10
_MOST_WORDS = 5
_MOST_TRIED, _MOST_SEEN = 200, 2000  # ways in which entries are missing in a row, the most frequent
_MOST_STEPS = 10
_BLANK = ""


@final
@dataclass(frozen=True)
class Gaps:
    """Where entries are missing in a table.

    Attributes
    ----------
    counts : mapping of str to int
        Missing entries of each column that lacks some, the emptiest first.
    n_rows, n_complete : int
    exclusions : tuple of (tuple of str, int)
        Columns, and how many rows are complete without them: first the best to leave out, then as many as keep
        four fifths of the rows.
    as_levels : tuple of (tuple of str, int)
        Text columns whose missing entries can be a level of their own, and how many rows are complete then.
    """

    counts: dict[str, int]
    n_rows: int
    n_complete: int
    exclusions: tuple[tuple[tuple[str, ...], int], ...]
    as_levels: tuple[tuple[str, ...], int] | None

    @property
    def n_dropped(self) -> int:
        """How many rows have a missing entry."""
        return self.n_rows - self.n_complete

    @property
    def many(self) -> bool:
        """Whether these rows are more than a fifth."""
        return self.n_dropped > _MUCH * self.n_rows

    def advice(self) -> str:
        """Say what keeps more rows, with how many; "" if nothing does."""
        ways = [
            f"{pasted_names('--exclude', names)} makes {n_complete} rows complete"
            for names, n_complete in self.exclusions
            if len(names) <= _MOST_SHOWN
        ]
        if self.as_levels is not None:
            names, n_complete = self.as_levels
            what = "a level of its own" if len(names) == 1 else "a level of their own in each"
            ways.append(f"{pasted_names('--missing-level', names)} ({what}) makes {n_complete} rows complete")
        return f"{'; '.join(ways)}." if ways else ""


def gaps_of(frame: "pd.DataFrame", protected: Sequence[str], text: Sequence[str]) -> Gaps | None:
    """Find where entries are missing; None if none is.

    Parameters
    ----------
    frame : data frame
    protected : sequence of str
        Columns that cannot be left out: the target, and the weights.
    text : sequence of str
        Columns of text.
    """
    counts = missing_entries(frame)
    if not counts:
        return None
    names = list(counts)
    ways, times = _ways(frame[names].isna().to_numpy())
    can_go = np.array([name not in protected for name in names])
    is_text = np.array([name in text for name in names])
    n_complete = _n_complete(ways, times, np.zeros(len(names), bool))
    filled = _n_complete(ways, times, is_text)
    return Gaps(
        counts,
        len(frame),
        n_complete,
        tuple(
            (tuple(name for name, is_out in zip(names, out, strict=True) if is_out), n)
            for out, n in _exclusions(ways, times, can_go, len(frame))
        ),
        (tuple(name for name in names if name in text), filled) if filled > n_complete else None,
    )


def question_of_gaps(gaps: Gaps, written: str) -> Question:
    """Ask what becomes of rows with missing entries.

    Parameters
    ----------
    gaps : Gaps
    written : str
        How missing entries are written; "" if they are all blank.
    """
    said = (
        f"entries are missing: {_where(gaps, written)}. --drop-missing leaves out the rows that have them "
        f"({gaps.n_complete} of {gaps.n_rows} rows are complete); or impute them. {gaps.advice()}"
    )
    fills = gaps.many and gaps.as_levels is not None
    as_levels, n_complete = gaps.as_levels if fills and gaps.as_levels else ((), gaps.n_complete)
    answers = [("--missing-level", name) for name in as_levels]
    if n_complete < gaps.n_rows:
        answers.append(("--drop-missing", FLAG))
    return Question(tuple(gaps.counts), GAPS, said.strip(), tuple(answers))


def without_missing(frame: "pd.DataFrame", gaps: Gaps | None, written: str) -> "pd.DataFrame":
    """Return the rows that are complete.

    Parameters
    ----------
    frame : data frame
    gaps : Gaps or None
        Of the frame.
    written : str
        How missing entries are written; "" if they are all blank.

    Raises
    ------
    ValueError
        If fewer than two rows are left.
    """
    if gaps is None:
        return frame
    if gaps.n_complete < 2:
        raise ValueError(
            f"--drop-missing leaves {gaps.n_complete} of {gaps.n_rows} rows. Missing are {_where(gaps, written)}. "
            f"{gaps.advice() or 'Leave out the emptiest column with --exclude.'}"
        )
    return frame.dropna()


def _where(gaps: Gaps, written: str) -> str:
    return f"{counted(gaps.counts)}{f' (written {written})' if written else ''}"


def missing_entries(frame: "pd.DataFrame") -> dict[str, int]:
    """Return how many entries a column lacks, by the names of those that lack some, the emptiest first."""
    counts = [(str(name), int(count)) for name, count in frame.isna().sum().items() if count]
    return dict(sorted(counts, key=lambda one: -one[1]))


def counted(counts: Mapping[str, int]) -> str:
    """Say how many entries each column lacks."""
    return listed([f"{count} in {name!r}" for name, count in counts.items()], _MOST_SHOWN)


def written_as(texts: Mapping[str, Counter[str]]) -> str:
    """Say which texts were read as missing, how often and where; "" if all missing entries are blank.

    Parameters
    ----------
    texts : mapping of str to Counter
        By column, what stood there; "" is a blank.
    """
    times: Counter[str] = Counter()
    where: dict[str, list[str]] = {}
    for name, counts in texts.items():
        for text, n in counts.items():
            times[text] += n
            where.setdefault(text, []).append(name)
    if set(times) <= {_BLANK}:
        return ""
    shown = [
        f"{'a blank' if text == _BLANK else repr(text)} {n} time{'s' * (n != 1)} in "
        f"{listed([repr(name) for name in where[text]], 3)}"
        for text, n in times.most_common()
    ]
    return listed(shown, _MOST_WORDS)


def _ways(gaps: Bool[np.ndarray, "n k"]) -> tuple[Bool[np.ndarray, "w k"], Int[np.ndarray, " w"]]:
    """Return the different ways in which entries are missing in a row, the most frequent first, with their numbers."""
    packed = np.ascontiguousarray(np.packbits(gaps, axis=1))
    keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, times = np.unique(keys, return_index=True, return_counts=True)
    order = np.lexsort((first, -times))
    return gaps[first[order]], times[order]


def _exclusions(
    ways: Bool[np.ndarray, "w k"], times: Int[np.ndarray, " w"], can_go: Bool[np.ndarray, " k"], n_rows: int
) -> list[tuple[Bool[np.ndarray, " k"], int]]:
    """Leave out step by step the columns that make most rows complete for each of them."""
    tried = [way for way in ways[:_MOST_TRIED] if way.any() and not (way & ~can_go).any()]
    seen, seen_times = ways[:_MOST_SEEN], times[:_MOST_SEEN]
    out = np.zeros(ways.shape[1], bool)
    steps: list[tuple[np.ndarray, int]] = []
    while len(steps) < _MOST_STEPS:
        now = _n_complete(seen, seen_times, out)
        options = [
            (out | way, _n_complete(seen, seen_times, out | way)) for way in tried if (way & ~out).any()
        ]
        if not options or (steps and steps[-1][1] >= (1.0 - _MUCH) * n_rows):
            break
        out, _ = max(options, key=lambda option: (option[1] - now) / (option[0] & ~out).sum())
        steps.append((out, _n_complete(ways, times, out)))
    return [steps[0], *steps[-1:]] if len(steps) > 1 else steps


def _n_complete(
    ways: Bool[np.ndarray, "w k"], times: Int[np.ndarray, " w"], out: Bool[np.ndarray, " k"]
) -> int:
    return int(times[~ways[:, ~out].any(axis=1)].sum())
