"""The known part of the linear predictor, from a column of it or from one of exposures."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def known_part(frame: "pd.DataFrame", offset: str | None, exposure: str | None) -> "pd.Series | None":
    """Return the offset, plus the logarithm of the exposure; None if neither column is named.

    Parameters
    ----------
    frame : data frame
        Its index counts the rows of the file from 0.
    offset, exposure : str or None
        Names of columns.

    Raises
    ------
    ValueError
        If an exposure is not positive, or a number is not finite.
    """
    parts = []
    if offset is not None:
        wrong = frame.index[~np.isfinite(frame[offset])]
        if len(wrong):
            raise ValueError(
                f"the offset {offset!r} is {frame[offset][wrong[0]]:g} in row {wrong[0] + 1}, which is no finite number"
                f"{_more(len(wrong))}. It is the known part of the linear predictor. If it is the logarithm of an "
                "exposure of 0, leave that row out: nothing could happen there."
            )
        parts.append(frame[offset])
    if exposure is not None:
        column = frame[exposure]
        wrong = frame.index[~((column > 0.0) & np.isfinite(column))]
        if len(wrong):
            raise ValueError(
                f"the exposure {exposure!r} is {column[wrong[0]]:g} in row {wrong[0] + 1}{_more(len(wrong))}. An "
                "exposure is how long, or how many, were watched: it must be above 0 and finite. Leave such rows out, "
                "or mend them."
            )
        parts.append(np.log(column))
    return sum(parts[1:], parts[0]) if parts else None


def _more(n: int) -> str:
    return "" if n == 1 else f", and {n - 1} more row{'s' * (n > 2)} like it"
