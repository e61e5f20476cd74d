"""A model on data: names, defaults, factors and standardisation become plain arrays here, once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, final

import numpy as np
from jaxtyping import Bool, Float

from ..base.blas import times
from ..base.namespace import namespace
from ..data.flat import FlatBlock
from ..data.least_squares import LeastSquares, Means
from ..data.rows import RowData, require_two_rows
from ..likelihoods.base import Likelihood, QuadraticLikelihood
from ..priors.base import DEFAULT_SCALE
from ..priors.hyperpriors import LogDensity
from ..priors.law import Law
from ..priors.penalty import Penalty, penalty_weights
from ..priors.scales import checked, is_distribution, per_feature
from .linear_model import LinearModel
from .needs import QUADRATIC_LOSS, Data, Need, require


class Rates(NamedTuple):
    """Coefficients of |βⱼ| and ½βⱼ² in −log p(β), at σ = 1 if they are relative to the noise."""

    l1: Float[np.ndarray, " p"]
    l2: Float[np.ndarray, " p"]
    relative: Bool[np.ndarray, " p"]

    @property
    def flat(self) -> Bool[np.ndarray, " p"]:
        """Which coefficients are unpenalised."""
        return (self.l1 == 0.0) & (self.l2 == 0.0)

    def of(self, columns: Bool[np.ndarray, " p"]) -> "Rates":
        """Return the rates of some columns."""
        return Rates(self.l1[columns], self.l2[columns], self.relative[columns])

    def at(self, noise_scale: Any, follows: Any, scales: Mapping[str, Any]) -> tuple[Any, Any]:
        """Return 1/b and 1/τ² at a noise scale and at sampled prior scales, in NumPy or JAX.

        `follows` marks the coefficients to which the sampled scales belong.
        """
        xp = namespace(self.l1, noise_scale, *scales.values())
        unit = xp.where(self.relative > 0, noise_scale, 1.0)
        common = scales.get("prior_scale", 1.0)
        b = xp.where(follows > 0, scales.get("laplace_scale", common), 1.0)
        tau = xp.where(follows > 0, scales.get("gaussian_scale", common), 1.0)
        return self.l1 / (unit * b), self.l2 / (unit * tau) ** 2

    def penalty_weights(self, noise_scale: float) -> tuple[Float[np.ndarray, " p"], Float[np.ndarray, " p"]]:
        """Return the canonical penalty weights (l1, l2) at a noise scale."""
        return penalty_weights(self.l1, self.l2, noise_scale, self.relative)


@dataclass(frozen=True)
class ModelOnData:
    """The parts of a model on data that every likelihood has, as plain arrays.

    ``rates`` holds all coefficients, and one more if the intercept is a coefficient like the others.
    """

    feature_names: tuple[str, ...]
    sum_weights: float
    has_intercept: bool
    rates: Rates
    law: Law
    known: dict[str, float]  # nuisance parameters
    response_scale: float
    sampled_scales: dict[str, Any]
    likelihood: Likelihood

    @property
    def n_features(self) -> int:
        """Number of features p."""
        return len(self.feature_names)

    @property
    def has_intercept_column(self) -> bool:
        """Whether the last coefficient is an intercept that has a prior."""
        return self.rates.l1.size > self.n_features

    @property
    def is_feature(self) -> Bool[np.ndarray, " p"]:
        """Which coefficients belong to features. A sampled scale is theirs; an intercept has its own prior."""
        return np.arange(self.rates.l1.size) < self.n_features

    @cached_property
    def penalised(self) -> Bool[np.ndarray, " p"]:
        """Which coefficients have a proper prior."""
        return ~self.rates.flat

    def of_penalised(self, values: Float[np.ndarray, "k p"]) -> Float[np.ndarray, "k q"]:
        """Return the columns of the penalised coefficients; the array itself if these are all."""
        return values if self.penalised.all() else values[:, self.penalised]

    @property
    def penalised_rates(self) -> Rates:
        """The rates of the penalised coefficients."""
        return self.rates.of(self.penalised)

    @property
    def hyperpriors(self) -> dict[str, Any]:
        """The distributions of the prior's scales and of nuisance parameters, if these are sampled."""
        return {**self.sampled_scales, **self.likelihood.nuisance_priors(self.response_scale)}


@final
@dataclass(frozen=True)
class Problem(ModelOnData):
    """A model with a quadratic loss on data. Solvers see nothing else.

    ``least_squares`` holds all coefficients, and one more if the intercept has a prior.
    ``reduced`` holds the penalised ones; the unpenalised ones are profiled out.
    """

    has_rows: bool
    centred: bool
    means: Means
    least_squares: LeastSquares
    reduced: LeastSquares
    flat_block: FlatBlock | None
    noise_log_prior: LogDensity | None
    likelihood: QuadraticLikelihood

    @property
    def noise_scale(self) -> float | None:
        """σ if it is known, else None."""
        return self.known.get("noise_scale")

    def with_penalised_rates(self, rates: Rates) -> "Problem":
        """Return the problem with other rates of its penalised coefficients."""
        l1, l2 = self.rates.l1.copy(), self.rates.l2.copy()
        l1[self.penalised], l2[self.penalised] = rates.l1, rates.l2
        return replace(self, rates=Rates(l1, l2, self.rates.relative))

    @property
    def as_statistics(self) -> "Problem":
        """The same problem, with only the sufficient statistics of its rows."""
        return replace(
            self,
            least_squares=self.least_squares.statistics,
            reduced=self.reduced.statistics,
            has_rows=False,
        )

    def penalty(self, noise_scale: float) -> Penalty:
        """Return the penalty on the features' coefficients, on the original columns."""
        l1, l2 = self.rates.penalty_weights(noise_scale)
        return Penalty(l1[: self.n_features], l2[: self.n_features])

    def expand(
        self, penalised_coefs: Float[np.ndarray, "k q"], flat_noise: Float[np.ndarray, "k m"] | float = 0.0
    ) -> tuple[Float[np.ndarray, "k p"], Float[np.ndarray, " k"]]:
        """Return all coefficients and intercepts; the unpenalised ones are optimal given the penalised.

        `flat_noise` is added to the unpenalised ones. The intercept stays optimal given all others.
        """
        if self.penalised.all():
            coefs = np.array(penalised_coefs)
        else:
            coefs = np.zeros((len(penalised_coefs), self.rates.l1.size))
            coefs[:, self.penalised] = penalised_coefs
        if self.flat_block is not None:
            coefs[:, self.rates.flat] = self.flat_block.coef(penalised_coefs) + flat_noise
        intercepts = self.means.y - times(coefs, self.means.x)
        if self.has_intercept_column:
            intercepts = coefs[:, -1]
        return coefs[:, : self.n_features], intercepts


def resolve(model: LinearModel, data: Data, by: str = "this method", *needs: Need) -> Problem:
    """State a model with a quadratic loss on data.

    Parameters
    ----------
    model : LinearModel
    data : RowData or GramData
    by : str
        The calling method, for messages.
    *needs : Need
        Its needs besides a quadratic loss.

    Returns
    -------
    Problem

    Raises
    ------
    TypeError, ValueError
        If names or lengths in the prior do not fit the data, or the data have one row.
    """
    require(by, model, data, QUADRATIC_LOSS, *needs)
    require_two_rows(data.n_samples)
    likelihood = model.likelihood
    assert isinstance(likelihood, QuadraticLikelihood)
    centre = model.fit_intercept and model.intercept_prior is None
    least_squares, means = data.least_squares(
        centre=centre, intercept_column=model.intercept_prior is not None
    )
    column_sd = column_sd_for(model, data, least_squares if centre else None)
    rates = prior_rates(model, data.feature_names, column_sd)
    reduced, flat_block = least_squares, None
    if rates.flat.any():
        reduced, flat_block = least_squares.without(rates.flat)
    response_scale = _response_scale(model, data, least_squares)
    known = likelihood.known_noise_scale
    return Problem(
        feature_names=data.feature_names,
        sum_weights=data.sum_weights,
        has_intercept=bool(model.fit_intercept),
        rates=rates,
        law=model.prior.law,
        known=likelihood.known,
        response_scale=response_scale,
        sampled_scales=sampled_scales(model),
        has_rows=isinstance(data, RowData),
        centred=centre,
        means=means,
        least_squares=least_squares,
        reduced=reduced,
        flat_block=flat_block,
        noise_log_prior=None if known is not None else likelihood.noise_log_prior(response_scale),
        likelihood=likelihood,
    )


def column_sd_for(
    model: LinearModel, data: Data, centred: LeastSquares | None = None
) -> Float[np.ndarray, " p"]:
    """Return the columns' standard deviations if the prior uses them, else ones."""
    if not model.standardize and all(value is not None for value in model.prior.scales().values()):
        return np.ones(data.n_features)
    return data.column_sd if centred is None else np.sqrt(centred.squared_norms / data.sum_weights)


def _response_scale(model: LinearModel, data: Data, least_squares: LeastSquares) -> float:
    """Return the sd of y (the root mean square if there is no intercept), or 1 if it is 0."""
    if model.fit_intercept and model.intercept_prior is not None:
        return data.response_sd or 1.0
    return float(np.sqrt(least_squares.response_ss / data.sum_weights)) or 1.0


def sampled_scales(model: LinearModel) -> dict[str, Any]:
    """Return the scales that are distributions, by their names in a posterior."""
    names = {"scale": "prior_scale"}
    scales = model.prior.scales().items()
    return {names.get(name, name): value for name, value in scales if is_distribution(value)}


def prior_rates(model: LinearModel, names: tuple[str, ...], column_sd: Float[np.ndarray, " p"]) -> Rates:
    """Spread the prior over the features, on the original columns.

    Parameters
    ----------
    model : LinearModel
        Its scales are numbers, arrays, mappings or None; a distribution counts as 1.
    names : tuple of p str
    column_sd : array (p,)
        Weighted standard deviations, ddof 0. A constant column has 0, and its unit is 1.

    Returns
    -------
    Rates
        Of p coefficients, or p + 1 if the intercept has a prior.
    """
    prior, p = model.prior, len(names)
    sd = np.where(column_sd > 0.0, column_sd, 1.0)
    factor = per_feature("factor", 1.0 if prior.factor is None else prior.factor, names, missing=1.0)
    default = DEFAULT_SCALE if model.standardize else DEFAULT_SCALE / sd
    is_default = any(value is None for value in prior.scales().values())
    scales = [
        checked(f"{name} × factor", _scale_at_one(name, value, names, default) * factor)
        for name, value in prior.scales().items()
    ]
    l1, l2 = (np.broadcast_to(rate, (p,)) for rate in prior.rates(*scales))
    if model.standardize:
        l1, l2 = l1 * sd, l2 * sd**2
    relative = np.full(p, bool(prior.relative_to_noise or is_default))
    return _with_intercept(model, Rates(l1, l2, relative))


def _scale_at_one(name: str, value: Any, names: tuple[str, ...], default: Any) -> Any:
    if is_distribution(value):
        return 1.0
    return default if value is None else per_feature(name, value, names)


def _with_intercept(model: LinearModel, rates: Rates) -> Rates:
    prior = model.intercept_prior
    if prior is None:
        return rates
    l1, l2 = prior.rates(*prior.numeric_scales())
    relative = np.append(rates.relative, prior.relative_to_noise)
    return Rates(np.append(rates.l1, l1), np.append(rates.l2, l2), relative)
