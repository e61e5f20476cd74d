"""Lines of Python that state a fit again, to paste."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from ...base.errors import NoEquivalent
from ...conventions.translation import translate
from ...data.rows import RowData
from ...model.linear_model import LinearModel
from ...model.problem import Data
from ...priors.base import Prior
from ...priors.penalty import Penalty
from ...priors.scales import is_distribution
from .model_text import distribution_text

_ESTIMATORS = "ElasticNet", "Lasso", "Ridge", "LinearRegression"
_SKLEARN_TOLERANCE = "tol=1e-10", "max_iter=1000000"  # scikit-learn's default stops at three digits


def sklearn_code(penalty: Penalty, data: Data, *, fit_intercept: bool = True) -> str:
    """Return the scikit-learn line that reproduces a mode.

    Parameters
    ----------
    penalty : Penalty
        Of p features, on the original columns.
    data : RowData or GramData
        Which the mode is of.
    fit_intercept : bool, default True

    Returns
    -------
    str
        An estimator, or a pipeline that standardises first, where that makes the penalty common. Weighted rows are
        said in a comment: each step is to be given them.

    Raises
    ------
    NoEquivalent
        Where no single λ exists, with the reason.
    """
    varying = data.column_sd > 0
    sd = np.where(varying, data.column_sd, 1.0)
    raw = np.broadcast_to(penalty.l1, sd.shape), np.broadcast_to(penalty.l2, sd.shape)
    weights = _weights_comment(data, "its `fit`")
    if not (raw[0].any() or raw[1].any()):
        return f"LinearRegression({'' if fit_intercept else 'fit_intercept=False'}){weights}"
    scaler = f"StandardScaler({'' if fit_intercept else 'with_mean=False'})"
    in_pipeline = f"make_pipeline({scaler}, {{}}){_weights_comment(data, 'both steps')}"
    # Beside an intercept a constant column's coefficient is 0 under any penalty, so it need not share the others'.
    counts = varying if fit_intercept and varying.any() else np.ones(sd.size, dtype=bool)
    for values, form in ((raw, f"{{}}{weights}"), ((raw[0] / sd, raw[1] / sd**2), in_pipeline)):
        common = [weight[counts] for weight in values]
        if all(np.allclose(weight, weight[0], rtol=1e-10, atol=0.0) for weight in common):
            one = Penalty(*(float(s[0]) for s in common))
            return form.format(_estimator_code(one, data, fit_intercept=fit_intercept))
    raise NoEquivalent(
        "the penalty differs between the columns in a way that standardising them does not undo. "
        "bayesreg's line below states it."
    )


def sklearn_script(line: str) -> str:
    """Return what fits such a line and brings its coefficients to the columns as they are.

    Parameters
    ----------
    line : str
        From `sklearn_code`.

    Returns
    -------
    str
        Several lines, with imports; X and y are to be there.
    """
    estimator = next(name for name in _ESTIMATORS if f"{name}(" in line)
    imports = [f"from sklearn.linear_model import {estimator}"]
    after = ["coef, intercept = model.coef_, model.intercept_"]
    if "make_pipeline" in line:
        imports += [
            "from sklearn.pipeline import make_pipeline",
            "from sklearn.preprocessing import StandardScaler",
        ]
        after = ["coef = model[-1].coef_ / model[0].scale_  # y per unit of x"]
        centred = "" if "with_mean=False" in line else " - coef @ model[0].mean_"
        after.append(f"intercept = model[-1].intercept_{centred}")
    return "\n".join([*imports, "", f"model = {line}", "model.fit(X, y)", *after])


def _weights_comment(data: Data, where: str) -> str:
    weighted = isinstance(data, RowData) and bool((data.sample_weight != 1.0).any())
    return f"  # with sample_weight given to {where}" if weighted else ""


def _estimator_code(penalty: Penalty, data: Data, *, fit_intercept: bool) -> str:
    name = "Ridge" if not penalty.l1 else "ElasticNet" if penalty.l2 else "Lasso"
    weights = (
        data.sample_weight
        if isinstance(data, RowData)
        else np.full(data.n_samples, data.sum_weights / data.n_samples)
    )
    code = translate(
        penalty, "Penalty", f"sklearn.{name}", sample_weight=weights, fit_intercept=fit_intercept
    ).code
    return code if name == "Ridge" else f"{', '.join([code[:-1], *_SKLEARN_TOLERANCE])})"


def regressor_code(model: LinearModel, *, scale_selection: str | None = None) -> str:
    """Return the line of Python that states a model as an estimator.

    Parameters
    ----------
    model : LinearModel
    scale_selection : str, optional
        How the estimator chooses the scale.

    Returns
    -------
    str
    """
    arguments = [f"br.{_call(model.prior)}"]
    if model.likelihood.parameters()["noise_scale"] is not None:
        arguments.append(f"noise_scale={_literal(model.likelihood.parameters()['noise_scale'])}")
    if not model.fit_intercept:
        arguments.append("fit_intercept=False")
    if model.standardize:
        arguments.append("standardize=True")
    if scale_selection is not None:
        arguments.append(f"scale_selection={scale_selection!r}")
    return f"br.BayesRegressor({', '.join(arguments)})"


def _call(prior: Prior) -> str:
    given = {
        f.name: getattr(prior, f.name)
        for f in fields(prior)  # type: ignore[arg-type]
        if f.init
    }
    stated = ", ".join(
        f"{name}={_literal(value)}"
        for name, value in given.items()
        if value is not None and value is not False
    )
    return f"{type(prior).__name__}({stated})"


def _literal(value: Any) -> str:
    """Write a number, an array, a mapping or a distribution as Python reads it."""
    if is_distribution(value):
        return f"numpyro.distributions.{distribution_text(value, repr)}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name!r}: {_literal(number)}" for name, number in value.items()) + "}"
    if isinstance(value, np.ndarray):
        return "[" + ", ".join(_literal(number) for number in value.tolist()) + "]"
    return 'float("inf")' if isinstance(value, float) and value == np.inf else repr(value)
