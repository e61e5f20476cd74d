"""Checks of plain arguments, shared by several functions."""

from collections.abc import Iterable
from typing import Any

import numpy as np

LARGEST_SEED = 2**63 - 1


def check_whole(name: str, value: Any, least: int, most: int | None = None) -> None:
    """Refuse a value that is not a whole number in a range.

    Raises
    ------
    ValueError
    """
    bad = isinstance(value, bool) or not isinstance(value, int | np.integer)
    if bad or value < least or (most is not None and value > most):
        limit = "" if most is None else f" and at most {most}"
        raise ValueError(f"`{name}` must be a whole number, at least {least}{limit}; got {value!r}.")


def check_choice(name: str, value: Any, choices: Iterable[str]) -> None:
    """Refuse a value that is not one of the names.

    Raises
    ------
    ValueError
    """
    known = list(choices)
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"`{name}` must be one of {', '.join(map(repr, known))}; got {value!r}.")


def check_probability(name: str, value: Any) -> None:
    """Refuse a value that is not a number between 0 and 1.

    Raises
    ------
    ValueError
    """
    is_number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not is_number or not 0.0 < value < 1.0:
        raise ValueError(f"`{name}` must be a probability between 0 and 1, like 0.9; got {value!r}.")
