"""A copy of the rows that are used, as an uncompressed Arrow file: it is read faster than what it was made of."""

import os
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...base.files import staged
from .batch import Place, rows_used
from .columns import length_of
from .pipeline import Job
from .spec import BatchSpec
from .survey import Survey

_TOGETHER = 2**18  # rows of a job


def write_copy(path: Path, jobs: Iterable[Job], spec: BatchSpec, survey: Survey, done: Any) -> None:
    """Write the rows that are used. A column is float32 if that holds all its values exactly, else float64.

    Parameters
    ----------
    path : Path
        The file is there whole or not at all.
    jobs : iterable of Job
    spec : BatchSpec
    survey : Survey
    done : callable
        Called with the number of rows of each batch that is written.
    """
    import pyarrow

    columns = survey.columns
    names = [name for name in (*columns.names, *spec.others) if name not in columns.unknown]
    kinds = {
        name: pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
        if name in columns.levels
        else pyarrow.float32()
        if survey.in_float32[name]
        else pyarrow.float64()
        for name in names
    }
    schema = pyarrow.schema(list(kinds.items()))
    with staged(path, b"") as partial_file:
        with pyarrow.ipc.new_file(str(partial_file), schema) as written:
            for job in jobs:
                row = job.place.first_row
                for batch in job.batches():
                    used = rows_used(batch, spec, Place(job.place.name, row)).batch
                    if used.n_rows:
                        arrays = [_array(used, name, columns.levels, kinds[name]) for name in names]
                        written.write_batch(pyarrow.record_batch(arrays, schema=schema))
                    row += length_of(batch)
                    done(length_of(batch))
        os.replace(partial_file, path)


def _array(used: Any, name: str, levels: Any, kind: Any) -> Any:
    import pyarrow

    if name not in levels:
        return pyarrow.array(used.numbers[name].astype(kind.to_pandas_dtype(), copy=False))
    place = {level: j for j, level in enumerate(levels[name])}
    to = np.array([place[level] for level in used.text[name].levels], dtype=np.int32)
    return pyarrow.DictionaryArray.from_arrays(
        pyarrow.array(to[used.text[name].codes.of]), pyarrow.array(list(levels[name]), pyarrow.string())
    )


def copy_jobs(path: Path) -> Iterator[Job]:
    """Yield jobs of some batches each. A file is read, not mapped: mapped pages would count as memory of the process.

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    import pyarrow

    try:
        with pyarrow.OSFile(str(path)) as file:
            n_batches = pyarrow.ipc.open_file(file).num_record_batches
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(f"{path}, the copy of the rows, cannot be read: {error}.") from None
    step = 4
    for first in range(0, n_batches, step):
        yield Job(Place(str(path), 0), partial(_batches, path, first, min(first + step, n_batches)))


def _batches(path: Path, first: int, last: int) -> Iterator[Any]:
    import pyarrow

    with pyarrow.OSFile(str(path)) as file:
        opened = pyarrow.ipc.open_file(file)
        for number in range(first, last):
            yield opened.get_batch(number)
