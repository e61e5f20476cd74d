"""Text that may be meant as something else: numbers with a sign too many, or dates."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ...base.listed import listed
from ...base.quotes import in_quotes
from .dates import date_formats, looks_like_a_date
from .missing_texts import MISSING_WORDS
from .most_levels import tell_rows_apart
from .pasted import pasted, pasted_names
from .questions import Question
from .written_numbers import TRUTHS, plain_number, share_of_numbers, written_number

if TYPE_CHECKING:
    import pandas as pd

NUMBERS_AS_TEXT = "Write numbers without separators or units; --decimal , reads decimal commas."

_CURRENCY = "$€£¥"
_GROUPED = r"\d{1,3}(?:[.,'’\s]\d{3})+(?:[.,]\d+)?"
_DIGITS = rf"(?:{_GROUPED}|\d+(?:[.,]\d+)?|[.,]\d+)(?:[eE][-+−]?\d+)?"
_DECORATED = re.compile(rf"\(?[<>≤≥=~≈±]*\s*[-+−–{_CURRENCY}\s]*{_DIGITS}\s*[%‰+*{_CURRENCY}]?\)?")
_WITH_UNIT = re.compile(rf"[-+−–]?\s*{_DIGITS}\s*(?P<unit>[^\W\d_][^\s\d]*)")
_SPREADSHEET_ERROR = re.compile(r"#[A-Z0-9/]+[!?]")
_FEW_VALUES = 2  # of which one is 1 and the other 0, whatever they are called
_MOSTLY = 0.9
_MOST_UNITS = 3
_NUMBERS_A_WORD = 5  # different ones beside one different word, from which on the words are the exception
_MOST_SHOWN = 3
_FEW_LEVELS = 20
_DATES = "dates"


def questions_of_text(
    columns: "Sequence[pd.Series]", decimal: str = ".", numbers: "Mapping[str, pd.Series] | None" = None
) -> list[Question]:
    """Ask about text that may be numbers, dates or missing entries, and not the names of groups.

    Parameters
    ----------
    columns : sequence of series
        Of text; None or NaN for what is known to be missing.
    decimal : "." or ",", default "."
        The mark in numbers.
    numbers : mapping of str to series, optional
        Text that has to be numbers, by what it is: "target".

    Returns
    -------
    list of Question
        With what was found in which column, how often, and how to say what is meant.
    """
    asked = [_question_of_numbers(column, what, decimal) for what, column in (numbers or {}).items()]
    asked += [question for column in columns if (question := _question(column, decimal)) is not None]
    return _together(asked)


def _question_of_numbers(column: "pd.Series", what: str, decimal: str) -> Question:
    counts, name = counts_of(column), str(column.name)
    answers = _answers(name, counts, decimal) if _may_be_numbers(counts, decimal) else ()
    said = f"the {what} {name!r} must be numeric, but it holds text, {why_no_numbers(column, decimal)}"
    return Question((name,), name, said, tuple(answer for answer in answers if answer[0] != "--levels"))


def may_be_numbers(column: "pd.Series", decimal: str = ".") -> bool:
    """Tell whether text seems to be numbers that some sign, or some entry, makes text."""
    return _may_be_numbers(counts_of(column), decimal)


def why_no_numbers(column: "pd.Series", decimal: str = ".") -> str:
    """Return an entry that makes a column text, and what to do if numbers are needed."""
    counts = counts_of(column)
    example = f"for example {in_quotes(telling_entry(column, decimal))}"
    if _may_be_numbers(counts, decimal):
        return f"{example}. {_remedy(str(column.name), counts, decimal)}"
    if len(counts) == _FEW_VALUES:
        one, two = sorted(counts)
        return (
            f"{example}. If it is one of two, {in_quotes(one)} or {in_quotes(two)}, write them as 0 and 1: a linear "
            "model then explains the share of 1."
        )
    return f"{example}. {NUMBERS_AS_TEXT}"


def telling_entry(column: "pd.Series", decimal: str = ".") -> Any:
    """Return the first entry that is no number, which makes a column text; else the first."""
    entries = column.dropna().astype("str")
    return next((entry for entry in entries if plain_number(entry, decimal) is None), entries.iloc[0])


def _question(column: "pd.Series", decimal: str) -> Question | None:
    counts, name = counts_of(column), str(column.name)
    if not counts:
        return None
    if _may_be_numbers(counts, decimal):
        return Question(
            (name,),
            name,
            f"column {name!r} is text, as it holds {counted_texts(_odd(counts, decimal), counts)} in place of numbers. "
            f"{_remedy(name, counts, decimal)} {_or_no_number(name, counts)}",
            _answers(name, counts, decimal),
        )
    if all(plain_number(text, decimal) is not None for text in counts):
        return Question(
            (name,),
            name,
            f"column {name!r} is text in the file, and all its entries are numbers, for example "
            f"{in_quotes(next(iter(counts)))}. {pasted('--numbers', name)} reads them as numbers. "
            f"{_or_no_number(name, counts)}",
            (("--numbers", name),),
        )
    formats = date_formats(counts)
    if not formats:
        return _dates_but_for(name, counts)
    open_month = len(formats) > 1
    answer = f"{name}={formats[0]}" if open_month else name
    return Question(
        (name,),
        name if open_month else _DATES,
        _of_dates((name,), next(iter(counts)), formats),
        (("--dates", answer),),
    )


def _dates_but_for(name: str, counts: Counter[str]) -> Question | None:
    """Ask about dates among which a few words stand, such as the name of a row of sums."""
    words = [text for text in counts if not looks_like_a_date(text)]
    dates = Counter({text: n for text, n in counts.items() if text not in words})
    if len(words) > _MOST_SHOWN or dates.total() < _MOSTLY * counts.total() or not date_formats(dates):
        return None
    marks = [f"{name}={text}" for text in words]
    said = (
        f"column {name!r} holds dates, for example {in_quotes(next(iter(dates)))}, beside "
        f"{counted_texts(words, counts)}. Is that row one of data? {pasted('--missing', *marks)} says that its "
        "date is missing."
    )
    return Question((name,), name, said, (*(("--missing", mark) for mark in marks), ("--dates", name)))


def _or_no_number(name: str, counts: Counter[str]) -> str:
    if tell_rows_apart(len(counts), counts.total()):
        return f"If it is an identifier, say {pasted('--exclude', name)}."
    return f"If its entries name groups, say {pasted('--levels', name)}."


def _together(asked: list[Question]) -> list[Question]:
    """Ask once of columns that are asked about in the same words: of dates."""
    groups: dict[str, list[Question]] = {}
    for question in asked:
        groups.setdefault(question.about, []).append(question)
    return [group[0] if len(group) == 1 else _one_of(group) for group in groups.values()]


def _one_of(group: list[Question]) -> Question:
    names = tuple(name for question in group for name in question.columns)
    said = (
        f"columns {listed([repr(name) for name in names], _MOST_SHOWN)} are text, and their entries are dates. "
        f"{pasted_names('--dates', names)} turns them into days since the first, "
        f"{pasted_names('--exclude', names)} leaves them out."
    )
    return Question(names, _DATES, said, tuple(("--dates", name) for name in names))


def _of_dates(names: Sequence[str], example: str, formats: list[str]) -> str:
    (name,) = names
    if len(formats) > 1:
        turned = " or ".join(pasted("--dates", f"{name}={one}") for one in formats)
        how = f"{turned} says which number is the month, and turns them into days since the first"
    else:
        how = f"{pasted('--dates', name)} turns them into days since the first"
    return (
        f"column {name!r} is text, and its entries are dates, for example {in_quotes(example)}. {how}, "
        f"{pasted('--levels', name)} into groups, {pasted('--exclude', name)} leaves it out."
    )


def counts_of(column: "pd.Series") -> Counter[str]:
    """Count what a column holds, the most frequent first."""
    found = column.dropna().astype("str").value_counts(sort=False)
    pairs = [(str(text), int(n)) for text, n in found.items()]
    return Counter(dict(sorted(pairs, key=lambda one: -one[1])))  # of two as frequent, the first


def _may_be_numbers(counts: Counter[str], decimal: str) -> bool:
    """Tell whether text seems to be numbers that some sign, or some entry, makes text."""
    plain = {text for text in counts if plain_number(text, decimal) is not None or text in TRUTHS}
    signed = {text for text in counts if text not in plain and _DECORATED.fullmatch(text)}
    units = _with_units(counts, known=plain | signed)
    numbers = plain | signed | units
    others = [text for text in counts if text not in numbers]
    if not numbers or not (signed or units or others):
        return False
    if all(is_mark(text) for text in others):
        return bool(others) or bool(signed) or len(numbers) > _FEW_VALUES
    share = sum(counts[text] for text in numbers) / counts.total()
    few_words = len(others) * _NUMBERS_A_WORD <= len(numbers)
    return len(numbers) > _FEW_VALUES and (share >= _MOSTLY or few_words)


def _with_units(counts: Counter[str], known: set[str]) -> set[str]:
    """Return numbers with a unit, of which there are few, each with more than one number."""
    found = {text: _WITH_UNIT.fullmatch(text) for text in counts if text not in known}
    numbers = Counter(match["unit"] for match in found.values() if match)
    one_is_enough = len(numbers) == 1 and not known
    if len(numbers) > _MOST_UNITS or not (one_is_enough or min(numbers.values(), default=0) > 1):
        return set()
    return {text for text, match in found.items() if match}


def is_mark(text: str) -> bool:
    """Tell what stands for a missing number: a word for it, an error of a spreadsheet, or signs alone."""
    signs = not any(letter.isalnum() for letter in text)
    return signs or text in MISSING_WORDS or bool(_SPREADSHEET_ERROR.fullmatch(text))


def _odd(counts: Counter[str], decimal: str) -> list[str]:
    return [text for text in counts if plain_number(text, decimal) is None and text not in TRUTHS]


class _Odd(NamedTuple):
    """What is no plain number in a column of numbers: missing, written by rules, bounds and the like."""

    missing: list[str]
    written: list[str]
    others: list[str]


def _sorted_out(counts: Counter[str], decimal: str) -> _Odd:
    odd = _odd(counts, decimal)
    either = [text for text in odd if written_number(text, ".") or written_number(text, ",")]
    rest = [text for text in odd if text not in either]
    others = [text for text in rest if _DECORATED.fullmatch(text)]
    return _Odd([text for text in rest if text not in others], either, others)


def _readings(
    counts: Counter[str], written: list[str], decimal: str
) -> list[tuple[tuple[tuple[str, str], ...], str]]:
    """Return the options that read all numbers of a column, each with the decimal mark that goes with it."""
    numbers = [text for text in counts if text in written or plain_number(text, decimal) is not None]
    other = "," if decimal == "." else "."
    found: list[tuple[tuple[tuple[str, str], ...], str]] = []
    if share_of_numbers(numbers, decimal):
        found.append(((("--numbers", ""),), decimal))
    if any(decimal not in text and other in text for text in written) and share_of_numbers(numbers, other):
        plain = all(plain_number(text, other) is not None for text in numbers)
        found.append(((("--decimal", other), *(() if plain else (("--numbers", ""),))), other))
    return found


def _remedy(name: str, counts: Counter[str], decimal: str) -> str:
    """Say how entries beside numbers are told to be missing, and how numbers are read."""
    odd = _sorted_out(counts, decimal)
    parts = []
    if odd.missing:
        parts.append(f"{pasted('--missing', *odd.missing[:_MOST_SHOWN])} says that an entry is missing.")
    if odd.written:
        parts.append(_how_to_read(name, counts, odd.written, decimal))
    if odd.others:
        parts.append(
            f"Write numbers in place of bounds and the like, such as {in_quotes(odd.others[0])}, or say that they are "
            f"missing: {pasted('--missing', *odd.others[:_MOST_SHOWN])}."
        )
    return " ".join(parts)


def _how_to_read(name: str, counts: Counter[str], written: list[str], decimal: str) -> str:
    said = []
    for options, mark in _readings(counts, written, decimal):
        example = next((text for text in written if written_number(text, mark) is not None), written[0])
        number = written_number(example, mark)
        assert number is not None  # all numbers can be read with this mark
        commas = " decimal commas" if ("--decimal", ",") in options else " them as numbers"
        flags = " ".join(pasted(option, value or name) for option, value in options)
        said.append(f"{flags} reads{commas} ({in_quotes(example)} as {number.value:.12g})")
    return f"{', '.join(said)}." if said else NUMBERS_AS_TEXT


def _answers(name: str, counts: Counter[str], decimal: str) -> tuple[tuple[str, str], ...]:
    odd = _sorted_out(counts, decimal)
    if odd.others and len(counts) <= _FEW_LEVELS:
        return (("--levels", name),)
    missing = tuple(("--missing", text) for text in (*odd.missing, *odd.others)[: 2 * _MOST_SHOWN])
    readings = _readings(counts, odd.written, decimal) if odd.written else []
    return (*missing, *((option, value or name) for option, value in (readings[0][0] if readings else ())))


def counted_texts(texts: Sequence[str], counts: Counter[str]) -> str:
    """Say how often some texts are there, of many only how many more there are."""
    shown = [
        f"{in_quotes(text)} ({counts[text]} time{'s' * (counts[text] != 1)})" for text in texts[:_MOST_SHOWN]
    ]
    if len(texts) > _MOST_SHOWN:
        n = sum(counts[text] for text in texts[_MOST_SHOWN:])
        shown.append(f"{n} more entr{'y' if n == 1 else 'ies'}")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
