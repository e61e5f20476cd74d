"""A model as a line of Python to paste."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from ...likelihoods.base import Likelihood
from ...model.linear_model import LinearModel
from ...priors.base import Prior
from ...priors.scales import is_distribution
from ...selection.partition import DEFAULT_FOLDS
from .model_text import distribution_text


def regressor_code(
    model: LinearModel, *, scale_selection: str | None = None, folds: Any = DEFAULT_FOLDS
) -> str:
    """Return the line of Python that states a model as an estimator.

    Parameters
    ----------
    model : LinearModel
    scale_selection : str, optional
        How the estimator chooses the scale.
    folds : int, scikit-learn splitter or array (n,), default 5
        By which it does. An array is called `folds`, as rows are called `X`.

    Returns
    -------
    str
    """
    likelihood = model.likelihood
    arguments = [f"br.{_call(model.prior)}"]
    if likelihood.is_quadratic and likelihood.parameters()["noise_scale"] is not None:
        arguments.append(f"noise_scale={_literal(likelihood.parameters()['noise_scale'])}")
    if not (likelihood.is_quadratic or likelihood.takes_labels):
        arguments.append(f"likelihood={_own(likelihood)}{_call(likelihood)}")
    if not model.fit_intercept:
        arguments.append("fit_intercept=False")
    if model.standardize:
        arguments.append("standardize=True")
    if scale_selection is not None:
        arguments.append(f"scale_selection={scale_selection!r}")
    if not _is_default(folds):
        arguments.append(
            f"folds={folds!r}" if isinstance(folds, int) or sklearn_splitter(folds) else "folds=folds"
        )
    name = "BayesClassifier" if likelihood.takes_labels else "BayesRegressor"
    return f"br.{name}({', '.join(arguments)})"


def sklearn_splitter(folds: Any) -> str | None:
    """Return the name of a splitter's class if scikit-learn has it, so that its repr is code."""
    kind = type(folds)
    return kind.__name__ if kind.__module__.startswith("sklearn.model_selection") else None


def _is_default(folds: Any) -> bool:
    return isinstance(folds, int) and folds == DEFAULT_FOLDS


def _own(likelihood: Likelihood) -> str:
    """Return the module's name before one of ours; one of a user's own stands by its name."""
    return "br." if type(likelihood).__module__.startswith("bayesreg.") else ""


def _call(part: Prior | Likelihood) -> str:
    given = {
        f.name: getattr(part, f.name)
        for f in fields(part)  # type: ignore[arg-type]
        if f.init
    }
    stated = ", ".join(
        f"{name}={_literal(value)}"
        for name, value in given.items()
        if value is not None and value is not False
    )
    return f"{type(part).__name__}({stated})"


def _literal(value: Any) -> str:
    """Write a number, an array, a mapping or a distribution as Python reads it."""
    if is_distribution(value):
        return f"numpyro.distributions.{distribution_text(value, repr)}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name!r}: {_literal(number)}" for name, number in value.items()) + "}"
    if isinstance(value, np.ndarray):
        return "[" + ", ".join(_literal(number) for number in value.tolist()) + "]"
    return 'float("inf")' if isinstance(value, float) and value == np.inf else repr(value)
