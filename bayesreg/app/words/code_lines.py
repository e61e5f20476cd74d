"""A model as a line of Python to paste."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from ...model.linear_model import LinearModel
from ...priors.base import Prior
from ...priors.scales import is_distribution
from .model_text import distribution_text


def regressor_code(model: LinearModel, *, scale_selection: str | None = None) -> str:
    """Return the line of Python that states a model as an estimator.

    Parameters
    ----------
    model : LinearModel
    scale_selection : str, optional
        How the estimator chooses the scale.

    Returns
    -------
    str
    """
    arguments = [f"br.{_call(model.prior)}"]
    if model.likelihood.parameters()["noise_scale"] is not None:
        arguments.append(f"noise_scale={_literal(model.likelihood.parameters()['noise_scale'])}")
    if not model.fit_intercept:
        arguments.append("fit_intercept=False")
    if model.standardize:
        arguments.append("standardize=True")
    if scale_selection is not None:
        arguments.append(f"scale_selection={scale_selection!r}")
    return f"br.BayesRegressor({', '.join(arguments)})"


def _call(prior: Prior) -> str:
    given = {
        f.name: getattr(prior, f.name)
        for f in fields(prior)  # type: ignore[arg-type]
        if f.init
    }
    stated = ", ".join(
        f"{name}={_literal(value)}"
        for name, value in given.items()
        if value is not None and value is not False
    )
    return f"{type(prior).__name__}({stated})"


def _literal(value: Any) -> str:
    """Write a number, an array, a mapping or a distribution as Python reads it."""
    if is_distribution(value):
        return f"numpyro.distributions.{distribution_text(value, repr)}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name!r}: {_literal(number)}" for name, number in value.items()) + "}"
    if isinstance(value, np.ndarray):
        return "[" + ", ".join(_literal(number) for number in value.tolist()) + "]"
    return 'float("inf")' if isinstance(value, float) and value == np.inf else repr(value)
