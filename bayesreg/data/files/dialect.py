"""How a CSV file is written."""

from dataclasses import dataclass
from typing import final

SEPARATOR_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "space"}


@final
@dataclass(frozen=True)
class Dialect:
    """What is said of a CSV file; what is not said is found.

    Attributes
    ----------
    separator : str, optional
        One character between entries; a space stands for any number of blanks.
    decimal : "." or ",", default "."
        The mark in numbers.
    encoding : str, optional
        Of the text, as Python calls it.  None is UTF-8, or UTF-16 and UTF-32 that say so by their first bytes.
    comment : str, optional
        What a line begins with that is no row.
    """

    separator: str | None = None
    decimal: str = "."
    encoding: str | None = None
    comment: str | None = None


def separator_named(text: str) -> str:
    """Return a separator that is given by itself, or by its name.

    Raises
    ------
    ValueError
        If it is neither.
    """
    named = {name: sign for sign, name in SEPARATOR_NAMES.items()} | {r"\t": "\t"}
    if text in named:
        return named[text]
    if len(text) != 1 or not text.isascii() or text.isalnum() or text in "\"'\r\n.":
        raise ValueError(f"{text!r} is no separator: give one sign, or one of {', '.join(named)}.")
    return text


def separator_name(separator: str) -> str:
    """Return what a separator is called."""
    return SEPARATOR_NAMES.get(separator, repr(separator))
