"""Sufficient statistics of a Gaussian regression. Blocks of rows can be merged into them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, Unpack, final

import numpy as np
from jaxtyping import Float

from ..base.blas import dot
from ..base.progress import progress_bar
from .checks import column_names, numbered_names
from .folds import FoldRows, split_rows
from .least_squares import check_gram_size
from .pairwise import PairwiseSum
from .rows import RowData
from .sources.pipeline import Job, reduced
from .sources.spec import BatchOptions, BatchSpec
from .statistics import NOTHING_DROPPED, FoldAxis, Statistics, cannot_be_added, no_row_left, other_names
from .statistics_file import load_statistics, save_statistics

_LARGE_MEAN = 1e3  # times the spread: then rounding of the mean is seen in sums of blocks


@final
@dataclass(frozen=True, eq=False, repr=False)
class GramData(Statistics):
    """Sufficient statistics of rows. The rows need not be kept. Make it with `from_arrays` or `from_chunks`.

    ``a + b`` are the statistics of the rows of both, fold by fold if they have folds. Sums are
    centred and merged pairwise, so that a large mean costs no digits.

    Attributes
    ----------
    n_samples : int
        Number of rows with a positive weight.
    sum_weights : float
        Σw. It takes the place of n everywhere.
    x_mean : array (p,)
        Weighted means of the columns.
    y_mean : float
    gram : array (p, p)
        Weighted X'X about the means.
    cross : array (p,)
        Weighted X'y about the means.
    response_ss : float
        Weighted y'y about the mean.
    feature_names : tuple of p str
    folds : FoldAxis, optional
        The statistics of each fold. The attributes above are their sum.
    columns : SourceColumns, optional
        The columns of the source that they were read from. With it, text columns may have other levels in each term of
        a sum.
    dropped : Dropped
        Rows that were left out for missing entries.
    held_out : GramData, optional
        The statistics of rows kept apart, to test predictions on. They are in no other attribute.
    target : str, optional
        The column of the response, if they were read from a source.

    References
    ----------
    T. Chan, G. Golub and R. LeVeque (1983), "Algorithms for computing the sample variance",
    doi:10.1080/00031305.1983.10483115.
    """

    @classmethod
    def from_arrays(
        cls,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        feature_names: Sequence[str] | None = None,
        folds: Any = None,
    ) -> Self:
        """Reduce one block of rows.

        Parameters
        ----------
        X : array or data frame (n, p)
            Finite numbers. One row is enough for a block.
        y : array (n,)
            Finite numbers.
        sample_weight : array (n,), optional
            At least 0, not all 0.
        feature_names : sequence of p str, optional
            Default: the frame's columns, else "x0", "x1", ...
        folds : int, scikit-learn splitter or array (n,), optional
            Keeps the statistics of each fold, for `select_scale`. K: contiguous blocks of the
            rows with a positive weight, as in scikit-learn's unshuffled KFold; if there are fewer
            than K rows, the last folds get none. A splitter whose test folds partition these rows.
            An array: a label for each row.

        Returns
        -------
        GramData

        Raises
        ------
        TypeError, ValueError
            The message names the column, the row and the remedy.
        MemoryError
            If p × p numbers exceed the budget.
        """
        return cls._reduced(RowData._checked(X, y, sample_weight, feature_names), folds)

    @classmethod
    def _reduced(cls, rows: RowData, folds: Any) -> Self:
        if folds is None:
            return cls.from_rows(rows)
        rows, folds = rows.present(folds)
        return cls.from_folds(rows, split_rows(folds, rows.X, rows.y))

    @classmethod
    def from_folds(cls, rows: RowData, folds: FoldRows) -> Self:
        """Reduce checked rows fold by fold.

        Raises
        ------
        ValueError
            If a fold is not to be predicted from all others: then their sums are not enough.
        """
        if folds.trains is not None:
            raise ValueError(
                "statistics hold folds of which each is predicted from all others, and this splitter trains on fewer "
                "rows. Give the rows (RowData), and the splitter to select_scale."
            )
        parts = {}
        for label, own in folds.rows.items():
            weight = rows.sample_weight[own]
            if weight.any():
                parts[label] = cls.from_rows(rows.at(own))
        return replace(_sum(list(parts.values())), folds=FoldAxis(folds.n_splits, parts, folds.in_order))

    @classmethod
    def from_rows(cls, rows: RowData) -> Self:
        """Reduce checked rows."""
        check_gram_size(rows.n_features)
        centred, means = rows.least_squares(centre=True)
        return cls(
            rest=_rest(
                rows, np.append(means.x, means.y), np.append(np.diagonal(centred.gram), centred.response_ss)
            ),
            n_samples=rows.n_samples,
            sum_weights=rows.sum_weights,
            x_mean=means.x,
            y_mean=means.y,
            gram=centred.gram,
            cross=centred.cross,
            response_ss=centred.response_ss,
            feature_names=rows.feature_names,
        )

    @classmethod
    def from_chunks(
        cls, chunks: Iterable[Any], feature_names: Sequence[str] | None = None, folds: Any = None
    ) -> Self:
        """Reduce an iterable of blocks of rows. One block is held at a time.

        Parameters
        ----------
        chunks : iterable of (X, y), (X, y, sample_weight) or (X, y, sample_weight, labels)
            All blocks have the same columns. Blocks without rows, or with weights that are all 0, are skipped.
            `sample_weight` may be None. `labels` name the fold of each row of the block.
        feature_names : sequence of p str, optional
            Default: the frames' columns, else "x0", "x1", ...
        folds : int or scikit-learn splitter, optional
            How each block is cut into folds, as in `from_arrays`: fold k of the whole is fold k
            of every block. None if the blocks have labels.

        Returns
        -------
        GramData

        Raises
        ------
        TypeError, ValueError
            The message names the block, by its number from 0, and what is wrong with it.
        MemoryError
            If p × p numbers exceed the budget.
        """
        sums = PairwiseSum[Self]()
        known: tuple[str, ...] | None = None
        for number, chunk in enumerate(chunks):
            names, block = cls._from_chunk(number, chunk, feature_names, folds)
            known = known or names
            mismatch = other_names(known, names) if known and names else None
            if sums.latest is not None and block is not None:
                mismatch = mismatch or cannot_be_added(sums.latest, block)
            if mismatch is not None:
                raise ValueError(f"chunk {number}: {mismatch}")
            if block is not None:
                sums.add(block)
        total = sums.total
        if total is None:
            raise ValueError("`chunks` holds no row with a positive weight. Was the iterator used before?")
        return total

    @classmethod
    def from_parquet(
        cls,
        path: Any,
        features: Sequence[str] | None,
        target: str,
        weight: str | None = None,
        folds: int | str | None = None,
        *,
        progress: bool = True,
        **options: Unpack[BatchOptions],
    ) -> Self:
        """Reduce Parquet files in one pass, on all cores. Memory holds some batches only.

        Parameters
        ----------
        path : path, pattern or folder, or list of these
            Files ``*.parquet`` of a folder and of its folders. Only the columns that are used are read.
        features, target, weight, folds, **options
            As in `BatchSpec`. The folds of K, and the rows held out, depend on a row's place in the files alone.
        progress : bool, default True
            Whether to show a bar with the rows on stderr after two seconds.

        Returns
        -------
        GramData

        Raises
        ------
        ValueError
            If a file is damaged, naming the row group; if its columns are others than those of the first; if an entry
            is missing and that is refused; if no row is left.
        TypeError, MemoryError, ImportError, FileNotFoundError
        """
        from .sources.parquet import files_of, parquet_jobs

        spec = BatchSpec(target=target, features=features, weight=weight, folds=folds, **options)
        jobs, n_rows = parquet_jobs(files_of(path, ".parquet"), spec)
        return cls._of_jobs(jobs, spec, f"{path}", n_rows, progress=progress)

    @classmethod
    def from_csv(
        cls,
        path: Any,
        features: Sequence[str] | None,
        target: str,
        weight: str | None = None,
        folds: int | str | None = None,
        *,
        separator: str = ",",
        progress: bool = True,
        **options: Unpack[BatchOptions],
    ) -> Self:
        """Reduce CSV files in one pass. Memory holds some blocks only.

        Parameters
        ----------
        path : path, pattern or folder, or list of these
            Files with a header, in UTF-8; ``*.csv`` of a folder. The first block tells which columns are numbers.
        features, target, weight, folds, **options
            As in `BatchSpec`.
        separator : str, default ","
        progress : bool, default True
            Whether to show a bar with the rows on stderr after two seconds.

        Returns
        -------
        GramData

        Raises
        ------
        ValueError
            If a file is no such table, naming file and line; or as in `from_parquet`.
        TypeError, MemoryError, ImportError, FileNotFoundError
        """
        from .sources.csv import csv_jobs
        from .sources.parquet import files_of

        spec = BatchSpec(target=target, features=features, weight=weight, folds=folds, **options)
        jobs = csv_jobs(files_of(path, ".csv"), spec, separator)
        return cls._of_jobs(jobs, spec, f"{path}", None, progress=progress)

    @classmethod
    def from_batches(
        cls,
        batches: Any,
        features: Sequence[str] | None,
        target: str,
        weight: str | None = None,
        folds: int | str | None = None,
        *,
        progress: bool = True,
        **options: Unpack[BatchOptions],
    ) -> Self:
        """Reduce batches of rows from any engine in one pass.

        Parameters
        ----------
        batches : object with ``__arrow_c_stream__``, or iterable of batches
            A stream of polars, DuckDB, pyarrow and others is read batch by batch. A batch is Arrow data, a data frame
            or a mapping of names to arrays.
        features, target, weight, folds, **options
            As in `BatchSpec`. The folds of K, and the rows held out, depend on the order of the rows alone.
        progress : bool, default True
            Whether to show a bar with the rows on stderr after two seconds.

        Returns
        -------
        GramData

        Raises
        ------
        TypeError, ValueError, MemoryError, ImportError
            The message names the batch by its number from 0.
        """
        from .sources.stream import stream_jobs

        spec = BatchSpec(target=target, features=features, weight=weight, folds=folds, **options)
        return cls._of_jobs(stream_jobs(batches), spec, "`batches`", None, progress=progress)

    @classmethod
    def from_dask(
        cls,
        frame: Any,
        features: Sequence[str] | None,
        target: str,
        weight: str | None = None,
        folds: int | str | None = None,
        **options: Unpack[BatchOptions],
    ) -> Self:
        """Reduce a Dask data frame where its partitions are, and add up the results in a tree.

        Needs the extra ``dask``. A partition sends p × p numbers. A worker that dies is made good by Dask, and
        no row counts twice.

        Parameters
        ----------
        frame : dask.dataframe.DataFrame
        features, target, weight, folds, **options
            As in `BatchSpec`. The folds of K, and the rows held out, depend on a row's place in its partition.

        Returns
        -------
        GramData

        Raises
        ------
        TypeError, ValueError, MemoryError, ImportError
            The message names the partition by its number from 0.
        """
        from .sources.dask import dask_statistics

        spec = BatchSpec(target=target, features=features, weight=weight, folds=folds, **options)
        return cls._with_rows(dask_statistics(cls, frame, spec), "the data frame")

    def save(self, path: Any) -> None:
        """Write the statistics to a file: versioned, with checksums, without pickle.

        The file is there whole or not at all. A reader learns means, variances and correlations of the rows. It does
        not hold rows, but it is not anonymous: of few rows they can be computed, and two files that differ by one row
        tell that row.

        Parameters
        ----------
        path : path

        Raises
        ------
        OSError
            If it cannot be written. An earlier file is then unchanged.
        """
        save_statistics(self, path)

    @classmethod
    def load(cls, path: Any) -> Self:
        """Read statistics that `save` wrote, the same to the last bit.

        Raises
        ------
        ValueError
            If it is no such file, is damaged, or is of a later version.
        OSError
            If it cannot be read.
        """
        return load_statistics(cls, path)

    @classmethod
    def _of_jobs(
        cls, jobs: Iterable[Job], spec: BatchSpec, source: str, n_rows: int | None, *, progress: bool
    ) -> Self:
        with progress_bar(None, "reducing", " rows", shown=progress, total=n_rows) as bar:
            found = reduced(cls, jobs, spec, bar.update)
        return cls._with_rows(found, source)

    @classmethod
    def _with_rows(cls, found: Self | None, source: str) -> Self:
        if found is None or not found.n_samples:
            raise ValueError(no_row_left(source, NOTHING_DROPPED if found is None else found.dropped))
        return found

    @classmethod
    def _from_chunk(
        cls, number: int, chunk: Any, feature_names: Sequence[str] | None, folds: Any
    ) -> tuple[tuple[str, ...] | None, Self | None]:
        """Return the names of a block's columns and its statistics. Either is None if the block has none."""
        if not isinstance(chunk, tuple | list) or len(chunk) not in (2, 3, 4):
            raise TypeError(
                f"chunk {number} must be (X, y), (X, y, sample_weight) or (X, y, sample_weight, labels); "
                f"got {type(chunk).__name__}."
            )
        if folds is not None and (len(chunk) == 4 or np.ndim(folds) > 0):
            raise TypeError(
                "labels of rows belong in the chunks: give (X, y, sample_weight, labels), and leave `folds` out."
            )
        X, y, weight, labels = (*chunk, None, None)[:4]
        try:
            if np.shape(X)[:1] == (0,):
                return _names_without_rows(X, y, weight, labels, feature_names), None
            rows = RowData._checked(X, y, weight, feature_names, may_be_absent=True)
            if rows.n_samples == 0:
                if labels is not None:
                    split_rows(labels, rows.X, rows.y)  # refuses labels that do not fit these rows
                return rows.feature_names, None
            return rows.feature_names, cls._reduced(rows, folds if labels is None else labels)
        except (TypeError, ValueError) as error:
            raise type(error)(f"chunk {number}: {error}") from error


def _rest(
    rows: RowData, means: Float[np.ndarray, " q"], squares: Float[np.ndarray, " q"]
) -> Float[np.ndarray, " q"] | None:
    """Return what rounding took from means that are large beside the columns' spread."""
    share = rows.sample_weight / rows.sum_weights
    large = np.flatnonzero(rows.sum_weights * means**2 > _LARGE_MEAN**2 * squares)
    if not large.size or not isinstance(rows.X, np.ndarray):
        return None
    rest = np.zeros(means.size)
    for j in large:
        column = rows.less_offset if j == rows.n_features else rows.X[:, j]
        rest[j] = dot(share, column - means[j])
    return rest


def _sum(blocks: Sequence[GramData]) -> GramData:
    """Add blocks in pairs, so that the error grows with log(blocks)."""
    if len(blocks) == 1:
        return blocks[0]
    half = len(blocks) // 2
    return _sum(blocks[:half]) + _sum(blocks[half:])


def _names_without_rows(
    X: Any, y: Any, weight: Any, labels: Any, feature_names: Sequence[str] | None
) -> tuple[str, ...] | None:
    """Return the names of columns without rows. Refuse other arrays that have rows."""
    for what, values in (("y", y), ("sample_weight", weight), ("labels", labels)):
        if values is not None and np.size(values) and np.ndim(values):
            raise ValueError(
                f"`X` has no row, but `{what}` has {np.shape(values)[0]}. Give the rows of both."
            )
    names, shape = column_names(X, feature_names), np.shape(X)
    if len(shape) < 2:
        return names
    if names is not None and len(names) != shape[1]:
        raise ValueError(
            f"`feature_names` must have one name for each of the {shape[1]} columns; got {len(names)}."
        )
    return names or numbered_names(shape[1])
