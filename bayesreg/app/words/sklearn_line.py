"""A mode as lines of scikit-learn's to paste."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ...base.errors import NoEquivalent
from ...compare.sklearn_estimator import SklearnEstimator
from ...data.rows import RowData
from ...model.problem import Data
from ...priors.penalty import Penalty
from .model_text import is_weighted

_TIGHT = {"tol": 1e-10, "max_iter": 1_000_000}  # of what iterates: the default stops at three digits


@final
@dataclass(frozen=True)
class SklearnLine:
    """What fits a mode again.

    Attributes
    ----------
    estimator : SklearnEstimator
    standardises : bool
        Whether a scaler goes before it, in a pipeline.
    weighted : bool
        Whether each step is to be given weights of the rows, which a comment says.
    """

    estimator: SklearnEstimator
    standardises: bool
    weighted: bool

    @property
    def code(self) -> str:
        """One line: an estimator, or a pipeline that standardises first."""
        estimator = self.estimator.code(**(_TIGHT if self.estimator.iterates else {}))
        if not self.standardises:
            return estimator + self._comment("its `fit`")
        scaler = f"StandardScaler({'' if self.estimator.fit_intercept else 'with_mean=False'})"
        return f"make_pipeline({scaler}, {estimator}){self._comment('both steps')}"

    @property
    def script(self) -> str:
        """Lines, with imports, that fit X and y and bring the coefficients to the columns as they are."""
        imports = [f"from sklearn.linear_model import {self.estimator.name}"]
        after = ["coef, intercept = model.coef_, model.intercept_"]
        if self.standardises:
            imports += [
                "from sklearn.pipeline import make_pipeline",
                "from sklearn.preprocessing import StandardScaler",
            ]
            centred = " - coef @ model[0].mean_" if self.estimator.fit_intercept else ""
            after = [
                "coef = model[-1].coef_ / model[0].scale_  # y per unit of x",
                f"intercept = model[-1].intercept_{centred}",
            ]
        return "\n".join([*imports, "", f"model = {self.code}", "model.fit(X, y)", *after])

    def _comment(self, where: str) -> str:
        return f"  # with sample_weight given to {where}" if self.weighted else ""


def sklearn_line(penalty: Penalty, data: Data, *, fit_intercept: bool = True) -> SklearnLine:
    """Return what reproduces a mode in scikit-learn.

    Parameters
    ----------
    penalty : Penalty
        Of p features, on the original columns.
    data : RowData or GramData
        Which the mode is of.
    fit_intercept : bool, default True

    Returns
    -------
    SklearnLine
        With a scaler if that makes the penalty common.

    Raises
    ------
    NoEquivalent
        If no single λ exists, with the reason.
    """
    varying = data.column_sd > 0
    sd = np.where(varying, data.column_sd, 1.0)
    raw = np.broadcast_to(penalty.l1, sd.shape), np.broadcast_to(penalty.l2, sd.shape)
    # Beside an intercept a constant column's coefficient is 0 under any penalty, so it need not share the others'.
    counts = varying if fit_intercept and varying.any() else np.ones(sd.size, dtype=bool)
    for values, standardises in ((raw, False), ((raw[0] / sd, raw[1] / sd**2), True)):
        common = [weight[counts] for weight in values]
        if all(np.allclose(weight, weight[0], rtol=1e-10, atol=0.0) for weight in common):
            one = Penalty(*(float(weight[0]) for weight in common))
            estimator = SklearnEstimator.of(one, _sample_weight(data), fit_intercept=fit_intercept)
            return SklearnLine(estimator, standardises, is_weighted(data))
    raise NoEquivalent(
        "the penalty differs between the columns in a way that standardising them does not undo. "
        "bayesreg's line below states it."
    )


def _sample_weight(data: Data) -> Any:
    """Return the rows' weights, or as many alike that sum to the same."""
    if isinstance(data, RowData):
        return data.sample_weight
    return np.full(data.n_samples, data.sum_weights / data.n_samples)
