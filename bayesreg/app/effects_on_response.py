"""What coefficients mean for the response: ratios of odds or rates, and average effects on its mean."""

from typing import TYPE_CHECKING

import numpy as np

from ..data.rows import RowData
from ..posterior.draws.effects import LevelSet, average_effects

if TYPE_CHECKING:
    import pandas as pd

    from .fitted import Fit

RATIO = ("ratio", "ratio_lower", "ratio_upper")
EFFECT = ("effect", "effect_lower", "effect_upper")
_MOST_DRAWS, _MOST_ROWS = 400, 2000
_MOST_WORK = 4e8  # evaluations of a mean: some seconds


def effects_on_response(fit: "Fit") -> "pd.DataFrame":
    """Return ratios and, where they are affordable, average effects of each coefficient, as the data tell it.

    Parameters
    ----------
    fit : Fit
        With a logit or log link.

    Returns
    -------
    DataFrame
        One row for each feature, as in `Fit.told`; columns "ratio", "ratio_lower" and "ratio_upper", exp(coefficient)
        at its median and the interval's ends, and "effect", "effect_lower", "effect_upper": the average over rows of
        what the mean response changes by, of a level in place of the others, of other columns for one unit. NaN for a
        constant column, and for effects that were not computed.
    """
    import pandas as pd

    p = fit.mode.coef.size
    draws = fit.effects.draws[:, :p]
    low, high = fit.interval.tails
    below, middle, above = np.exp(np.quantile(draws, (low, 0.5, high), axis=0))
    columns = dict(zip(RATIO, (middle, below, above), strict=True)) | dict.fromkeys(EFFECT, np.nan)
    found = pd.DataFrame(columns, index=pd.Index(fit.mode.feature_names, name="feature"))
    averaged = _average_effects(fit)
    if averaged is not None:
        found[list(EFFECT)] = averaged[["mean", "lower", "upper"]].to_numpy()
    found.loc[fit.effects.constant[:p]] = np.nan
    return found


def _average_effects(fit: "Fit") -> "pd.DataFrame | None":
    if not isinstance(fit.data, RowData):
        return None
    work = float(min(fit.data.n_samples, _MOST_ROWS)) * _MOST_DRAWS * (fit.data.n_features + 1)
    if work > _MOST_WORK:
        return None
    sets = tuple(LevelSet(one.at, one.reference is not None) for one in fit.effects.compared)
    return average_effects(
        fit.tree,
        fit.data,
        sets,
        mass=fit.interval.mass,
        likelihood=fit.model.likelihood,
        most_draws=_MOST_DRAWS,
        most_rows=_MOST_ROWS,
    )
