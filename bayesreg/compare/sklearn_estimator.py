"""The scikit-learn estimator that states one penalty for all columns."""

from dataclasses import dataclass
from typing import Any, Self, final

import numpy as np

from ..base.errors import NoEquivalent
from ..conventions.convention import literal
from ..conventions.translation import translate
from ..likelihoods.base import Likelihood
from ..priors.penalty import Penalty

_NAMES = {  # key: whether there is an l1, and whether there is an l2
    (False, False): "LinearRegression",
    (False, True): "Ridge",
    (True, False): "Lasso",
    (True, True): "ElasticNet",
}
_WITHOUT_NOISE = {"bernoulli": "LogisticRegression", "poisson": "PoissonRegressor"}
_TAKES_L1 = {"LogisticRegression": True, "PoissonRegressor": False}


@final
@dataclass(frozen=True)
class SklearnEstimator:
    """An estimator of `sklearn.linear_model`.

    Attributes
    ----------
    name : str
        The name of the class.
    values : dict
        The parameters that state the penalty.
    fit_intercept : bool
    iterates : bool
        Whether its solver stops at a tolerance.
    """

    name: str
    values: dict[str, Any]
    fit_intercept: bool
    iterates: bool

    @classmethod
    def of(cls, penalty: Penalty, sample_weight: Any, *, fit_intercept: bool) -> Self:
        """Return the estimator that states a penalty.

        Parameters
        ----------
        penalty : Penalty
            One l1 and one l2 for all columns.
        sample_weight : array (n,)
        fit_intercept : bool
        """
        name = _NAMES[bool(penalty.l1), bool(penalty.l2)]
        if not (penalty.l1 or penalty.l2):
            return cls(name, {}, fit_intercept, iterates=False)
        stated = translate(
            penalty, "Penalty", f"sklearn.{name}", sample_weight=sample_weight, fit_intercept=fit_intercept
        )
        return cls(name, stated.values, fit_intercept, iterates=bool(penalty.l1))

    @classmethod
    def beside(
        cls, likelihood: Likelihood, penalty: Penalty, sample_weight: Any, *, fit_intercept: bool
    ) -> Self:
        """Return the estimator that states a penalty beside a likelihood.

        Parameters
        ----------
        likelihood : Likelihood
        penalty : Penalty
            One l1 and one l2 for all columns.
        sample_weight : array (n,)
            With those of the exposures, if there are some.
        fit_intercept : bool

        Raises
        ------
        NoEquivalent
            If scikit-learn has no such likelihood, or not under this penalty.
        """
        if likelihood.is_quadratic:
            return cls.of(penalty, sample_weight, fit_intercept=fit_intercept)
        key = _WITHOUT_NOISE.get(likelihood.family)
        if key is None or (penalty.l1 and not _TAKES_L1[key]):
            raise NoEquivalent(
                f"scikit-learn has no {likelihood.family} regression{' with an l1 penalty' if key else ''}."
            )
        if not (penalty.l1 or penalty.l2):
            none: dict[str, Any] = {"C": np.inf} if _TAKES_L1[key] else {"alpha": 0.0}
            return cls(key, {**none, "solver": "newton-cholesky"}, fit_intercept, iterates=True)
        stated = translate(
            penalty, "Penalty", f"sklearn.{key}", sample_weight=sample_weight, fit_intercept=fit_intercept
        )
        solver = "saga" if penalty.l1 else "newton-cholesky"
        return cls(key, {**stated.values, "solver": solver}, fit_intercept, iterates=True)

    def code(self, **options: Any) -> str:
        """Return the line of code that makes the estimator, with more parameters if given."""
        intercept = {} if self.fit_intercept else {"fit_intercept": False}
        arguments = {**self.values, **intercept, **options}
        return f"{self.name}({', '.join(f'{name}={literal(value, "python")}' for name, value in arguments.items())})"

    def make(self, **options: Any) -> Any:
        """Return the estimator, with more parameters if given."""
        from sklearn import linear_model

        return getattr(linear_model, self.name)(**self.values, fit_intercept=self.fit_intercept, **options)
