"""What an option may hold beyond plain text and numbers."""

from pathlib import Path
from typing import Any

import click

from ...selection.methods import METHOD_WORDS

EXISTING_FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


class ScaleKind(click.ParamType):
    """A number, or the name of a method that chooses it."""

    name = "float|method"

    def convert(self, value: Any, param: Any, ctx: Any) -> float | str:
        """Return the number or the name."""
        if value in METHOD_WORDS or isinstance(value, float):
            return value
        try:
            return float(value)
        except ValueError:
            self.fail(f"{value!r} is neither a number nor one of {', '.join(METHOD_WORDS)}.", param, ctx)


class PenaltyKind(click.ParamType):
    """A convention and its value, as in "sklearn.Lasso alpha=0.1"."""

    name = "text"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the text, read."""
        from ..commands.values import StatedPenalty

        try:
            return value if isinstance(value, StatedPenalty) else StatedPenalty.read(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class ConventionKind(click.ParamType):
    """A key of the table of conventions."""

    name = "convention"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """Return the key."""
        from ..commands.values import convention

        try:
            return convention(value).key
        except ValueError as error:
            self.fail(str(error), param, ctx)


class SeparatorKind(click.ParamType):
    """One sign, or the name of one."""

    name = "sign"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """Return the sign."""
        from ...data.files.dialect import separator_named

        try:
            return separator_named(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class EncodingKind(click.ParamType):
    """An encoding of text, as Python calls it."""

    name = "encoding"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """Return its name."""
        try:
            "".encode(value)
        except (LookupError, ValueError):
            self.fail(f"{value!r} is no encoding: utf-8, utf-16, cp1252 or latin-1, say.", param, ctx)
        return str(value)
