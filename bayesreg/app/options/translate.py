"""How `bayesreg translate` is asked for."""

from typing import Any

import click

from ..commands.rows import Rows
from ..one_line import one_line_errors
from .grouped import GroupedCommand
from .kinds import EXISTING_FILE, ConventionKind
from .shared import JSON, NO_INTERCEPT, NOISE_SCALE, takes_rows

_EXAMPLES = """\b
Examples
  bayesreg translate 0.1 --from sklearn.Lasso --to LaplacePrior \\
      --data houses.csv --target price --noise-scale 12
  bayesreg translate "alpha=0.1,l1_ratio=0.5" --from sklearn.ElasticNet --to glmnet \\
      --data houses.csv --target price
  bayesreg translate "lambda=0.5" --from glmnet --to sklearn.Lasso \\
      --data houses.csv --target price --rescale
  bayesreg translate --from bambi --to Penalty --data houses.csv --target price --noise-scale 12

\b
Exit codes: 0 done, 1 error (also where there is no equivalent), 2 wrong option."""


def _rows_if_any(**said: Any) -> Rows | None:
    """Return where the data are, if any are given; `--target` and what speaks of columns go with `--data`."""
    if (said["file"] is None) != (said["target"] is None):
        raise click.UsageError("--data and --target go together.")
    if said["file"] is not None:
        return Rows(**said)
    if any(value for name, value in said.items() if name != "decimal"):
        raise click.UsageError(
            "--features, --exclude, --weights and the other options of columns and files speak of --data."
        )
    return None


@click.command(
    cls=GroupedCommand, epilog=_EXAMPLES, short_help="Translate a penalty between packages' conventions."
)
@click.argument("value", required=False)
@click.option("--from", "source", type=ConventionKind(), required=True, help="Whose number VALUE is.")
@click.option("--to", "to", type=ConventionKind(), required=True, help="Whose number is wanted.")
@takes_rows(
    click.option(
        "--data",
        "file",
        type=EXISTING_FILE,
        metavar="FILE",
        help="CSV or Parquet: rows and columns to count on.",
    ),
    click.option("--target", metavar="NAME", help="The response among the columns of --data."),
    make=_rows_if_any,
)
@NOISE_SCALE
@click.option(
    "--rescale", is_flag=True, help="Allow columns to be rescaled where the target has one number for all."
)
@click.option(
    "--standardize",
    is_flag=True,
    help="The columns are standardised before the fit: VALUE is of a pipeline with StandardScaler, as `fit` prints it.",
)
@NO_INTERCEPT
@JSON
def translate(
    value: str | None,
    source: str,
    to: str,
    rows: Rows | None,
    noise_scale: float | None,
    rescale: bool,
    standardize: bool,
    no_intercept: bool,
    as_json: bool,
) -> None:
    """Translate a penalty from one package's convention into another's.

    VALUE is a number, or names with numbers as in "alpha=0.1,l1_ratio=0.5", or one number a column as in
    "[0, 0.1, 0.2]"; leave it out where the convention is a default without parameters. `bayesreg conventions` lists
    the names. Many translations need the number of rows, and some the columns: give --data.
    """
    if standardize and rows is None:
        raise click.UsageError("--standardize speaks of the columns of --data.")
    with one_line_errors(read=() if rows is None else (rows.file,)):
        from ..commands.translate import run
        from ..commands.values import StatedPenalty

        try:
            stated = StatedPenalty.of(source, value)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="VALUE") from error
        run(
            stated,
            to,
            rows,
            noise_scale=noise_scale,
            fit_intercept=not no_intercept,
            rescale=rescale,
            standardize=standardize,
            json=as_json,
        )
