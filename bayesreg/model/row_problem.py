"""A model on rows whose loss is not one quadratic; the intercept is a coefficient like the others."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, final

import numpy as np
from jaxtyping import Float

from ..data.checks import Design
from ..data.equal_rows import merged
from ..data.least_squares import LeastSquares
from ..data.rows import RowData, require_two_rows
from .linear_model import LinearModel
from .needs import ROWS, Data, Need, check_model, require
from .problem import ModelOnData, Problem, Rates, column_sd_for, prior_rates, resolve, sampled_scales


@final
@dataclass(frozen=True, eq=False)
class RowProblem(ModelOnData):
    """A model on rows, with any likelihood.

    Coefficients are those of the features and then the intercept. An unpenalised one has rates 0.
    """

    data: RowData
    centred: ClassVar[bool] = False

    @cached_property
    def design(self) -> Design:
        """The rows, with a last column of ones for an intercept: (n, d)."""
        return self.data.design(intercept_column=self.has_intercept)

    @cached_property
    def reduced(self) -> LeastSquares:
        """The squared error of the same rows. It identifies a set of rows."""
        return self.data.least_squares(centre=False, intercept_column=self.has_intercept)[0]

    @property
    def in_absolute_units(self) -> "RowProblem":
        """The same problem, its rates stated without σ, which is known or which the likelihood does not have."""
        l1, l2 = self.rates.at(self.known.get("noise_scale", 1.0), self.is_feature, {})
        return replace(self, rates=Rates(l1, l2, np.zeros(l1.size, dtype=bool)))

    def eta(self, coefs: Float[np.ndarray, "... d"]) -> Float[np.ndarray, "... n"]:
        """Return the linear predictors at some coefficients, the offset included."""
        eta = np.asarray((self.design @ coefs.T).T)
        return eta if self.data.offset is None else eta + self.data.offset


AnyProblem = Problem | RowProblem


def resolve_any(model: LinearModel, data: Data, by: str, *needs: Need) -> AnyProblem:
    """State a model with any likelihood on data. The parameters are those of `resolve_rows`."""
    check_model(model)
    if model.likelihood.is_quadratic:
        return resolve(model, data, by, *needs)
    return resolve_rows(model, data, by, *needs)


def resolve_rows(model: LinearModel, data: Data, by: str, *needs: Need) -> RowProblem:
    """State a model on rows. Equal rows are merged if they are many: each sum over rows stays as it is.

    Parameters
    ----------
    model : LinearModel
    data : RowData
    by : str
        The calling method, for messages.
    *needs : Need
        Its needs besides rows.

    Returns
    -------
    RowProblem

    Raises
    ------
    TypeError, ValueError
        If names or lengths in the prior do not fit the data, or the likelihood does not allow a response.
    """
    require(by, model, data, ROWS, *needs)
    assert isinstance(data, RowData)
    require_two_rows(data.n_samples)
    data = replace(data, y=model.likelihood.coded(data.y), labels=None)
    model.likelihood.check_response(data.y)
    if not model.likelihood.holds_rows:  # an infinite loss times a weight of 0 is no number
        data = merged(data.present(None)[0])
    rates = prior_rates(model, data.feature_names, column_sd_for(model, data))
    if model.fit_intercept and model.intercept_prior is None:
        rates = Rates(np.append(rates.l1, 0.0), np.append(rates.l2, 0.0), np.append(rates.relative, False))
    return RowProblem(
        feature_names=data.feature_names,
        sum_weights=data.sum_weights,
        has_intercept=bool(model.fit_intercept),
        rates=rates,
        law=model.prior.law,
        known=model.likelihood.known,
        response_scale=data.response_sd or 1.0,
        sampled_scales=sampled_scales(model),
        likelihood=model.likelihood,
        data=data,
    )
