"""Columns of whole numbers that may be names: of rows, of things that rows belong to, or codes of groups."""

import re
from typing import TYPE_CHECKING, NamedTuple

from ...data.files.most_levels import tell_rows_apart
from ...data.files.pasted import pasted

if TYPE_CHECKING:
    import pandas as pd

    from ...data.files.table import Table

_FEW_ROWS = 10  # which any numbers may count
_MEAN_STEP = 1.5  # at most, of a column that counts rows, some of which may be missing
_FEW_THINGS = 12  # months are as many
_NEARLY_ALL = 0.99  # of the rows have a number that no other has
_DIGITS = 6  # of a code, each of which has as many
_A_NAME = re.compile(
    r"(?:^|[^a-z])(?:id|no|nr|num|number|code|key|uid|uuid|zip|zip ?code|post ?code|plz|phone|serial|barcode|isbn|fips|"
    r"subject|patient|participant|respondent|customer|client|user|account|invoice|ticket|flight|household|specimen)$"
)
_CAPITALS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ID = re.compile(r"[A-Z]*ID")


class _Asked(NamedTuple):
    """What a column may be, and whether it tells rows apart, so that it can be no groups."""

    what: str
    tells_apart: bool


def identifier_notes(table: "Table") -> tuple[str, ...]:
    """Ask about each numeric column that may be no quantity, with the options that say what it is."""
    made = {feature for one in table.levels for feature in one.features}
    made |= {one.column for one in table.rules.dates}
    found = []
    for name in table.X.columns:
        asked = None if name in made else _asked(str(name), table.X[name])
        if asked is not None:
            found.append(_note(str(name), asked))
    return tuple(found)


def _note(name: str, asked: _Asked) -> str:
    leave_out = f"{pasted('--exclude', name)} leaves it out"
    if asked.tells_apart:
        return f"{name!r} {asked.what}, and is a feature. {leave_out}"
    as_names = f"{pasted('--levels', name)} takes its numbers as names"
    return f"{name!r} {asked.what}, and is taken as a quantity. {as_names}, {leave_out}"


def _asked(name: str, column: "pd.Series") -> _Asked | None:
    n_rows = len(column)
    if n_rows <= _FEW_ROWS or bool((column % 1.0 != 0.0).any()):
        return None
    n_values = column.nunique()
    apart = tell_rows_apart(n_values, n_rows)
    if _counts_rows(column, n_values):
        return _Asked("numbers the rows", apart)
    if n_values >= _NEARLY_ALL * n_rows and _has_equal_length(column):
        return _Asked("has another code in each row", apart)
    if _counts_runs(column, n_values):
        return _Asked("numbers blocks of rows", apart)
    if n_values > 2 and _is_called_a_name(name):
        return _Asked("is called as identifiers and codes are", apart)
    return None


def _counts_rows(column: "pd.Series", n_values: int) -> bool:
    """Tell a column that numbers the rows, in any order."""
    steps = column.sort_values().diff().iloc[1:]
    return n_values == len(column) and bool(steps.mean() < _MEAN_STEP)


def _has_equal_length(column: "pd.Series") -> bool:
    """Tell codes, of which each has as many digits."""
    low, high = column.min(), column.max()
    return bool(low >= 10.0 ** (_DIGITS - 1)) and len(f"{low:.0f}") == len(f"{high:.0f}")


def _counts_runs(column: "pd.Series", n_values: int) -> bool:
    """Tell a column that counts from 0 or 1 and stays at each number for some rows."""
    low, high = column.min(), column.max()
    n_runs = 1 + int((column.diff().iloc[1:] != 0.0).sum())
    is_count = low in (0.0, 1.0) and high - low == n_values - 1
    return n_values > _FEW_THINGS and n_values < len(column) and is_count and n_runs == n_values


def _is_called_a_name(name: str) -> bool:
    """Tell by how a name ends: in a word for names, or in ID."""
    last = re.split(r"[^A-Za-z]+", name.strip(" ._-#"))[-1]
    return bool(_A_NAME.search(_CAPITALS.sub(" ", name).lower().strip(" ._-#")) or _ID.fullmatch(last))
