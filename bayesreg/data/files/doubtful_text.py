"""Text that may be meant as something else: numbers with a sign too many, or entries that are missing."""

import re
import shlex
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

NUMBERS_AS_TEXT = "Write numbers without separators or units; --decimal , reads decimal commas."

# What pandas takes for missing in a CSV file, beside a blank.
_MISSING_WORDS = frozenset(
    (
        *(
            "#N/A",
            "#N/A N/A",
            "#NA",
            "-1.#IND",
            "-1.#QNAN",
            "-NaN",
            "-nan",
            "1.#IND",
            "1.#QNAN",
            "<NA>",
            "N/A",
        ),
        *("NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
    )
)
PLAIN_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_TRUTHS = frozenset(("TRUE", "True", "true", "FALSE", "False", "false"))
_CURRENCY = "$€£¥"
_GROUPED = r"\d{1,3}(?:[.,'’\s]\d{3})+(?:[.,]\d+)?"
_DIGITS = rf"(?:{_GROUPED}|\d+(?:[.,]\d+)?|[.,]\d+)(?:[eE][-+−]?\d+)?"
_DECORATED = re.compile(rf"\(?[<>≤≥=~≈±]*\s*[-+−–{_CURRENCY}\s]*{_DIGITS}\s*[%‰+*{_CURRENCY}]?\)?")
_WITH_UNIT = re.compile(rf"[-+−–]?\s*{_DIGITS}\s*(?P<unit>[^\W\d_][^\s\d]*)")
_SPREADSHEET_ERROR = re.compile(r"#[A-Z0-9/]+[!?]")
_FEW_VALUES = 2  # of which one is 1 and the other 0, whatever they are called
_MOSTLY = 0.9
_MOST_SHOWN = 3


def plain_numbers(text: "pd.Series") -> "pd.Series | None":
    """Return text as float64 where every entry that is not missing is a number, else None."""
    entries = text.dropna()
    if not len(entries) or not all(map(PLAIN_NUMBER.fullmatch, entries.unique())):
        return None
    return text.map(float, na_action="ignore").astype("float64")


def check_levels(column: "pd.Series", *, written_out: bool) -> None:
    """Refuse text that may be numbers, or missing entries, and not the names of groups.

    Parameters
    ----------
    column : series
        Of text; None or NaN where an entry is known to be missing.
    written_out : bool
        Whether a missing entry may be written as a word, as in a CSV file.

    Raises
    ------
    ValueError
        With what was found, how often, and how to say what is meant.
    """
    counts = _counts(column)
    as_levels = f"--levels {shlex.quote(str(column.name))}"
    if _may_be_numbers(counts):
        raise ValueError(
            f"column {column.name!r} is text, as it holds {_counted(_odd(counts), counts)} in place of numbers. "
            f"{_remedy(counts)} If its entries name groups, say {as_levels}."
        )
    words = [word for word in counts if word in _MISSING_WORDS]
    if written_out and words:
        raise ValueError(
            f"column {column.name!r} is text, and {_counted(words, counts)} in it may name a group or a missing entry. "
            f"{_as_missing(words)} says that it is missing, {as_levels} that it names a group."
        )


def why_no_numbers(column: "pd.Series") -> str:
    """Return an entry that makes a column text, and what to do where numbers are needed."""
    counts = _counts(column)
    example = f"for example {telling_entry(column)!r}"
    if _may_be_numbers(counts):
        return f"{example}. {_remedy(counts)}"
    if len(counts) == _FEW_VALUES:
        one, two = sorted(counts)
        return (
            f"{example}. Where it is one of two, {one!r} or {two!r}, write them as 0 and 1: a linear model then "
            "explains the share of 1."
        )
    return f"{example}. {NUMBERS_AS_TEXT}"


def telling_entry(column: "pd.Series") -> Any:
    """Return the first entry that is no number, which makes a column text; else the first."""
    entries = column.dropna().astype("str")
    return next((entry for entry in entries if not PLAIN_NUMBER.fullmatch(entry)), entries.iloc[0])


def _counts(column: "pd.Series") -> Counter[str]:
    """Count what a column holds, the most frequent first."""
    return Counter(dict(Counter(column.dropna().astype("str")).most_common()))


def _may_be_numbers(counts: Counter[str]) -> bool:
    """Tell whether text seems to be numbers that some sign, or some entry, makes text."""
    plain = {text for text in counts if PLAIN_NUMBER.fullmatch(text) or text in _TRUTHS}
    signed = {text for text in counts if text not in plain and _DECORATED.fullmatch(text)}
    if not (plain or signed):
        signed = _with_one_unit(counts)
    numbers = plain | signed
    others = [text for text in counts if text not in numbers]
    if not numbers or not (signed or others):
        return False
    if all(_is_mark(text) for text in others):
        return bool(others) or len(numbers) > _FEW_VALUES
    share = sum(counts[text] for text in numbers) / counts.total()
    return len(numbers) > _FEW_VALUES and share >= _MOSTLY


def _with_one_unit(counts: Counter[str]) -> set[str]:
    found = {text: _WITH_UNIT.fullmatch(text) for text in counts}
    units = {match["unit"] for match in found.values() if match}
    return {text for text, match in found.items() if match} if len(units) == 1 else set()


def _is_mark(text: str) -> bool:
    """Tell what stands for a missing number: a word for it, an error of a spreadsheet, or signs alone."""
    signs = not any(letter.isalnum() for letter in text)
    return signs or text in _MISSING_WORDS or bool(_SPREADSHEET_ERROR.fullmatch(text))


def _odd(counts: Counter[str]) -> list[str]:
    return [text for text in counts if not (PLAIN_NUMBER.fullmatch(text) or text in _TRUTHS)]


def _remedy(counts: Counter[str]) -> str:
    """Say how entries beside numbers are told to be missing, and how numbers are written."""
    odd = _odd(counts)
    number = re.compile(rf"{_DECORATED.pattern}|{_WITH_UNIT.pattern}")
    missing = [text for text in odd if not number.fullmatch(text)]
    parts = [] if not missing else [f"{_as_missing(missing)} says that an entry is missing."]
    return " ".join([*parts, NUMBERS_AS_TEXT] if len(missing) < len(odd) or not missing else parts)


def _as_missing(words: Iterable[str]) -> str:
    return " ".join(f"--missing {shlex.quote(word)}" for word in list(words)[:_MOST_SHOWN])


def _counted(texts: list[str], counts: Counter[str]) -> str:
    shown = [f"{text!r} ({counts[text]} time{'s' * (counts[text] != 1)})" for text in texts[:_MOST_SHOWN]]
    if len(texts) > _MOST_SHOWN:
        shown.append(f"{len(texts) - _MOST_SHOWN} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
