"""All that is to be decided of a file before it is data, in one list: text, identifiers, words, missing entries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from .doubtful_text import questions_of_text
from .level_questions import question_of_levels
from .missing import gaps_of, question_of_gaps
from .most_levels import tell_rows_apart
from .numeric import is_numeric
from .questions import Question, answered_by
from .second_header import question_of_first_row, without_first_row
from .stated_columns import StatedColumns
from .word_questions import questions_of_words

if TYPE_CHECKING:
    import pandas as pd

_LEVELS = "--levels"
_NEEDS_NUMBERS = {
    "target": "target", "column of weights": "weights column", "offset": "offset", "exposure": "exposure",
}  # fmt: skip


@final
@dataclass(frozen=True)
class Stated:
    """What options say of columns, of levels, and of rows with missing entries."""

    columns: StatedColumns
    decimal: str
    drop_missing: bool
    max_levels: int | None
    gather_rare: int | None
    target_is_labels: bool = False


def open_questions(
    frame: "pd.DataFrame",
    filled: "pd.DataFrame",
    text: Sequence[str],
    asked: Mapping[str, str],
    stated: Stated,
    written: str,
) -> list[Question]:
    """Return all that is still to be decided.

    Parameters
    ----------
    frame, filled : data frame
        As read; and with levels in place of the missing entries of text that are to be levels.
    text : sequence of str
        The features that are text.
    asked : mapping of str to str
        The target and other columns that are no features, with what they are.
    stated : Stated
    written : str
        How missing entries are written; "" if they are all blank.
    """
    first_row = question_of_first_row(frame, stated.decimal)
    if first_row is not None:
        frame, filled = (without_first_row(one, stated.decimal) for one in (frame, filled))
        left_text = [name for name in text if not is_numeric(frame[name])]
        return [first_row, *open_questions(frame, filled, left_text, asked, stated, written)]
    open_text = [frame[name] for name in text if name not in stated.columns.levels]
    needed = {
        what: frame[name]
        for name, role in asked.items()
        if (what := _NEEDS_NUMBERS.get(role)) is not None
        and not is_numeric(frame[name])
        and not (role == "target" and stated.target_is_labels)
    }
    found = questions_of_text(open_text, stated.decimal, needed)
    no_text = {
        name for question in found for name in question.columns if _LEVELS not in dict(question.answers)
    }
    named = {name for question in found for name in question.columns}
    left = _rows_left(filled, stated)
    identifiers = {name for name in text if tell_rows_apart(left[name].nunique(), int(left[name].count()))}
    found += questions_of_words(
        [column for column in open_text if column.name not in named | identifiers],
        [frame[name] for name in text if name in stated.columns.levels],
    )
    named = {name for question in found for name in question.columns}
    levels = [_of_levels(left[name], stated) for name in text if name not in named]
    found += [question for question in levels if question is not None]
    if stated.drop_missing:
        return found
    assumed = _as_answered(filled, found)
    gaps = gaps_of(assumed, list(asked), [name for name in text if name in assumed and name not in no_text])
    return found if gaps is None else [*found, question_of_gaps(gaps, written)]


def _rows_left(filled: "pd.DataFrame", stated: Stated) -> "pd.DataFrame":
    """Return the rows that will count; all, if it is open which do."""
    complete = filled.dropna()
    return complete if stated.drop_missing and len(complete) else filled


def _of_levels(column: "pd.Series", stated: Stated) -> Question | None:
    known = column.dropna()
    counts = known.value_counts()
    if not len(counts):
        return None
    rare = counts < (stated.gather_rare or 0)
    n_levels = int((~rare).sum()) + bool(rare.any())
    is_stated = column.name in stated.columns.levels
    return question_of_levels(known, n_levels, stated.max_levels, stated=is_stated)


def _as_answered(frame: "pd.DataFrame", questions: Sequence[Question]) -> "pd.DataFrame":
    """Return a frame without the columns that answers leave out, and what they call missing is missing."""
    marks = {
        name: [value.removeprefix(f"{name}=") for option, value in question.answers if option == "--missing"]
        for question in questions
        for name in question.columns
    }
    masked = {name: frame[name].mask(frame[name].isin(texts)) for name, texts in marks.items() if texts}
    return frame.assign(**masked).drop(columns=[*answered_by(questions, {"--exclude"})])
