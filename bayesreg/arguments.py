"""Checks of plain arguments that several functions share."""

from typing import Any

import numpy as np

LARGEST_SEED = 2**63 - 1


def check_whole(name: str, value: Any, least: int, most: int | None = None) -> None:
    """Refuse what is no whole number in a range.

    Raises
    ------
    ValueError
    """
    bad = isinstance(value, bool) or not isinstance(value, int | np.integer)
    if bad or value < least or (most is not None and value > most):
        limit = "" if most is None else f" and at most {most}"
        raise ValueError(f"`{name}` must be a whole number, at least {least}{limit}; got {value!r}.")
