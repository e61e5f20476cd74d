"""The arguments of an estimator's prior as parameters of the estimator."""

from typing import Any, Self

from sklearn.base import BaseEstimator

from ..priors.base import Prior
from ..priors.gaussian import GaussianPrior

_OF_PRIOR = "prior__"  # how scikit-learn calls the parameters of a parameter


class PriorParameters(BaseEstimator):
    """An estimator with a parameter `prior`, which is a GaussianPrior if it is None."""

    prior: Prior | None

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

    def _stated_prior(self) -> Prior:
        return GaussianPrior() if self.prior is None else self.prior
