"""One model in the conventions of all packages, and what its prior implies on these data."""

from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ..conventions.table import CONVENTIONS
from ..conventions.translation import translate
from ..data.gram import GramData
from ..data.rows import RowData
from ..gaussian.degrees_of_freedom import effective_df
from ..gaussian.spectrum import unpenalised_fit
from ..likelihoods.gaussian import GaussianLikelihood
from ..mode.estimate import map_estimate
from ..model.linear_model import LinearModel
from ..model.problem import resolve
from ..posterior.draws.prior import sample_prior
from ..priors.base import Prior
from ..priors.penalty import Penalty, checked_noise_scale

if TYPE_CHECKING:
    import pandas as pd

_PRIOR_DRAWS = 4000


def equivalents(
    prior: Prior | Penalty,
    X: Any,
    y: Any,
    noise_scale: float,
    sample_weight: Any = None,
    *,
    fit_intercept: bool = True,
) -> "pd.DataFrame":
    """State a prior, or a penalty, in every package's convention.

    Parameters
    ----------
    prior : Prior or Penalty
        The scales of a prior must be numbers, or None for the default.
    X : array or data frame (n, p)
    y : array (n,)
    noise_scale : float
        σ.
    sample_weight : array (n,), optional
    fit_intercept : bool, default True

    Returns
    -------
    DataFrame
        One row for each convention. Columns: "code" (the line to paste, empty if there is none), "reason" (why there
        is none), "standardizes" and "evidence". ``.to_html()`` makes a page of it. ``.attrs`` describes the model on
        these data: "effective_df" (with that of the intercept), "l1_norm" and "l2_norm" (the budgets ‖β‖₁ and ‖β‖₂ of
        the constrained form), "shrinkage" (each coefficient over its least-squares value, by name; empty if least
        squares is not unique) and "prior_r2" (the prior's 5%, 50% and 95% quantiles of the share of variance that the
        columns explain; None if the prior is improper).

    Raises
    ------
    TypeError, ValueError
        If `prior` is neither, or its scale is a distribution.
    """
    sigma = checked_noise_scale(noise_scale)
    data = RowData.from_arrays(X, y, sample_weight)
    if isinstance(prior, Penalty):
        prior = prior.to_prior(sigma)
    model = LinearModel(prior, GaussianLikelihood(sigma), fit_intercept)
    if prior.has_sampled_scale:
        raise TypeError(
            "the prior's scale is a distribution, but a penalty needs a number. Give `scale` as a number."
        )
    penalty = resolve(model, data).penalty(sigma)
    frame = equivalent_lines(penalty, data, sigma, fit_intercept=fit_intercept)
    frame.attrs.update(_amounts_to(model, data, penalty))
    return frame


def equivalent_lines(
    penalty: Penalty, data: RowData, noise_scale: float, *, fit_intercept: bool, family: str = "gaussian"
) -> "pd.DataFrame":
    """State a penalty in every package's convention, beside a likelihood of a family as conventions call it.

    Returns
    -------
    DataFrame
        That of `equivalents`, without what the penalty amounts to.
    """
    import pandas as pd

    rows = [
        _row(key, penalty, data, noise_scale, fit_intercept=fit_intercept, family=family)
        for key in CONVENTIONS
    ]
    return pd.DataFrame(rows).set_index("convention")


def _row(
    key: str, penalty: Penalty, data: RowData, sigma: float, *, fit_intercept: bool, family: str
) -> dict[str, str]:
    row = CONVENTIONS[key]
    found = {
        "convention": key,
        "code": "",
        "reason": "",
        "standardizes": row.standardizes,
        "evidence": row.evidence,
    }
    if row.family not in (family, "any"):
        return {**found, "reason": f"it is for a {row.family} likelihood"}
    try:
        code = translate(
            _common(penalty), "Penalty", key, X=data.X, y=data.y, sample_weight=data.sample_weight, noise_scale=sigma,
            fit_intercept=fit_intercept,
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


def _amounts_to(model: LinearModel, data: RowData, penalty: Penalty) -> dict[str, Any]:
    problem, mode = resolve(model, data), map_estimate(model, data)
    return {
        "effective_df": effective_df(problem, mode.coef, penalty),
        "l1_norm": float(np.abs(mode.coef).sum()),
        "l2_norm": float(np.linalg.norm(mode.coef)),
        "shrinkage": _shrinkage(mode.coef, data, fit_intercept=model.fit_intercept),
        "prior_r2": _prior_r2(model, data),
    }


def _shrinkage(coef: Float[np.ndarray, " p"], data: RowData, *, fit_intercept: bool) -> dict[str, float]:
    least_squares, _ = data.least_squares(centre=fit_intercept, intercept_column=False)
    if unpenalised_fit(least_squares)[1] < coef.size:
        return {}
    plain = map_estimate(LinearModel(Penalty().to_prior(), GaussianLikelihood(1.0), fit_intercept), data).coef
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
