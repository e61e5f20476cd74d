"""The command `bayesreg`."""

from pathlib import Path

import click

from . import __version__


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="bayesreg")
def main() -> None:
    """Regularised linear models: the mode with its proof."""


@main.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("bayesreg-demo"),
    show_default=True,
    help="Directory for the picture; made where it is missing.",
)
def demo(out: Path) -> None:
    """Fit lasso and ridge as modes on the diabetes data, beside scikit-learn."""
    from .demo import run

    try:
        run(out)
    except OSError as error:
        raise click.ClickException(f"cannot write to {out}: {error.strerror or error}.") from error
