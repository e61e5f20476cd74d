"""The scikit-learn estimator that states one penalty for all columns."""

from dataclasses import dataclass
from typing import Any, Self, final

from ..conventions.convention import literal
from ..conventions.translation import translate
from ..priors.penalty import Penalty

_NAMES = {  # key: whether there is an l1, and whether there is an l2
    (False, False): "LinearRegression",
    (False, True): "Ridge",
    (True, False): "Lasso",
    (True, True): "ElasticNet",
}


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

    def code(self, **options: Any) -> str:
        """Return the line of code that makes the estimator, with more parameters if given."""
        intercept = {} if self.fit_intercept else {"fit_intercept": False}
        arguments = {**self.values, **intercept, **options}
        return f"{self.name}({', '.join(f'{name}={literal(value, "python")}' for name, value in arguments.items())})"

    def make(self, **options: Any) -> Any:
        """Return the estimator, with more parameters if given."""
        from sklearn import linear_model

        return getattr(linear_model, self.name)(**self.values, fit_intercept=self.fit_intercept, **options)
