"""Any stream of Arrow data, or iterable of batches, as jobs."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from .batch import Place
from .columns import length_of
from .pipeline import Job

_MOST = 2**18  # rows of a table that one thread gets


def stream_jobs(batches: Any) -> Iterator[Job]:
    """Yield a job for each batch; a long one is cut.

    Raises
    ------
    TypeError
        If it is neither a stream nor an iterable.
    """
    first_row = 0
    for number, batch in enumerate(_opened(batches)):
        for part in _cut(batch):
            yield Job(Place(f"batch {number}", first_row), partial(iter, [part]))
            first_row += length_of(part)


def _opened(batches: Any) -> Iterator[Any]:
    if hasattr(batches, "__arrow_c_stream__") and not hasattr(batches, "num_rows"):
        try:
            import pyarrow
        except ImportError:
            raise ImportError(
                "reading a stream of Arrow data needs pyarrow: pip install 'bayesreg[parquet]'."
            ) from None
        return iter(pyarrow.RecordBatchReader.from_stream(batches))
    if hasattr(batches, "collect_batches"):  # a lazy polars frame
        return iter(batches.collect_batches())
    if hasattr(batches, "to_delayed"):
        raise TypeError(
            "`batches` is a Dask data frame, whose partitions are elsewhere. Use GramData.from_dask."
        )
    if hasattr(batches, "num_rows") or hasattr(batches, "columns") or isinstance(batches, dict):
        return iter([batches])
    try:
        return iter(batches)
    except TypeError:
        raise TypeError(
            "`batches` must be a stream of Arrow data (with __arrow_c_stream__) or an iterable of batches; got "
            f"{type(batches).__name__}."
        ) from None


def _cut(batch: Any) -> Iterator[Any]:
    if not hasattr(batch, "num_rows") or batch.num_rows <= _MOST:
        yield batch
        return
    for first in range(0, batch.num_rows, _MOST):
        yield batch.slice(first, _MOST)
