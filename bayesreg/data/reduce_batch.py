"""One batch of rows to statistics: what engines map over their partitions."""

from typing import Any

from .gram import GramData
from .sources.batch import Place, statistics_of
from .sources.spec import BatchSpec


def reduce_batch(batch: Any, spec: BatchSpec, state: GramData | None = None) -> GramData:
    """Reduce one batch of rows, and add it to a state.

    It needs NumPy only, and pyarrow for Arrow data. Any engine that maps and reduces can call it on its partitions, in
    any order: ``+`` joins the results.

    Parameters
    ----------
    batch : Arrow data (a record batch, a table, anything with ``__arrow_c_stream__``), data frame, or mapping
        Of column names to values.
    spec : BatchSpec
        Which column is what.
    state : GramData, optional
        The statistics of earlier batches. With it, the batch's rows count on: folds of K and rows held out
        are decided by their number.

    Returns
    -------
    GramData
        Of no row, ``n_samples`` = 0, if the batch has none that can be used. It adds up like others.

    Raises
    ------
    TypeError, ValueError
        If a column is not there or is no numbers, or an entry is missing and that is refused.
    MemoryError
        If p × p numbers exceed the budget.
    """
    if not isinstance(spec, BatchSpec):
        raise TypeError(
            f"`spec` must be a BatchSpec; got {type(spec).__name__}. Write BatchSpec(target='y')."
        )
    if state is not None and not isinstance(state, GramData):
        raise TypeError(f"`state` must be GramData, of earlier batches; got {type(state).__name__}.")
    first_row = 0 if state is None else _n_seen(state)
    found = statistics_of(GramData, batch, spec, Place("the batch", first_row))
    return found if state is None else state + found


def _n_seen(state: GramData) -> int:
    held_out = 0 if state.held_out is None else state.held_out.n_samples
    return state.n_samples + held_out + state.dropped.n_rows
