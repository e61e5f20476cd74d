"""A first row that holds words where all others hold numbers: units, or a second header."""

from typing import TYPE_CHECKING

from ...base.listed import listed
from ...base.quotes import in_quotes
from .doubtful_text import is_mark
from .numeric import is_numeric
from .questions import Question
from .written_numbers import plain_number, plain_numbers

if TYPE_CHECKING:
    import pandas as pd

_LEAST_COLUMNS, _LEAST_ROWS = 2, 5
_LOOKED_AT = 1000  # rows
_MOSTLY = 0.9  # of the rows below are numbers
_MOST_SHOWN = 4


def question_of_first_row(frame: "pd.DataFrame", decimal: str) -> Question | None:
    """Ask about a first row of words above numbers, in two columns at least; None if it is no such row."""
    names = [str(name) for name in frame.columns if _is_word_above_numbers(frame[name], decimal)]
    if len(names) < _LEAST_COLUMNS:
        return None
    shown = listed([f"{in_quotes(frame[name].iloc[0])} in {name!r}" for name in names], _MOST_SHOWN)
    said = (
        f"the first row below the header holds words where the others hold numbers: {shown}. Is it units, or a second "
        "header? Delete it from the file."
    )
    return Question(tuple(names), "first row", said, ())


def without_first_row(frame: "pd.DataFrame", decimal: str) -> "pd.DataFrame":
    """Return the other rows, with text that is all numbers as numbers."""
    rest = frame.iloc[1:]
    found = {name: plain_numbers(rest[name], decimal) for name in rest.columns if not is_numeric(rest[name])}
    return rest.assign(**{str(name): numbers for name, numbers in found.items() if numbers is not None})


def _is_word_above_numbers(column: "pd.Series", decimal: str) -> bool:
    if is_numeric(column) or len(column) <= _LEAST_ROWS:
        return False
    first, rest = column.iloc[0], column.iloc[1 : 1 + _LOOKED_AT].dropna()
    if not isinstance(first, str) or plain_number(first, decimal) is not None or is_mark(first):
        return False
    numbers = rest.map(lambda entry: plain_number(str(entry), decimal) is not None)
    return len(rest) >= _LEAST_ROWS and bool(numbers.mean() >= _MOSTLY) and not bool((rest == first).any())
