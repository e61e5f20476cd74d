"""Files of rows read once, for sums over them: which files can be, and which need it."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from ...base.listed import quoted
from ...base.memory import available_memory
from ...data.files.chosen_columns import chosen_columns
from ...data.files.dialect import Dialect
from ...data.files.open_columns import open_columns
from ...data.files.packed import is_packed
from ...data.files.parquet import MAGIC
from ...data.files.table import Table
from ...data.gram import GramData
from ...data.sources.spec import BatchOptions
from .rows import Rows

STREAMED_OPTIONS = frozenset(
    ("target", "features", "exclude", "weights", "drop_missing", "reference", "max_levels", "separator")
)
_BYTES_AN_ENTRY = 45  # of a Parquet file in memory, at the height of a fit
_TIMES_TEXT = 3  # the size of a CSV file
_BEGINNING = 16  # bytes
_SHARE = 0.5  # of what is free
_REMEDY = "`bayesreg fit --no-stream` reads all rows at once."


class Need(NamedTuple):
    """How many bytes a fit of a file may take, and how many are free."""

    needed: int
    free: int

    @property
    def is_too_large(self) -> bool:
        """Tell whether it takes more than half of what is free."""
        return self.needed > _SHARE * self.free

    def __str__(self) -> str:
        return f"its rows may take {_size(self.needed)} of memory, and {_size(self.free)} are free"


def memory_needed(rows: Rows) -> Need | None:
    """Return what a fit of a file would need: 45 bytes an entry of Parquet, three times the size of text.

    Returns
    -------
    Need or None
        None if the size or the memory is not known: of a pipe, of a packed file.
    """
    free = available_memory()
    if free is None or not rows.file.is_file():
        return None
    if _is_parquet(rows.file):
        source = open_columns(rows.file, Dialect(), least=0)
        names = [name for name in source.names if name]
        asked, chosen = chosen_columns(names, str(rows.target), rows.weights, rows.features, rows.exclude)
        return Need(_BYTES_AN_ENTRY * source.n_rows * (len(asked) + len(chosen)), free)
    if is_packed(_beginning(rows.file)):
        return None
    return Need(_TIMES_TEXT * rows.file.stat().st_size, free)


def first_rows(
    files: Sequence[Path], rows: Rows, *, offset: str | None = None, folds: int | str | None = None
) -> Table:
    """Read the first rows of files as a fit in memory reads all, so that the same questions are asked.

    Parameters
    ----------
    files : sequence of Path
        Of one kind.
    rows : Rows
        What their columns are for.
    offset, folds
        As in `BatchSpec`.

    Raises
    ------
    ValueError
        If options or the file ask for more than a pass can do, with the remedy.
    """
    refused = rows.options_beside(STREAMED_OPTIONS)
    if refused:
        raise ValueError(
            f"{refused[0]} is of rows in memory: rows that are read once are taken as they are. Leave it out, or "
            f"write the column so in the file. {_REMEDY}"
        )
    pipes = [file for file in files if not file.is_file()]
    if pipes:
        raise ValueError(f"{pipes[0]} is no file on a disk, whose beginning can be read twice. {_REMEDY}")
    packed = [file for file in files if is_packed(_beginning(file))]
    if packed:
        raise ValueError(
            f"{packed[0]} is packed, and rows are read once of plain text only. Unpack it. {_REMEDY}"
        )
    other = next((file for file in files if _is_parquet(file) != _is_parquet(files[0])), None)
    if other is not None:
        raise ValueError(
            f"{files[0]} and {other} are of two kinds, CSV and Parquet. Reduce each kind by itself, and merge."
        )
    first = replace(rows, file=files[0], reference=()).read(
        folds=folds if isinstance(folds, str) else None, offset=offset, takes_labels=True, first_only=True
    )
    _check_first(files[0], first)
    return first


def added_up(
    files: Sequence[Path],
    first: Table,
    rows: Rows,
    *,
    offset: str | None = None,
    folds: int | str | None = None,
    held_out: float | None = None,
) -> GramData:
    """Reduce files of rows in one pass, with a progress bar if somebody sees it.

    Parameters
    ----------
    files, rows, offset, folds, held_out
        As in `first_rows` and `BatchSpec`.
    first : Table
        From `first_rows`.

    Raises
    ------
    ValueError, TypeError, ImportError, MemoryError
        As of `GramData.from_parquet` and `from_csv`; and if text further down is other than a fit in memory takes.
    """
    target = str(first.y.name)
    options: BatchOptions = {
        "offset": offset,
        "held_out": held_out,
        "missing": "drop" if rows.drop_missing else "refuse",
    }
    progress = sys.stderr.isatty()
    if first.delimiter is None:
        data = GramData.from_parquet(
            files, first.used, target, rows.weights, folds, progress=progress, **options
        )
    else:
        data = GramData.from_csv(
            files, first.used, target, rows.weights, folds, separator=first.delimiter, progress=progress, **options
        )  # fmt: skip
    _check_levels(data, first, rows.max_levels)
    return data


def _is_parquet(file: Path) -> bool:
    return _beginning(file).startswith(MAGIC)


def _beginning(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(_BEGINNING)


def _check_first(file: Path, first: Table) -> None:
    """Refuse a file that is read in memory only."""
    if first.was:
        raise ValueError(f"{file} is {first.was[0]}, and rows are read once of plain UTF-8 only. {_REMEDY}")
    if first.delimiter == " ":
        raise ValueError(f"{file} is separated by blanks, and rows are read once of one sign only. {_REMEDY}")
    if first.labels is not None:
        raise ValueError(
            f"the target {first.y.name!r} is text, {first.labels.said}: that is a logistic regression, which needs the "
            f"rows. {_REMEDY}"
        )


def _check_levels(data: GramData, first: Table, most: int | None) -> None:
    """Refuse text that a fit in memory would read otherwise."""
    assert data.columns is not None
    as_text = {one.column for one in first.levels}
    for name in data.columns.names:
        levels = data.columns.levels.get(name, ())
        if (name in as_text) != bool(levels):
            kinds = ("numbers", "text")
            raise ValueError(
                f"column {name!r} is {kinds[name in as_text]} in the first rows and {kinds[bool(levels)]} below. Write "
                f"it in one way. {_REMEDY}"
            )
        blank = [level for level in levels if level != level.strip()]
        if blank:
            raise ValueError(
                f"column {name!r} has levels with blanks around them, {quoted(blank, 3)}. Write them without. {_REMEDY}"
            )
        if most is not None and len(levels) > most:
            raise ValueError(
                f"column {name!r} has {len(levels)} levels, more than --max-levels {most}. Leave the column out, or "
                "give a larger number."
            )


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.1f} MB"
