"""scikit-learn's estimator contract over a model and its mode."""

from typing import Any, Self

import numpy as np
from jaxtyping import Float
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from .data.checks import as_matrix, column_names
from .data.rows import RowData
from .likelihoods import GaussianLikelihood
from .mode.solve import map_estimate
from .model import LinearModel
from .priors import GaussianPrior, Prior


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
        tol: float = 1e-8,
    ) -> None:
        self.prior = prior
        self.noise_scale = noise_scale
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.tol = tol

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Find the mode.

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
        self.map_ = map_estimate(self._model(), data, tol=self.tol)
        self.coef_ = self.map_.coef
        self.intercept_ = self.map_.intercept
        self.noise_scale_ = self.map_.noise_scale
        self.penalty_ = self.map_.penalty
        self.duality_gap_ = self.map_.duality_gap
        self.n_iter_ = self.map_.n_iter
        return self

    def predict(self, X: Any) -> Float[np.ndarray, " n"]:
        """Predict the mean response at the mode.

        Parameters
        ----------
        X : array or data frame (n, p)

        Returns
        -------
        array (n,)
        """
        check_is_fitted(self)
        values = as_matrix(X, column_names(X, None))
        validate_data(self, X, reset=False, skip_check_array=True)
        return values @ self.coef_ + self.intercept_

    def _model(self) -> LinearModel:
        prior = GaussianPrior() if self.prior is None else self.prior
        likelihood = GaussianLikelihood(self.noise_scale)
        return LinearModel(prior, likelihood, self.fit_intercept, self.standardize)
