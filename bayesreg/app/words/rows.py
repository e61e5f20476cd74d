"""What the rows of a table of coefficients are."""

from typing import TYPE_CHECKING

import numpy as np

from ...posterior.draws.summary import summarise
from ..fitted import Fit
from .numbers import CONSTANT, coefficient_cells

if TYPE_CHECKING:
    import pandas as pd

_FAR = 20.0  # standard deviations of a column


def fills_rows(fit: Fit) -> bool:
    """Tell whether there are as many columns as rows, so that any response would be explained."""
    return fit.relations.n_columns + fit.model.fit_intercept >= fit.data.n_samples


def rows_cells(fit: Fit, shown: "pd.DataFrame") -> list[tuple[str]]:
    """Return for each row of a table how many rows of the file have the level; nothing if no row is a level's."""
    counts = [fit.rows_of_levels.get(str(name)) for name in shown.index]
    if all(count is None for count in counts):
        return []
    return [("" if count is None else str(count),) for count in counts]


def table_sentences(fit: Fit) -> tuple[str, ...]:
    """Explain a table: its columns, then the rows that are no plain coefficients."""
    found = [
        "MAP: the mode. mean, interval and P(sign): of the posterior; P(sign) is the probability that the coefficient "
        "has the sign of its mean."
    ]
    if (fit.told["map"] == 0.0).any():
        found.append("A mode of 0 is exactly 0; ≈0 is not.")
    if fit.effects.constant.any():
        found.append(f"{CONSTANT}: the column does not vary, so the data tell nothing of its coefficient.")
    response = "the response" if fit.words.predictor is None else f"the {fit.unit}"
    return (*found, *fit.effects.sentences(response), *_at_the_means(fit))


def _at_the_means(fit: Fit) -> list[str]:
    """Say what the response is at the columns' means, if 0 is so far from a column that the intercept says little."""
    if not fit.model.fit_intercept or fit.model.likelihood.family != "gaussian":
        return []
    means, sd = fit.data.least_squares(centre=True)[1].x, fit.data.column_sd
    away = np.divide(np.abs(means), sd, out=np.zeros_like(sd), where=sd > 0.0)
    far = int(np.argmax(away))
    if away[far] <= _FAR:
        return []
    posterior = fit.tree["posterior"].to_dataset()
    draws = posterior["intercept"].values.ravel() + posterior["coef"].values.reshape(-1, means.size) @ means
    at_mode = np.array([fit.mode.intercept + means @ fit.mode.coef])
    row = summarise(["mean"], at_mode, draws[:, None], fit.interval).iloc[0]
    _, mean, interval = coefficient_cells(row, fit.interval)
    return [
        f"The intercept is far outside of the rows, as 0 is in {fit.mode.feature_names[far]}, whose mean is "
        f"{means[far]:.4g}. At the mean of all columns the response is {mean}, {fit.interval} {interval}."
    ]
