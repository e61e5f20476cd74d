"""Rows or their statistics: whichever is smaller."""

from .gram import GramData
from .rows import RowData

_STATISTICS_BUDGET = 2**30  # bytes that statistics, of all folds and their sums, may take
_WIDEST = 2  # features a row above which statistics are larger than the rows, or nearly


def statistics_if_smaller(data: RowData | GramData) -> RowData | GramData:
    """Return the statistics of rows where they are smaller than the rows, else the data as they are."""
    return GramData.from_rows(data) if isinstance(data, RowData) and statistics_are_smaller(data) else data


def as_small_as_can_be(data: RowData | GramData) -> RowData | GramData:
    """Return what to keep of data: the statistics of rows that are no fewer than the columns."""
    if isinstance(data, RowData) and data.n_features <= data.n_samples:
        return GramData.from_rows(data)
    return data


def statistics_are_smaller(data: RowData | GramData, n_matrices: int = 1) -> bool:
    """Tell whether so many p × p matrices are smaller than the rows, or about so, and within the budget."""
    size = 8 * n_matrices * data.n_features**2
    return size <= _STATISTICS_BUDGET and data.n_features <= _WIDEST * data.n_samples
