"""A scikit-learn estimator of a model, its mode and its posterior."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from jaxtyping import Float
from sklearn.base import RegressorMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted, validate_data

from ..base.arguments import check_probability
from ..data.checks import as_design, column_names
from ..data.gram import GramData
from ..data.rows import RowData
from ..data.smaller import as_small_as_can_be
from ..likelihoods.gaussian import GaussianLikelihood
from ..mode.estimate import map_estimate
from ..model.linear_model import LinearModel
from ..posterior.draws.predict import predictive_bounds, predictive_draws, predictive_sd
from ..posterior.sample import sample_posterior
from ..priors.base import Prior
from ..selection.partition import DEFAULT_FOLDS
from .choose_model import choose_model
from .prior_parameters import PriorParameters
from .summary import summarise_fit

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


class BayesRegressor(RegressorMixin, PriorParameters):
    """Linear regression with a prior. Its modes are scikit-learn's lasso, ridge and elastic net.

    Parameters
    ----------
    prior : LaplacePrior, GaussianPrior, ElasticNetPrior or FlatPrior, optional
        Default: GaussianPrior(), with scale 2.5/sd(x) relative to the noise. (The command `bayesreg fit` has another
        default, LaplacePrior().) Its arguments are parameters too: ``GridSearchCV(regressor, {"prior__scale": ...})``.
    noise_scale : float or NumPyro distribution, optional
        σ: a known number, or its prior. None: a weak prior (see GaussianLikelihood). If σ is
        unknown, the mode is joint over coefficients and σ.
    fit_intercept : bool, default True
    standardize : bool, default False
        Whether the prior's scale is for standardised columns. Coefficients are those of the
        original columns in any case.
    scale_selection : str, optional
        How `fit` chooses the prior's scale: a method of `select_scale`, used with its defaults, for
        example "cv". None: the scale is the given one. If it is a distribution, the model has no joint
        mode: `fit` uses the scale with the highest evidence, and `sample` samples the scale.
    tol : float, default 1e-8
        Relative duality gap above which a ConvergenceWarning is given.
    folds : int, scikit-learn splitter or array (n,), default 5
        Of scale_selection="cv" and "cv-1se", as `select_scale` takes them. For rows whose order means nothing, a sorted
        file say: KFold(5, shuffle=True, random_state=0).

    Attributes
    ----------
    coef_ : array (p,)
    intercept_ : float
    noise_scale_ : float
        σ: the known one, or that of the joint mode.
    penalty_ : Penalty
        The canonical penalty on each column. `translate` turns it into another package's.
    duality_gap_ : float
        Relative duality gap at the returned point.
    map_ : MapEstimate
        The mode with its certificate.
    selection_ : ScaleSelection or None
        The chosen scale, and the scales that it was compared with.
    posterior_ : xarray.DataTree
        The draws. It exists only after ``sample``.
    preprocessing_ : transformer or None
        The steps that X goes through first: those before the estimator in a pipeline that `from_sklearn` has read.
        `fit` sets it to None.
    n_iter_ : int
    n_features_in_ : int
    feature_names_in_ : array (p,) of str
        It exists only if all column names of X are text.

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
        folds: Any = DEFAULT_FOLDS,
    ) -> None:
        self.prior = prior
        self.noise_scale = noise_scale
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.scale_selection = scale_selection
        self.tol = tol
        self.folds = folds

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Find the mode. With `scale_selection`, the data choose the prior's scale.

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
        return self._fit_rows(data)

    def _fit_rows(self, data: RowData, preprocessing: Any = None) -> Self:
        """Fit rows that are checked, or that `preprocessing` has made of what there is to predict from."""
        self.preprocessing_ = preprocessing
        self.__dict__.pop("posterior_", None)  # the draws of an earlier fit
        self._data: RowData | GramData = data
        self._model, self.selection_ = choose_model(
            self._stated_model(), data, self.scale_selection, self.folds
        )
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
            Whether the uncertainty is that of the mean response. Default: that of a new observation,
            with its noise.

        Returns
        -------
        array (n,), or (array (n,), std (n,)), or (array (n,), bounds (n, 2))
            The first is the prediction at the mode, the same in all three.

        Raises
        ------
        NotFittedError
            If it is called before `fit`, or asks for uncertainty before `sample`.
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

    def summary(self) -> "pd.DataFrame":
        """Return the fit as a table: the mode and, after `sample`, the posterior.

        Returns
        -------
        DataFrame
            One row for each feature, then "intercept" if there is one, "noise_scale" (σ), and "prior_scale" if it is
            sampled. Columns: "map", the value at the mode; "is_zero", whether it is a coefficient that is exactly 0
            there. After `sample` also "mean", "sd", "q05" and "q95" (the ends of the 90% interval), "p_sign" (the
            probability of the sign of the mean) and "ess" (the effective number of draws, for the mean); they are NaN
            for a σ that is known.

        Raises
        ------
        NotFittedError
            Before `fit`.

        Examples
        --------
        >>> import bayesreg as br
        >>> regressor = br.BayesRegressor(br.LaplacePrior(1.0), noise_scale=1.0)
        >>> regressor.fit([[0.0, 1.0], [1.0, 1.0], [2.0, 0.0]], [0.0, 1.0, 2.0]).summary().round(6)
                     map  is_zero
        parameter
        x0           0.5    False
        x1           0.0     True
        intercept    0.5    False
        noise_scale  1.0    False
        """
        check_is_fitted(self)
        scale = None if self.selection_ is None else self.selection_.scale
        return summarise_fit(
            self.map_,
            vars(self).get("posterior_"),
            {"noise_scale": self.map_.noise_scale},
            scale,
            fit_intercept=self._model.fit_intercept,
        )

    def posterior_predictive(self, X: Any, seed: int = 0) -> "xr.DataArray":
        """Draw new observations with their noise, one for each posterior draw.

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
        if vars(self).get("preprocessing_") is not None:
            return as_design(self.preprocessing_.transform(X), self.map_.feature_names)
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
        """Pickle statistics in place of rows, if n ≥ p: they are enough to sample, and no row leaves with the model."""
        state = dict(super().__getstate__())
        if "_data" in state:
            state["_data"] = as_small_as_can_be(state["_data"])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take an estimator from a pickle; one of an earlier version had no `folds` to say."""
        super().__setstate__({"folds": DEFAULT_FOLDS, **state})

    def _stated_model(self) -> LinearModel:
        """Return the model that the parameters state."""
        return LinearModel(
            self._stated_prior(), GaussianLikelihood(self.noise_scale), self.fit_intercept, self.standardize
        )
