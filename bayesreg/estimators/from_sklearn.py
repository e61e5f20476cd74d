"""The Bayesian model whose mode is a fitted scikit-learn estimator."""

from typing import Any

import numpy as np
from jaxtyping import Float
from sklearn.utils.validation import check_is_fitted

from ..base.errors import ConvergenceWarning, warn
from ..conventions.table import CONVENTIONS
from ..conventions.translation import translate
from ..data.rows import RowData
from ..gaussian.degrees_of_freedom import effective_df
from ..gaussian.residual_noise import ResidualNoise
from ..likelihoods.base import Likelihood
from ..likelihoods.bernoulli import BernoulliLikelihood
from ..likelihoods.gaussian import GaussianLikelihood
from ..likelihoods.poisson import PoissonLikelihood
from ..mode.certificate import certify_point
from ..mode.estimate import map_estimate
from ..mode.row_path import objective_at
from ..model.linear_model import LinearModel
from ..model.problem import resolve
from ..model.row_problem import resolve_rows
from ..priors.penalty import Penalty
from .classifier import BayesClassifier
from .regressor import BayesRegressor

_PENALTY_READERS = {
    "Lasso": "sklearn.Lasso",
    "LassoCV": "sklearn.Lasso",
    "LassoLars": "sklearn.LassoLars",
    "LassoLarsCV": "sklearn.LassoLars",
    "LassoLarsIC": "sklearn.LassoLars",
    "Ridge": "sklearn.Ridge",
    "RidgeCV": "sklearn.Ridge",
    "ElasticNet": "sklearn.ElasticNet",
    "ElasticNetCV": "sklearn.ElasticNet",
    "BayesianRidge": "sklearn.BayesianRidge",
    "LinearRegression": "Penalty",
    "LogisticRegression": "sklearn.LogisticRegression",
    "LogisticRegressionCV": "sklearn.LogisticRegression",
    "PoissonRegressor": "sklearn.PoissonRegressor",
    "TweedieRegressor": "sklearn.PoissonRegressor",
}
_LIKELIHOODS: dict[str, Likelihood] = {
    "sklearn.LogisticRegression": BernoulliLikelihood(),
    "sklearn.PoissonRegressor": PoissonLikelihood(),
}
_ROUNDING = 1e-13  # of the largest response: smaller residuals are rounding
_SUSPICIOUS_GAP = 1e-3  # scikit-learn's default tolerances leave a much smaller gap


def from_sklearn(
    fitted: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    noise_scale: float | None = None,
) -> BayesRegressor | BayesClassifier:
    """Return the fitted Bayesian model whose mode is a scikit-learn estimator's ``coef_``.

    Parameters
    ----------
    fitted : Lasso, LassoLars, Ridge, ElasticNet, BayesianRidge, LinearRegression, or a CV or IC form of these
        Fitted on X and y. Or LogisticRegression or LogisticRegressionCV of two classes, PoissonRegressor, or
        TweedieRegressor(power=1). Or a Pipeline that ends in one of them. After a StandardScaler alone, the model has
        the equivalent scales for the original columns. After other steps (a ColumnTransformer of StandardScaler,
        OneHotEncoder and "passthrough", for example) the model is on the columns that these steps make. Its
        coefficients have the names of ``get_feature_names_out()``.
    X : array or data frame (n, p)
        The X of the fit: for a pipeline, before its first step.
    y : array (n,)
    sample_weight : array (n,), optional
        The weights of the fit.
    noise_scale : float, optional
        σ, as a known number. None: that of BayesianRidge, or for the others σ̂² = RSS / (Σw − df). df is the effective
        degrees of freedom of the fit, with that of the intercept. ``noise_scale_`` reports σ. Logistic and Poisson
        regression have none: leave it out.

    Returns
    -------
    BayesRegressor or BayesClassifier
        A fitted estimator: ``.sample()`` gives the draws for intervals. It predicts from the same X as the pipeline:
        the steps before the estimator stay in front of it, as ``preprocessing_``.

    Raises
    ------
    TypeError, ValueError
        If the estimator is another one, has ``positive=True`` or several responses, or if there is no
        residual or no degree of freedom left for σ.

    Warns
    -----
    ConvergenceWarning
        If ``coef_`` is not the optimum of its penalty on these data.

    References
    ----------
    H. Zou, T. Hastie and R. Tibshirani (2007), "On the degrees of freedom of the lasso",
    doi:10.1214/009053607000000127.
    """
    estimator, scaler, front = _steps(fitted)
    key = _convention_of(estimator)
    if key in _LIKELIHOODS:
        if noise_scale is not None:
            raise ValueError(
                f"`noise_scale` is for a Gaussian likelihood; {type(estimator).__name__} has no noise."
            )
        return _without_noise(estimator, scaler, front, key, X, y, sample_weight)
    data = RowData.from_arrays(X, y, sample_weight) if front is None else _through(front, X, y, sample_weight)
    fit_intercept = bool(estimator.fit_intercept)
    coef, intercept, unit = _on_original_columns(estimator, scaler, data)
    penalty = _penalty_of(estimator, key, data)
    if scaler is not None:
        penalty = Penalty(penalty.l1 * unit, penalty.l2 * unit**2)
    at_one = LinearModel(penalty.to_prior(1.0), GaussianLikelihood(1.0), fit_intercept)
    _warn_where_not_optimal(type(estimator).__name__, coef, intercept, at_one, data)
    if noise_scale is not None:
        sigma = noise_scale
    elif key == "sklearn.BayesianRidge":
        sigma = float(1.0 / np.sqrt(estimator.alpha_))
    else:
        sigma = _noise_from_residuals(at_one, data)
    regressor = BayesRegressor(penalty.to_prior(sigma), noise_scale=sigma, fit_intercept=fit_intercept)
    if front is None:
        return regressor.fit(X, y, sample_weight=sample_weight)
    regressor.n_features_in_ = data.n_features
    regressor.feature_names_in_ = np.array(data.feature_names, dtype=object)
    return regressor._fit_rows(data, front)


def _without_noise(
    estimator: Any, scaler: Any, front: Any, key: str, X: Any, y: Any, sample_weight: Any
) -> BayesRegressor | BayesClassifier:
    """Return the model of a logistic or Poisson regression."""
    likelihood, fit_intercept = _LIKELIHOODS[key], bool(estimator.fit_intercept)
    ours: BayesRegressor | BayesClassifier
    if likelihood.takes_labels:
        ours = BayesClassifier(fit_intercept=fit_intercept, class_weight=estimator.class_weight)
        codes = ours._coded(y)
        weights = ours._weights(codes, sample_weight)
    else:
        ours = BayesRegressor(fit_intercept=fit_intercept, likelihood=likelihood)
        codes, weights = y, sample_weight
    data = RowData.from_arrays(X, codes, weights) if front is None else _through(front, X, codes, weights)
    coef, intercept, unit = _on_original_columns(estimator, scaler, data)
    penalty = _penalty_of(estimator, key, data)
    penalty = Penalty(penalty.l1 * unit, penalty.l2 * unit**2)
    ours.prior = penalty.to_prior(1.0)
    problem = resolve_rows(LinearModel(ours.prior, likelihood, fit_intercept), data, "from_sklearn")
    one = objective_at(problem, *problem.rates.at(1.0, problem.is_feature, {}))
    null = one.objective(one.null)
    gap = one.gap(np.append(coef, intercept) if fit_intercept else coef).gap / (null or 1.0)
    _warn_of_gap(type(estimator).__name__, gap)
    if front is None:
        return ours.fit(X, y, sample_weight=sample_weight)
    ours.n_features_in_ = data.n_features
    ours.feature_names_in_ = np.array(data.feature_names, dtype=object)
    return ours._fit_rows(data, front)


def _steps(fitted: Any) -> tuple[Any, Any, Any]:
    """Return the estimator, and what is before it in a pipeline: a StandardScaler alone, or other steps."""
    if type(fitted).__name__ != "Pipeline":
        return fitted, None, None
    *before, estimator = (step for _, step in fitted.steps if step is not None and step != "passthrough")
    if not before:
        return estimator, None, None
    if len(before) == 1 and type(before[0]).__name__ == "StandardScaler":
        return estimator, before[0], None
    return estimator, None, fitted[:-1]


def _through(front: Any, X: Any, y: Any, sample_weight: Any) -> RowData:
    """Return the rows that the first steps of a pipeline make, with the names that they give to columns."""
    try:
        names = [str(name) for name in front.get_feature_names_out()]
    except (AttributeError, ValueError):  # a step of one's own need not name its columns
        names = None
    return RowData.from_arrays(front.transform(X), y, sample_weight, names)


def _on_original_columns(
    estimator: Any, scaler: Any, data: RowData
) -> tuple[Float[np.ndarray, " p"], float, Float[np.ndarray, " p"]]:
    """Return coefficients and intercept for the columns of X, and the units by which a scaler divided the columns."""
    coef, intercept = np.ravel(estimator.coef_).astype(np.float64), float(np.ravel(estimator.intercept_)[0])
    if coef.size != data.n_features:
        raise ValueError(f"`fitted` has {coef.size} coefficients, but X has {data.n_features} columns.")
    unit = np.ones(coef.size)
    if scaler is None:
        return coef, intercept, unit
    if scaler.scale_ is not None:
        unit = np.asarray(scaler.scale_, dtype=np.float64)
    coef = coef / unit
    if scaler.with_mean:
        if not estimator.fit_intercept:
            raise ValueError(
                "a pipeline that centres X but fits no intercept predicts 0 at the columns' means. No model here does "
                "that. Fit it with fit_intercept=True, or use StandardScaler(with_mean=False)."
            )
        intercept -= float(np.asarray(scaler.mean_) @ coef)
    return coef, intercept, unit


def _penalty_of(estimator: Any, key: str, data: RowData) -> Penalty:
    if key == "Penalty":
        return Penalty(0.0, 0.0)
    if key == "sklearn.LogisticRegression":
        parameters = _of_logistic(estimator)
        if not np.isfinite(parameters["C"]):
            return Penalty(0.0, 0.0)
        return translate(parameters, key, "Penalty", y=data.y, sample_weight=data.sample_weight).penalty
    parameters = {name: float(np.ravel(_chosen(estimator, name))[0]) for name in CONVENTIONS[key].parameters}
    return translate(parameters, key, "Penalty", y=data.y, sample_weight=data.sample_weight).penalty


def _of_logistic(estimator: Any) -> dict[str, float]:
    """Return C and l1_ratio, whatever scikit-learn's version says by `penalty`."""
    strength = float(np.ravel(_chosen(estimator, "C"))[0])
    penalty = getattr(estimator, "penalty", "deprecated")
    if penalty is None:
        strength = np.inf
    ratio = _chosen(estimator, "l1_ratio") if hasattr(estimator, "l1_ratio") else estimator.l1_ratio_
    ratio = np.ravel(0.0 if ratio is None else ratio)[0]
    ratio = {"l1": 1.0, "l2": 0.0}.get(penalty, ratio)
    return {"C": strength, "l1_ratio": float(0.0 if ratio is None else ratio)}


def _chosen(fitted: Any, name: str) -> Any:
    """Return the value that the fit chose, or else the given one."""
    return getattr(fitted, f"{name}_") if hasattr(fitted, f"{name}_") else getattr(fitted, name)


def _convention_of(fitted: Any) -> str:
    name = type(fitted).__name__
    if name not in _PENALTY_READERS or not type(fitted).__module__.startswith("sklearn."):
        raise TypeError(
            f"`fitted` must be one of scikit-learn's {', '.join(_PENALTY_READERS)}, or a pipeline that ends in one of "
            f"them; got {name}."
        )
    check_is_fitted(fitted)
    if getattr(fitted, "positive", False):
        raise ValueError(
            f"{name}(positive=True) constrains the signs, but no prior here does. Fit it without `positive`."
        )
    if name.startswith("LogisticRegression"):
        _check_logistic(fitted)
        return _PENALTY_READERS[name]
    if name == "TweedieRegressor" and (fitted.power != 1 or fitted.link not in ("auto", "log")):
        raise ValueError(
            f"TweedieRegressor(power={fitted.power!r}, link={fitted.link!r}) is no Poisson regression. Only power=1 "
            "with the log link is."
        )
    several = name != "LinearRegression" and np.size(_chosen(fitted, "alpha")) != 1
    if np.size(fitted.intercept_) > 1 or np.size(fitted.coef_) != np.shape(fitted.coef_)[-1] or several:
        raise ValueError(
            f"{name} was fitted to several responses or penalties. Fit one estimator for each response."
        )
    return _PENALTY_READERS[name]


def _check_logistic(fitted: Any) -> None:
    name = type(fitted).__name__
    if len(fitted.classes_) > 2:
        raise ValueError(
            f"{name} was fitted to {len(fitted.classes_)} classes, but no model here has more than two. Ask about one "
            "label, y == label."
        )
    if fitted.solver == "liblinear" and fitted.fit_intercept:
        raise ValueError(
            f"{name}(solver='liblinear') penalises the intercept too, and the models here do not. Fit it with another "
            "solver, lbfgs say."
        )


def _warn_where_not_optimal(
    name: str, coef: Float[np.ndarray, " p"], intercept: float, model: LinearModel, data: RowData
) -> None:
    _warn_of_gap(name, certify_point(resolve(model, data), coef, intercept).duality_gap)


def _warn_of_gap(name: str, gap: float) -> None:
    if gap > _SUSPICIOUS_GAP:
        warn(
            f"coef_ of {name} is not the optimum of its penalty on these data (duality gap {gap:.1e}). Are X, y and "
            "sample_weight those of its fit? The mode of the returned model is the optimum; bayesreg.audit says more.",
            ConvergenceWarning,
        )


def _noise_from_residuals(model: LinearModel, data: RowData) -> float:
    mode = map_estimate(model, data)
    problem = resolve(model, data)
    df = effective_df(problem, mode.coef, mode.penalty)
    free = data.sum_weights - df
    if free <= 0:
        raise ValueError(
            f"the fit has {df:.4g} effective degrees of freedom, but weights sum to {data.sum_weights:g}: "
            "nothing is left to estimate the noise from. Give `noise_scale`."
        )
    residual = data.y - mode.intercept - data.X @ mode.coef
    found = ResidualNoise(float(data.sample_weight @ residual**2), free).scale
    if found is None or not found > _ROUNDING * float(np.abs(data.y).max()):
        raise ValueError("the fit leaves no residuals to estimate the noise from. Give `noise_scale`.")
    return found
