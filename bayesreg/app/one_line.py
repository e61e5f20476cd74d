"""Every error and every warning of a command as one line on standard error; Ctrl-C, and exit codes."""

import sys
import warnings
from _thread import interrupt_main
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Any

import click

from ..base.errors import ConvergenceWarning, DegenerateDataWarning, RowOrderWarning, SamplingWarning
from .words.options import in_options
from .words.terminal import printable, stdout_fault

NOT_OPTIMAL = 3
_INTERRUPTED = 130
_NO_MEMORY = (
    "this needs more memory than there is. Give fewer rows or columns; `bayesreg fit --stream` adds rows up as they "
    "are read."
)
_SOON = 0.02  # seconds
_OUR_WARNINGS = (ConvergenceWarning, DegenerateDataWarning, RowOrderWarning, SamplingWarning)


@contextmanager
def one_line_errors(
    out: Path | None = None, written: list[str] | None = None, read: tuple[Path, ...] = ()
) -> Iterator[None]:
    """Turn what may go wrong into one line on stderr: exit code 1, or 130 after Ctrl-C.

    Parameters
    ----------
    out : Path, optional
        The folder that the command writes to.
    written : list of str, optional
        Names of the files in it that are complete.
    read : tuple of Path
        What the command reads.
    """
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
    return in_options(" ".join(str(error).split()))


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
    """Deliver Ctrl-C again if a callback has swallowed it: JAX runs one at every garbage collection."""
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
                click.echo(printable(f"Warning: {in_options(str(message))}"), err=True)
            else:
                show_others(message, category, *place, **more)

        warnings.showwarning = show
        yield
