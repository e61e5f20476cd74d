"""Numbers as people write them: with thousands separators, a sign of a currency or a unit."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, final

from ...base.listed import quoted
from ...base.quotes import in_quotes
from .pasted import pasted

if TYPE_CHECKING:
    import pandas as pd

TRUTHS = {"TRUE": 1.0, "True": 1.0, "true": 1.0, "FALSE": 0.0, "False": 0.0, "false": 0.0}
_CURRENCY = "$€£¥₹₩"
_MINUS = "-−–‐‑"
_SPACES = "\\s\u00a0\u2009\u202f"


class Written(NamedTuple):
    """A number, and what was written beside it: "%", "$", "kg" or ""."""

    value: float
    unit: str


def plain_number(text: str, decimal: str = ".") -> float | None:
    """Return a number that is written by digits, a decimal mark, a sign and an exponent only; else None."""
    return float(text.replace(decimal, ".")) if _plain(decimal).fullmatch(text) else None


def plain_numbers(text: "pd.Series", decimal: str = ".") -> "pd.Series | None":
    """Return text as float64 if every entry that is not missing is a plain number, else None.

    Parameters
    ----------
    text : series
    decimal : "." or ",", default "."

    Returns
    -------
    series or None
    """
    entries = text.dropna()
    if not len(entries) or not all(map(_plain(decimal).fullmatch, entries.unique())):
        return None
    return text.map(lambda entry: float(entry.replace(decimal, ".")), na_action="ignore").astype("float64")


def written_number(text: str, decimal: str = ".") -> Written | None:
    """Return a number that stands with thousands separators, a currency, a percent sign or a unit.

    "12%" is 12. "(3)" is -3, as accountants write it. A bound, such as "<1", is no number.
    """
    text = " ".join(text.split())  # which leaves the pattern no long runs of blanks to try
    match = _written(decimal).fullmatch(text)
    if match is None:
        return None
    before, after = match["before"] or "", match["after"] or ""
    opened, closed = text.startswith("("), text.endswith(")")
    signs = [sign for sign in (match["sign"], match["inner"]) if sign]
    if opened != closed or (opened and signs) or len(signs) > 1 or (before and after):
        return None
    digits = re.sub(rf"[{_separators(decimal)}]", "", match["digits"]).replace(decimal, ".")
    exponent = _one_minus(match["exponent"] or "")
    negative = opened or any(sign in _MINUS for sign in signs)
    value = float(digits + exponent)
    return Written(-value if negative else value, before or after)


@final
@dataclass(frozen=True)
class NumberColumn:
    """A column of text that is read as numbers by the rules of `written_number`.

    Attributes
    ----------
    column : str
    unit : str, default ""
        The one sign or unit that is left out.
    """

    column: str
    unit: str = ""

    def read(self, text: "pd.Series", decimal: str) -> "pd.Series":
        """Return float64: NaN for what is missing, no number, or in another unit."""
        values = {entry: self._value(entry, decimal) for entry in text.dropna().unique()}
        return text.map(values, na_action="ignore").astype("float64")

    def _value(self, entry: str, decimal: str) -> float:
        written = written_number(entry, decimal)
        return float("nan") if written is None or written.unit not in ("", self.unit) else written.value


def found_number_column(text: "pd.Series", decimal: str) -> NumberColumn:
    """Find how a column of numbers is written.

    Raises
    ------
    ValueError
        If an entry is no number, or units differ.
    """
    counts = Counter(text.dropna())
    found = {entry: written_number(entry, decimal) for entry in counts}
    odd = [entry for entry, written in found.items() if written is None]
    if odd:
        raise ValueError(_no_numbers(str(text.name), odd, counts, decimal))
    units = sorted({written.unit for written in found.values() if written is not None} - {""})
    if len(units) > 1:
        raise ValueError(
            f"column {text.name!r} of --numbers holds numbers in {quoted(units)}, which are different units. Write "
            "them in one unit."
        )
    return NumberColumn(str(text.name), units[0] if units else "")


def said_of_numbers(text: "pd.Series", column: NumberColumn, decimal: str) -> str:
    """Say how a column was read, by an example of each way in which its entries are written."""
    shown: dict[str, str] = {}
    for entry in text.dropna().unique():
        if plain_number(entry, decimal) is None:
            written = written_number(entry, decimal)
            assert written is not None  # all of them are numbers
            shown.setdefault(re.sub(r"\d+", "0", entry), f"{in_quotes(entry)} as {written.value:.12g}")
    examples = ", ".join(list(shown.values())[:4])
    return f"{column.column!r} is read as numbers{f': {examples}' if examples else ''}"


def _no_numbers(column: str, odd: list[str], counts: Counter[str], decimal: str) -> str:
    shown = quoted([entry for entry, _ in Counter({entry: counts[entry] for entry in odd}).most_common(3)])
    n = sum(counts[entry] for entry in odd)
    other = "," if decimal == "." else "."
    if all(written_number(entry, other) is not None for entry in counts):
        return (
            f"column {column!r} of --numbers holds {shown}, which is no number with the decimal mark {decimal!r}. "
            f"--decimal {other} reads it."
        )
    return (
        f"column {column!r} of --numbers holds {n} entr{'y' if n == 1 else 'ies'} that no rule reads as a number: "
        f"{shown}. {pasted('--missing', *odd[:3])} says that it is missing; or write numbers in the file."
    )


def share_of_numbers(texts: Iterable[str], decimal: str) -> bool:
    """Tell whether all texts are numbers by the rules of `written_number`, in one unit."""
    found = [written_number(text, decimal) for text in texts]
    units = {written.unit for written in found if written is not None} - {""}
    return all(written is not None for written in found) and len(units) <= 1


def _one_minus(text: str) -> str:
    return "".join("-" if sign in _MINUS else sign for sign in text)


@cache
def _plain(decimal: str) -> re.Pattern[str]:
    mark = re.escape(decimal)
    return re.compile(rf"[-+]?(\d+{mark}?\d*|{mark}\d+)([eE][-+]?\d+)?", re.ASCII)


def _separators(decimal: str) -> str:
    return ("." if decimal == "," else ",") + "'’" + _SPACES


@cache
def _written(decimal: str) -> re.Pattern[str]:
    mark, group = re.escape(decimal), f"[{_separators(decimal)}]"
    digits = (
        rf"[0-9]{{1,3}}(?P<group>{group})[0-9]{{3}}(?:(?P=group)[0-9]{{3}})*(?:{mark}[0-9]+)?"
        rf"|[0-9]+(?:{mark}[0-9]*)?|{mark}[0-9]+"
    )
    money = rf"[A-Z]{{0,3}}[{_CURRENCY}]|[A-Z]{{3}}"
    unit = rf"[%‰{_CURRENCY}]|[^\W\d_][^\s\d()]*[²³]?"
    return re.compile(
        rf"\(?\s*(?P<sign>[{_MINUS}+])?\s*(?P<before>{money})?\s*(?P<inner>[{_MINUS}+])?\s*(?P<digits>{digits})"
        rf"(?P<exponent>[eE][{_MINUS}+]?[0-9]+)?\s*(?P<after>{unit})?\s*\)?"
    )
