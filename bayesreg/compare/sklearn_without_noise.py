"""scikit-learn's estimators of yes/no and counts, for a penalty that is the same on all columns."""

from typing import Any

import numpy as np

from ..base.errors import NoEquivalent
from ..likelihoods.base import Likelihood
from ..priors.penalty import Penalty

_TIGHT = {"tol": 1e-12, "max_iter": 1_000_000}


def without_noise(
    likelihood: Likelihood, penalty: Penalty, sum_weights: float, *, fit_intercept: bool
) -> tuple[Any, str]:
    """Return the estimator, at tight tolerances, and its line at its own.

    Raises
    ------
    NoEquivalent
        If scikit-learn has no such likelihood, or not under this penalty.
    """
    l1, l2 = (float(np.max(part, initial=0.0)) for part in (penalty.l1, penalty.l2))
    intercept = {} if fit_intercept else {"fit_intercept": False}
    if likelihood.family == "bernoulli":
        from sklearn.linear_model import LogisticRegression

        total = l1 + l2
        stated: dict[str, Any] = {"C": 1.0 / total if total > 0.0 else np.inf}
        if l1 > 0.0:
            stated |= {"l1_ratio": l1 / total, "solver": "saga"}
        tight = {"solver": "newton-cholesky"} if l1 == 0.0 else {"random_state": 0}
        return LogisticRegression(**stated, **intercept, **tight, **_TIGHT), _line(
            "LogisticRegression", stated | intercept
        )
    if likelihood.family == "poisson" and l1 == 0.0:
        from sklearn.linear_model import PoissonRegressor

        stated = {"alpha": l2 / sum_weights}
        return PoissonRegressor(**stated, **intercept, solver="newton-cholesky", **_TIGHT), _line(
            "PoissonRegressor", stated | intercept
        )
    raise NoEquivalent(
        f"scikit-learn has no {likelihood.family} regression"
        + (" with an l1 penalty." if likelihood.family == "poisson" else ".")
    )


def _line(name: str, values: dict[str, Any]) -> str:
    said = ", ".join(f"{key}={value!r}" for key, value in values.items())
    return f"{name}({said})".replace("C=inf", 'C=float("inf")')
