"""The pictures of one fit, as figures."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..likelihoods.base import Likelihood
from ..likelihoods.gaussian import GaussianLikelihood
from ..mode.estimate import MapEstimate, MapPath, map_path
from ..model.linear_model import LinearModel
from ..model.problem import Data
from ..plots.forest import draw_forest
from ..plots.named_rows import MOST_ROWS
from ..plots.paths import plot_coefficient_path
from ..plots.style import NO_CODE, shown
from ..priors.base import DEFAULT_SCALE, Prior
from .figures import make_figure
from .fitted import Fit
from .words.families import has_noise

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FEWEST_ROWS = 9  # room for the label beside them
_DIFFERENT_UNITS = 10.0  # ratio of column sds above which raw coefficients share no axis
_LEVELS_LABEL = "(levels: less the mean of their column's levels)"
_MARGIN = 1.5  # how far a path goes on past the scale of the fit


def path_figure(model: LinearModel, mode: MapEstimate, data: Data, unit: str = "y") -> "Figure":
    """Draw the coefficients along the prior's scale, with this fit marked; `unit` is the linear predictor's.

    Raises
    ------
    TypeError, ValueError
        Where the prior has no scale that could vary.
    """
    model, multiples = _on_path(model, mode)
    path = _path_past(model, data)
    units = _common_units(data)
    if units is not None:
        path = replace(path, coefs=path.coefs * units)
    figure = make_figure(8, 5)
    scale = _first_scale(model.prior)
    marks = {f"this fit: {scale:.3g}": scale} if scale < np.inf else None
    ax = plot_coefficient_path(path, figure.subplots(), marks=marks)
    along = "prior scales, as multiples of this fit's" if multiples else _path_label(model, unit)
    ax.set_xlabel(along, **NO_CODE)
    ax.set_ylabel(_coefficient_label(unit, in_common_units=units is not None), **NO_CODE)
    return figure


def forest_figure(fit: Fit) -> "Figure":
    """Draw the intervals of the rows that a table has, as tall as they need; the axis names the response."""
    p, effects = fit.mode.coef.size, fit.effects
    at = np.array([j for j in fit.shown_at(MOST_ROWS) if j < p and not effects.constant[j]], dtype=int)
    figure = make_figure(8, 1.25 + 0.185 * max(at.size, _FEWEST_ROWS))
    ax = figure.subplots()
    units = _common_units(fit.data)
    of_each = np.ones(p) if units is None else units
    draws, at_mode = effects.draws[:, at] * of_each[at], effects.at_mode[at] * of_each[at]
    names = [effects.names[j] for j in at]
    n_told = p - int(effects.constant.sum())
    draw_forest(ax, names, draws, at_mode, fit.interval, of=n_told)
    levels = f"\n{_LEVELS_LABEL}" if effects.less_a_mean.size else ""
    ax.locator_params(axis="x", nbins=6)
    label = _coefficient_label(fit.unit, in_common_units=units is not None)
    ax.set_xlabel(f"{label}{levels}", **NO_CODE)
    return figure


def has_common_units(data: Data) -> bool:
    """Tell whether coefficients are shown times their columns' sd, as raw ones share no axis."""
    return _common_units(data) is not None


def _on_path(model: LinearModel, mode: MapEstimate) -> tuple[LinearModel, bool]:
    """Return the model with σ known and its scale a number, and whether that counts multiples of this fit's scales."""
    model = replace(model, likelihood=_known(model.likelihood, mode))
    scale = _first_scale(model.prior)
    if isinstance(scale, float):
        return model, False
    if scale is None:
        in_noise = has_noise(model.likelihood)
        prior: Prior = replace(model.prior, scale=DEFAULT_SCALE, relative_to_noise=in_noise)  # type: ignore[type-var]
        return replace(model, prior=prior, standardize=True), False
    if len(model.prior.scales()) > 1:
        raise TypeError("an elastic net with a scale for each coefficient has no one number to vary.")
    laplace, gaussian = mode.penalty.prior_scales(mode.noise_scale)
    factor = laplace if np.any(mode.penalty.l1) else gaussian
    varied: Prior = replace(model.prior, scale=1.0, factor=factor, relative_to_noise=False)  # type: ignore[type-var]
    return replace(model, prior=varied, standardize=False), True


def _known(likelihood: Likelihood, mode: MapEstimate) -> Likelihood:
    """Return the likelihood with its parameters as they are at the mode."""
    if likelihood.is_quadratic:
        return GaussianLikelihood(mode.noise_scale)
    if not likelihood.is_convex:
        raise TypeError("beside this likelihood the mode at one scale does not lead to that at the next.")
    return replace(likelihood, **mode.nuisance)  # type: ignore[type-var]


def _first_scale(prior: Prior) -> Any:
    scales = prior.scales()
    if not scales:
        raise TypeError("a flat prior has no scale to vary.")
    return next(iter(scales.values()))


def _path_past(model: LinearModel, data: Data) -> MapPath:
    """Follow the path over its usual scales, and on to the model's own where that lies outside."""
    scale = _first_scale(model.prior)
    if scale == np.inf:
        return map_path(replace(model, prior=model.prior.with_scale(1.0)), data)
    path = map_path(model, data)
    low, high = path.scales.min(), path.scales.max()
    if low <= scale <= high:
        return path
    scales = np.geomspace(min(low, scale / _MARGIN), max(high, scale * _MARGIN), path.scales.size)
    return map_path(model, data, scales=scales)


def _coefficient_label(unit: str, *, in_common_units: bool) -> str:
    if in_common_units:
        return f"coefficient × sd(x), in units of {shown(unit)}"
    return f"coefficient, {shown(unit)} per unit of x"


def _path_label(model: LinearModel, unit: str) -> str:
    in_noise = model.prior.relative_to_noise and has_noise(model.likelihood)
    y = "σ" if in_noise else shown(unit)
    x = "sd(x)" if model.standardize else "x"
    name = "Laplace scale" if len(model.prior.scales()) > 1 else "prior scale"
    return f"{name}, in units of {y} per {'' if model.standardize else 'unit of '}{x}"


def _common_units(data: Data) -> Any:
    """Return the columns' sd where raw coefficients are too unlike to share an axis, else None."""
    sd = data.column_sd
    varying = sd[sd > 0]
    return sd if varying.size and varying.max() > _DIFFERENT_UNITS * varying.min() else None
