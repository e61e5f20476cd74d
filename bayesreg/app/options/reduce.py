"""How `bayesreg reduce` and `bayesreg merge` are asked for."""

from pathlib import Path
from typing import Any

import click

from ..commands.rows import Rows
from ..one_line import one_line_errors
from .grouped import GroupedCommand
from .kinds import EXISTING_FILE
from .shared import FEATURES, MAX_LEVELS, SEPARATOR, TARGET

_REDUCE = """\b
Examples
  bayesreg reduce houses.csv --target price --folds 10 --held-out 0.2 --out houses.stats
  bayesreg reduce houses.csv --target price --groups city --drop-missing --out cities.stats
  bayesreg reduce houses.parquet --target price --features "rooms, age" --out rooms.stats

\b
Exit codes: 0 done, 1 error, 2 wrong option, 130 interrupted by Ctrl-C: nothing is written."""
_MERGE = """\b
Examples
  bayesreg merge until-yesterday.stats today.stats --out until-today.stats
  bayesreg merge hospitals/*.stats --out all.stats

\b
Exit codes: 0 done, 1 error, 2 wrong option, 130 interrupted by Ctrl-C: nothing is written."""
_FILES = click.argument("files", metavar="FILE...", nargs=-1, required=True, type=EXISTING_FILE)
_OUT = click.option(
    "--out",
    required=True,
    metavar="STATS",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of statistics to write, whole or not at all, in place of an earlier one.",
)


def _with_features(command: Any) -> Any:
    for option in reversed((TARGET, *FEATURES, MAX_LEVELS, SEPARATOR)):
        command = option(command)
    return command


@click.command(
    cls=GroupedCommand,
    epilog=_REDUCE,
    short_help="Add up the rows of large files: statistics, to fit or to merge.",
)
@_FILES
@_with_features
@click.option(
    "--folds", type=click.IntRange(min=2), help="Number of folds to keep apart, for --scale cv of fit."
)
@click.option(
    "--groups",
    metavar="COLUMN",
    help="Column whose equal values are held out together: rows of one patient, say. It is no feature.",
)
@click.option(
    "--held-out",
    type=click.FloatRange(0.0, 1.0, min_open=True, max_open=True),
    metavar="SHARE",
    help="Share of the rows that is not fitted, to test predictions on.",
)
@_OUT
def reduce(
    files: tuple[Path, ...],
    target: str,
    features: tuple[str, ...],
    exclude: tuple[str, ...],
    weights: str | None,
    drop_missing: bool,
    max_levels: int | None,
    separator: str | None,
    folds: int | None,
    groups: str | None,
    held_out: float | None,
    out: Path,
) -> None:
    """Add up the rows of CSV or Parquet files, however large.

    The rows are read once. What is written are sums over them, which are enough for `bayesreg fit` with normal noise,
    and which add up with those of other files by `bayesreg merge`.
    """
    if folds is not None and groups is not None:
        raise click.UsageError("--folds and --groups are two kinds of folds. Give one of them.")
    with one_line_errors(out, read=files):
        from ..commands.reduce import reduce as run

        rows = Rows(
            files[0],
            target,
            features,
            exclude,
            weights,
            drop_missing,
            max_levels=max_levels,
            separator=separator,
        )
        run(files, rows, folds=groups or folds, held_out=held_out, out=out)


@click.command(cls=GroupedCommand, epilog=_MERGE, short_help="Add files of statistics to one.")
@_FILES
@_OUT
def merge(files: tuple[Path, ...], out: Path) -> None:
    """Add files of statistics, as `bayesreg reduce` writes them: the same as of all their rows at once."""
    with one_line_errors(out, read=files):
        from ..commands.reduce import merge as run

        run(files, out)
