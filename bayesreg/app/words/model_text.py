"""A model, its scale, its penalty and its rows in words."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...data.rows import RowData
from ...model.linear_model import LinearModel
from ...model.problem import Data
from ...priors.base import DEFAULT_SCALE
from ...priors.penalty import Penalty
from ...priors.scales import is_distribution
from .families import has_noise, words_of


def described(model: LinearModel) -> str:
    """Return what a model is, in one line."""
    kind = type(model.prior).__name__
    scales = "".join(f", {name} {scale_text(model, value)}" for name, value in model.prior.scales().items())
    relative = " relative to sigma" if model.prior.relative_to_noise and has_noise(model.likelihood) else ""
    columns = " on standardised columns" if model.standardize else ""
    without = "" if model.fit_intercept else "; no intercept"
    said = f"{kind} (its mode is the {mode_name(model)}){scales}{relative}{columns}{without}"
    return "; ".join([said, *_likelihood_text(model)])


def scale_text(model: LinearModel, value: Any) -> str:
    """Return a scale of the model's prior in words, whatever it was given as."""
    if value is None:
        relative = " relative to sigma" if has_noise(model.likelihood) else ""
        return f"{DEFAULT_SCALE:g}{'' if model.standardize else '/sd(x)'}{relative}"
    if is_distribution(value):
        return f"~ {distribution_text(value)}"
    if isinstance(value, float):
        return f"{value:g}"
    return f"{range_text(value)}, by coefficient"


def range_text(value: Any) -> str:
    """Return what the numbers of an array or a mapping run from and to."""
    numbers = np.array(list(value.values()) if isinstance(value, dict) else value, dtype=float)
    return f"from {numbers.min():.6g} to {numbers.max():.6g}"


def distribution_text(distribution: Any, number: Callable[[float], str] = "{:g}".format) -> str:
    """Return a NumPyro distribution by its name and, if they are plain numbers, its parameters."""
    parameters = {
        name: np.asarray(getattr(distribution, name))
        for name in getattr(distribution, "arg_constraints", {})
        if getattr(distribution, name, None) is not None
    }
    name = type(distribution).__name__
    if any(value.ndim or value.dtype.kind not in "iuf" for value in parameters.values()):
        return name
    return f"{name}({', '.join(f'{key}={number(float(value))}' for key, value in parameters.items())})"


class WeightRange(NamedTuple):
    """What the penalty weights of the columns run from and to."""

    low: float
    high: float

    @property
    def is_one(self) -> bool:
        """Whether all columns have the same."""
        return bool(np.isclose(self.low, self.high, rtol=1e-12, atol=0.0))

    def __str__(self) -> str:
        return f"{self.high:.6g}" if self.is_one else f"from {self.low:.6g} to {self.high:.6g}"


def weight_range(weight: Any) -> WeightRange | None:
    """Return what a penalty weight, one number or one a column, runs from and to; None if there is none."""
    values = np.asarray(weight)
    return WeightRange(values.min(), values.max()) if values.any() else None


def penalty_text(penalty: Penalty) -> str:
    """Return the canonical penalty weights, or what they run from and to."""
    parts = [
        f"{name} = {found}" if found.is_one else f"{name} {found}, by column"
        for name, found in (("l1", weight_range(penalty.l1)), ("l2", weight_range(penalty.l2)))
        if found is not None
    ]
    return f"canonical {'; '.join(parts)}" if parts else "0: least squares"


def is_weighted(data: Data) -> bool:
    """Tell whether rows count differently, as far as the data still know."""
    if isinstance(data, RowData):
        return bool((data.sample_weight != 1.0).any())
    return data.sum_weights != data.n_samples


def mode_name(model: LinearModel) -> str:
    """Return what the mode is called: a lasso or a ridge, beside other likelihoods "ridge logistic regression"."""
    beside = "" if model.likelihood.is_quadratic else f" {words_of(model.likelihood).name}"
    return f"{model.prior.mode_name}{beside}"


def _likelihood_text(model: LinearModel) -> list[str]:
    """Say what is known of the likelihood's own parameters."""
    symbols = {"noise_scale": "sigma"}
    return [
        f"{symbols.get(name, name)} {_parameter_text(value)}"
        for name, value in model.likelihood.parameters().items()
    ]


def _parameter_text(value: Any) -> str:
    if value is None:
        return "unknown"
    return f"= {value:g}" if isinstance(value, float) else f"~ {distribution_text(value)}"
