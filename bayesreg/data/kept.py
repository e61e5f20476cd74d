"""Answers that an object keeps, so that whoever asks it the same again need not wait again."""

from collections.abc import Callable, Hashable
from dataclasses import fields
from typing import TYPE_CHECKING, Any, final

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

LIGHT = 2**24  # numbers that are worth keeping, whatever they were made of


@final
class Kept[Answer]:
    """The latest answers to one question put to one object.

    Parameters
    ----------
    most : int
        How many are kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._answers: tuple[tuple[Hashable, Answer], ...] = ()  # replaced whole, as threads may ask at once

    def get(
        self, about: Hashable, answer: Callable[[], Answer], *, worth: Callable[[Answer], bool] | None = None
    ) -> Answer:
        """Return what was answered about the same before, else the answer, and keep that if it is worth it."""
        for known, found in self._answers:
            if known == about:
                return found
        found = answer()
        if worth is None or worth(found):
            self._answers = ((about, found), *self._answers)[: self._most]
        return found


def without_kept(data: "DataclassInstance") -> dict[str, Any]:
    """Return the fields of a dataclass alone, for a pickle or a copy, without what is computed of them."""
    return {one.name: getattr(data, one.name) for one in fields(data)}
