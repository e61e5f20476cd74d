"""The command `bayesreg`: options, exit codes, and every error as one line."""

import shlex
import sys
import warnings
from _thread import interrupt_main
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Any

import click

from ..base.errors import ConvergenceWarning, DegenerateDataWarning, SamplingWarning
from ..base.version import __version__
from .words.terminal import outlets, printable, stdout_fault

_NOT_OPTIMAL = 3
_INTERRUPTED = 130
_NO_MEMORY = (
    "this needs more memory than there is. Give fewer rows or columns; in Python, GramData.from_chunks takes rows in "
    "blocks."
)
_SOON = 0.02  # seconds
_PRIORS = {
    "laplace": "laplace",
    "lasso": "laplace",
    "gaussian": "gaussian",
    "ridge": "gaussian",
    "elastic-net": "elastic-net",
}
_SELECTIONS = ("cv", "cv-1se", "loo", "gcv", "aic", "bic", "evidence", "psis-loo", "posterior")
_SAMPLED = ("evidence", "psis-loo", "posterior")  # where the prior is not Gaussian they sample at every scale
_OUR_WARNINGS = (ConvergenceWarning, DegenerateDataWarning, SamplingWarning)
_EXIT_CODES = """\b
Exit codes
  0    done; for audit: the coefficients are optimal
  1    an error, told in one line on standard error
  2    a wrong option or argument
  3    audit: the coefficients are not optimal
  130  interrupted by Ctrl-C; what was finished is kept"""

_FIT_EXAMPLES = """\b
Examples
  bayesreg fit houses.csv --target price
  bayesreg fit houses.csv --target price --scale cv --report
  bayesreg fit houses.parquet --target price --features "rooms, city" --weights area
  bayesreg fit houses.csv --target price --prior gaussian --scale evidence --json

\b
Exit codes: 0 done, 1 error, 2 wrong option, 130 interrupted by Ctrl-C: what was finished is kept."""

_TRANSLATE_EXAMPLES = """\b
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

_AUDIT_EXAMPLES = """\b
Examples
  bayesreg audit houses.csv --target price --coef coef.csv --penalty "sklearn.Lasso alpha=0.1"
  bayesreg audit houses.csv --target price --coef coef.json \\
      --penalty "glmnet lambda=0.5,alpha=0.3" --json
  bayesreg audit visits.csv --target ill --coef ill.csv --penalty "sklearn.LogisticRegression C=2"

\b
Exit codes: 0 optimal, 1 error, 2 wrong option, 3 not optimal."""

_CONVENTIONS_EXAMPLES = """\b
Examples
  bayesreg conventions
  bayesreg conventions glmnet
  bayesreg conventions sklearn --json"""

_PREDICT_EXAMPLES = """\b
Examples
  bayesreg predict bayesreg-out new-houses.csv > predictions.csv
  bayesreg predict bayesreg-out new-houses.csv --interval 0.5 --of mean
  bayesreg predict bayesreg-out/posterior.nc new-houses.csv --json

\b
Exit codes: 0 done, 1 error, 2 wrong option."""

_EXISTING = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


class _Scale(click.ParamType):
    """A number, or the name of a method that chooses it."""

    name = "float|method"

    def convert(self, value: Any, param: Any, ctx: Any) -> float | str:
        """Return the number or the name."""
        if value in _SELECTIONS or isinstance(value, float):
            return value
        try:
            return float(value)
        except ValueError:
            self.fail(f"{value!r} is neither a number nor one of {', '.join(_SELECTIONS)}.", param, ctx)


class _Penalty(click.ParamType):
    """A convention and its value, as in "sklearn.Lasso alpha=0.1"."""

    name = "text"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the text, read."""
        from .commands.values import StatedPenalty

        try:
            return value if isinstance(value, StatedPenalty) else StatedPenalty.read(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _ConventionKey(click.ParamType):
    """A key of the table of conventions."""

    name = "convention"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """Return the key."""
        from .commands.values import convention

        try:
            return convention(value).key
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _Commands(click.Group):
    """The commands, whose messages a terminal does not obey, and whose work outlives standard output."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run one; where what it said could not be written, say so and exit with 1."""
        with outlets():
            try:
                return super().main(*args, **options)
            except SystemExit as done:
                fault = stdout_fault()
                if fault is None or done.code:
                    raise
                click.echo(f"Error: {fault}.", err=True)
                raise SystemExit(1) from None

    def invoke(self, context: click.Context) -> Any:
        """Run one."""
        try:
            return super().invoke(context)
        except click.ClickException as error:
            vars(error)["message"] = printable(error.message)
            raise


def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return options as one decorator, in the order given."""

    def decorate(function: Any) -> Any:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


_DECIMAL = click.option(
    "--decimal",
    type=click.Choice((".", ",")),
    default=".",
    show_default=True,
    help="Decimal mark of the numbers in a CSV file.",
)
_ROWS = _options(
    click.option(
        "--features",
        multiple=True,
        metavar="NAME",
        help='Column to explain it by; repeatable, or "a, b".  [default: all others]',
    ),
    click.option(
        "--exclude",
        multiple=True,
        metavar="NAME",
        help='Column to leave out, an identifier or a date say; repeatable, or "a, b".',
    ),
    click.option(
        "--weights", metavar="COLUMN", help="Column of sample weights: 2 is the row twice, 0 the row absent."
    ),
    click.option("--drop-missing", is_flag=True, help="Leave out rows with a missing entry."),
    click.option(
        "--missing",
        multiple=True,
        metavar="TEXT",
        help="What stands for a missing entry, beside a blank: ? or NA or -99, say; repeatable.",
    ),
    click.option(
        "--levels",
        multiple=True,
        metavar="NAME",
        help='Column whose entries name groups, even where they look like numbers; repeatable, or "a, b".',
    ),
    _DECIMAL,
)
_TARGET = click.option(
    "--target", required=True, metavar="NAME", help="Column to explain; it must be numeric."
)
_INTERCEPT = click.option("--no-intercept", is_flag=True, help="A model without an intercept.")
_NOISE = click.option(
    "--noise-scale", type=float, metavar="S", help="Standard deviation of the noise, for priors."
)
_JSON = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document, and nothing else, on stdout."
)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=_EXIT_CODES)
@click.version_option(__version__, prog_name="bayesreg")
def main() -> None:
    """Regularised linear models: the mode with its proof, and the width around it.

    Results go to standard output; progress, warnings and errors to standard error.
    """


@main.command(short_help="Lasso and ridge as modes, beside scikit-learn.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("bayesreg-demo"),
    show_default=True,
    help="Directory for the pictures; made where it is missing.",
)
def demo(out: Path) -> None:
    """Fit lasso and ridge as modes on the diabetes data, beside scikit-learn."""
    with _one_line_errors(out):
        from .demo import run

        run(out)


@main.command(epilog=_FIT_EXAMPLES, short_help="Fit a CSV or Parquet file: mode, proof and posterior.")
@click.argument("file", type=_EXISTING)
@_TARGET
@_ROWS
@click.option(
    "--prior",
    type=click.Choice(list(_PRIORS)),
    default="laplace",
    show_default=True,
    help="lasso is another word for laplace, ridge for gaussian.",
)
@click.option(
    "--scale",
    type=_Scale(),
    help="Scale of the prior, in units of y per unit of x; or how to choose it, relative to the noise and on "
    f"standardised columns: {', '.join(_SELECTIONS)} (loo and gcv: gaussian only).  "
    "[default: 2.5/sd(x), in units of the noise]",
)
@click.option(
    "--relative-to-noise", is_flag=True, help="The scale is in units of the noise, as one that is chosen is."
)
@click.option("--noise-scale", type=float, help="Standard deviation of the noise.  [default: unknown]")
@click.option(
    "--standardize/--no-standardize",
    default=None,
    help="Whether the scale speaks of standardised columns.  [default: no; yes where it is chosen]",
)
@_INTERCEPT
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
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
@_JSON
@click.pass_context
def fit(
    context: click.Context,
    file: Path,
    target: str,
    features: tuple[str, ...],
    exclude: tuple[str, ...],
    weights: str | None,
    drop_missing: bool,
    missing: tuple[str, ...],
    levels: tuple[str, ...],
    decimal: str,
    prior: str,
    scale: float | str | None,
    relative_to_noise: bool,
    noise_scale: float | None,
    standardize: bool | None,
    no_intercept: bool,
    seed: int,
    out: Path,
    report: bool,
    as_json: bool,
) -> None:
    """Fit a CSV or Parquet file: the mode with its proof, and the posterior around it.

    Text columns are one-hot encoded. Results go to standard output and, as tables, draws and
    pictures, to a directory, in place of an earlier fit's.
    """
    written: list[str] = []
    with _one_line_errors(out, written, read=(file,)):
        from .commands.rows import Rows
        from .fit import Task, make_model, run

        model = make_model(
            _PRIORS[prior],
            scale,
            noise_scale,
            standardize,
            relative_to_noise=relative_to_noise,
            fit_intercept=not no_intercept,
        )
        if scale in _SAMPLED and (_PRIORS[prior] != "gaussian" or scale == "psis-loo"):
            click.echo(
                f"Choosing the scale by {scale}, from draws at every scale: this takes a while.", err=True
            )
        task = Task(
            rows=Rows(file, target, features, exclude, weights, drop_missing, decimal, missing, levels),
            model=model,
            selection=scale if isinstance(scale, str) else None,
            seed=seed,
            out=out,
            report=report,
            json=as_json,
            command=_command_line(context),
        )
        run(task, written)


@main.command(epilog=_PREDICT_EXAMPLES, short_help="Predict new rows, with intervals, by what fit has kept.")
@click.argument("fitted", type=click.Path(exists=True, path_type=Path))
@click.argument("file", type=_EXISTING)
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
    default="observation",
    show_default=True,
    help="What the interval is of: a new observation, its noise included, or the mean response.",
)
@_DECIMAL
@_JSON
def predict(fitted: Path, file: Path, mass: float, of: str, decimal: str, as_json: bool) -> None:
    """Predict new rows of a CSV or Parquet file, with intervals.

    FITTED is the folder that `bayesreg fit` wrote to. FILE needs the columns that were features there, text as text;
    others are left alone. Prints CSV: mean, standard deviation and the interval's ends for each row.
    """
    with _one_line_errors(read=(fitted, file)):
        from .commands.predict import run

        run(fitted, file, mass=mass, of_mean=of == "mean", decimal=decimal, json=as_json)


@main.command(epilog=_TRANSLATE_EXAMPLES, short_help="Translate a penalty between packages' conventions.")
@click.argument("value", required=False)
@click.option("--from", "source", type=_ConventionKey(), required=True, help="Whose number VALUE is.")
@click.option("--to", "to", type=_ConventionKey(), required=True, help="Whose number is wanted.")
@click.option(
    "--data", "file", type=_EXISTING, metavar="FILE", help="CSV or Parquet: rows and columns to count on."
)
@click.option("--target", metavar="NAME", help="The response among the columns of --data.")
@_ROWS
@_NOISE
@click.option(
    "--rescale", is_flag=True, help="Allow columns to be rescaled where the target has one number for all."
)
@_INTERCEPT
@_JSON
def translate(
    value: str | None,
    source: str,
    to: str,
    file: Path | None,
    target: str | None,
    features: tuple[str, ...],
    exclude: tuple[str, ...],
    weights: str | None,
    drop_missing: bool,
    missing: tuple[str, ...],
    levels: tuple[str, ...],
    decimal: str,
    noise_scale: float | None,
    rescale: bool,
    no_intercept: bool,
    as_json: bool,
) -> None:
    """Translate a penalty from one package's convention into another's.

    VALUE is a number, or names with numbers as in "alpha=0.1,l1_ratio=0.5", or one number a column as in
    "[0, 0.1, 0.2]"; leave it out where the convention is a default without parameters. `bayesreg conventions` lists
    the names. Many translations need the number of rows, and some the columns: give --data.
    """
    if (file is None) != (target is None):
        raise click.UsageError("--data and --target go together.")
    if file is None and (features or exclude or weights or drop_missing or missing or levels):
        raise click.UsageError(
            "--features, --exclude, --weights, --drop-missing, --missing and --levels speak of --data."
        )
    with _one_line_errors(read=() if file is None else (file,)):
        from .commands.rows import Rows
        from .commands.translate import run
        from .commands.values import StatedPenalty

        try:
            stated = StatedPenalty.of(source, value)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="VALUE") from error
        rows = None
        if file is not None and target is not None:
            rows = Rows(file, target, features, exclude, weights, drop_missing, decimal, missing, levels)
        run(
            stated,
            to,
            rows,
            noise_scale=noise_scale,
            fit_intercept=not no_intercept,
            rescale=rescale,
            json=as_json,
        )


@main.command(epilog=_AUDIT_EXAMPLES, short_help="Tell whether coefficients are the optimum of a penalty.")
@click.argument("file", type=_EXISTING)
@_TARGET
@click.option(
    "--coef",
    type=_EXISTING,
    required=True,
    metavar="COEF",
    help="The coefficients: CSV with a name and a number a row, the intercept among them, or JSON with names.",
)
@click.option(
    "--penalty",
    type=_Penalty(),
    required=True,
    metavar="TEXT",
    help='What they should be optimal for: a convention and its value, as in "sklearn.Lasso alpha=0.1".',
)
@_ROWS
@click.option(
    "--family",
    type=click.Choice(("gaussian", "binomial")),
    help="The loss.  [default: the convention's own, else gaussian]",
)
@_NOISE
@_INTERCEPT
@click.option(
    "--tol", type=float, default=1e-6, show_default=True, help="Duality gap up to which they are optimal."
)
@_JSON
@click.pass_context
def audit(
    context: click.Context,
    file: Path,
    target: str,
    coef: Path,
    penalty: Any,
    features: tuple[str, ...],
    exclude: tuple[str, ...],
    weights: str | None,
    drop_missing: bool,
    missing: tuple[str, ...],
    levels: tuple[str, ...],
    decimal: str,
    family: str | None,
    noise_scale: float | None,
    no_intercept: bool,
    tol: float,
    as_json: bool,
) -> None:
    """Tell whether coefficients, from any package, are the optimum of a penalty.

    If they are not: by how much they miss it, and for whose reading of the same number they would be.
    """
    with _one_line_errors(read=(file, coef)):
        from .commands.audit import run
        from .commands.rows import Rows

        optimal = run(
            Rows(file, target, features, exclude, weights, drop_missing, decimal, missing, levels),
            coef,
            penalty,
            family=family,
            noise_scale=noise_scale,
            fit_intercept=not no_intercept,
            tol=tol,
            json=as_json,
        )
    if not optimal:
        context.exit(_NOT_OPTIMAL)


@main.command(epilog=_CONVENTIONS_EXAMPLES, short_help="List the conventions of translate and audit.")
@click.argument("words", nargs=-1, metavar="[WORD]...")
@_JSON
def conventions(words: tuple[str, ...], as_json: bool) -> None:
    """List the conventions that `translate` and `audit` know, or show those called like a WORD."""
    with _one_line_errors():
        from .commands.conventions import run

        run(words, json=as_json)


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


@contextmanager
def _one_line_errors(
    out: Path | None = None, written: list[str] | None = None, read: tuple[Path, ...] = ()
) -> Iterator[None]:
    """Turn what may go wrong into one line on stderr: exit code 1, or 130 after Ctrl-C."""
    try:
        with _one_line_warnings(), _interrupts_are_kept():
            yield
    except KeyboardInterrupt:
        left = _left(out, written) or "Written: nothing."
        click.echo(printable(f"Interrupted. {left}{_what_is_missing(written)}"), err=True)
        raise click.exceptions.Exit(_INTERRUPTED) from None
    except OSError as error:
        raise click.ClickException(f"{_place(error, out, read)}: {error.strerror or error}.") from error
    except MemoryError as error:
        raise click.ClickException(_in_one_line(error) or _NO_MEMORY) from error
    except (ValueError, TypeError, ImportError) as error:
        raise click.ClickException(_in_one_line(error) or type(error).__name__) from error
    fault = stdout_fault()
    if fault is not None:
        raise click.ClickException(f"{fault}. {_left(out, written)}".strip())


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _place(error: OSError, out: Path | None, read: tuple[Path, ...]) -> str:
    """Say what could not be done, with which file."""
    fault = None if error.filename is None else Path(error.filename)
    if out is None or fault in read:
        return f"cannot read {fault or ' or '.join(map(str, read))}"
    return f"cannot write to {out}"


def _left(out: Path | None, written: list[str] | None) -> str:
    return f"Written: {', '.join(written)} in {out}." if written else ""


def _what_is_missing(written: list[str] | None) -> str:
    if not written:
        return ""
    from .draws_file import DRAWS

    return "" if DRAWS in written else " These are the mode's; there is no posterior."


@contextmanager
def _interrupts_are_kept() -> Iterator[None]:
    """Deliver Ctrl-C again where a callback has swallowed it: JAX runs one at every garbage collection."""
    show_others = sys.unraisablehook

    def again(unraisable: Any) -> None:
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            timer = Timer(_SOON, interrupt_main)  # at once it would be raised here, and ignored too
            timer.daemon = True
            timer.start()
        else:
            show_others(unraisable)

    sys.unraisablehook = again
    try:
        yield
    finally:
        sys.unraisablehook = show_others


@contextmanager
def _one_line_warnings() -> Iterator[None]:
    """Show the package's own warnings as one line each; others stay as they are."""
    with warnings.catch_warnings():
        for category in _OUR_WARNINGS:
            warnings.simplefilter("always", category)
        show_others = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
            if issubclass(category, _OUR_WARNINGS):
                click.echo(printable(f"Warning: {message}"), err=True)
            else:
                show_others(message, category, *place, **more)

        warnings.showwarning = show
        yield
