"""Words among text that may name a group or a missing entry, such as NA."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ...base.listed import listed
from .doubtful_text import counted_texts, counts_of
from .missing_texts import MISSING_WORDS
from .pasted import pasted, pasted_names
from .questions import Question

if TYPE_CHECKING:
    import pandas as pd

_MOST_SHOWN = 3
_FEW_CODES = 3  # of so few, NA may be a mark that has as many letters by chance


class _Found(NamedTuple):
    """A column, the words in it, and whether they are most likely codes of groups."""

    name: str
    words: tuple[str, ...]
    counts: Counter[str]
    codes: bool


def questions_of_words(columns: "Sequence[pd.Series]", levels: "Sequence[pd.Series]" = ()) -> list[Question]:
    """Ask about words that may name a group or a missing entry, once of columns with the same words.

    Parameters
    ----------
    columns : sequence of series
        Of text; None or NaN for what is known to be missing.
    levels : sequence of series
        Columns that are said to name groups: a word in them is none that is missing everywhere.
    """
    found = [one for column in columns if (one := _found(column)) is not None]
    stated = [one for column in levels if (one := _found(column)) is not None]
    names_groups = {word for one in (*found, *stated) if one.codes or one in stated for word in one.words}
    groups: dict[tuple[frozenset[str], bool], list[_Found]] = {}
    for one in found:
        groups.setdefault((frozenset(one.words), one.codes), []).append(one)
    return [_question(group, names_groups) for group in groups.values()]


def _found(column: "pd.Series") -> _Found | None:
    counts = counts_of(column)
    words = tuple(word for word in counts if word in MISSING_WORDS)
    return _Found(str(column.name), words, counts, _are_codes(counts)) if words else None


def _are_codes(counts: Counter[str]) -> bool:
    """Tell whether all entries are as many capital letters, so that NA may well be Namibia."""
    one = next(iter(counts))
    return len(counts) > _FEW_CODES and all(
        text.isalpha() and text.isupper() and len(text) == len(one) for text in counts
    )


def _question(group: Sequence[_Found], names_groups: set[str]) -> Question:
    names, words = tuple(one.name for one in group), group[0].words
    counted = counted_texts(words, group[0].counts) if len(group) == 1 else " and ".join(map(repr, words))
    elsewhere_a_group = bool(names_groups & {*words})
    missing = [f"{name}={word}" for name in names for word in words] if elsewhere_a_group else words
    answers = (
        [("--levels", name) for name in names]
        if group[0].codes
        else [("--missing", word) for word in missing]
    )
    what, verb, its = ("column", "is", "it") if len(names) == 1 else ("columns", "are", "them")
    shown = listed([repr(name) for name in names], 2 * _MOST_SHOWN)
    said = (
        f"{what} {shown} {verb} text, and {counted} in {its} may name a group or a missing entry. "
        f"{pasted('--missing', *missing[:_MOST_SHOWN])} says that it is missing, {pasted_names('--levels', names)} "
        "that it names a group."
    )
    return Question(names, "words", said, tuple(answers))
