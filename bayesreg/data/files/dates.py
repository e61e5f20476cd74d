"""Dates as numbers: days since the first of them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, final

from .pasted import pasted

if TYPE_CHECKING:
    import pandas as pd

_ISO = "ISO8601"  # as pandas calls it
_LOOKS_ISO = re.compile(
    r"\d{4}-\d{1,2}(-\d{1,2}([ T]\d{1,2}:\d{2}(:\d{2}([.,]\d{1,9})?)?)?)?\s?(Z|UTC|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_LOOKS_LIKE_A_DATE = re.compile(r"\w+[-/. ,]+\w+[-/. ,]+\d{1,4}([ T]+[\d:. ]+([AaPp][Mm])?( ?[A-Z]{2,5})?)?")
_LOOKS_LIKE_A_MONTH = re.compile(r"\d{1,2}[-/.]\d{4}|\d{4}[/.]\d{1,2}|[^\W\d_]{3,9}(-\d{2}|[- ]\d{4})")
_NUMBER = re.compile(r"\d+")
_DAYS = (
    *("%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y"),
    *(
        "%d.%m.%y",
        "%d/%m/%y",
        "%m/%d/%y",
        "%d %b %Y",
        "%d-%b-%Y",
        "%d-%b-%y",
        "%b %d, %Y",
        "%d %B %Y",
        "%B %d, %Y",
        "%b %d %Y",
        "%B %d %Y",
        "%b-%d-%Y",
    ),
)
_MONTHS = ("%m/%Y", "%m-%Y", "%m.%Y", "%Y/%m", "%Y.%m", "%b-%y", "%b-%Y", "%b %Y", "%B-%Y", "%B %Y")
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_FIRST_LOOK = 20  # entries


@final
@dataclass(frozen=True)
class DateColumn:
    """A column of dates that is read as days since the first of them.

    Attributes
    ----------
    column : str
    format : str
        How they are written, in the letters of strftime; "ISO8601" is 2024-05-01 and 2024-05-01 10:00.  That is
        understood in any case.
    first : str
        The earliest date of the fit's file, which is day 0.
    """

    column: str
    format: str
    first: str

    @property
    def is_sound(self) -> bool:
        """Whether its format and its first date can be read."""
        import pandas as pd

        try:
            _checked(self.format)
            return pd.Timestamp(self.first).tzinfo is not None
        except ValueError:
            return False

    def days(self, text: "pd.Series") -> "pd.Series":
        """Return float64: NaN for what is missing or no such date."""
        import pandas as pd

        moments = _moments(text, self.format)
        return ((moments - pd.Timestamp(self.first)) / pd.Timedelta(days=1)).astype("float64")


def found_dates(text: "pd.Series", format: str | None) -> DateColumn:
    """Find how a column of dates is written, and the first of them.

    Parameters
    ----------
    text : series
        None or NaN for what is missing.
    format : str or None
        How they are written, if that is said.

    Raises
    ------
    ValueError
        If an entry is no date, or it is open which number is the month.
    """
    entries = text.dropna()
    formats = date_formats(entries.unique()) if format is None else [format]
    if not formats:
        raise ValueError(
            f"column {text.name!r} of --dates holds {_no_date(entries)!r}, which is no date like others. Write them "
            f"as 2024-05-01, or say how they are written: {pasted('--dates', f'{text.name}=%d.%m.%Y')}, say."
        )
    if len(formats) > 1:
        raise ValueError(
            f"column {text.name!r} holds dates such as {entries.iloc[0]!r}, of which either number may be the month. "
            f"Say {' or '.join(pasted('--dates', f'{text.name}={one}') for one in formats)}."
        )
    moments = _moments(entries, _checked(formats[0]))
    if moments.isna().any():
        raise ValueError(
            f"column {text.name!r} of --dates holds {entries[moments.isna()].iloc[0]!r}, which is not written as "
            f"{formats[0]!r} says."
        )
    return DateColumn(
        str(text.name), formats[0], moments.min().isoformat() if len(moments) else "1970-01-01T00:00:00+00:00"
    )


def _checked(format: str) -> str:
    """Refuse what tells no date: a letter that is unknown, or no year and month; without a day it is the first."""
    import pandas as pd

    if format == _ISO:
        return format
    if not ("%y" in format.lower() and any(f"%{month}" in format for month in "mbB")):
        raise ValueError(f"{format!r} names no year and month: write it as in %d.%m.%Y.")
    try:
        pd.to_datetime(pd.Series(["-"]), format=format, errors="coerce")
    except ValueError as error:
        raise ValueError(f"{format!r} is no way to write a date: {error}.") from None
    return format


def date_formats(entries: Iterable[str]) -> list[str]:
    """Return the ways in which all entries are dates, those that mean the same once; none if some entry is no date."""
    import pandas as pd

    texts = list(entries)
    if not texts:
        return []
    if all(map(_LOOKS_ISO.fullmatch, texts)):
        return _fitting(texts, (_ISO,))
    if all(map(_LOOKS_LIKE_A_MONTH.fullmatch, texts)):
        found = _fitting(texts, _MONTHS)
    elif all(map(_LOOKS_LIKE_A_DATE.fullmatch, texts)):
        found = _fitting(texts, [day + time for day in _DAYS for time in _TIMES])
    else:
        return []
    series = pd.Series(texts)
    different: dict[tuple[object, ...], str] = {}
    for one in found:
        different.setdefault(tuple(_moments(series, one)), one)
    return list(different.values())


def looks_like_a_date(entry: str) -> bool:
    """Tell what may be a date in a form of its own: three parts, and numbers in two of them at least."""
    return bool(_LOOKS_ISO.fullmatch(entry)) or (
        bool(_LOOKS_LIKE_A_DATE.fullmatch(entry)) and len(_NUMBER.findall(entry)) > 1
    )


def said_of_dates(column: DateColumn) -> str:
    """Say how a column was read."""
    return f"{column.column!r} is read as days since {shown_moment(column.first)}, its first date in the file"


def shown_moment(moment: str) -> str:
    """Write a moment without a time that is midnight."""
    return moment.removesuffix("+00:00").removesuffix("T00:00:00").replace("T", " ")


def _fitting(texts: Sequence[str], formats: Sequence[str]) -> list[str]:
    import pandas as pd

    few, all_of_them = pd.Series(list(islice(texts, _FIRST_LOOK))), pd.Series(list(texts))
    promising = [one for one in formats if _moments(few, one).notna().all()]
    return [one for one in promising if _moments(all_of_them, one).notna().all()]


def _moments(text: "pd.Series", format: str) -> "pd.Series":
    """Return moments to the microsecond, of which those without a zone are in UTC; NaT for what is no date."""
    import pandas as pd

    given = pd.to_datetime(text, format=format, errors="coerce", utc=True).dt.as_unit("us")
    if format == _ISO:
        looks = [isinstance(entry, str) and bool(_LOOKS_ISO.fullmatch(entry)) for entry in text]
        return given.where(pd.Series(looks, index=text.index, dtype="bool"))
    return given.fillna(_moments(text, _ISO))


def _no_date(entries: "pd.Series") -> str:
    return next(
        (entry for entry in entries if not date_formats([entry])),
        entries.iloc[-1] if len(entries) else "",
    )
