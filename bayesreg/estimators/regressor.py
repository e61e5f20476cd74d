"""A scikit-learn estimator of a model, its mode and its posterior."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ..base.arguments import check_probability
from ..data.rows import RowData
from ..likelihoods.base import Likelihood
from ..likelihoods.gaussian import GaussianLikelihood
from ..model.linear_model import LinearModel
from ..posterior.draws.observation import Observation
from ..posterior.draws.predict import predictive_bounds, predictive_draws, predictive_sd
from ..priors.base import Prior
from ..selection.partition import DEFAULT_FOLDS
from .estimator import BayesEstimator
from .summary import summarise_fit

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


class BayesRegressor(RegressorMixin, BayesEstimator):
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
    likelihood : Likelihood, optional
        Default: GaussianLikelihood(noise_scale). PoissonLikelihood(), NegativeBinomialLikelihood(dispersion) or
        StudentTLikelihood(df, noise_scale) in its place; then `noise_scale` is left out here. For labels use
        BayesClassifier.

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
        likelihood: Likelihood | None = None,
    ) -> None:
        self.prior = prior
        self.noise_scale = noise_scale
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.scale_selection = scale_selection
        self.tol = tol
        self.folds = folds
        self.likelihood = likelihood

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = self.likelihood is not None and self.likelihood.is_discrete
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None, offset: Any = None) -> Self:
        """Find the mode. With `scale_selection`, the data choose the prior's scale.

        Parameters
        ----------
        X : array or data frame (n, p)
        y : array (n,)
        sample_weight : array (n,), optional
        offset : array (n,), optional
            The known part of the linear predictor; log(e) for counts with exposure e.

        Returns
        -------
        self
        """
        data = RowData.from_arrays(X, y, sample_weight, offset=offset)
        validate_data(self, X, reset=True, skip_check_array=True)
        return self._fit_rows(data)

    def _fit_rows(self, data: RowData, preprocessing: Any = None) -> Self:
        super()._fit_rows(data, preprocessing)
        self.coef_ = self.map_.coef.copy()
        self.intercept_ = self.map_.intercept
        self.noise_scale_ = self.map_.noise_scale
        self.n_iter_ = self.map_.n_iter
        return self

    def predict(
        self,
        X: Any,
        return_std: bool = False,
        interval: float | None = None,
        of_mean: bool = False,
        offset: Any = None,
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
        offset : array (n,), optional
            Needed if the rows of the fit had one.

        Returns
        -------
        array (n,), or (array (n,), std (n,)), or (array (n,), bounds (n, 2))
            The first is the prediction at the mode, the same in all three.

        Raises
        ------
        NotFittedError
            If it is called before `fit`, or asks for uncertainty before `sample`.
        """
        values, known = self._checked_rows(X, offset)
        eta = values @ self.coef_ + self.intercept_
        eta = eta if known is None else eta + known
        likelihood = self._model.likelihood
        point = likelihood.mean(eta, self.map_.nuisance)
        if return_std and interval is not None:
            raise ValueError("give `return_std` or `interval`, not both: they are different answers.")
        if return_std:
            tree = self._posterior("return_std")
            return point, predictive_sd(
                tree, values, Observation.of(tree, likelihood), known, of_mean=of_mean
            )
        if interval is None:
            return point
        check_probability("interval", interval)
        tree = self._posterior("interval")
        one = Observation.of(tree, likelihood)
        return point, predictive_bounds(tree, values, float(interval), one, known, of_mean=of_mean)

    def summary(self, interval: float = 0.9) -> "pd.DataFrame":
        """Return the fit as a table: the mode and, after `sample`, the posterior.

        Parameters
        ----------
        interval : float between 0 and 1, default 0.9
            Probability of the equal-tailed posterior interval.

        Returns
        -------
        DataFrame
            One row for each feature, then "intercept" if there is one, "noise_scale" (σ), and "prior_scale" if it is
            sampled. Columns: "map", the value at the mode; "is_zero", whether it is a coefficient that is exactly 0
            there. After `sample` also "mean", "sd", the ends of the interval ("q05" and "q95" of 90%), "p_sign" (the
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
            scale,
            self._model.likelihood.parameters(),
            fit_intercept=self._model.fit_intercept,
            interval=interval,
        )

    def posterior_predictive(self, X: Any, seed: int = 0, offset: Any = None) -> "xr.DataArray":
        """Draw new observations with their noise, one for each posterior draw.

        Parameters
        ----------
        X : array or data frame (n, p)
        seed : int, default 0
        offset : array (n,), optional
            Needed if the rows of the fit had one.

        Returns
        -------
        xarray.DataArray
            Dimensions (chain, draw, observation).
        """
        import xarray as xr

        values, known = self._checked_rows(X, offset)
        tree = self._posterior("posterior_predictive")
        draws = predictive_draws(tree, values, seed, Observation.of(tree, self._model.likelihood), known)
        coords = {
            name: np.arange(n) for name, n in zip(("chain", "draw", "observation"), draws.shape, strict=True)
        }
        return xr.DataArray(draws, dims=tuple(coords), coords=coords, name="y")

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take an estimator from a pickle; one of an earlier version had no `likelihood` to say."""
        super().__setstate__({"likelihood": None, **state})

    def _stated_model(self) -> LinearModel:
        """Return the model that the parameters state."""
        likelihood = self.likelihood
        if likelihood is None:
            likelihood = GaussianLikelihood(self.noise_scale)
        elif self.noise_scale is not None:
            raise ValueError(
                f"`noise_scale` is that of a GaussianLikelihood; got noise_scale={self.noise_scale!r} beside "
                f"{type(likelihood).__name__}. State it in the likelihood, or leave `likelihood` out."
            )
        elif likelihood.takes_labels:
            raise ValueError(f"a {type(likelihood).__name__} is for labels. Use BayesClassifier.")
        return LinearModel(self._stated_prior(), likelihood, self.fit_intercept, self.standardize)
