"""The commands `reduce` and `merge`: files of rows to a file of statistics, and such files to one."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from shlex import quote

from ...base.files import remove_leftovers
from ...data.gram import GramData
from ...data.pairwise import PairwiseSum
from ...data.statistics import cannot_be_added
from ..words.text import make_console, print_code, print_labelled
from .data_text import doubts, statistics_notes
from .fit_data import features_of
from .rows import Rows
from .stated_family import looks_like
from .stated_folds import DEFAULT_FOLDS
from .streamed import added_up, first_rows

_OTHERWISE = {
    "two values": "0 or 1 in the first rows: a logistic regression is made for that, and it needs the rows",
    "counts": "a small count in the first rows: a Poisson regression is made for that, and it needs the rows",
}


def reduce(
    files: Sequence[Path], rows: Rows, *, folds: int | str | None, held_out: float | None, out: Path
) -> None:
    """Reduce files of rows, and write their statistics.

    Parameters
    ----------
    files : sequence of Path
        CSV or Parquet, of the same columns.
    rows : Rows
        What the columns are for.
    folds, held_out
        As in `BatchSpec`.
    out : Path
        The file to write, whole or not at all.

    Raises
    ------
    ValueError, TypeError, OSError, ImportError, MemoryError
        With the remedy. An earlier file is then unchanged.
    """
    _check_twice(files)
    first = first_rows(files, rows, folds=folds)
    data = added_up(files, first, rows, folds=folds, held_out=held_out)
    _write(data, out)
    console = make_console()
    for label, text in _notes(_named(files), data):
        print_labelled(console, label, text)
    seems = looks_like(first)
    if seems in _OTHERWISE:
        print_labelled(console, "caution", f"{data.target!r} is {_OTHERWISE[seems]}.")
    for label, text in doubts(first):
        print_labelled(console, label, f"of the first rows: {text}")
    _say_how_to_go_on(data, out)


def merge(files: Sequence[Path], out: Path) -> None:
    """Add files of statistics.

    Parameters
    ----------
    files : sequence of Path
    out : Path
        The file to write, whole or not at all. It may be one of them.

    Raises
    ------
    ValueError, OSError
        If a file is damaged, of other columns or there twice, naming it.
    """
    _check_twice(files)
    sums = PairwiseSum[GramData]()
    known: dict[str, Path] = {}
    whole: GramData | None = None
    for file in files:
        content = sha256(file.read_bytes()).hexdigest()
        if content in known:
            raise ValueError(
                f"{file} holds the same as {known[content]}: its rows would count twice. Leave one of them out."
            )
        known[content] = file
        data = GramData.load(file)
        mismatch = None if sums.latest is None else cannot_be_added(sums.latest, data)
        if mismatch is not None:
            raise ValueError(f"{file} does not go with {files[0]}: {mismatch}")
        sums.add(data)
    whole = sums.total
    assert whole is not None
    _write(whole, out)
    console = make_console()
    for label, text in _notes(_named(files), whole):
        print_labelled(console, label, text)
    _say_how_to_go_on(whole, out)


def _check_twice(files: Sequence[Path]) -> None:
    found: dict[Path, Path] = {}
    for file in files:
        place = file.resolve()
        if place in found:
            raise ValueError(f"{file} is given twice: its rows would count twice. Leave one of them out.")
        found[place] = file


def _write(data: GramData, out: Path) -> None:
    remove_leftovers(out.parent)
    data.save(out)


def _named(files: Sequence[Path]) -> str:
    return str(files[0]) if len(files) == 1 else f"{len(files)} files, {files[0]} to {files[-1]}"


def _notes(where: str, data: GramData) -> list[tuple[str, str]]:
    chosen, levels = features_of(data)
    notes = [*statistics_notes(where, chosen, levels, fit_intercept=True)]
    if data.folds is not None:
        how = (
            "into which rows were dealt by their place"
            if data.folds.n_splits
            else "one for each value of their column"
        )
        notes.append(("folds", f"{len(data.folds.parts)} folds, {how}"))
    return notes


def _say_how_to_go_on(data: GramData, out: Path) -> None:
    console = make_console()
    print_labelled(console, "written", f"{out}: sums over the rows, and no row")
    how = ""
    if data.folds is not None:
        several = data.folds.n_splits is None and len(data.folds.parts) > DEFAULT_FOLDS
        how = f" --scale cv --folds {DEFAULT_FOLDS}" if several else " --scale cv"
    print_code(console, "fit it", f"bayesreg fit {quote(str(out))}{how}")
