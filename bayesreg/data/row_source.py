"""Rows that stay where they are, and are read anew at each pass: files, or a stream that can be opened again."""

import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Self, Unpack, final

import numpy as np
from jaxtyping import Float

from ..base.listed import quoted
from ..base.progress import progress_bar
from ..base.shown import Shown
from .gram import GramData
from .rows import RowData
from .sources.batch import Place, rows_used
from .sources.blocks import Block, Layout, blocks_of
from .sources.pipeline import Job, added_up
from .sources.spec import BatchOptions, BatchSpec
from .sources.survey import Survey, sampled_rows, surveyed
from .statistics import NOTHING_DROPPED, no_row_left

_SAME = 1e-9  # of Σw: passes that differ by more did not have the same rows

Opener = Callable[
    [], tuple[Iterable[Job], int | None]
]  # the jobs of one pass, and the number of rows if it is known


class _Counted[Part](NamedTuple):
    """What a pass makes of some rows, and how many these are."""

    part: Any
    n_rows: int
    sum_weights: float

    def __add__(self, other: Any) -> "_Counted[Part]":
        return _Counted(
            self.part + other.part, self.n_rows + other.n_rows, self.sum_weights + other.sum_weights
        )


@final
@dataclass(eq=False, repr=False)
class RowSource(Shown):
    """Rows that are never all in memory: each pass reads them anew. Make it with `from_parquet` and its like.

    `map_estimate` and `sample_posterior` take it for likelihoods that need rows, for example BernoulliLikelihood.
    Memory holds some blocks of rows, a sample of at most 131,072 rows, and p × p numbers. The first pass, when
    something is asked first, finds levels of text columns, means, spreads and the sample.

    Attributes
    ----------
    spec : BatchSpec
        Which column is what.
    n_passes : int
        How many times the rows have been read so far, also to copy them.
    """

    spec: BatchSpec
    _opener: Opener
    _what: str
    _cache: Any = None
    _shows_progress: bool = True
    n_passes: int = 0
    _copy: Path | None = field(default=None)

    @classmethod
    def from_parquet(
        cls,
        path: Any,
        features: Sequence[str] | None,
        target: str,
        weight: str | None = None,
        *,
        cache: Any = None,
        progress: bool = True,
        **options: Unpack[BatchOptions],
    ) -> Self:
        """State rows of Parquet files. Nothing is read yet but the files' ends.

        Parameters
        ----------
        path : path, pattern or folder, or list of these
            Files ``*.parquet`` of a folder and of its folders. Only the columns that are used are read.
        features, target, weight, **options
            As in `BatchSpec`: `offset`, `missing` and `filters`. The target holds numbers: 0 and 1, shares, counts.
        cache : path or True, optional
            Where a copy of the rows used is kept as an uncompressed Arrow file, which is read faster than compressed
            Parquet or CSV. It is written after the first pass. A column takes float32 if that holds its values
            exactly, else float64, so that results are the same. A path: a file that is not there yet, and stays. True:
            a temporary file, deleted with this object.
        progress : bool, default True
            Whether to show a bar with the number of the pass and the rows on stderr after two seconds.

        Returns
        -------
        RowSource

        Raises
        ------
        ValueError
            If a file is damaged, or its columns are others than those of the first.
        TypeError, ImportError, FileNotFoundError
        FileExistsError
            If there is a file at `cache`.
        """
        from .sources.parquet import files_of, parquet_jobs

        spec = _spec(target, features, weight, options)
        files = files_of(path, ".parquet")
        parquet_jobs(files, spec)  # refuses what is wrong with them before anything is computed
        return cls(spec, lambda: parquet_jobs(files, spec), str(path), _cache_at(cache), progress)

    @classmethod
    def from_csv(
        cls,
        path: Any,
        features: Sequence[str] | None,
        target: str,
        weight: str | None = None,
        *,
        separator: str = ",",
        cache: Any = None,
        progress: bool = True,
        **options: Unpack[BatchOptions],
    ) -> Self:
        """State rows of CSV files. Parsing takes long, so `cache` pays.

        Parameters
        ----------
        path : path, pattern or folder, or list of these
            Files with a header, in UTF-8; ``*.csv`` of a folder. The first block tells which columns are numbers.
        features, target, weight, cache, progress, **options
            As in `from_parquet`.
        separator : str, default ","

        Returns
        -------
        RowSource

        Raises
        ------
        TypeError, ValueError, ImportError, FileNotFoundError, FileExistsError
        """
        from .sources.csv import csv_jobs
        from .sources.parquet import files_of

        spec = _spec(target, features, weight, options)
        files = files_of(path, ".csv")
        return cls(
            spec, lambda: (csv_jobs(files, spec, separator), None), str(path), _cache_at(cache), progress
        )

    @classmethod
    def from_batches(
        cls,
        factory: Callable[[], Any],
        features: Sequence[str] | None,
        target: str,
        weight: str | None = None,
        *,
        cache: Any = None,
        progress: bool = True,
        **options: Unpack[BatchOptions],
    ) -> Self:
        """State rows of any engine.

        Parameters
        ----------
        factory : callable
            Called without arguments at each pass. It returns the same rows each time: a stream of Arrow data (with
            ``__arrow_c_stream__``) or an iterable of batches, as `GramData.from_batches` takes them.
        features, target, weight, cache, progress, **options
            As in `from_parquet`.

        Returns
        -------
        RowSource

        Raises
        ------
        TypeError, ValueError, FileExistsError
        """
        from .sources.stream import stream_jobs

        if not callable(factory):
            raise TypeError(
                "`factory` must be a callable that opens the stream anew, because the rows are read several times; got "
                f"{type(factory).__name__}. Write lambda: open_stream()."
            )
        spec = _spec(target, features, weight, options)
        return cls(spec, lambda: (stream_jobs(factory()), None), "`factory`", _cache_at(cache), progress)

    @cached_property
    def survey(self) -> Survey:
        """What the first pass tells.

        Raises
        ------
        ValueError
            If no row is left, an entry is missing and that is refused, or a number is not finite.
        """

        def of(batch: Any, place: Place) -> Survey:
            return surveyed(GramData, batch, self.spec, place)

        found = self._read(of, "survey")
        if found is None or not found.statistics.n_samples:
            dropped = NOTHING_DROPPED if found is None else found.statistics.dropped
            raise ValueError(no_row_left(self._what, dropped))
        return found

    @cached_property
    def sample(self) -> RowData:
        """Some of the rows, or all if they are few; their weights sum to those of all rows."""
        return sampled_rows(self.survey, self.spec)

    @property
    def statistics(self) -> GramData:
        """The statistics of features and target. An offset is not subtracted from the target."""
        found: GramData = self.survey.statistics
        return found

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The features: columns of numbers, and ``column=level``."""
        return self.statistics.feature_names

    @property
    def n_features(self) -> int:
        """Number of features p."""
        return self.statistics.n_features

    @property
    def n_samples(self) -> int:
        """Number of rows with a positive weight."""
        return self.statistics.n_samples

    @property
    def sum_weights(self) -> float:
        """Σw. It takes the place of n everywhere."""
        return self.statistics.sum_weights

    @property
    def column_sd(self) -> Float[np.ndarray, " p"]:
        """Weighted standard deviations of the columns (ddof 0)."""
        return self.statistics.column_sd

    def layout(self, *, centred: bool, has_intercept: bool) -> Layout:
        """Return what the columns of blocks are to be."""
        shift = self.statistics.x_mean if centred else np.zeros(self.n_features)
        return Layout(self.survey.columns, shift, has_intercept)

    def summed[Part](self, of: Callable[[Iterator[Block]], Part], layout: Layout, what: str) -> Part:
        """Pass over the rows and add up, with ``+``, what a function makes of the blocks of each batch.

        Parameters
        ----------
        of : callable (iterator of Block) -> Part
            Called by several threads. A block is valid until the next one.
        layout : Layout
        what : str
            What the pass is for, for the progress bar.

        Raises
        ------
        ValueError
            If the rows are not those of the first pass.
        """
        survey = self.survey
        self._make_copy(survey)
        spec = self.spec if self._copy is None else replace(self.spec, filters=None)

        def of_batch(batch: Any, place: Place) -> _Counted[Part]:
            used = rows_used(batch, spec, place).batch
            weight = float(used.n_rows if spec.weight is None else used.numbers[spec.weight].sum())
            return _Counted(of(blocks_of(used, spec, layout, place)), used.n_rows, weight)

        found = self._read(of_batch, what)
        n, total = (0, 0.0) if found is None else (found.n_rows, found.sum_weights)
        if n != self.n_samples or abs(total - self.sum_weights) > _SAME * self.sum_weights:
            raise ValueError(
                f"pass {self.n_passes} over {self._what} read {n} rows with weights that sum to {total:g}, but the "
                f"first pass {self.n_samples} with {self.sum_weights:g}. The source must give the same rows each time."
            )
        assert found is not None
        part: Part = found.part
        return part

    def _read(self, of: Callable[[Any, Place], Any], what: str) -> Any:
        from .sources.arrow_copy import copy_jobs

        jobs, n_rows = self._opener() if self._copy is None else (copy_jobs(self._copy), self.n_samples)
        self.n_passes += 1
        with self._bar(what, n_rows) as bar:
            return added_up(of, jobs, bar.update)

    def _bar(self, what: str, n_rows: int | None) -> Any:
        text = f"pass {self.n_passes}: {what}"
        return progress_bar(None, text, " rows", shown=self._shows_progress, total=n_rows)

    def _make_copy(self, survey: Survey) -> None:
        """Write the copy that was asked for, if it is not there yet."""
        if self._cache is None or self._copy is not None:
            return
        from .sources.arrow_copy import write_copy

        if self._cache is True:
            folder = tempfile.TemporaryDirectory(prefix="bayesreg-rows-")
            weakref.finalize(self, folder.cleanup)
            path = Path(folder.name) / "rows.arrow"
        else:
            path = self._cache
        jobs, n_rows = self._opener()
        self.n_passes += 1
        with self._bar("copy", n_rows) as bar:
            write_copy(path, jobs, self.spec, survey, bar.update)
        self._copy = path

    def __str__(self) -> str:
        read = f"read {self.n_passes} times" if self.n_passes else "not read yet"
        if "survey" not in self.__dict__:
            return f"rows of {self._what}, {read}"
        p = self.n_features
        return (
            f"{self.n_samples} rows of {self._what}, {p} feature{'s' * (p != 1)} ({quoted(self.feature_names, 6)}), "
            f"{read}"
        )


def _spec(
    target: str, features: Sequence[str] | None, weight: str | None, options: BatchOptions
) -> BatchSpec:
    if options.get("held_out") is not None:
        raise ValueError("rows that stay where they are cannot be held out: leave `held_out` out.")
    return BatchSpec(target=target, features=features, weight=weight, **options)


def _cache_at(cache: Any) -> Any:
    """Return True, None, or the path, which must not be there yet."""
    if cache is None or cache is True:
        return cache
    path = Path(cache)
    if path.exists():
        raise FileExistsError(
            f"`cache` names {path}, which is there already. Give the path of a new file, or True for a temporary one."
        )
    return path
