"""How `bayesreg fit` is asked for."""

import shlex
from pathlib import Path
from typing import Any

import click

from ...data.statistics_file import is_statistics
from ...selection.methods import METHOD_WORDS
from ..commands.rows import Rows
from ..commands.stated_folds import DEFAULT_FOLDS, StatedFolds
from ..commands.stated_model import FAMILIES, PRIORS, StatedModel
from ..one_line import one_line_errors
from .grouped import GroupedCommand
from .kinds import EXISTING_FILE, ScaleKind
from .shared import JSON, NO_INTERCEPT, TARGET_HELP, as_one, takes_rows

_EXAMPLES = """\b
Examples
  bayesreg fit houses.csv --target price
  bayesreg fit houses.csv --target price --scale cv --report
  bayesreg fit houses.csv --target price --prior gaussian --scale evidence --json
  bayesreg fit calls.csv --target calls --family poisson --exposure hours

\b
Exit codes: 0 done, 1 error, 2 wrong option, 130 interrupted by Ctrl-C: what was finished is kept."""
_CLOSED_FORMS = " and ".join(name for name, words in METHOD_WORDS.items() if words.gaussian_only)
_MODEL = as_one(
    "stated",
    StatedModel,
    (
        click.option(
            "--family",
            type=click.Choice(FAMILIES),
            help="Distribution of the target. bernoulli is a logistic regression; poisson and negative-binomial are "
            "for counts; student-t is for heavy tails.  [default: bernoulli for two values, else gaussian; small "
            "counts are asked about]",
        ),
        click.option(
            "--positive",
            metavar="LABEL",
            help="Label of the target that is 1; any other is 0.  [default: the second in alphabetical order, of "
            "numbers the larger]",
        ),
        click.option(
            "--offset",
            metavar="COLUMN",
            help="Column with the known part of the linear predictor, in its units. It is no feature.",
        ),
        click.option(
            "--exposure",
            metavar="COLUMN",
            help="Column of how long, or how many, were watched: counts are proportional to it. It is the offset "
            "log(exposure), and no feature.",
        ),
        click.option(
            "--prior",
            type=click.Choice(list(PRIORS)),
            default="laplace",
            show_default=True,
            help="Prior of the coefficients; lasso is another word for laplace, ridge for gaussian. "
            "(BayesRegressor() in Python is gaussian.)",
        ),
        click.option(
            "--scale",
            type=ScaleKind(),
            help="Scale of the prior, or how to choose it. A number is in units of y per unit of x (of log odds, or of "
            "the log of the mean, if --family says so). What chooses it does so by held-out rows or a criterion, "
            f"relative to the noise and on standardised columns: {', '.join(METHOD_WORDS)} ({_CLOSED_FORMS}: "
            "gaussian only).  "
            "[default: 2.5/sd(x), in units of the noise if there is one]",
        ),
        click.option(
            "--relative-to-noise",
            is_flag=True,
            help="The scale is in units of the noise, as one that is chosen is.",
        ),
        click.option(
            "--noise-scale", type=float, help="Standard deviation of the noise.  [default: unknown]"
        ),
        click.option(
            "--standardize/--no-standardize",
            default=None,
            help="Whether the scale speaks of standardised columns.  [default: no; yes where it is chosen]",
        ),
        NO_INTERCEPT,
    ),
)
_TARGET = click.option("--target", metavar="NAME", help=f"{TARGET_HELP} A file of statistics knows it.")
_FOLDS = as_one(
    "folds",
    StatedFolds,
    (
        click.option(
            "--folds",
            type=click.IntRange(min=2),
            help=f"Number of folds of --scale cv and cv-1se; rows are shuffled into them.  [default: {DEFAULT_FOLDS}]",
        ),
        click.option(
            "--groups",
            metavar="COLUMN",
            help="Column whose equal values are held out together: rows of one patient, say. It is no feature.",
        ),
        click.option(
            "--folds-by", metavar="COLUMN", help="Column whose values are the folds. It is no feature."
        ),
        click.option(
            "--time-order",
            is_flag=True,
            help="Rows are in the order of time: a fold is predicted from the rows above it only.",
        ),
    ),
)


@click.command(
    cls=GroupedCommand, epilog=_EXAMPLES, short_help="Fit a CSV or Parquet file: mode, proof and posterior."
)
@takes_rows(click.argument("file", type=EXISTING_FILE), _TARGET)
@_MODEL
@_FOLDS
@click.option(
    "--stream/--no-stream",
    default=None,
    help="Whether rows are read once and added up, not kept.  [default: yes if they may take more than half of the "
    "memory that is free]",
)
@click.option(
    "--draws",
    type=click.IntRange(min=4),
    default=1000,
    show_default=True,
    help="Draws of the posterior in each of four chains: more, if the chains are said to disagree.",
)
@click.option(
    "--warmup",
    type=click.IntRange(min=1),
    default=500,
    show_default=True,
    help="Steps of each chain before its draws, in which it finds its way; they are not kept.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Seed of draws and folds: of the shuffle of rows into folds too.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("bayesreg-out"),
    show_default=True,
    help="Directory for tables, draws and pictures; made where it is missing.",
)
@click.option(
    "--report", is_flag=True, help="Write report.html too: one page with everything, to keep or to send."
)
@click.option(
    "--interval",
    type=click.FloatRange(0.0, 1.0, min_open=True, max_open=True),
    default=0.9,
    show_default=True,
    help="Probability of the intervals, in table, picture, report and JSON.",
)
@click.option("--all", "everything", is_flag=True, help="Print every coefficient, those of levels too.")
@JSON
@click.pass_context
def fit(
    context: click.Context,
    rows: Rows,
    stated: StatedModel,
    folds: StatedFolds,
    stream: bool | None,
    draws: int,
    warmup: int,
    seed: int,
    out: Path,
    report: bool,
    interval: float,
    everything: bool,
    as_json: bool,
) -> None:
    """Fit a CSV or Parquet file: the mode, its proof, and the posterior around it.

    Text columns are one-hot encoded. Results go to standard output and, as tables, draws and
    pictures, to a directory, in place of an earlier fit's. FILE may hold statistics, as `bayesreg reduce` writes them.
    """
    if rows.target is None and not is_statistics(rows.file):
        option = next(one for one in context.command.params if one.name == "target")
        raise click.MissingParameter(ctx=context, param=option)
    written: list[str] = []
    with one_line_errors(out, written, read=(rows.file,)):
        from ..fit import Task, run

        task = Task(
            rows,
            stated,
            folds,
            seed,
            out,
            report,
            as_json,
            everything,
            interval,
            _command_line(context),
            draws,
            warmup,
            stream,
        )
        run(task, written)


def _command_line(context: click.Context) -> str:
    """Return the command as it was typed, defaults left out."""
    words = ["bayesreg", str(context.info_name)]
    for parameter in context.command.params:
        given = context.get_parameter_source(str(parameter.name)) is click.core.ParameterSource.COMMANDLINE
        value = context.params.get(str(parameter.name))
        if given and value is not None:
            words += _words(parameter, value)
    return shlex.join(words)


def _words(parameter: click.Parameter, value: Any) -> list[str]:
    if isinstance(parameter, click.Argument):
        return [str(value)]
    assert isinstance(parameter, click.Option)
    if parameter.is_flag:
        return [parameter.opts[0] if value else parameter.secondary_opts[0]]
    values = value if parameter.multiple else (value,)
    return [word for one in values for word in (parameter.opts[0], str(one))]
