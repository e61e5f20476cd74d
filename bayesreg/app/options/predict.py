"""How `bayesreg predict` is asked for."""

from pathlib import Path

import click

from ...data.files.dialect import Dialect
from ..one_line import one_line_errors
from .grouped import GroupedCommand
from .kinds import EXISTING_FILE
from .shared import FILE_FORM, JSON, as_one

_EXAMPLES = """\b
Examples
  bayesreg predict bayesreg-out new-houses.csv > predictions.csv
  bayesreg predict bayesreg-out new-houses.csv --keep "city, rooms" --interval 0.5 --of mean
  bayesreg predict bayesreg-out/posterior.nc new-houses.csv --json

\b
Exit codes: 0 done, 1 error (also if no row can be predicted), 2 wrong option."""


@click.command(
    cls=GroupedCommand, epilog=_EXAMPLES, short_help="Predict new rows, with intervals, by what fit has kept."
)
@click.argument("fitted", type=click.Path(exists=True, path_type=Path))
@click.argument("file", type=EXISTING_FILE)
@click.option(
    "--interval",
    "mass",
    type=click.FloatRange(0.0, 1.0, min_open=True, max_open=True),
    default=0.9,
    show_default=True,
    help="Probability of the interval.",
)
@click.option(
    "--of",
    type=click.Choice(("observation", "mean")),
    help="What the interval is of: a new observation, its noise included, or the mean response.  [default: "
    "observation; of two kinds the probability]",
)
@click.option(
    "--keep",
    multiple=True,
    metavar="NAME",
    help='Column of FILE to print before the prediction, an identifier say; repeatable, "a, b", or all.',
)
@click.option("--strict", is_flag=True, help="Refuse a file in which a row cannot be predicted.")
@as_one("dialect", Dialect, FILE_FORM)
@JSON
def predict(
    fitted: Path,
    file: Path,
    mass: float,
    of: str | None,
    keep: tuple[str, ...],
    strict: bool,
    dialect: Dialect,
    as_json: bool,
) -> None:
    """Predict new rows of a CSV or Parquet file, with intervals.

    FITTED is the folder that `bayesreg fit` wrote to. FILE needs the columns that were features there, and text is read
    as the fit read it; an exposure or offset of the fit is read too. Prints CSV: mean, standard deviation and the
    interval's ends for each row; a probability if the target was one of two kinds. A row that lacks an entry, or has a
    level that the fit has not seen, is left blank, with the reason.
    """
    with one_line_errors(read=(fitted, file)):
        from ..commands.predict import run

        run(fitted, file, dialect, mass=mass, of=of, keep=keep, strict=strict, json=as_json)
