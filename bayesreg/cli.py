"""The command `bayesreg`: options, and every error as one line."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from . import __version__
from .errors import ConvergenceWarning, DegenerateDataWarning, SamplingWarning

_INTERRUPTED = 130
_PRIORS = ("laplace", "gaussian", "elastic-net")
_SELECTIONS = ("cv", "cv-1se")
_OUR_WARNINGS = (ConvergenceWarning, DegenerateDataWarning, SamplingWarning)


class _Scale(click.ParamType):
    """A number, or the name of a method that chooses it."""

    name = "float|cv|cv-1se"

    def convert(self, value: Any, param: Any, ctx: Any) -> float | str:
        """Return the number or the name."""
        return value if value in _SELECTIONS else click.FLOAT.convert(value, param, ctx)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="bayesreg")
def main() -> None:
    """Regularised linear models: the mode with its proof, and the width around it."""


@main.command()
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


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--target", required=True, metavar="NAME", help="Column to explain; it must be numeric.")
@click.option(
    "--features",
    multiple=True,
    metavar="NAME",
    help='Column to explain it by; repeatable, or "a, b".  [default: all others]',
)
@click.option("--prior", type=click.Choice(_PRIORS), default="laplace", show_default=True)
@click.option(
    "--scale",
    type=_Scale(),
    help="Scale of the prior, in units of y per unit of x; or cv to choose it by 5-fold cross-validation, relative to "
    "the noise and on standardised columns.  [default: 2.5/sd(x), in units of the noise]",
)
@click.option("--noise-scale", type=float, help="Standard deviation of the noise.  [default: unknown]")
@click.option(
    "--standardize/--no-standardize",
    default=None,
    help="Whether the scale speaks of standardised columns.  [default: no; yes where it is chosen]",
)
@click.option("--drop-missing", is_flag=True, help="Leave out rows with a missing entry.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("bayesreg-out"),
    show_default=True,
    help="Directory for tables, draws and pictures; made where it is missing.",
)
def fit(
    file: Path,
    target: str,
    features: tuple[str, ...],
    prior: str,
    scale: float | str | None,
    noise_scale: float | None,
    standardize: bool | None,
    drop_missing: bool,
    seed: int,
    out: Path,
) -> None:
    """Fit a CSV file: the mode with its proof, and the posterior around it.

    Text columns are one-hot encoded. Results go to standard output and, as tables, draws and
    pictures, to a directory.
    """
    written: list[str] = []
    with _one_line_errors(out, written):
        from .analysis import make_model, run

        model = make_model(prior, scale, noise_scale, standardize)
        selection = scale if isinstance(scale, str) else None
        run(
            file,
            target,
            features,
            model,
            out,
            written,
            selection=selection,
            drop_missing=drop_missing,
            seed=seed,
        )


@contextmanager
def _one_line_errors(out: Path, written: list[str] | None = None) -> Iterator[None]:
    """Turn what may go wrong into one line on stderr: exit code 1, or 130 after Ctrl-C."""
    try:
        with _one_line_warnings():
            yield
    except KeyboardInterrupt:
        left = f"{', '.join(written)} in {out}" if written else "nothing"
        click.echo(f"Interrupted. Written: {left}.", err=True)
        raise click.exceptions.Exit(_INTERRUPTED) from None
    except OSError as error:
        raise click.ClickException(f"cannot write to {out}: {error.strerror or error}.") from error
    except (ValueError, TypeError, MemoryError) as error:
        raise click.ClickException(" ".join(str(error).split())) from error


@contextmanager
def _one_line_warnings() -> Iterator[None]:
    """Show the package's own warnings as one line each; others stay as they are."""
    with warnings.catch_warnings():
        for category in _OUR_WARNINGS:
            warnings.simplefilter("always", category)
        show_others = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
            if issubclass(category, _OUR_WARNINGS):
                click.echo(f"Warning: {message}", err=True)
            else:
                show_others(message, category, *place, **more)

        warnings.showwarning = show
        yield
