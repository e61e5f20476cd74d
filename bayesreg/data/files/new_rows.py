"""New rows as the features of an earlier fit: each by itself, whatever the other rows are."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, final

from .chosen_columns import listed_columns, unknown_column
from .dialect import Dialect
from .faults import ABSENT, Fault, Faults
from .levels import Levels
from .missing import counted
from .numeric import is_numeric
from .open_columns import open_columns
from .reading import as_numbers, is_missing, stripped
from .text_rules import TextRules
from .written_numbers import TRUTHS, plain_number

if TYPE_CHECKING:
    import pandas as pd

    from .columns import FileColumns

_ALL = "all"
UNSEEN = "a level that the fit has not seen"
_NO_NUMBER, _NO_SUCH_NUMBER = "no number", "no number that is written as the fit's are"
NOT_POSITIVE = "not above 0"
_NO_DATE = "no date that is written as the fit's are"


class Gathered(NamedTuple):
    """Entries of a column that count as its level of rare ones, with how often each is there."""

    column: str
    level: str
    entries: Counter[str]


@final
@dataclass(frozen=True, eq=False)
class NewRows:
    """Rows of a file as features.

    Attributes
    ----------
    X : data frame (n, p)
        float64; NaN in a row that cannot be predicted.
    reasons : series (n,)
        Why a row cannot be predicted, "" if it can.
    faults : tuple of Fault
        The same by column and kind.
    gathered : tuple of Gathered
        Levels that the fit has not seen and that count as its level of rare ones.
    kept : data frame (n, k)
        Columns that are carried through, as they are written.
    was : tuple of str
        What the file was other than Parquet or UTF-8 text.
    offset : series (n,) or None
        The known part of the linear predictor; NaN in a row that cannot be predicted.
    """

    X: "pd.DataFrame"
    reasons: "pd.Series"
    faults: tuple[Fault, ...]
    gathered: tuple[Gathered, ...]
    kept: "pd.DataFrame"
    was: tuple[str, ...]
    offset: "pd.Series | None" = None


def read_new_rows(
    file: Path,
    features: Sequence[str],
    levels: Sequence[Levels],
    rules: TextRules | None = None,
    dialect: Dialect | None = None,
    keep: Sequence[str] = (),
    *,
    strict: bool = False,
    offset: str | None = None,
    exposure: str | None = None,
) -> NewRows:
    """Read a CSV or Parquet file of new rows as the features of an earlier fit.

    Parameters
    ----------
    file : Path
        Its other columns are left alone.
    features : sequence of str
        Of the fit.
    levels : sequence of Levels
        How the fit turned text columns into features.
    rules : TextRules, optional
        How the fit read other text.
    dialect : Dialect, optional
        How this file is written.
    keep : sequence of str, default ()
        Names of columns to carry through, or names joined by commas; "all" is all of them.
    strict : bool, default False
        Whether to refuse a file in which a row cannot be predicted.
    offset, exposure : str, optional
        Columns with the known part of the linear predictor, and with that whose logarithm it is, as in the fit.

    Returns
    -------
    NewRows

    Raises
    ------
    ValueError
        If a column is missing; if `strict`, also if an entry is missing, is no number where numbers are needed, or
        is a level that the fit has not seen.
    ImportError, OSError
        As in read_table.
    """
    import numpy as np
    import pandas as pd

    rules, dialect = rules or TextRules(), dialect or Dialect()
    source = open_columns(file, dialect, least=1)
    names = [name for name in source.names if name]
    from_text = {feature for one in levels for feature in one.features}
    numeric = [name for name in features if name not in from_text]
    text_columns = [one.column for one in levels]
    known = {name: what for what, name in (("offset", offset), ("exposure", exposure)) if name is not None}
    for name in (*numeric, *text_columns, *known):
        if name not in names:
            raise ValueError(unknown_column(known.get(name, "feature"), name, names))
    kept = _kept(source, names, keep)
    raw = source.read(
        [*numeric, *text_columns, *known], text_columns, rules.missing, [one.column for one in rules.dates]
    )
    faults = Faults(raw.index)
    blocks = [pd.DataFrame({name: _numbers(raw[name], rules, dialect.decimal, faults) for name in numeric})]
    gathered = []
    for one in levels:
        text = _text(raw[one.column], rules)
        found = one.of(text)
        faults.add(text, found.isna() & text.isna(), ABSENT)
        faults.add(text, found.isna() & text.notna(), UNSEEN)
        blocks.append(one.encoded(text.where(found.notna(), one.values[0])))
        unseen = found.notna() & text.notna() & ~text.isin([*one.values, *one.gathered])
        if one.other is not None and unseen.any():
            gathered.append(Gathered(one.column, one.other, Counter(text[unseen])))
    columns = {name: _numbers(raw[name], rules, dialect.decimal, faults) for name in known}
    if exposure is not None:
        faults.add(raw[exposure], columns[exposure] <= 0.0, NOT_POSITIVE)
    if strict:
        _refuse(faults, levels, dialect.decimal)
    X = pd.concat(blocks, axis=1)[list(features)]
    whole = faults.reasons == ""
    parts = [] if offset is None else [columns[offset].where(whole)]
    if exposure is not None:
        parts.append(np.log(columns[exposure].where(whole)))
    return NewRows(
        X.where(whole),
        faults.reasons,
        tuple(faults.found),
        tuple(gathered),
        kept,
        source.was,
        sum(parts[1:], parts[0]) if parts else None,
    )


def _numbers(column: "pd.Series", rules: TextRules, decimal: str, faults: Faults) -> "pd.Series":
    """Return float64: each entry by itself, NaN if it is missing or no finite number."""
    import numpy as np

    name = str(column.name)
    words = rules.missing.of(name)
    if is_numeric(column):
        numbers = as_numbers(column, words)
        faults.add(column, numbers.isna(), ABSENT)
        faults.add(column, numbers.isin([np.inf, -np.inf]), _NO_NUMBER)
        return numbers
    text = stripped(column)
    text = text.mask(is_missing(text, words, among_numbers=True))
    numbers, marked = _meant(text, name, rules, decimal)
    faults.add(text, text.isna() | marked, ABSENT)
    faults.add(text, text.notna() & numbers.isna(), _what_it_is_not(name, rules))
    return numbers.mask(marked)


def _what_it_is_not(name: str, rules: TextRules) -> str:
    if _named(rules.dates, name) is not None:
        return _NO_DATE
    return _NO_NUMBER if _named(rules.numbers, name) is None else _NO_SUCH_NUMBER


def _meant(text: "pd.Series", name: str, rules: TextRules, decimal: str) -> "tuple[pd.Series, pd.Series]":
    """Return the numbers that text means, each entry by itself, and which of them stand for a missing entry."""
    by_date, by_rules = _named(rules.dates, name), _named(rules.numbers, name)
    if by_date is not None:
        return by_date.days(text), text.isin(())
    if by_rules is not None:
        numbers = by_rules.read(text, decimal)
        return numbers, numbers.notna() & as_numbers(numbers, rules.missing.of(name)).isna()
    values = {entry: _number(entry, decimal) for entry in text.dropna().unique()}
    numbers = text.map(values, na_action="ignore").astype("float64")
    unmarked = as_numbers(numbers, rules.missing.of(name)).notna() | text.isin(TRUTHS)
    return numbers, numbers.notna() & ~unmarked


def _named(columns: Sequence[Any], name: str) -> Any:
    return next((one for one in columns if one.column == name), None)


def _number(entry: str, decimal: str) -> float:
    number = plain_number(entry, decimal)
    return TRUTHS.get(entry, float("nan")) if number is None else number


def _text(column: "pd.Series", rules: TextRules) -> "pd.Series":
    text = stripped(column)
    return text.mask(is_missing(text, rules.missing.of(str(column.name))))


def _refuse(faults: Faults, levels: Sequence[Levels], decimal: str) -> None:
    """Refuse what leaves a row without a prediction."""
    absent = {one.column: one.n_rows for one in faults.found if one.what == ABSENT}
    if absent:
        raise ValueError(f"entries are missing: {counted(absent)}. Leave these rows out, or impute them.")
    for one in faults.found:
        if one.what == UNSEEN:
            raise ValueError(_named(levels, one.column).unknown(one.entries))
        if one.what == NOT_POSITIVE:
            raise ValueError(f"an exposure must be above 0: {one}. Leave these rows out, or mend them.")
        other = "." if decimal == "," else ","
        remedy = (
            f"--decimal {other} reads it."
            if one.has_numbers_with(other)
            else "Leave these rows out, or mend them."
        )
        raise ValueError(
            f"the feature {one.column!r} must be numeric, but it holds text, for example {one.entries[0]!r}, which is "
            f"{one.what}. {remedy}"
        )


def _kept(source: "FileColumns", names: list[str], keep: Sequence[str]) -> "pd.DataFrame":
    every = list(keep) == [_ALL] and _ALL not in names
    return source.written(names if every else listed_columns("column to keep", names, {}, keep))
