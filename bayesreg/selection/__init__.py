"""Which scale.

From the bottom up: methods; scale_path, partition, cross_validation; path_sampling, path_intervals; rules, criteria;
chosen_mode, numbers_along, scale_selection; select.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    """Find the class that pickles name here once it is asked for: the names of the methods cost nothing."""
    if name != "ScaleSelection":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .scale_selection import ScaleSelection

    return ScaleSelection
