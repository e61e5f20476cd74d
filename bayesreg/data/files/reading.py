"""Columns as they are meant: numbers, text with its missing entries, dates as days."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

from .columns import FileColumns
from .dates import DateColumn, found_dates, said_of_dates
from .missing_texts import MISSING_WORDS
from .numeric import is_numeric
from .stated_columns import StatedColumns
from .text_rules import TextRules
from .written_numbers import (
    TRUTHS,
    NumberColumn,
    found_number_column,
    plain_number,
    plain_numbers,
    said_of_numbers,
)

if TYPE_CHECKING:
    import pandas as pd

_BLANK = ""


@final
@dataclass(frozen=True, eq=False)
class Reading:
    """Columns of a file, read.

    Attributes
    ----------
    frame : data frame
        Numbers as float64 and text; NaN for what is missing.
    rules : TextRules
        By which text was read.
    missing : mapping of str to Counter
        By column, which texts were read as missing, and how often.
    said : list of (str, str)
        What is to be told of it, as labels and sentences.
    """

    frame: "pd.DataFrame"
    rules: TextRules
    missing: dict[str, Counter[str]] = field(default_factory=dict)
    said: list[tuple[str, str]] = field(default_factory=list)


def read_columns(source: FileColumns, names: Sequence[str], stated: StatedColumns, decimal: str) -> Reading:
    """Read columns as they are stated; what is not stated is what it looks like.

    Parameters
    ----------
    source : FileColumns
    names : sequence of str
    stated : StatedColumns
    decimal : "." or ","
        The mark in numbers.

    Raises
    ------
    ValueError
        If a column is not what is said of it.
    """
    import pandas as pd

    raw = source.read(names, stated.levels, stated.missing, [*stated.dates])
    columns: dict[str, pd.Series] = {}
    missing: dict[str, Counter[str]] = {}
    numbers: list[NumberColumn] = []
    dates: list[DateColumn] = []
    said: list[tuple[str, str]] = []
    for name in names:
        words = stated.missing.of(name)
        if is_numeric(raw[name]):
            columns[name] = as_numbers(raw[name], words)
            missing[name] = Counter({_BLANK: int(raw[name].isna().sum())})
            missing[name] += Counter(raw[name][columns[name].isna() & raw[name].notna()].map("{:g}".format))
            if name in stated.numbers:
                numbers.append(NumberColumn(name))
            continue
        text = stripped(raw[name])
        if name in stated.numbers:
            known = text.mask(is_missing(text, words, among_numbers=True))
            column = found_number_column(known, decimal)
            columns[name] = as_numbers(column.read(known, decimal), words)
            numbers.append(column)
            said.append(("numbers", said_of_numbers(known, column, decimal)))
        elif name in stated.dates:
            known = text.mask(is_missing(text, words, among_numbers=True))
            when = found_dates(known, stated.dates[name])
            columns[name] = when.days(known)
            dates.append(when)
            said.append(("dates", said_of_dates(when)))
        else:
            columns[name] = (
                text.mask(is_missing(text, words))
                if name in stated.levels
                else _what_it_is(text, words, decimal, typed=source.delimiter is None)
            )
        missing[name] = _times(text[columns[name].isna()].fillna(_BLANK))
    frame = pd.DataFrame(columns)
    _look_up_words(source, frame, missing)
    rules = TextRules(stated.missing, tuple(numbers), tuple(dates))
    return Reading(frame, rules, {name: +counts for name, counts in missing.items()}, said)


def stripped(column: "pd.Series") -> "pd.Series":
    """Return text without blanks around it; None or NaN where there is none."""
    return column.astype("str").str.strip().where(column.notna())


def is_missing(text: "pd.Series", words: Sequence[str], *, among_numbers: bool = False) -> "pd.Series":
    """Tell which entries are blank, or stand for a missing entry; among numbers words such as NA do."""
    return text.isna() | text.isin([_BLANK, *words, *(MISSING_WORDS if among_numbers else ())])


def as_numbers(column: "pd.Series", words: Sequence[str]) -> "pd.Series":
    """Return numbers and truth values as float64; those that stand for a missing entry are NaN."""
    marks = [number for word in words if (number := plain_number(word)) is not None]
    values = column.map(float, na_action="ignore") if column.dtype.kind == "O" else column
    numbers = values.astype("float64")
    return numbers.mask(numbers.isin(marks)) if marks and column.dtype.kind in "iuf" else numbers


def _what_it_is(text: "pd.Series", words: Sequence[str], decimal: str, *, typed: bool) -> "pd.Series":
    """Return text as numbers if all of it is that, but for what stands for a missing entry.

    A column that a file itself calls text stays text if all of its entries are numbers: that is asked about.
    """
    marked = is_missing(text, words, among_numbers=True)
    known = text.mask(marked)
    entries = known.dropna()
    if not len(entries) or entries.isin(TRUTHS).all():
        return known.map(TRUTHS, na_action="ignore").astype("float64")
    if not typed or (marked & text.notna() & (text != _BLANK)).any():
        numbers = plain_numbers(known, decimal)
        if numbers is not None:
            return as_numbers(numbers, words)
    return text.mask(is_missing(text, words))


def _times(text: "pd.Series") -> Counter[str]:
    return Counter({str(entry): int(n) for entry, n in text.value_counts(sort=False).items()})


def _look_up_words(source: FileColumns, frame: "pd.DataFrame", missing: dict[str, Counter[str]]) -> None:
    """Count the words that a CSV file has for a missing number."""
    names = [
        str(name)
        for name in frame.columns
        if source.delimiter is not None and missing[str(name)][_BLANK] and is_numeric(frame[name])
    ]
    if names:
        written = source.read(names, names)
        for name in names:
            missing[name] = _times(stripped(written[name])[frame[name].isna()].fillna(_BLANK))
