"""scikit-learn's estimator contract over a model, its mode and its posterior."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from jaxtyping import Float
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted, validate_data

from ..base.arguments import check_choice, check_probability
from ..base.errors import ConvergenceWarning, warn
from ..conventions.table import CONVENTIONS
from ..conventions.translation import translate
from ..data.checks import as_design, column_names
from ..data.gram import GramData
from ..data.rows import RowData
from ..gaussian.degrees_of_freedom import effective_df
from ..likelihoods.gaussian import GaussianLikelihood
from ..mode.certificate import certify_point
from ..mode.estimate import map_estimate
from ..model.linear_model import LinearModel
from ..model.problem import resolve
from ..posterior.draws.predict import predictive_bounds, predictive_draws, predictive_sd
from ..posterior.sample import sample_posterior
from ..priors.base import Prior
from ..priors.gaussian import GaussianPrior
from ..priors.penalty import Penalty
from ..selection.criteria import METHODS
from ..selection.cross_validation import as_small_as_can_be
from ..selection.select import ScaleSelection, select_scale

if TYPE_CHECKING:
    import xarray as xr


class BayesRegressor(RegressorMixin, BaseEstimator):
    """Linear regression under a prior: scikit-learn's lasso, ridge and elastic net as modes.

    Parameters
    ----------
    prior : LaplacePrior, GaussianPrior, ElasticNetPrior or FlatPrior, optional
        Default: GaussianPrior(), of scale 2.5/sd(x) relative to the noise.
    noise_scale : float or NumPyro distribution, optional
        σ: known, or its prior. None: a weak prior (see GaussianLikelihood), and the
        mode is joint over coefficients and σ.
    fit_intercept : bool, default True
    standardize : bool, default False
        Whether the prior's scale speaks of standardised columns. Coefficients are
        reported on the original ones.
    scale_selection : str, optional
        How `fit` chooses the prior's scale: a method of `select_scale`, with its defaults, for
        example "cv". None: the scale is as given; where it is a distribution, `fit` takes the scale of highest
        evidence, as such a model has no joint mode, and `sample` samples it along.
    tol : float, default 1e-8
        Relative duality gap above which a ConvergenceWarning is given.

    Attributes
    ----------
    coef_ : array (p,)
    intercept_ : float
    noise_scale_ : float
        σ: as given, or at the joint mode.
    penalty_ : Penalty
        The canonical penalty on each column. `translate` turns it into another package's.
    duality_gap_ : float
        Relative duality gap at the returned point.
    map_ : MapEstimate
        All of the mode, its certificate included.
    selection_ : ScaleSelection or None
        The scale that was chosen, and what it was compared with.
    posterior_ : xarray.DataTree
        The draws; only after ``sample``.
    n_iter_ : int
    n_features_in_ : int
    feature_names_in_ : array (p,) of str
        Only where X has column names that are all text.

    Examples
    --------
    >>> import bayesreg as br
    >>> regressor = br.BayesRegressor(br.LaplacePrior(1.0), noise_scale=1.0)
    >>> round(float(regressor.fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]).coef_[0]), 6)
    0.5
    """

    def __init__(
        self,
        prior: Prior | None = None,
        noise_scale: Any = None,
        fit_intercept: bool = True,
        standardize: bool = False,
        scale_selection: str | None = None,
        tol: float = 1e-8,
    ) -> None:
        self.prior = prior
        self.noise_scale = noise_scale
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.scale_selection = scale_selection
        self.tol = tol

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Find the mode, with `scale_selection` under the scale that the data choose.

        Parameters
        ----------
        X : array or data frame (n, p)
        y : array (n,)
        sample_weight : array (n,), optional

        Returns
        -------
        self
        """
        data = RowData.from_arrays(X, y, sample_weight)
        validate_data(self, X, reset=True, skip_check_array=True)
        self.__dict__.pop("posterior_", None)  # the draws of an earlier fit
        self._data: RowData | GramData = data
        self._model, self.selection_ = self._choose_model(data)
        self.map_ = (
            map_estimate(self._model, data, self.tol)
            if self.selection_ is None
            else self.selection_.map_estimate(self.tol)
        )
        self.coef_ = self.map_.coef.copy()
        self.intercept_ = self.map_.intercept
        self.noise_scale_ = self.map_.noise_scale
        self.penalty_ = self.map_.penalty
        self.duality_gap_ = self.map_.duality_gap
        self.n_iter_ = self.map_.n_iter
        return self

    def sample(
        self,
        num_warmup: int = 500,
        num_samples: int = 1000,
        num_chains: int = 4,
        seed: int = 0,
        progress: bool = True,
    ) -> Self:
        """Draw from the posterior of the fitted data; see `sample_posterior`.

        Parameters
        ----------
        num_warmup, num_samples, num_chains, seed : int
        progress : bool, default True

        Returns
        -------
        self
            With ``posterior_``.
        """
        check_is_fitted(self)
        self.posterior_ = sample_posterior(
            self._model,
            self._data,
            num_warmup=num_warmup,
            num_samples=num_samples,
            num_chains=num_chains,
            seed=seed,
            progress=progress,
        )
        return self

    def predict(
        self,
        X: Any,
        return_std: bool = False,
        interval: float | None = None,
        of_mean: bool = False,
    ) -> Any:
        """Predict the response at the mode; after `sample`, with its uncertainty.

        Parameters
        ----------
        X : array or data frame (n, p)
        return_std : bool, default False
            Whether to add the posterior standard deviation.
        interval : float between 0 and 1, optional
            Probability of an equal-tailed posterior interval to add, for example 0.9.
        of_mean : bool, default False
            Whether uncertainty is that of the mean response. Default: of a new observation, its
            noise included.

        Returns
        -------
        array (n,), or (array (n,), std (n,)), or (array (n,), bounds (n, 2))
            The first is the prediction at the mode, the same in all three.

        Raises
        ------
        NotFittedError
            Before `fit`, or where uncertainty is asked for before `sample`.
        """
        values = self._checked_rows(X)
        point = values @ self.coef_ + self.intercept_
        if return_std and interval is not None:
            raise ValueError("give `return_std` or `interval`, not both: they are different answers.")
        if return_std:
            return point, predictive_sd(self._posterior("return_std"), values, of_mean=of_mean)
        if interval is None:
            return point
        check_probability("interval", interval)
        bounds = predictive_bounds(self._posterior("interval"), values, float(interval), of_mean=of_mean)
        return point, bounds

    def posterior_predictive(self, X: Any, seed: int = 0) -> "xr.DataArray":
        """Draw new observations, noise included, one for each posterior draw.

        Parameters
        ----------
        X : array or data frame (n, p)
        seed : int, default 0

        Returns
        -------
        xarray.DataArray
            Dimensions (chain, draw, observation).
        """
        import xarray as xr

        values = self._checked_rows(X)
        draws = predictive_draws(self._posterior("posterior_predictive"), values, seed)
        coords = {
            name: np.arange(n) for name, n in zip(("chain", "draw", "observation"), draws.shape, strict=True)
        }
        return xr.DataArray(draws, dims=tuple(coords), coords=coords, name="y")

    def _checked_rows(self, X: Any) -> Float[np.ndarray, "n p"]:
        check_is_fitted(self)
        values = as_design(X, column_names(X, None))
        validate_data(self, X, reset=False, skip_check_array=True)
        return values

    def _posterior(self, what: str) -> "xr.DataTree":
        if not hasattr(self, "posterior_"):
            raise NotFittedError(
                f"`{what}` needs posterior draws: call .sample() first, for example regressor.fit(X, y).sample()."
            )
        return self.posterior_

    def __getstate__(self) -> dict[str, Any]:
        """Pickle statistics in place of rows: enough to sample, and no data leave with the model."""
        state = dict(super().__getstate__())
        if "_data" in state:
            state["_data"] = as_small_as_can_be(state["_data"])
        return state

    def _choose_model(self, data: RowData) -> tuple[LinearModel, ScaleSelection | None]:
        """Return the model to sample, and how the scale of its mode was chosen where it was."""
        prior = GaussianPrior() if self.prior is None else self.prior
        model = LinearModel(prior, GaussianLikelihood(self.noise_scale), self.fit_intercept, self.standardize)
        if self.scale_selection is not None:
            check_choice("scale_selection", self.scale_selection, METHODS)
            selection = select_scale(model, data, self.scale_selection)
            return selection.model, selection
        if not prior.has_sampled_scale:
            return model, None
        if len(prior.scales()) > 1:
            raise TypeError(
                "an elastic net whose scale is a distribution has no joint mode, and there are two scales for the one "
                "that the evidence would choose. Give both as numbers, with scale_selection='evidence', or draw from "
                "this prior with br.sample_posterior."
            )
        return model, select_scale(replace(model, prior=prior.with_scale(1.0)), data, "evidence")


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
}
_ROUNDING = 1e-13  # of the largest response: residuals below are the arithmetic's
_SUSPICIOUS_GAP = 1e-3  # scikit-learn's default tolerances stop well below


def from_sklearn(
    fitted: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    noise_scale: float | None = None,
) -> BayesRegressor:
    """Return the fitted Bayesian model whose mode is a scikit-learn estimator's ``coef_``.

    Parameters
    ----------
    fitted : Lasso, LassoLars, Ridge, ElasticNet, BayesianRidge, LinearRegression, or a CV or IC form of these
        Fitted on X and y. Or a Pipeline of a StandardScaler and one of them: the model's scales are then those of
        the original columns that amount to the same.
    X : array or data frame (n, p)
        What the pipeline was given.
    y : array (n,)
    sample_weight : array (n,), optional
        As given to the estimator.
    noise_scale : float, optional
        σ, held fixed. None: BayesianRidge's own; else σ̂² = RSS / (Σw − df), with df the effective degrees of
        freedom of the fit, intercept included. It is reported as ``noise_scale_``.

    Returns
    -------
    BayesRegressor
        Fitted, so that ``.sample()`` gives the intervals.

    Raises
    ------
    TypeError, ValueError
        Where the estimator is another, has ``positive=True`` or several responses, or where the
        degrees of freedom leave nothing to estimate σ from.

    Warns
    -----
    ConvergenceWarning
        Where ``coef_`` is not the optimum of its penalty on these data.

    References
    ----------
    H. Zou, T. Hastie and R. Tibshirani (2007), "On the degrees of freedom of the lasso",
    doi:10.1214/009053607000000127.
    """
    estimator, scaler = _last_step(fitted)
    key = _convention_of(estimator)
    data = RowData.from_arrays(X, y, sample_weight)
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
    return regressor.fit(X, y, sample_weight=sample_weight)


def _last_step(fitted: Any) -> tuple[Any, Any]:
    """Return the estimator, and the StandardScaler before it in a pipeline."""
    if type(fitted).__name__ != "Pipeline":
        return fitted, None
    steps = [step for _, step in fitted.steps if step is not None and not isinstance(step, str)]
    kinds = [type(step).__name__ for step in steps]
    if len(steps) == 1:
        return steps[0], None
    if len(steps) != 2 or kinds[0] != "StandardScaler":
        raise TypeError(
            "of pipelines only StandardScaler and an estimator are read, whose columns are the original ones in other "
            f"units; got {' → '.join(kinds)}. Give the last step, and the X that reaches it."
        )
    return steps[1], steps[0]


def _on_original_columns(
    estimator: Any, scaler: Any, data: RowData
) -> tuple[Float[np.ndarray, " p"], float, Float[np.ndarray, " p"]]:
    """Return coefficients and intercept on the columns of X, and the units that a scaler divided them by."""
    coef, intercept = np.ravel(estimator.coef_).astype(np.float64), float(np.ravel(estimator.intercept_)[0])
    if coef.size != data.n_features:
        raise ValueError(f"`fitted` has {coef.size} coefficients, X has {data.n_features} columns.")
    unit = np.ones(coef.size)
    if scaler is None:
        return coef, intercept, unit
    if scaler.scale_ is not None:
        unit = np.asarray(scaler.scale_, dtype=np.float64)
    coef = coef / unit
    if scaler.with_mean:
        if not estimator.fit_intercept:
            raise ValueError(
                "a pipeline that centres X but fits no intercept fixes the fit at the columns' means, as no model here "
                "does. Fit it with fit_intercept=True, or StandardScaler(with_mean=False)."
            )
        intercept -= float(np.asarray(scaler.mean_) @ coef)
    return coef, intercept, unit


def _penalty_of(estimator: Any, key: str, data: RowData) -> Penalty:
    if key == "Penalty":
        return Penalty(0.0, 0.0)
    parameters = {name: float(np.ravel(_chosen(estimator, name))[0]) for name in CONVENTIONS[key].parameters}
    return translate(parameters, key, "Penalty", y=data.y, sample_weight=data.sample_weight).penalty


def _chosen(fitted: Any, name: str) -> Any:
    """Return the value that the fit chose, else the one that was given."""
    return getattr(fitted, f"{name}_") if hasattr(fitted, f"{name}_") else getattr(fitted, name)


def _convention_of(fitted: Any) -> str:
    name = type(fitted).__name__
    if name not in _PENALTY_READERS or not type(fitted).__module__.startswith("sklearn."):
        raise TypeError(
            f"`fitted` must be one of scikit-learn's {', '.join(_PENALTY_READERS)}, or a pipeline of StandardScaler "
            f"and one of them; got {name}."
        )
    check_is_fitted(fitted)
    if getattr(fitted, "positive", False):
        raise ValueError(
            f"{name}(positive=True) constrains the signs, which no prior here does. Fit it without `positive`."
        )
    several = name != "LinearRegression" and np.size(_chosen(fitted, "alpha")) != 1
    if np.size(fitted.intercept_) > 1 or np.size(fitted.coef_) != np.shape(fitted.coef_)[-1] or several:
        raise ValueError(
            f"{name} was fitted to several responses or penalties. Fit one estimator for each response."
        )
    return _PENALTY_READERS[name]


def _warn_where_not_optimal(
    name: str, coef: Float[np.ndarray, " p"], intercept: float, model: LinearModel, data: RowData
) -> None:
    certificate = certify_point(resolve(model, data), coef, intercept)
    if certificate.duality_gap > _SUSPICIOUS_GAP:
        warn(
            f"coef_ of {name} is not the optimum of its penalty on these data (duality gap "
            f"{certificate.duality_gap:.1e}). Are X, y and sample_weight those that it was fitted on? "
            "The mode of the returned model is the optimum; bayesreg.audit says more.",
            ConvergenceWarning,
        )


def _noise_from_residuals(model: LinearModel, data: RowData) -> float:
    mode = map_estimate(model, data)
    problem = resolve(model, data)
    df = effective_df(problem, mode.coef, mode.penalty)
    free = data.sum_weights - df
    if free <= 0:
        raise ValueError(
            f"the fit has {df:.4g} effective degrees of freedom for weights that sum to {data.sum_weights:g}: "
            "nothing is left to estimate the noise from. Give `noise_scale`."
        )
    residual = data.y - mode.intercept - data.X @ mode.coef
    found = float(np.sqrt(data.sample_weight @ residual**2 / free))
    if not found > _ROUNDING * float(np.abs(data.y).max()):
        raise ValueError("the fit leaves no residuals to estimate the noise from. Give `noise_scale`.")
    return found
