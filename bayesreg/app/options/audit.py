"""How `bayesreg audit` is asked for."""

from pathlib import Path
from typing import Any

import click

from ..commands.rows import Rows
from ..one_line import NOT_OPTIMAL, one_line_errors
from .grouped import GroupedCommand
from .kinds import EXISTING_FILE, PenaltyKind
from .shared import JSON, NO_INTERCEPT, NOISE_SCALE, TARGET, takes_rows

_EXAMPLES = """\b
Examples
  bayesreg audit houses.csv --target price --coef coef.csv --penalty "sklearn.Lasso alpha=0.1"
  bayesreg audit houses.csv --target price --coef coef.json \\
      --penalty "glmnet lambda=0.5,alpha=0.3" --json
  bayesreg audit visits.csv --target ill --coef ill.csv --penalty "sklearn.LogisticRegression C=2"

\b
Exit codes: 0 optimal, 1 error, 2 wrong option, 3 not optimal."""


@click.command(
    cls=GroupedCommand, epilog=_EXAMPLES, short_help="Tell whether coefficients are the optimum of a penalty."
)
@takes_rows(
    click.argument("file", type=EXISTING_FILE),
    TARGET,
    click.option(
        "--coef",
        type=EXISTING_FILE,
        required=True,
        metavar="COEF",
        help="The coefficients: CSV with a name and a number a row, the intercept among them, or JSON with names.",
    ),
    click.option(
        "--penalty",
        type=PenaltyKind(),
        required=True,
        metavar="TEXT",
        help='What they should be optimal for: a convention and its value, as in "sklearn.Lasso alpha=0.1".',
    ),
)
@click.option(
    "--family",
    type=click.Choice(("gaussian", "binomial", "poisson")),
    help="The loss.  [default: the convention's own, else gaussian]",
)
@NOISE_SCALE
@NO_INTERCEPT
@click.option(
    "--tol", type=float, default=1e-6, show_default=True, help="Duality gap up to which they are optimal."
)
@JSON
@click.pass_context
def audit(
    context: click.Context,
    rows: Rows,
    coef: Path,
    penalty: Any,
    family: str | None,
    noise_scale: float | None,
    no_intercept: bool,
    tol: float,
    as_json: bool,
) -> None:
    """Tell whether coefficients, from any package, are the optimum of a penalty.

    If they are not: by how much they miss it, and for whose reading of the same number they would be.
    """
    with one_line_errors(read=(rows.file, coef)):
        from ..commands.audit import run

        optimal = run(
            rows,
            coef,
            penalty,
            family=family,
            noise_scale=noise_scale,
            fit_intercept=not no_intercept,
            tol=tol,
            json=as_json,
        )
    if not optimal:
        context.exit(NOT_OPTIMAL)
