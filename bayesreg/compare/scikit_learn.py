"""The mode compared with the answer of an independent solver."""

from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ..base.errors import NoEquivalent
from ..data.rows import RowData
from ..mode.estimate import map_estimate
from ..model.linear_model import LinearModel
from ..priors.penalty import Penalty
from .sklearn_estimator import SklearnEstimator
from .sklearn_without_noise import without_noise

if TYPE_CHECKING:
    import pandas as pd

_TIGHT = {"tol": 1e-14, "max_iter": 1_000_000}


def compare_map_with_penalized(
    model: LinearModel, X: Any, y: Any, sample_weight: Any = None
) -> "pd.DataFrame":
    """Compare our mode with scikit-learn's solution of the same penalty.

    Parameters
    ----------
    model : LinearModel
    X : array or data frame (n, p)
    y : array (n,)
    sample_weight : array (n,), optional

    Returns
    -------
    DataFrame
        One row for each feature, then the intercept. Columns "map", "penalized" and "difference".
        ``.attrs`` holds "code" (scikit-learn's line; if the penalty differs between columns, fit it on
        ``X / column_unit``), "column_unit" (list of p numbers, or None if all are 1), "duality_gap" and
        "noise_scale". If scikit-learn does not reach its tolerance, you see its own ConvergenceWarning.

    Raises
    ------
    NoEquivalent
        If scikit-learn has no such likelihood, or cannot state the penalty: a column is unpenalised, the
        intercept has a prior, or no rescaling of the columns gives all the same l1 and the same l2.
    """
    import pandas as pd

    data = RowData.from_arrays(X, y, sample_weight)
    if model.intercept_prior is not None:
        raise NoEquivalent("scikit-learn's linear models do not penalise the intercept.")
    mode = map_estimate(model, data, tol=1e-10)
    common, unit = _on_equal_columns(mode.penalty)
    if model.likelihood.is_quadratic:
        stated = SklearnEstimator.of(common, data.sample_weight, fit_intercept=model.fit_intercept)
        # Without a seed scikit-learn draws from NumPy's global state, even if nothing is random.
        seed = {"random_state": 0} if stated.values else {}
        estimator, code = stated.make(**seed, **(_TIGHT if stated.iterates else {})), stated.code()
    else:
        estimator, code = without_noise(
            model.likelihood, common, data.sum_weights, fit_intercept=model.fit_intercept
        )
    estimator.fit(data.X / unit, model.likelihood.coded(data.y), sample_weight=data.sample_weight)
    penalized = np.append(np.ravel(estimator.coef_) / unit, estimator.intercept_) + 0.0  # no negative zeros
    ours = np.append(mode.coef, mode.intercept)
    frame = pd.DataFrame(
        {"map": ours, "penalized": penalized, "difference": ours - penalized},
        index=pd.Index([*data.feature_names, "intercept"], name="feature"),
    )
    frame.attrs.update(
        code=code,
        column_unit=None if np.allclose(unit, 1.0, rtol=1e-12, atol=0.0) else unit.tolist(),
        duality_gap=mode.duality_gap,
        noise_scale=mode.noise_scale,
    )
    return frame


def _on_equal_columns(penalty: Penalty) -> tuple[Penalty, Float[np.ndarray, " p"]]:
    found = penalty.on_equal_columns()
    if found is None:
        raise NoEquivalent(
            "no rescaling of the columns gives all coefficients the same l1 and the same l2, but scikit-learn has one "
            "of each. (It cannot leave single columns unpenalised.)"
        )
    return found
