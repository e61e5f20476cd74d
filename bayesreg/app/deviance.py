"""How much of the deviance a mode explains."""

from dataclasses import replace

import numpy as np

from ..data.rows import RowData
from ..mode.estimate import MapEstimate
from ..mode.row_path import objective_at
from ..model.linear_model import LinearModel
from ..model.row_problem import resolve_rows


def deviance_explained(model: LinearModel, data: RowData, mode: MapEstimate) -> float | None:
    """Return 1 − D/D₀: D is the deviance of the mode, D₀ that of the model without penalised columns.

    Of labels it is McFadden's R², of counts scikit-learn's D².

    Parameters
    ----------
    model : LinearModel
        Whose scale is a number.
    data : RowData
    mode : MapEstimate

    Returns
    -------
    float or None
        None if the loss has no smallest value, or without predictors nothing is left to explain.
    """
    if not model.likelihood.is_convex:
        return None
    known = replace(model.likelihood, **mode.nuisance)  # type: ignore[type-var]
    problem = resolve_rows(replace(model, likelihood=known), data, "the deviance")
    null = objective_at(problem, *problem.rates.at(1.0, problem.is_feature, {})).null
    at_mode = np.append(mode.coef, mode.intercept) if problem.has_intercept else mode.coef
    of_mode, of_null = (
        float(
            problem.data.sample_weight
            @ model.likelihood.excess(problem.eta(coefs), problem.data.y, 0.0, mode.nuisance)
        )
        for coefs in (at_mode, null)
    )
    return 1.0 - of_mode / of_null if of_null > 0.0 else None
