"""A table of coefficients in two parts: the rows that matter most, and the rest."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...plots.named_rows import MOST_ROWS
from ..words.text import clarity

if TYPE_CHECKING:
    import pandas as pd


class Cut(NamedTuple):
    """The rows to show, and those to fold away."""

    shown: "pd.DataFrame"
    rest: "pd.DataFrame"


def cut(summary: "pd.DataFrame", most: int = MOST_ROWS) -> Cut:
    """Part a summary of coefficients; what it has no room for is folded away.

    Parameters
    ----------
    summary : DataFrame
        From `summarise_coefs`.
    most : int
        Rows to show: as many as the picture beside the table has.

    Returns
    -------
    Cut
        A summary of at most so many rows whole, in its order. Of a longer one the rows with the largest |mean|/sd, the
        largest first, as in the picture; the rest in its order.
    """
    if len(summary) <= most:
        return Cut(summary, summary.iloc[:0])
    order = np.argsort(-clarity(summary).fillna(-np.inf).to_numpy(), kind="stable")
    return Cut(summary.iloc[order[:most]], summary.iloc[np.sort(order[most:])])
