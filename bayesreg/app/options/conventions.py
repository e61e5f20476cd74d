"""How `bayesreg conventions` is asked for."""

import click

from ..one_line import one_line_errors
from .grouped import GroupedCommand
from .shared import JSON

_EXAMPLES = """\b
Examples
  bayesreg conventions
  bayesreg conventions glmnet
  bayesreg conventions sklearn --json"""


@click.command(
    cls=GroupedCommand, epilog=_EXAMPLES, short_help="List the conventions of translate and audit."
)
@click.argument("words", nargs=-1, metavar="[WORD]...")
@JSON
def conventions(words: tuple[str, ...], as_json: bool) -> None:
    """List the conventions that `translate` and `audit` know, or show those called like a WORD."""
    with one_line_errors():
        from ..commands.conventions import run

        run(words, json=as_json)
