"""Parquet files as jobs: a row group each, so that a damaged one is told by its number."""

from collections.abc import Iterator, Sequence
from functools import partial
from glob import glob, has_magic
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from .batch import Place
from .pipeline import Job
from .spec import BatchSpec

_MOST_ROWS, _FEWEST_ROWS, _ENTRIES = 2**17, 2**12, 2**23  # of a batch: larger ones save time, and cost memory


def files_of(path: "str | PathLike[str] | Sequence[str | PathLike[str]]", ending: str) -> list[Path]:
    """Return the files that a path, a pattern, a folder, or a list of these stand for, in order.

    Raises
    ------
    FileNotFoundError
        If a path or a pattern stands for no file.
    """
    if isinstance(path, str | PathLike):
        text = fspath(path)
        if has_magic(text) and not Path(text).exists():
            found = sorted(Path(one) for one in glob(text, recursive=True))
        else:
            place = Path(text)
            found = sorted(place.rglob(f"*{ending}")) if place.is_dir() else [place]
        missing = [one for one in found if not one.exists()]
        if not found or missing:
            raise FileNotFoundError(f"there is no file {text}.")
        return found
    return [file for one in path for file in files_of(one, ending)]


def parquet_jobs(files: Sequence[Path], spec: BatchSpec) -> tuple[list[Job], int]:
    """Return a job for each row group, and the number of all rows. Only the files' ends are read.

    Raises
    ------
    ImportError
        If pyarrow is absent, naming the extra that brings it.
    ValueError
        If a file is damaged, or its columns are others than those of the first.
    """
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise ImportError(
            f"{files[0]} is a Parquet file, and reading it needs pyarrow: pip install 'bayesreg[parquet]'."
        ) from None
    jobs, first_row, wanted = [], 0, None
    for position, file in enumerate(files, start=1):
        which = f"{file} (part {position} of {len(files)})" if len(files) > 1 else str(file)
        try:
            with ParquetFile(file) as opened:
                schema, metadata = opened.schema_arrow, opened.metadata
        except (ArrowException, OSError) as error:
            raise ValueError(f"{which} is a damaged Parquet file: {error}.") from None
        used = [*spec.features_among(schema.names, which), *spec.others]
        if wanted is None:
            wanted = {name: _kind(schema.field(name).type) for name in used}
        elif spec.features is None and set(used) != set(wanted):
            odd = sorted(set(used) ^ set(wanted))
            raise ValueError(f"{which} has other columns than {files[0]}: {odd[0]!r} is in one of them only.")
        for name in used:
            kind = _kind(schema.field(name).type)
            if kind != wanted[name] and "missing" not in (kind, wanted[name]):
                raise ValueError(
                    f"column {name!r} of {which} holds {kind} ({schema.field(name).type}), but {wanted[name]} in "
                    f"{files[0]}. Write both in one way."
                )
        columns = used if spec.filters is None else [*used, *_filtered_by(spec.filters, used)]
        for group in range(metadata.num_row_groups):
            place = Place(f"{file}, row group {group}", first_row)
            jobs.append(Job(place, partial(_batches, file, group, columns, place.name)))
            first_row += metadata.row_group(group).num_rows
    return jobs, first_row


def _batches(file: Path, group: int, columns: Sequence[str], place: str) -> Iterator[Any]:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(file, page_checksum_verification=True, pre_buffer=True) as opened:
            n_rows = max(_FEWEST_ROWS, min(_MOST_ROWS, _ENTRIES // len(columns)))
            for batch in opened.iter_batches(
                n_rows, row_groups=[group], columns=list(columns), use_threads=False
            ):
                yield batch.select(list(columns))  # a name with a dot brings its namesake along
    except (ArrowException, OSError) as error:
        raise ValueError(f"{place} is damaged: {error}.") from None


def _filtered_by(filters: Any, used: Sequence[str]) -> list[str]:
    conditions = [one for part in filters for one in (part if isinstance(part, list) else [part])]
    return sorted({name for name, *_ in conditions} - set(used))


def _kind(kind: Any) -> str:
    """Return what an Arrow type counts as here."""
    from pyarrow import types

    from .columns import is_text

    while types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_null(kind):
        return "missing"
    if is_text(kind):
        return "text"
    numbers = types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)
    return "numbers" if numbers or types.is_boolean(kind) else str(kind)
