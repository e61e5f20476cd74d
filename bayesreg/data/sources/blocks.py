"""The rows of a batch as dense blocks that stay in cache: columns in the order of all levels, less their means."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ..checks import Vector
from ..row_blocks import row_slices
from ..source_columns import SourceColumns
from .batch import Place
from .columns import Batch
from .spec import BatchSpec


class Layout(NamedTuple):
    """What the columns of blocks are: those of the features less a shift, then ones for an intercept."""

    columns: SourceColumns
    shift: Float[np.ndarray, " p"]
    has_intercept: bool

    @property
    def width(self) -> int:
        """The number of columns of a block."""
        return self.shift.size + int(self.has_intercept)


class Block(NamedTuple):
    """Some rows."""

    X: Float[np.ndarray, "m d"]
    y: Vector
    weight: Vector
    offset: Vector | None
    where: str  # what errors call it


def blocks_of(used: Batch, spec: BatchSpec, layout: Layout, place: Place) -> Iterator[Block]:
    """Yield the rows of a batch. A block is valid until the next one.

    Raises
    ------
    ValueError
        If a level is there that the first pass did not find, or the offset is not finite.
    """
    to = {name: _places(used, name, layout.columns, place) for name in layout.columns.levels}
    y = used.numbers[spec.target]
    weight = None if spec.weight is None else used.numbers[spec.weight]
    offset = None if spec.offset is None else used.numbers[spec.offset].astype(float)
    if offset is not None and not np.isfinite(offset).all():
        raise ValueError(
            f"column {spec.offset!r} of {place.name}, the offset, holds a number that is not finite."
        )
    d = layout.width
    buffer = np.empty(0)
    for rows in row_slices(range(used.n_rows), d):
        m = rows.stop - rows.start
        if buffer.size != d * m:
            buffer = np.empty(d * m)
        own = buffer.reshape(d, m)
        first = 0
        for name in layout.columns.names:
            if name in to:
                last = first + len(layout.columns.levels[name])
                own[first:last] = -layout.shift[first:last, None]
                own[first + to[name][used.text[name].codes.of[rows]], np.arange(m)] += 1.0
                first = last
            elif name not in layout.columns.unknown:
                np.subtract(
                    used.numbers[name][rows],
                    layout.shift[first],
                    out=own[first],
                    dtype=np.float64,
                    casting="unsafe",
                )
                first += 1
        own[first:] = 1.0
        yield Block(
            own.T,
            y[rows].astype(float),
            np.ones(m) if weight is None else weight[rows].astype(float),
            None if offset is None else offset[rows],
            place.name,
        )


def _places(used: Batch, name: str, columns: SourceColumns, place: Place) -> np.ndarray:
    """Return where each of a batch's levels stands among all levels of a text column."""
    if not used.n_rows:
        return np.zeros(0, dtype=int)
    known = {level: j for j, level in enumerate(columns.levels[name])}
    own = used.text[name].levels if name in used.text else ()
    new = [level for level in own if level not in known]
    if new or name not in used.text:
        raise ValueError(
            f"column {name!r} of {place.name} holds {new[0]!r}, which the first pass did not find. The source must "
            "give the same rows at each pass."
            if new
            else f"column {name!r} of {place.name} holds numbers, but text at the first pass."
        )
    return np.array([known[level] for level in own], dtype=int)
