"""Options that several commands have, and how several of them come to a command as one object."""

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import Any

import click

from ..commands.rows import Rows

Decorator = Callable[[Any], Any]

DECIMAL = click.option(
    "--decimal",
    type=click.Choice((".", ",")),
    default=".",
    show_default=True,
    help="Decimal mark of the numbers in a CSV file.",
)
TARGET = click.option(
    "--target", required=True, metavar="NAME", help="Column to explain; it must be numeric."
)
NO_INTERCEPT = click.option("--no-intercept", is_flag=True, help="A model without an intercept.")
NOISE_SCALE = click.option(
    "--noise-scale", type=float, metavar="S", help="Standard deviation of the noise, for priors."
)
JSON = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document, and nothing else, on stdout."
)
_COLUMNS = (
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
    DECIMAL,
)


def as_one(
    name: str, kind: type[Any], options: tuple[Decorator, ...], make: Callable[..., Any] | None = None
) -> Decorator:
    """Return options as one decorator: the command is given one object, which holds what they say.

    Parameters
    ----------
    name : str
        Of the argument of the command.
    kind : dataclass
        Of the object; its fields are called as the options are.
    options : tuple of decorators
        In the order in which they are shown.
    make : callable, optional
        Makes the object of the fields' values, in place of `kind`.
    """

    def decorate(command: Any) -> Any:
        @wraps(command)
        def call(*args: Any, **given: Any) -> Any:
            said = {field.name: given.pop(field.name) for field in fields(kind)}
            return command(*args, **given, **{name: (make or kind)(**said)})

        asked = call
        for option in reversed(options):
            asked = option(asked)
        return asked

    return decorate


def takes_rows(*first: Decorator, make: Callable[..., Rows | None] = Rows) -> Decorator:
    """Return the options that say where the data are; the command is given `rows`.

    Parameters
    ----------
    *first : decorators
        What is shown before the columns: the file and the target, with any names, and what stands between.
    make : callable, default Rows
        Makes `rows` of what is said.
    """
    return as_one("rows", Rows, (*first, *_COLUMNS), make)
