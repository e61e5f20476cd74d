"""CSV files as jobs: a block of lines each, parsed by pyarrow."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from .batch import Place
from .pipeline import Job
from .spec import BatchSpec

_BLOCK = 2**23  # bytes


def csv_jobs(files: Sequence[Path], spec: BatchSpec, separator: str) -> Iterator[Job]:
    """Yield a job for each block of the files.

    Raises
    ------
    ImportError
        If pyarrow is absent, naming the extra that brings it.
    ValueError
        If a file is no table, or its columns are others than those of the first block.
    """
    try:
        import pyarrow
        from pyarrow import csv
    except ImportError:
        raise ImportError(
            f"reading {files[0]} in blocks needs pyarrow: pip install 'bayesreg[parquet]'."
        ) from None
    reading = csv.ReadOptions(block_size=_BLOCK)
    parsing = csv.ParseOptions(delimiter=separator)
    kinds: dict[str, Any] | None = None
    first_row = 0
    for file in files:
        try:
            if kinds is None:
                with csv.open_csv(file, reading, parsing) as looked_at:
                    kinds = {one.name: _wide(one.type) for one in looked_at.schema}
                    spec.features_among(list(kinds), str(file))
            converting = csv.ConvertOptions(column_types=kinds, strings_can_be_null=True)
            with csv.open_csv(file, reading, parsing, converting) as opened:
                for batch in opened:
                    place = Place(f"{file}, data rows from {first_row}", first_row)
                    yield Job(place, partial(iter, [batch]))
                    first_row += batch.num_rows
        except pyarrow.ArrowException as error:
            raise ValueError(f"{file} is no CSV file of one kind of columns: {error}.") from None


def _wide(kind: Any) -> Any:
    """Return the type for all blocks: a whole number may be followed by a fraction, an empty column by numbers."""
    import pyarrow
    from pyarrow import types

    return pyarrow.float64() if types.is_integer(kind) or types.is_null(kind) else kind
