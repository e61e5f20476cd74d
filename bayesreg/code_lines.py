"""Lines of Python that state a fit again, to paste."""

from dataclasses import fields

import numpy as np

from .conventions.translation import translate
from .data.rows import RowData
from .errors import NoEquivalent
from .model import LinearModel
from .penalty import Penalty
from .priors import Prior

_SKLEARN_TOLERANCE = ", tol=1e-10, max_iter=1000000)"  # scikit-learn's default stops at three digits


def sklearn_code(penalty: Penalty, data: RowData) -> str:
    """Return the scikit-learn line that reproduces a mode.

    Parameters
    ----------
    penalty : Penalty
        Of p features, on the original columns.
    data : RowData
        Which the mode is of.

    Returns
    -------
    str
        An estimator, or a pipeline that standardises first, where that makes the penalty common.

    Raises
    ------
    NoEquivalent
        Where no single λ exists, with the reason.
    """
    varying = data.column_sd > 0
    sd = np.where(varying, data.column_sd, 1.0)
    raw = np.broadcast_to(penalty.l1, sd.shape), np.broadcast_to(penalty.l2, sd.shape)
    if not (raw[0].any() or raw[1].any()):
        return "LinearRegression()"
    # A constant column's coefficient is 0 under any penalty, so it need not share the others'.
    for values, form in ((raw, "{}"), ((raw[0] / sd, raw[1] / sd**2), "make_pipeline(StandardScaler(), {})")):
        common = [strength[varying] if varying.any() else strength for strength in values]
        if all(np.allclose(strength, strength[0], rtol=1e-10, atol=0.0) for strength in common):
            return form.format(_estimator_code(Penalty(*(float(s[0]) for s in common)), data))
    raise NoEquivalent(
        "the penalty differs between the columns in a way that standardising them does not undo. "
        "bayesreg's line below states it."
    )


def _estimator_code(penalty: Penalty, data: RowData) -> str:
    name = "Ridge" if not penalty.l1 else "ElasticNet" if penalty.l2 else "Lasso"
    code = translate(penalty, "Penalty", f"sklearn.{name}", y=data.y).code
    return code if name == "Ridge" else code[:-1] + _SKLEARN_TOLERANCE


def regressor_code(model: LinearModel) -> str:
    """Return the line of Python that states a model as an estimator."""
    arguments = [f"br.{_call(model.prior)}"]
    if model.likelihood.noise_scale is not None:
        arguments.append(f"noise_scale={model.likelihood.noise_scale!r}")
    if model.standardize:
        arguments.append("standardize=True")
    return f"br.BayesRegressor({', '.join(arguments)})"


def _call(prior: Prior) -> str:
    given = {
        f.name: getattr(prior, f.name)
        for f in fields(prior)  # type: ignore[arg-type]
    }
    stated = ", ".join(
        f"{name}={"float('inf')" if value == np.inf else repr(value)}"
        for name, value in given.items()
        if value is not None and value is not False
    )
    return f"{type(prior).__name__}({stated})"
