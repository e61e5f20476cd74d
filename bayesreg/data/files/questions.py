"""What is to be decided of columns before a file is data: asked once, with options that answer it."""

from collections.abc import Sequence
from typing import NamedTuple

from ...base.listed import listed
from .pasted import pasted, pasted_names

FLAG = ""  # the value of an option that has none
GAPS = "missing entries"  # what a question of them is about
_MOST_ASKED = 6
_MOST_NAMED = 3
_ONE_BY_ONE = ("--missing", "--decimal")


class Question(NamedTuple):
    """What is to be decided of columns.

    Attributes
    ----------
    columns : tuple of str
        Empty if it is of all of them.
    about : str
        The same for columns that are asked about in the same words.
    said : str
        Sentences.
    answers : tuple of (str, str)
        Options with their values, which are one way to answer.
    """

    columns: tuple[str, ...]
    about: str
    said: str
    answers: tuple[tuple[str, str], ...]


def ask(questions: Sequence[Question]) -> None:
    """Refuse a file of which something is to be decided first.

    Raises
    ------
    ValueError
        With all questions, and options that answer them.
    """
    if not questions:
        return
    if len(questions) == 1:
        raise ValueError(questions[0].said)
    n = len(dict.fromkeys(name for question in questions for name in question.columns))
    of_columns = f"{n} column{'s need' if n != 1 else ' needs'} a word from you"
    said = " ".join(
        f"({place}) {question.said}" for place, question in enumerate(questions[:_MOST_ASKED], start=1)
    )
    others = _others(questions[:_MOST_ASKED], questions[_MOST_ASKED:])
    raise ValueError(f"{of_columns}. {said}{others} All at once, if it is meant so: {_pasted(questions)}")


def _others(asked: Sequence[Question], left: Sequence[Question]) -> str:
    """Name the columns whose questions have no room, and say what is missing, which concerns all rows."""
    named = {name for question in asked for name in question.columns}
    of_columns = [question for question in left if question.about != GAPS]
    more = [name for question in of_columns for name in question.columns if name not in named]
    said = f" And {listed([repr(name) for name in more], _MOST_NAMED)}." if more else ""
    return said + "".join(f" Besides, {question.said}" for question in left if question.about == GAPS)


def answered_by(questions: Sequence[Question], options: set[str]) -> set[str]:
    """Return the columns for which one of these options is the answer."""
    return {
        name
        for question in questions
        for name in question.columns
        if options & {option for option, _ in question.answers}
    }


def _pasted(questions: Sequence[Question]) -> str:
    values: dict[str, dict[str, None]] = {}
    for question in questions:
        for option, value in question.answers:
            values.setdefault(option, {})[value] = None
    return " ".join(_option(option, list(given)) for option, given in values.items())


def _option(option: str, values: list[str]) -> str:
    if values == [FLAG]:
        return option
    one_by_one = option in _ONE_BY_ONE or any("=" in value for value in values)
    return pasted(option, *values) if one_by_one else pasted_names(option, values)
