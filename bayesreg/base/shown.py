"""How objects show themselves: in a few lines whatever their size, and in a notebook with a table."""

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

_MOST_LINES, _MOST_CHARACTERS = 9, 900
_TABLE = ("display.max_rows", 12, "display.min_rows", 12, "display.max_columns", 12)


class Shown:
    """A result that shows itself: `str` says what it is, and `_table` holds what a notebook shows below that."""

    def _table(self) -> "pd.DataFrame | None":
        """Return what a notebook shows as a table, if there is something."""
        return None

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {in_short(str(self))}>"

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        from html import escape

        import pandas as pd

        text = f'<pre style="white-space: pre-wrap">{escape(repr(self))}</pre>'
        table = self._table()
        if table is None:
            return text
        with pd.option_context(*_TABLE):
            return text + (table._repr_html_() or "")  # type: ignore[operator]


def in_short(text: str) -> str:
    """Return text, cut where it is longer than one looks at."""
    lines = text.splitlines()
    kept = "\n".join(lines[:_MOST_LINES])
    if len(kept) > _MOST_CHARACTERS:
        return f"{kept[:_MOST_CHARACTERS]} …"
    return kept if len(lines) <= _MOST_LINES else f"{kept} …"


def as_call(made: Any) -> str:
    """Return a dataclass as the call that makes it; if that is long, with its arrays and mappings in words.

    Parameters
    ----------
    made : dataclass
        Each of its fields that is shown is an argument.
    """
    given = {field.name: getattr(made, field.name) for field in fields(made) if field.repr}
    call = _call(made, {name: repr(value) for name, value in given.items()})
    if call == in_short(call):
        return call
    return _call(made, {name: _in_words(value) for name, value in given.items()})


def _call(made: Any, arguments: Mapping[str, str]) -> str:
    return f"{type(made).__name__}({', '.join(f'{name}={text}' for name, text in arguments.items())})"


def _in_words(value: Any) -> str:
    numbers = list(value.values()) if isinstance(value, Mapping) else value
    if not isinstance(numbers, list | np.ndarray):
        return in_short(repr(value))
    what = "names" if isinstance(value, Mapping) else "numbers"
    return f"<{len(numbers)} {what}, from {np.min(numbers):.6g} to {np.max(numbers):.6g}>"
