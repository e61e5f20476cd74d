"""The target of a file: numbers, or labels of two kinds as 0 and 1."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np

from ...base.listed import quoted
from ...base.suggestions import did_you_mean
from .alike import alike, said_of_alike
from .doubtful_text import is_mark, why_no_numbers
from .numeric import is_numeric
from .pasted import pasted
from .written_numbers import TRUTHS

if TYPE_CHECKING:
    import pandas as pd

OTHER_LABEL = "any other"
_MOST_SHOWN = 6
_MOST_KINDS = 20  # of text that may be classes


@final
@dataclass(frozen=True)
class TargetLabels:
    """What 0 and 1 stand for in a target of labels.

    Attributes
    ----------
    zero, one : str
        As they are written; `zero` is "any other" if one label of several was asked about.
    said : str
        What was decided, in a sentence for the reader.
    """

    zero: str
    one: str
    said: str


def coded_target(column: "pd.Series", positive: str | None) -> "tuple[pd.Series, TargetLabels | None]":
    """Return a target as float64, labels of two kinds as 0 and 1.

    Text is labels. Numbers are only if there are two of them and they are not 0 and 1, or if `positive` is given.
    Of two labels the second in alphabetical order is 1, of two numbers the larger.

    Parameters
    ----------
    column : series
        No entry missing.
    positive : str, optional
        The label that is 1, as it is written; every other is 0.

    Returns
    -------
    series, and TargetLabels or None

    Raises
    ------
    ValueError
        If text is not of two kinds, or `positive` is no label.
    """
    name = str(column.name)
    if is_numeric(column):
        return _of_numbers(column, name, positive)
    kinds = sorted(map(str, column.unique()), key=lambda one: (one.casefold(), one))
    if positive is None and len(kinds) > _MOST_KINDS:
        raise ValueError(
            f"the target {name!r} must be numeric, or labels of two kinds, but it holds text of {len(kinds)} "
            f"kinds, {why_no_numbers(column)}"
        )
    numbers = [kind for kind in kinds if _number(kind) is not None]
    if 0 < len(numbers) < len(kinds) and positive is None:
        raise ValueError(f"the target {name!r} must be numeric, but it holds text, {why_no_numbers(column)}")
    one = _chosen(name, kinds, positive) if positive is not None else _second(name, kinds)
    labels = TargetLabels(
        next(kind for kind in kinds if kind != one) if len(kinds) == 2 else OTHER_LABEL, one, ""
    )
    ones = (column == one).astype("float64")
    why = "as --positive says" if positive is not None else "the second in alphabetical order"
    return ones, _told(labels, name, why)


def _of_numbers(
    column: "pd.Series", name: str, positive: str | None
) -> "tuple[pd.Series, TargetLabels | None]":
    values = np.unique(column)
    if positive is None:
        if not _are_two_labels(column, values):
            return column, None
        low, high = (f"{value:g}" for value in values)
        return (column == values[1]).astype("float64"), _told(TargetLabels(low, high, ""), name, "the larger")
    number = TRUTHS.get(positive, _number(positive))
    if number is None or number not in values:
        raise ValueError(_no_label(name, [f"{value:g}" for value in values[:_MOST_SHOWN]], positive))
    others = values[values != number]
    if not others.size:
        raise ValueError(_one_kind(name, positive))
    zero = f"{others[0]:g}" if others.size == 1 else OTHER_LABEL
    ones = (column == number).astype("float64")
    return ones, _told(TargetLabels(zero, f"{number:g}", ""), name, "as --positive says")


def _are_two_labels(column: "pd.Series", values: np.ndarray) -> bool:
    """Tell two numbers, each in two rows at least, that are no fractions."""
    if values.size != 2 or (values[0] >= 0.0 and values[1] <= 1.0):
        return False
    return bool(column.value_counts().min() > 1)


def _told(labels: TargetLabels, name: str, why: str) -> TargetLabels:
    turn = (
        f"; {pasted('--positive', labels.zero)} turns it round"
        if labels.zero != OTHER_LABEL and why != "as --positive says"
        else ""
    )
    return TargetLabels(
        labels.zero, labels.one, f"1 is {name}={labels.one} ({why}), 0 is {labels.zero}{turn}"
    )


def _chosen(name: str, kinds: list[str], positive: str) -> str:
    if positive not in kinds:
        raise ValueError(_no_label(name, kinds, positive))
    if len(kinds) == 1:
        raise ValueError(_one_kind(name, positive))
    twins = next((group for group in alike(kinds) if positive in group), ())
    if twins and len(kinds) > 2:
        raise ValueError(
            f"the target {name!r} has labels that may be one: {_write_alike([twins])} {pasted('--positive', positive)} "
            "alone takes the others for 0."
        )
    return positive


def _second(name: str, kinds: list[str]) -> str:
    if len(kinds) == 1:
        raise ValueError(_one_kind(name, kinds[0]))
    marks, groups = [kind for kind in kinds if is_mark(kind)], alike(kinds)
    if len(kinds) == 2 and len(marks) != 1 and not groups:
        return kinds[1]
    remedies = []
    if 0 < len(marks) < len(kinds):
        remedies.append(f"{pasted('--missing', *marks)} says that an entry is missing.")
    if groups:
        remedies.append(_write_alike(groups))
    single = [kind for kind in kinds if not any(kind in group for group in groups)]
    unmarked = [kind for kind in single if kind not in marks[: len(kinds) - 1]]
    if unmarked:
        remedies.append(f"{pasted('--positive', unmarked[0])} asks about that one against all others.")
    what = (
        "labels must be of two" if len(kinds) > 2 or groups else "one of them may stand for a missing entry"
    )
    raise ValueError(
        f"the target {name!r} is text of {len(kinds)} kinds, {quoted(kinds, _MOST_SHOWN)}: {what}. "
        f"{' '.join(remedies)}"
    )


def _write_alike(groups: list[tuple[str, ...]]) -> str:
    return (
        f"{said_of_alike(groups, _MOST_SHOWN)} differ in upper and lower case, or in blanks, only: if they are one, "
        "write them alike in the file."
    )


def _no_label(name: str, kinds: list[str], positive: str) -> str:
    return (
        f"the target {name!r} has no label {positive!r} for --positive.{did_you_mean(positive, kinds)} It holds "
        f"{quoted(kinds, _MOST_SHOWN)}."
    )


def _one_kind(name: str, label: str) -> str:
    return (
        f"the target {name!r} is {label!r} at all rows that are left: there is nothing to compare it with. Take in "
        "rows of another label."
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
