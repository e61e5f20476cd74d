"""Options that several commands have, and how several of them come to a command as one object."""

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import Any

import click

from ..commands.rows import Rows
from .kinds import EncodingKind, SeparatorKind

Decorator = Callable[[Any], Any]

SEPARATOR = click.option(
    "--separator",
    type=SeparatorKind(),
    metavar="SIGN",
    help="What separates entries of a CSV file: a sign, or comma, semicolon, tab, bar or space.  [default: found]",
)
FILE_FORM = (
    SEPARATOR,
    click.option(
        "--decimal",
        type=click.Choice((".", ",")),
        default=".",
        show_default=True,
        help="Decimal mark of the numbers in a CSV file.",
    ),
    click.option(
        "--encoding",
        type=EncodingKind(),
        metavar="NAME",
        help="Encoding of a CSV file, cp1252 say.  [default: UTF-8, or UTF-16 if it begins so]",
    ),
    click.option(
        "--comment", metavar="SIGN", help="Lines of a CSV file that begin with it are no rows: '#', say."
    ),
)
TARGET_HELP = "Column to explain. It holds numbers, or labels of two kinds for a logistic loss."
TARGET = click.option("--target", required=True, metavar="NAME", help=TARGET_HELP)
NO_INTERCEPT = click.option("--no-intercept", is_flag=True, help="A model without an intercept.")
NOISE_SCALE = click.option(
    "--noise-scale", type=float, metavar="S", help="Standard deviation of the noise, for priors."
)
JSON = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document, and nothing else, on stdout."
)
FEATURES = (
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
)
MAX_LEVELS = click.option(
    "--max-levels",
    type=click.IntRange(min=1),
    metavar="N",
    help="Most levels of a text column.  [default: 50 of two rows each, up to 1000 of ten]",
)
_COLUMNS = (
    *FEATURES,
    click.option(
        "--missing",
        multiple=True,
        metavar="TEXT",
        help="What stands for a missing entry, beside a blank: ? or NA or -99, say; NAME=TEXT is of one column; "
        "repeatable.",
    ),
    click.option(
        "--missing-level",
        multiple=True,
        metavar="NAME",
        help='Column of text whose missing entries are a level of their own; repeatable, "a, b", or all.',
    ),
    click.option(
        "--levels",
        multiple=True,
        metavar="NAME",
        help='Column whose entries name groups, even if they look like numbers; repeatable, or "a, b".',
    ),
    click.option(
        "--reference",
        multiple=True,
        metavar="NAME=LEVEL",
        help="Level without a column: the others' coefficients are differences from it; repeatable.",
    ),
    MAX_LEVELS,
    click.option(
        "--gather-rare",
        type=click.IntRange(min=2),
        metavar="N",
        help="Levels with fewer than N rows become one, (other), which is also that of levels unknown to predict.",
    ),
    click.option(
        "--numbers",
        multiple=True,
        metavar="NAME",
        help='Column of numbers written as 1,500 or $3 or 12% (12): signs are left out; repeatable, or "a, b".',
    ),
    click.option(
        "--dates",
        multiple=True,
        metavar="NAME",
        help='Column of dates, which become days since the first; NAME=%d.%m.%Y says how they are written; "a, b".',
    ),
    *FILE_FORM,
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
