"""What is said of data that were read, before anything is fitted."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

from ...base.listed import listed
from ...data.files.dialect import separator_name
from ...data.files.levels import Levels
from ...data.files.table import Table
from ...data.files.workbook import OF_A_WORKBOOK
from ...data.gram import GramData
from ...data.statistics import Dropped
from ..words.alike_levels import alike_notes
from ..words.identifiers import identifier_notes
from ..words.marks import mark_notes

_LEVELS_ROOM = 30  # letters of a line


def table_notes(file: Path, table: Table, *, fit_intercept: bool) -> tuple[tuple[str, str], ...]:
    """Say what was read, and what became of it, as labels and texts."""
    rows, p = table.X.shape
    n_used = p - sum(len(levels.features) - 1 for levels in table.levels)
    read = (
        f"{file}: {rows + table.n_dropped} rows, {table.n_columns} columns {_form(table)}; target {table.y.name!r}, "
        f"{_features(p, n_used)}"
    )
    notes = [("data", read)]
    if table.weights is not None:
        notes.append(("weights", f"{table.weights.name!r}, which sum to {table.weights.sum():g}"))
    if table.unnamed:
        places = ", ".join(map(str, table.unnamed))
        notes.append(("left out", f"column {places} of the file, which has no name"))
    notes += _of_dropped(Dropped(table.n_dropped, table.dropped), rows)
    notes += [("caution", sentence) for sentence in table.cautions]
    notes += table.said
    notes += _of_columns(table.levels, table.constant, fit_intercept=fit_intercept)
    return (*notes, *doubts(table))


def doubts(table: Table) -> list[tuple[str, str]]:
    """Say what columns may be other than what they were taken for."""
    return [
        *(("identifier?", text) for text in identifier_notes(table)),
        *(("missing?", text) for text in mark_notes(table)),
        *(("alike?", text) for text in alike_notes(table)),
    ]


def statistics_notes(
    where: str, data: GramData, levels: Sequence[Levels], *, fit_intercept: bool
) -> tuple[tuple[str, str], ...]:
    """Say of what rows and columns statistics are, as labels and texts; `where` is what they were read from."""
    p, left = data.n_features, data.n_samples
    n_used = p - sum(len(one.features) - 1 for one in levels)
    apart = 0 if data.held_out is None else data.held_out.n_samples
    target = "" if data.target is None else f" target {data.target!r},"
    notes = [
        (
            "data",
            f"{where}: {left + apart + data.dropped.n_rows} rows;{target} {_features(p, n_used)}",
        )
    ]
    if data.sum_weights != left:
        notes.append(("weights", f"they sum to {data.sum_weights:g}; rows of weight 0 are not counted"))
    notes += _of_dropped(data.dropped, left + apart)
    if apart:
        notes.append(("held out", f"{apart} rows, to test predictions on; {left} are fitted"))
    constant = [name for name, sd in zip(data.feature_names, data.column_sd, strict=True) if sd == 0.0]
    return (*notes, *_of_columns(levels, constant, fit_intercept=fit_intercept))


def _features(p: int, n_columns: int) -> str:
    from_columns = "" if n_columns == p else f" from {n_columns} column{'s' * (n_columns != 1)}"
    return f"{p} feature{'s' * (p != 1)}{from_columns}"


def _of_dropped(dropped: Dropped, left: int) -> list[tuple[str, str]]:
    if not dropped:
        return []
    counts = ", ".join(f"{count} in {name!r}" for name, count in dropped.entries.items())
    return [("dropped", f"rows with missing entries: {dropped.n_rows} ({counts}); {left} are left")]


def _of_columns(
    levels: Sequence[Levels], constant: Sequence[str], *, fit_intercept: bool
) -> list[tuple[str, str]]:
    notes = [("levels", levels_text(one)) for one in levels]
    if constant:
        names = ", ".join(map(repr, constant))
        meaning = (
            "the data say nothing of a column that does not vary, so its MAP is 0 and its posterior is the prior"
            if fit_intercept
            else "a column that does not vary stands for the intercept that is not fitted, under the prior"
        )
        notes.append(("constant", f"{names}: {meaning}"))
    return notes


def _form(table: Table) -> str:
    """Say how the file is written; of a workbook nobody has said by what."""
    if table.delimiter is None:
        return "of a Parquet file"
    if any(one.endswith(OF_A_WORKBOOK) for one in table.was):
        return f"of {', '.join(table.was)}"
    return ", ".join((f"separated by {separator_name(table.delimiter)}", *table.was))


def levels_text(levels: Levels) -> str:
    """Say what became of a text column."""
    column, values, features = levels.column, levels.values, levels.features
    if levels.other is not None:
        return (
            f"{levels_text(replace(levels, other=None))}; {levels.other!r} stands for rare ones, and in predict for "
            "those that are not here"
        )
    if len(values) == 2:
        (one,) = levels.shown
        (zero,) = (value for value in values if value != one)
        return f"{column!r} is text: {features[0]} is 1 for {one!r} and 0 for {zero!r}"
    if len(values) == 1:
        return f"{column!r} is text of one level: {features[0]}"
    if levels.reference is not None:
        return (
            f"{column!r} is text of {len(values)} levels, less {levels.reference!r}, which has no column: "
            f"{listed(levels.shown, _few(levels.shown))}"
        )
    return f"{column!r} is text of {len(values)} levels: {listed(values, _few(values))}"


def _few(values: Sequence[str]) -> int:
    """Return how many names of levels a line has room for, one at least."""
    lengths = accumulate(len(value) + 2 for value in values)
    return max(1, sum(length <= _LEVELS_ROOM for length in lengths))
