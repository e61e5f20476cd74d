"""The first pass over a source: the statistics of its rows, the levels of its text columns, and a sample of rows."""

from dataclasses import replace
from typing import Any, NamedTuple, final

import numpy as np
from jaxtyping import UInt

from ..checks import Vector
from ..rows import RowData
from ..source_columns import SourceColumns
from ..statistics import Statistics
from .batch import Place, at_rows, rows_used, shuffled, statistics_of_used
from .columns import Batch
from .spec import BatchSpec

_ENTRIES = 2**22  # of the sample
_FEWEST, _MOST = 2**10, 2**17  # rows of the sample


class Sample(NamedTuple):
    """The rows with the smallest keys. Keys are as good as random, and a row's number alone decides its own."""

    most: int
    keys: UInt[np.ndarray, " m"]
    columns: dict[str, np.ndarray]  # numbers as they came, text as text

    def joined(self, other: "Sample") -> "Sample":
        """Return the sample of the rows of both."""
        keys = np.concatenate([self.keys, other.keys])
        kept = np.argsort(keys, kind="stable")[: self.most]
        columns = {
            name: np.concatenate([values, other.columns[name]])[kept] for name, values in self.columns.items()
        }
        return Sample(self.most, keys[kept], columns)


@final
class Survey:
    """What the first pass tells. ``a + b`` is what the rows of both tell.

    Attributes
    ----------
    statistics : Statistics
        Of the features and the target; an offset is not subtracted.
    sample : Sample or None
        None if there is no row.
    in_float32 : dict of str to bool
        Of each column of numbers, whether float32 holds all its values exactly.
    """

    def __init__(self, statistics: Any, sample: Sample | None, in_float32: dict[str, bool]) -> None:
        self.statistics, self.sample, self.in_float32 = statistics, sample, in_float32

    def __add__(self, other: "Survey") -> "Survey":
        samples = [one.sample for one in (self, other) if one.sample is not None]
        sample = samples[0].joined(samples[1]) if len(samples) == 2 else next(iter(samples), None)
        names = self.in_float32.keys() | other.in_float32.keys()
        in_float32 = {
            name: self.in_float32.get(name, True) and other.in_float32.get(name, True) for name in names
        }
        return Survey(self.statistics + other.statistics, sample, in_float32)

    @property
    def columns(self) -> SourceColumns:
        """The columns, and all levels of those that are text."""
        found: SourceColumns = self.statistics.columns
        return found


def surveyed(kind: type[Statistics], batch: Any, spec: BatchSpec, place: Place) -> Survey:
    """Survey one batch.

    Parameters
    ----------
    kind : type
        Of the statistics.
    batch : Arrow data, data frame, or mapping of str to array
    spec : BatchSpec
    place : Place
    """
    rows = rows_used(batch, spec, place)
    statistics = statistics_of_used(kind, rows, replace(spec, offset=None), place)
    used = rows.batch
    if not used.n_rows:
        return Survey(statistics, None, {})
    numbers = place.numbers(np.arange(used.n_rows) if rows.kept is None else rows.kept)
    return Survey(
        statistics,
        _sample(used, numbers, len(rows.features)),
        {name: _fits_float32(values) for name, values in used.numbers.items()},
    )


def _sample(used: Batch, numbers: np.ndarray, n_columns: int) -> Sample:
    most = int(np.clip(_ENTRIES // max(n_columns, 1), _FEWEST, _MOST))
    keys = shuffled(numbers)
    kept = np.argsort(keys, kind="stable")[:most] if keys.size > most else np.arange(keys.size)
    some = at_rows(used, kept)
    columns: dict[str, np.ndarray] = dict(some.numbers)
    for name, text in some.text.items():
        columns[name] = np.array(text.levels, dtype=object)[text.codes.of]
    return Sample(most, keys[kept], columns)


def _fits_float32(values: np.ndarray) -> bool:
    if values.dtype.itemsize <= 2 or values.dtype == np.float32:
        return True
    with np.errstate(over="ignore"):
        return bool((values.astype(np.float32) == values).all())


def sampled_rows(survey: Survey, spec: BatchSpec) -> RowData:
    """Return the sample as rows. Their weights sum to those of all rows."""
    sample, columns = survey.sample, survey.columns
    assert sample is not None
    names = columns.feature_names
    m = min(sample.keys.size, max(_FEWEST, _ENTRIES // max(len(names), 1)))

    def of(name: str | None) -> Vector | None:
        return None if name is None else sample.columns[name][:m].astype(float)

    found: list[np.ndarray] = []
    for name in columns.names:
        if name in columns.levels:
            found += [(sample.columns[name][:m] == level).astype(float) for level in columns.levels[name]]
        elif name not in columns.unknown:
            found.append(sample.columns[name][:m])
    weight, response = of(spec.weight), of(spec.target)
    assert response is not None
    weight = np.ones(m) if weight is None else weight
    return RowData(
        X=np.column_stack(found).astype(float, copy=False),
        y=response,
        sample_weight=weight * (survey.statistics.sum_weights / weight.sum()),
        feature_names=names,
        offset=of(spec.offset),
    )
