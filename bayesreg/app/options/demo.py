"""How `bayesreg demo` is asked for."""

from pathlib import Path

import click

from ..one_line import one_line_errors
from .grouped import GroupedCommand


@click.command(cls=GroupedCommand, short_help="Lasso and ridge as modes, beside scikit-learn.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("bayesreg-demo"),
    show_default=True,
    help="Directory for the pictures; made where it is missing.",
)
def demo(out: Path) -> None:
    """Fit lasso and ridge as modes on the diabetes data, beside scikit-learn."""
    with one_line_errors(out):
        from ..demo import run

        run(out)
