"""The named rows of a picture, at most thirty."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .style import NO_CODE, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_ROWS = 30


def name_rows(ax: "Axes", names: Sequence[str], of: int, what: str, more: str = "") -> None:
    """Name the rows, the first at the top, and put the legend beside them.

    Parameters
    ----------
    ax : matplotlib Axes
    names : sequence of str
        The names of the drawn rows.
    of : int
        The number of all rows.
    what : str
        The word for the rows.
    more : str
        The rest of the axis label.
    """
    ax.set_yticks(np.arange(len(names)), [shown(name) for name in names], **NO_CODE)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_ylabel(f"{f'{len(names)} of {of} ' if len(names) < of else ''}{what}{more}")
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
