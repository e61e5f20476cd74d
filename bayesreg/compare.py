"""The mode beside the same answer from an independent solver."""

from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from .conventions.translation import translate
from .data.rows import RowData
from .errors import NoEquivalent
from .mode.solve import map_estimate
from .model import LinearModel
from .penalty import Penalty

if TYPE_CHECKING:
    import pandas as pd

_SKLEARN_TOL = 1e-14
_SKLEARN_MAX_ITER = 1_000_000


def compare_map_with_penalized(
    model: LinearModel, X: Any, y: Any, sample_weight: Any = None
) -> "pd.DataFrame":
    """Set our mode beside scikit-learn's solution of the same penalty.

    Parameters
    ----------
    model : LinearModel
    X : array or data frame (n, p)
    y : array (n,)
    sample_weight : array (n,), optional

    Returns
    -------
    DataFrame
        One row a feature, then the intercept; columns "map", "penalized" and
        "difference". ``.attrs`` holds "code" (scikit-learn's line; where the penalty differs between
        columns it is to be fitted on ``X / column_unit``), "column_unit" (array (p,), or None where
        it is 1), "duality_gap" and "noise_scale". scikit-learn's own ConvergenceWarning comes
        through where it does not reach its tolerance.

    Raises
    ------
    NoEquivalent
        Where scikit-learn cannot state the penalty: unpenalised columns, an intercept
        with a prior, or an elastic net whose l1 and l2 differ between columns in a way
        that no rescaling of the columns undoes.
    """
    import pandas as pd

    data = RowData.from_arrays(X, y, sample_weight)
    if model.intercept_prior is not None:
        raise NoEquivalent("scikit-learn's linear models do not penalise the intercept.")
    mode = map_estimate(model, data, tol=1e-10)
    unit = _common_unit(mode.penalty)
    common = Penalty(mode.penalty.l1 / unit, mode.penalty.l2 / unit**2)
    estimator, code = _sklearn_estimator(common, data, fit_intercept=model.fit_intercept)
    estimator.fit(data.X / unit, data.y, sample_weight=data.sample_weight)
    penalized = np.append(estimator.coef_ / unit, estimator.intercept_) + 0.0  # no negative zeros
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


def _common_unit(penalty: Penalty) -> Float[np.ndarray, " p"]:
    """Return the units of the columns in which every coefficient has the same penalty."""
    l1, l2 = np.asarray(penalty.l1), np.asarray(penalty.l2)
    if ((l1 == 0) & (l2 == 0)).any() and (l1.any() or l2.any()):
        raise NoEquivalent("scikit-learn cannot leave single columns unpenalised.")
    if l1.all() and l1.size:
        return l1 / l1.mean()
    return np.sqrt(l2 / l2.mean()) if l2.all() and l2.size else np.ones(l1.size)


def _sklearn_estimator(penalty: Penalty, data: RowData, *, fit_intercept: bool) -> tuple[Any, str]:
    from sklearn import linear_model

    close = _snapped(penalty)
    without = "" if fit_intercept else "fit_intercept=False"
    if not close.l1 and not close.l2:
        return linear_model.LinearRegression(fit_intercept=fit_intercept), f"LinearRegression({without})"
    name = "Ridge" if not close.l1 else "ElasticNet" if close.l2 else "Lasso"
    translation = translate(close, "Penalty", f"sklearn.{name}", y=data.y, sample_weight=data.sample_weight)
    arguments: dict[str, Any] = {**translation.values, "fit_intercept": fit_intercept}
    if name != "Ridge":
        arguments |= {"tol": _SKLEARN_TOL, "max_iter": _SKLEARN_MAX_ITER}
    code = f"{translation.code[:-1]}, {without})" if without else translation.code
    return getattr(linear_model, name)(**arguments), code


def _snapped(penalty: Penalty) -> Penalty:
    """Return the common penalty as two numbers, where the columns agree to rounding."""
    strengths = []
    for name, value in (("l1", penalty.l1), ("l2", penalty.l2)):
        if not np.allclose(value, value[0], rtol=1e-12, atol=0.0):
            raise NoEquivalent(
                f"no rescaling of the columns gives all coefficients the same l1 and the same l2; {name} still "
                f"differs (from {value.min():.6g} to {value.max():.6g})."
            )
        strengths.append(float(value[0]))
    return Penalty(*strengths)
