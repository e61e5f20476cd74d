"""What the columns of the data hold, in a table."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ...data.rows import RowData
from ...model.problem import Data

if TYPE_CHECKING:
    import pandas as pd


def summarise_data(data: Data, response: str = "y") -> "pd.DataFrame":
    """Return mean and standard deviation of the response and each column, and from rows their extremes.

    Parameters
    ----------
    data : RowData or GramData
    response : str, default "y"
        Its name.

    Returns
    -------
    DataFrame
        The response first; columns "mean" and "sd" (weighted, ddof 0), and "min" and "max" over rows with a
        positive weight where there are rows.
    """
    import pandas as pd

    index = pd.Index([response, *data.feature_names], name="column")
    x_mean, y_mean = _means(data)
    columns = {"mean": np.append(y_mean, x_mean), "sd": np.append(data.response_sd, data.column_sd)}
    if isinstance(data, RowData):
        columns |= _extremes(data)
    return pd.DataFrame(columns, index=index)


def _means(data: Data) -> tuple[Any, float]:
    if not isinstance(data, RowData):
        return data.x_mean, data.y_mean
    share = data.sample_weight / data.sum_weights
    return data.X.T @ share, float(share @ data.y)


def _extremes(data: RowData) -> dict[str, Any]:
    rows = data.sample_weight > 0.0
    X, y = data.X[np.flatnonzero(rows)], data.y[rows]
    low, high = X.min(axis=0), X.max(axis=0)
    if not isinstance(low, np.ndarray):  # of sparse columns
        low, high = low.toarray().ravel(), high.toarray().ravel()
    return {"min": np.append(y.min(), low), "max": np.append(y.max(), high)}
