"""Answers that an object keeps, so that whoever asks it the same again need not wait again."""

from collections.abc import Callable, Hashable
from dataclasses import fields
from typing import TYPE_CHECKING, Any, final
from zlib import crc32

import numpy as np

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

WHOLE, _SOME = 2**18, 2**12  # entries up to which an array is looked at whole, and of a larger one
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


def fingerprint(*arrays: Any) -> int:
    """Return a number that another content of arrays changes, of large ones another content of some entries.

    The owner of an array may change it: scale it, say, or take the means off its columns.
    """
    found = 0
    for array in arrays:
        flat = np.ravel(getattr(array, "data", array) if hasattr(array, "tocsc") else array, order="K")
        if flat.size > WHOLE:
            flat = flat[np.random.default_rng(0).integers(flat.size, size=_SOME)]
        found = crc32(np.ascontiguousarray(flat), found)
    return found


def without_kept(data: "DataclassInstance") -> dict[str, Any]:
    """Return the fields of a dataclass alone, for a pickle or a copy, without what is computed of them."""
    return {one.name: getattr(data, one.name) for one in fields(data)}
