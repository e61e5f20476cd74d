"""What the estimators share: parameters of the prior, draws, and rows to predict."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from jaxtyping import Float
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted, validate_data

from ..data.checks import as_design, as_offset, column_names
from ..data.gram import GramData
from ..data.rows import RowData
from ..data.smaller import as_small_as_can_be
from ..mode.estimate import map_estimate
from ..model.linear_model import LinearModel
from ..posterior.draws.predict import checked_offset
from ..posterior.sample import sample_posterior
from ..priors.base import Prior
from ..priors.gaussian import GaussianPrior
from ..selection.partition import DEFAULT_FOLDS
from .choose_model import choose_model

if TYPE_CHECKING:
    import xarray as xr

_OF_PRIOR = "prior__"  # how scikit-learn calls the parameters of a parameter


class BayesEstimator(BaseEstimator, ABC):
    """An estimator of a model, its mode and its posterior. Its subclasses are final."""

    prior: Prior | None
    scale_selection: str | None
    tol: float
    folds: Any

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def set_params(self, **params: Any) -> Self:
        """Set parameters, those of the prior by names like ``prior__scale``.

        A prior cannot change, so the estimator gets another one. It is a GaussianPrior if `prior` is None.

        Returns
        -------
        self
        """
        of_prior = {
            name.removeprefix(_OF_PRIOR): value
            for name, value in params.items()
            if name.startswith(_OF_PRIOR)
        }
        super().set_params(
            **{name: value for name, value in params.items() if not name.startswith(_OF_PRIOR)}
        )
        if of_prior:
            self.prior = self._stated_prior().set_params(**of_prior)
        return self

    def _fit_rows(self, data: RowData, preprocessing: Any = None) -> Self:
        """Fit rows that are checked, or that `preprocessing` has made of what there is to predict from."""
        self.preprocessing_ = preprocessing
        self.__dict__.pop("posterior_", None)  # the draws of an earlier fit
        self._data: RowData | GramData | None = data
        self._has_offset = data.offset is not None
        self._model, self.selection_ = choose_model(
            self._stated_model(), data, self.scale_selection, self.folds
        )
        self.map_ = (
            map_estimate(self._model, data, self.tol)
            if self.selection_ is None
            else self.selection_.map_estimate(self.tol)
        )
        self.penalty_ = self.map_.penalty
        self.duality_gap_ = self.map_.duality_gap
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

        Warns
        -----
        SamplingWarning
            As in `sample_posterior`, and by a classifier with a `class_weight`.
        """
        check_is_fitted(self)
        if self._data is None:
            raise NotFittedError(
                "a pickle holds no rows, and these draws need them: call fit again, then sample."
            )
        self._before_sampling()
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

    def _before_sampling(self) -> None:
        """Say what speaks against these draws."""

    def _checked_rows(
        self, X: Any, offset: Any = None
    ) -> tuple[Float[np.ndarray, "n p"], Float[np.ndarray, " n"] | None]:
        """Return rows to predict, and their offset."""
        check_is_fitted(self)
        if vars(self).get("preprocessing_") is not None:
            values = as_design(self.preprocessing_.transform(X), self.map_.feature_names)
        else:
            values = as_design(X, column_names(X, None))
            validate_data(self, X, reset=False, skip_check_array=True)
        n = values.shape[0]
        if offset is None:
            return values, checked_offset({"has_offset": vars(self).get("_has_offset", False)}, None, n)
        return values, as_offset(offset, n)

    def _linear_predictor(self, X: Any, offset: Any = None) -> Float[np.ndarray, " n"]:
        """Return η at the mode."""
        values, known = self._checked_rows(X, offset)
        eta: Float[np.ndarray, " n"] = values @ self.map_.coef + self.map_.intercept
        return eta if known is None else eta + known

    def _posterior(self, what: str) -> "xr.DataTree":
        check_is_fitted(self)
        if not hasattr(self, "posterior_"):
            raise NotFittedError(
                f"`{what}` needs posterior draws: call .sample() first, for example estimator.fit(X, y).sample()."
            )
        return self.posterior_

    def __getstate__(self) -> dict[str, Any]:
        """Pickle without rows if n ≥ p, so that none leaves with the model.

        Beside a Gaussian likelihood statistics take their place, which are enough to sample. Beside another the model
        predicts; to sample, fit again.
        """
        state = dict(super().__getstate__())
        if state.get("_data") is not None:
            is_quadratic = state["_model"].likelihood.is_quadratic
            state["_data"] = as_small_as_can_be(state["_data"]) if is_quadratic else None
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take an estimator from a pickle; one of an earlier version had no `folds` to say."""
        super().__setstate__({"folds": DEFAULT_FOLDS, **state})

    def _stated_prior(self) -> Prior:
        return GaussianPrior() if self.prior is None else self.prior

    @abstractmethod
    def _stated_model(self) -> LinearModel:
        """Return the model that the parameters state."""
