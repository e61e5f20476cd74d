"""The choice between rows and their statistics: the smaller is used."""

from .gram import GramData
from .rows import RowData

_STATISTICS_BUDGET = 2**30  # bytes for the statistics of all folds and their sums
_WIDEST = 2  # features per row; with more, statistics are clearly larger than the rows


def statistics_if_smaller(data: RowData | GramData) -> RowData | GramData:
    """Return the statistics of rows if they are smaller than the rows, else the data unchanged."""
    return GramData.from_rows(data) if isinstance(data, RowData) and statistics_are_smaller(data) else data


def as_small_as_can_be(data: RowData | GramData) -> RowData | GramData:
    """Return the smallest form of data to keep: statistics if there are at least as many rows as columns."""
    if isinstance(data, RowData) and data.n_features <= data.n_samples:
        return GramData.from_rows(data)
    return data


def statistics_are_smaller(data: RowData | GramData, n_matrices: int = 1) -> bool:
    """Tell whether statistics are not much larger than the rows, and `n_matrices` of them fit the budget."""
    size = 8 * n_matrices * data.n_features**2
    return size <= _STATISTICS_BUDGET and data.n_features <= _WIDEST * data.n_samples
