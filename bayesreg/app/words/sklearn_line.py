"""A mode as lines of scikit-learn's to paste."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ...base.errors import NoEquivalent
from ...compare.sklearn_estimator import SklearnEstimator
from ...data.rows import RowData
from ...likelihoods.base import Likelihood
from ...likelihoods.gaussian import GaussianLikelihood
from ...model.problem import Data
from ...priors.penalty import Penalty
from ..target import Target
from .families import words_of
from .model_text import is_weighted

_USUAL = GaussianLikelihood()
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
    exposed : bool, default False
        Whether counts are divided by exposures, which are weights of the last step.
    event : str, default ""
        What y is 1 for, if it is labels.
    """

    estimator: SklearnEstimator
    standardises: bool
    weighted: bool
    exposed: bool = False
    event: str = ""

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
        of_labels = "[0]" if self.event else ""
        after = [f"coef, intercept = model.coef_{of_labels}, model.intercept_{of_labels}"]
        if self.standardises:
            imports += [
                "from sklearn.pipeline import make_pipeline",
                "from sklearn.preprocessing import StandardScaler",
            ]
            centred = " - coef @ model[0].mean_" if self.estimator.fit_intercept else ""
            after = [
                f"coef = model[-1].coef_{of_labels} / model[0].scale_  # per unit of x",
                f"intercept = model[-1].intercept_{of_labels}{centred}",
            ]
        return "\n".join([*imports, "", f"model = {self.code}", self._fit, *after])

    @property
    def _fit(self) -> str:
        """The line that fits it."""
        if self.exposed:
            name = f"{self.estimator.name.lower()}__sample_weight" if self.standardises else "sample_weight"
            return f"model.fit(X, y / exposure, {name}=exposure)"
        return f"model.fit(X, y){f'  # y is 1 for {self.event}, else 0' if self.event else ''}"

    def _comment(self, where: str) -> str:
        if self.exposed:
            return "  # of y / exposure, with sample_weight=exposure given to its own `fit`"
        return f"  # with sample_weight given to {where}" if self.weighted else ""


def sklearn_line(
    penalty: Penalty,
    data: Data,
    *,
    fit_intercept: bool = True,
    likelihood: Likelihood = _USUAL,
    target: Target | None = None,
) -> SklearnLine:
    """Return what reproduces a mode in scikit-learn.

    Parameters
    ----------
    penalty : Penalty
        Of p features, on the original columns.
    data : RowData or GramData
        Which the mode is of.
    fit_intercept : bool, default True
    likelihood : Likelihood
        Default: Gaussian.
    target : Target, optional
        Of labels, with what y is 1 for.

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
            weights, exposed = _weights_beside(likelihood, data)
            estimator = SklearnEstimator.beside(likelihood, one, weights, fit_intercept=fit_intercept)
            event = (target or Target("y")).event if likelihood.takes_labels else ""
            return SklearnLine(estimator, standardises, is_weighted(data), exposed, event)
    raise NoEquivalent(
        "the penalty differs between the columns in a way that standardising them does not undo. "
        "bayesreg's line below states it."
    )


def _weights_beside(likelihood: Likelihood, data: Data) -> tuple[Any, bool]:
    """Return the weights that scikit-learn is to have, and whether exposures are among them.

    A Poisson regression of counts with an exposure is one of rates, whose weights are the exposures.
    """
    offset = getattr(data, "offset", None)
    if offset is None:
        return _sample_weight(data), False
    if words_of(likelihood).ratio != "rate ratio" or is_weighted(data):
        raise NoEquivalent("scikit-learn has no offset.")
    return np.exp(offset), True


def _sample_weight(data: Data) -> Any:
    """Return the rows' weights, or as many alike that sum to the same."""
    if isinstance(data, RowData):
        return data.sample_weight
    return np.full(data.n_samples, data.sum_weights / data.n_samples)
