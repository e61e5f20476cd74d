"""What is said of single columns: which are levels, numbers or dates, and what of them is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from ...base.listed import quoted
from .chosen_columns import listed_columns, unknown_column
from .missing_texts import MissingTexts, column_before

_ALL = "all"


@final
@dataclass(frozen=True)
class StatedColumns:
    """How columns are to be read, as options say.

    Attributes
    ----------
    levels, numbers : tuple of str
        Columns whose entries name groups, and columns that are numbers as people write them.
    dates : mapping of str to str or None
        Columns of dates, and how they are written if that is said.
    missing : MissingTexts
    missing_level : tuple of str or None
        Columns whose missing entries are a level; None is all columns of text.
    reference : mapping of str to str
        A column, and its level that has no feature.
    """

    levels: tuple[str, ...]
    numbers: tuple[str, ...]
    dates: dict[str, str | None]
    missing: MissingTexts
    missing_level: tuple[str, ...] | None
    reference: dict[str, str]

    @classmethod
    def said(
        cls,
        names: Sequence[str],
        asked: Mapping[str, str],
        chosen: Sequence[str],
        *,
        levels: Sequence[str],
        numbers: Sequence[str],
        dates: Sequence[str],
        missing: Sequence[str],
        missing_level: Sequence[str],
        reference: Sequence[str],
    ) -> "StatedColumns":
        """Read the options.

        Parameters
        ----------
        names, chosen : sequence of str
            Of the file's columns; of the features.
        asked : mapping of str to str
            The target and other columns that are no features, with what they are.

        Raises
        ------
        ValueError
            If a name is unknown, no feature, or in two options.
        """
        every, used = list(names), {*asked, *chosen}
        as_levels = listed_columns("column of levels", every, asked, levels)
        as_numbers = listed_columns("column of numbers", every, {}, numbers)
        as_dates = _dates(every, asked, dates)
        to_fill = None
        if not (list(missing_level) == [_ALL] and _ALL not in names):
            to_fill = tuple(listed_columns("column of --missing-level", every, asked, missing_level))
        compared = dict(_pair("--reference", text, every) for text in reference)
        for option, given in (
            ("--levels", as_levels),
            ("--numbers", as_numbers),
            ("--dates", as_dates),
            ("--missing-level", to_fill or ()),
            ("--reference", compared),
        ):
            unused = [name for name in given if name not in used]
            if unused:
                raise ValueError(f"{quoted(unused)} of {option} is not among the features.")
        _check_one_way({"--levels": as_levels, "--numbers": as_numbers, "--dates": [*as_dates]})
        return cls(
            tuple(as_levels),
            tuple(as_numbers),
            as_dates,
            MissingTexts.said(missing, every),
            to_fill,
            compared,
        )


def _dates(names: list[str], asked: Mapping[str, str], given: Sequence[str]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for text in given:
        before = None if text in names else column_before(text, names)
        if before is not None:
            listed_columns("column of dates", names, asked, [before])
            found[before] = text[len(before) + 1 :]
        else:
            found |= dict.fromkeys(listed_columns("column of dates", names, asked, [text]))
    return found


def _pair(option: str, text: str, names: list[str]) -> tuple[str, str]:
    name = column_before(text, names)
    if name is None:
        before, sign, _ = text.partition("=")
        raise ValueError(
            unknown_column(option, before, names)
            if sign
            else f"{option} {text!r} must be a column and a level, as in NAME=LEVEL."
        )
    return name, text[len(name) + 1 :]


def _check_one_way(said: dict[str, list[str]]) -> None:
    options = list(said)
    for place, one in enumerate(options):
        for other in options[place + 1 :]:
            both = [name for name in said[one] if name in said[other]]
            if both:
                raise ValueError(f"{quoted(both)} cannot be in {one} and in {other} too.")
