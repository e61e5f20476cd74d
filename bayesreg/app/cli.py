"""The command `bayesreg`: its commands, and what holds for all of them."""

from typing import Any

import click

from ..base.version import __version__
from .kept_programs import keep_programs
from .options.audit import audit
from .options.conventions import conventions
from .options.demo import demo
from .options.fit import fit
from .options.predict import predict
from .options.reduce import merge, reduce
from .options.translate import translate
from .words.terminal import outlets, printable, stdout_fault

_EXIT_CODES = """\b
Exit codes
  0    done; for audit: the coefficients are optimal
  1    an error, told in one line on standard error
  2    a wrong option or argument
  3    audit: the coefficients are not optimal
  130  interrupted by Ctrl-C; what was finished is kept"""


class _Commands(click.Group):
    """The commands, whose messages a terminal does not obey, and whose work outlives standard output."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run one; if what it said could not be written, say so and exit with 1."""
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


@click.group(
    cls=_Commands,
    commands=[audit, conventions, demo, fit, merge, predict, reduce, translate],
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_EXIT_CODES,
)
@click.version_option(__version__, prog_name="bayesreg")
@click.option(
    "--keep-programs/--no-keep-programs",
    "keeps",
    default=True,
    envvar="BAYESREG_KEEP_PROGRAMS",
    help="Keep compiled programs in your cache folder, at most 256 MiB: the next command starts two seconds sooner.  "
    "[default: keep]",
)
def main(keeps: bool) -> None:
    """Regularised linear models: the mode with its proof, and the width around it.

    Results go to standard output; progress, warnings and errors to standard error.
    """
    if keeps:
        keep_programs()
