"""Whether a column is numbers."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def is_numeric(column: "pd.Series") -> bool:
    """Tell numbers and truth values, also beside missing entries, from text."""
    from pandas.api.types import infer_dtype, is_numeric_dtype

    return is_numeric_dtype(column) or infer_dtype(column, skipna=True) == "boolean"
