"""One model in the conventions of all packages, and what its prior implies on these data."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ..base.errors import NoModeError
from ..conventions.table import CONVENTIONS
from ..conventions.translation import translate
from ..data.gram import GramData
from ..data.rows import RowData
from ..gaussian.degrees_of_freedom import effective_df
from ..gaussian.spectrum import unpenalised_fit
from ..likelihoods.base import Likelihood
from ..likelihoods.gaussian import GaussianLikelihood
from ..mode.estimate import MapEstimate, map_estimate
from ..mode.row_path import effective_df_on_rows
from ..model.linear_model import LinearModel
from ..model.package_families import family_of
from ..model.problem import resolve
from ..model.row_problem import resolve_rows
from ..posterior.draws.prior import sample_prior
from ..priors.base import Prior
from ..priors.flat import FlatPrior
from ..priors.penalty import Penalty, checked_noise_scale

if TYPE_CHECKING:
    import pandas as pd

_PRIOR_DRAWS = 4000


def equivalents(
    prior: Prior | Penalty,
    X: Any,
    y: Any,
    noise_scale: float | None = None,
    sample_weight: Any = None,
    *,
    fit_intercept: bool = True,
    likelihood: Likelihood | None = None,
) -> "pd.DataFrame":
    """State a prior, or a penalty, in every package's convention.

    Parameters
    ----------
    prior : Prior or Penalty
        The scales of a prior must be numbers, or None for the default.
    X : array or data frame (n, p)
    y : array (n,)
    noise_scale : float, optional
        σ. Needed, unless `likelihood` is given.
    sample_weight : array (n,), optional
    fit_intercept : bool, default True
    likelihood : Likelihood, optional
        That of labels or counts, in place of a Gaussian one.

    Returns
    -------
    DataFrame
        One row for each convention. Columns: "code" (the line to paste, empty if there is none), "reason" (why there
        is none), "standardizes" and "evidence". ``.to_html()`` makes a page of it. ``.attrs`` describes the model on
        these data: "effective_df" (with that of the intercept), "l1_norm" and "l2_norm" (the budgets ‖β‖₁ and ‖β‖₂ of
        the constrained form), "shrinkage" (each coefficient over its value without a penalty, by name; empty if
        that is not unique or not finite) and "prior_r2" (the prior's 5%, 50% and 95% quantiles of the share of variance
        that the columns explain; None if the prior is improper, or there is no σ).

    Raises
    ------
    TypeError, ValueError
        If `prior` is neither, its scale is a distribution, or neither or both of `noise_scale` and `likelihood` are
        given.
    """
    import pandas as pd

    if (noise_scale is None) == (likelihood is None):
        raise ValueError(
            "`noise_scale` is σ of a Gaussian likelihood: give either it or `likelihood`, for example "
            f"BernoulliLikelihood(); got {noise_scale!r} and {likelihood!r}."
        )
    sigma = 1.0 if noise_scale is None else checked_noise_scale(noise_scale)
    likelihood = likelihood or GaussianLikelihood(sigma)
    data = RowData.from_arrays(X, y, sample_weight)
    if isinstance(prior, Penalty):
        prior = prior.to_prior(sigma)
    model = LinearModel(prior, likelihood, fit_intercept)
    if prior.has_sampled_scale:
        raise TypeError(
            "the prior's scale is a distribution, but a penalty needs a number. Give `scale` as a number."
        )
    mode = map_estimate(model, data)
    frame = pd.DataFrame([_row(key, mode.penalty, data, sigma, model) for key in CONVENTIONS])
    frame.attrs.update(_amounts_to(model, data, mode))
    return frame.set_index("convention")


def _row(key: str, penalty: Penalty, data: RowData, sigma: float, model: LinearModel) -> dict[str, str]:
    row = CONVENTIONS[key]
    found = {
        "convention": key,
        "code": "",
        "reason": "",
        "standardizes": row.standardizes,
        "evidence": row.evidence,
    }
    if row.family not in ("any", family_of(model.likelihood)):
        return {**found, "reason": f"it is for a {row.family} likelihood"}
    try:
        code = translate(
            _common(penalty), "Penalty", key, X=data.X, y=data.y, sample_weight=data.sample_weight, noise_scale=sigma,
            fit_intercept=model.fit_intercept,
        ).code  # fmt: skip
    except ValueError as reason:
        return {**found, "reason": str(reason)}
    return {**found, "code": code}


def _common(penalty: Penalty) -> Penalty:
    """Return one l1 and one l2 if all columns have the same."""
    parts = (np.unique(np.asarray(part)) for part in (penalty.l1, penalty.l2))
    whole = (penalty.l1, penalty.l2)
    return Penalty(
        *(float(one[0]) if one.size == 1 else part for one, part in zip(parts, whole, strict=True))
    )


def _amounts_to(model: LinearModel, data: RowData, mode: MapEstimate) -> dict[str, Any]:
    gaussian = model.likelihood.is_quadratic
    return {
        "effective_df": (_df_of_squares if gaussian else _df_of_rows)(model, data, mode),
        "l1_norm": float(np.abs(mode.coef).sum()),
        "l2_norm": float(np.linalg.norm(mode.coef)),
        "shrinkage": _shrinkage(mode.coef, data, model),
        "prior_r2": _prior_r2(model, data) if gaussian else None,
    }


def _df_of_squares(model: LinearModel, data: RowData, mode: MapEstimate) -> float:
    return effective_df(resolve(model, data), mode.coef, mode.penalty)


def _df_of_rows(model: LinearModel, data: RowData, mode: MapEstimate) -> float:
    problem = resolve_rows(model, data, "equivalents")
    coefs = np.append(mode.coef, [mode.intercept] * model.fit_intercept)
    l1, l2 = problem.rates.at(1.0, problem.is_feature, {})
    return float(effective_df_on_rows(problem, coefs[None], l1[None], l2[None])[0])


def _shrinkage(coef: Float[np.ndarray, " p"], data: RowData, model: LinearModel) -> dict[str, float]:
    least_squares, _ = data.least_squares(centre=model.fit_intercept, intercept_column=False)
    if unpenalised_fit(least_squares)[1] < coef.size:
        return {}
    try:
        plain = map_estimate(replace(model, prior=FlatPrior()), data).coef
    except NoModeError:  # the rows are separated
        return {}
    ratio = np.divide(coef, plain, out=np.full(coef.size, np.nan), where=plain != 0.0)
    return dict(zip(data.feature_names, ratio.tolist(), strict=True))


def _prior_r2(model: LinearModel, data: RowData) -> list[float] | None:
    """Return quantiles of var(Xβ)/(var(Xβ) + σ²) under the prior."""
    problem = resolve(model, data)
    if problem.rates.flat.any():
        return None
    statistics = GramData.from_arrays(data.X, data.y, data.sample_weight, data.feature_names)
    prior = sample_prior(model, statistics, num_samples=_PRIOR_DRAWS)["prior"].to_dataset()
    draws = prior["coef"].values.reshape(-1, data.n_features)
    gram = problem.least_squares.gram
    signal = np.einsum("sj,jk,sk->s", draws, gram, draws) / data.sum_weights
    known = model.likelihood.known.get("noise_scale")
    assert known is not None
    return np.quantile(signal / (signal + known**2), [0.05, 0.5, 0.95]).tolist()
