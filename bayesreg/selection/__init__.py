"""The choice of the prior's scale from the data.

From the bottom up: methods; scale_path, partition, row_order, cross_validation, row_scales; path_sampling,
row_evidence, path_intervals; rules, criteria; chosen_mode, numbers_along, scale_selection; select.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    """Import the class that pickles name here only if it is needed: the names of the methods need no imports."""
    if name != "ScaleSelection":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .scale_selection import ScaleSelection

    return ScaleSelection
