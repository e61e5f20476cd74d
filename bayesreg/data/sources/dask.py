"""The partitions of a Dask data frame, each reduced where it is, and added up in a tree."""

from functools import reduce
from operator import add
from typing import Any

from ..statistics import Statistics
from .batch import Place, statistics_of
from .spec import BatchSpec

_FAN_IN = 8  # results that one task adds up


def dask_statistics[Kind: Statistics](kind: type[Kind], frame: Any, spec: BatchSpec) -> Kind | None:
    """Reduce a Dask data frame.

    Tasks have no effect but their results. So a task that is run again, as its worker died, counts once.

    Parameters
    ----------
    kind : type
        Of the statistics.
    frame : dask.dataframe.DataFrame
    spec : BatchSpec

    Returns
    -------
    Statistics or None
        None if there is no partition.

    Raises
    ------
    ImportError
        If Dask is absent, naming the extra that brings it.
    TypeError
        If it is no Dask data frame.
    """
    try:
        from dask import compute, delayed
    except ImportError:
        raise ImportError("reducing a Dask data frame needs Dask: pip install 'bayesreg[dask]'.") from None
    if not (hasattr(frame, "to_delayed") and hasattr(frame, "columns")):
        raise TypeError(
            f"`frame` must be a Dask data frame; got {type(frame).__name__}. Other data: GramData.from_batches."
        )
    spec.features_among([str(name) for name in frame.columns], "the data frame")
    if spec.features is not None and spec.filters is None:
        frame = frame[[*spec.features, *spec.others]]
    one = delayed(statistics_of, pure=True, traverse=False)
    together = delayed(_total, pure=True, traverse=True)
    level = [
        one(kind, part, spec, Place(f"partition {number}", 0, number))
        for number, part in enumerate(frame.to_delayed())
    ]
    while len(level) > 1:
        level = [together(level[first : first + _FAN_IN]) for first in range(0, len(level), _FAN_IN)]
    found: Kind | None = compute(*level)[0] if level else None
    return found


def _total(parts: list[Any]) -> Any:
    return reduce(add, parts)
