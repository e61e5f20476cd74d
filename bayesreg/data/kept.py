"""Answers that an object keeps, so that the same question is answered at once the next time."""

from collections.abc import Callable, Hashable
from dataclasses import fields
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any, final
from zlib import crc32

import numpy as np
from jaxtyping import Int

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

WHOLE, _SOME = 2**18, 2**12  # entries up to which an array is read whole, and entries read of a larger one
LIGHT = 2**24  # so many numbers are kept, whatever the size of the data


@final
class Kept[Answer]:
    """The latest answers to one question put to one object.

    Parameters
    ----------
    most : int
        The number of answers that are kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._answers: tuple[tuple[Hashable, Answer], ...] = ()  # replaced whole: several threads may ask

    def known(self, about: Hashable) -> Answer | None:
        """Return the kept answer about the same, if there is one."""
        return next((found for known, found in self._answers if known == about), None)

    def get(
        self, about: Hashable, answer: Callable[[], Answer], *, worth: Callable[[Answer], bool] | None = None
    ) -> Answer:
        """Return the kept answer about the same, or else a new one. A new one is kept if it is worth it."""
        for known, found in self._answers:
            if known == about:
                return found
        found = answer()
        if worth is None or worth(found):
            self._answers = ((about, found), *self._answers)[: self._most]
        return found


def fingerprint(*arrays: Any) -> int:
    """Return a number that changes if the arrays' content changes. Of a large array only some entries count.

    It is needed because the owner of an array may change it: scale it, for example, or centre its columns.
    """
    found = 0
    for array in arrays:
        values = array.data if hasattr(array, "tocsc") else np.asarray(array)
        if values.size > WHOLE:
            values = values[_some(values.shape)]
        found = crc32(np.ascontiguousarray(np.ravel(values, order="K")), found)
    return found


@lru_cache(maxsize=8)
def _some(shape: tuple[int, ...]) -> tuple[Int[np.ndarray, " some"], ...]:
    """Return the places that are read of an array of this shape."""
    return np.unravel_index(np.random.default_rng(0).integers(prod(shape), size=_SOME), shape)


def without_kept(data: "DataclassInstance") -> dict[str, Any]:
    """Return only the fields of a dataclass, for a pickle or a copy, without values computed from them."""
    return {one.name: getattr(data, one.name) for one in fields(data)}
