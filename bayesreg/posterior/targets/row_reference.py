"""The point around which a posterior on rows is stated: nuisance parameters and scales first, then the coefficients.

The coefficients are integrated out by the Gaussian at their mode (Tierney and Kadane 1986,
doi:10.1080/01621459.1986.10478240). What is left is a density of few coordinates: its mode and curvature are found.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ...base.threads import blas_for_few_columns
from ...data.checks import Design
from ...data.least_squares import check_dense_size
from ...data.rows import RowData
from ...mode.row_loss import RowLoss
from ...model.row_problem import RowProblem
from ...priors.scales import SCALE_NAMES, draw_proper
from .density import Coordinate, Density

_STEPS, _HALVINGS = 100, 40
_STILL = 1e-10  # relative decrease of minus the log density
_JITTER = 1e-12  # of the unit diagonal
_ROUNDED = 0.1  # of a prior's sd: its kink is smoothed within it
_DRAWS = 1024  # of a prior, for its range
_FAR = 10.0  # the range, on the whole line, of a coordinate whose prior is improper
_NUDGE, _SHARE = 1e-2, 0.5  # steps for second derivatives: the first, then this share of an sd
_LEAST_SD, _MOST_SD = 1e-4, 2.0  # of a coordinate on the whole line


class RowReference(NamedTuple):
    """A point in the bulk of a posterior on rows, and the spread of the sampled coordinates around it."""

    design: Float[np.ndarray, "n d"]
    coef: Float[np.ndarray, " d"]
    precision: Float[np.ndarray, "d d"]  # of the coefficients given the coordinates
    coordinates: dict[str, Coordinate]  # of nuisance parameters and scales, in units of their sds
    moves: Float[np.ndarray, "d k"]  # of the coefficients' mode, for a unit of each coordinate
    root: Float[np.ndarray, "k k"]  # of the coordinates' covariance


def row_reference(problem: RowProblem) -> RowReference:
    """Find the point.

    Parameters
    ----------
    problem : RowProblem
        Of a proper posterior.

    Raises
    ------
    MemoryError
        If sparse rows would need too much memory as dense rows.
    """
    surface = _Surface(problem, _dense(problem.design))
    if not surface.priors:
        found = surface.given(np.empty(0))
        nothing = np.empty((found.coef.size, 0))
        return RowReference(surface.design, found.coef, found.precision, {}, nothing, np.empty((0, 0)))
    peak = surface.peak()
    covariance, moves = surface.spread(peak)
    sd = np.sqrt(np.diagonal(covariance))
    found = surface.given(peak)
    coordinates = {
        name: Coordinate(prior, np.float64(place), np.float64(step))
        for (name, prior), place, step in zip(surface.priors.items(), peak, sd, strict=True)
    }
    root = np.linalg.cholesky(covariance / sd / sd[:, None])
    return RowReference(surface.design, found.coef, found.precision, coordinates, moves * sd, root)


class _Given(NamedTuple):
    """The coefficients at some values of the sampled coordinates."""

    height: float  # minus the log density of the coordinates, up to a constant
    coef: Float[np.ndarray, " d"]
    precision: Float[np.ndarray, "d d"]


@dataclass(eq=False)
class _Surface:
    """Minus the log density of the sampled coordinates, on the whole line."""

    problem: RowProblem
    design: Float[np.ndarray, "n d"]
    last: Float[np.ndarray, " d"] | None = field(
        default=None
    )  # coefficients, from which the next search starts

    @cached_property
    def data(self) -> RowData:
        """The rows, dense."""
        data = self.problem.data
        dense = isinstance(data.X, np.ndarray)
        return data if dense else replace(data, X=self.design[:, : data.n_features])

    @cached_property
    def priors(self) -> dict[str, Density]:
        return {name: Density(prior) for name, prior in sorted(self.problem.hyperpriors.items())}

    @cached_property
    def ranges(self) -> Float[np.ndarray, "k 3"]:
        """The least, the median and the largest of some draws of each prior."""
        from jax import random
        from numpyro.distributions import biject_to

        found = []
        for prior in self.priors.values():
            draws = draw_proper(prior.distribution, random.key(0), _DRAWS)
            to_line = biject_to(prior.distribution.support).inv
            if draws is None:
                found.append(np.array([-_FAR, 0.0, _FAR]) + float(to_line(np.float64(1.0))))
            else:
                found.append(np.sort(np.asarray(to_line(draws)))[[0, _DRAWS // 2, -1]])
        return np.stack(found)

    def given(self, place: Float[np.ndarray, " k"]) -> _Given:
        """Evaluate it at a place."""
        values, log_prior = dict(self.problem.known), 0.0
        for (name, prior), u in zip(self.priors.items(), place, strict=True):
            value, one = Coordinate(prior, np.float64(0.0), np.float64(1.0)).at(u)
            values[name], log_prior = float(value), log_prior + float(one)
        loss = RowLoss(self.data, self.problem.likelihood, _nuisance(values), self.problem.has_intercept)
        with blas_for_few_columns(self.data.X):
            coef, precision = _mode(self.problem, loss, values, self.last)
        self.last = coef
        log_density = _log_density(self.problem, loss.at(coef).eta, coef, values)
        height = 0.5 * float(np.linalg.slogdet(precision)[1]) - log_density - log_prior
        return _Given(height if np.isfinite(height) else np.inf, coef, precision)

    def peak(self) -> Float[np.ndarray, " k"]:
        """Return the place of the largest density, within the range of the priors."""
        from scipy.optimize import minimize

        low, middle, high = self.ranges.T
        found = minimize(
            lambda place: self.given(place).height,
            middle,
            method="L-BFGS-B",
            bounds=np.stack([low, high], axis=1),
            options={"eps": 1e-4, "maxiter": 50},
        )
        return np.asarray(found.x if np.isfinite(found.fun) else middle)

    def spread(self, peak: Float[np.ndarray, " k"]) -> tuple[Any, Any]:
        """Return the covariance of the coordinates by second differences, and how the coefficients' mode moves."""
        curvature, _ = self._differences(peak, np.full(peak.size, _NUDGE))
        sd = np.clip(1.0 / np.sqrt(np.maximum(np.diagonal(curvature), 1e-300)), _LEAST_SD, _MOST_SD)
        curvature, moves = self._differences(peak, _SHARE * sd)
        values, vectors = np.linalg.eigh(curvature * sd * sd[:, None])
        values = np.clip(values, 0.1, 10.0)  # the differences may come from a flat or bent surface
        covariance = (vectors / values) @ vectors.T * sd * sd[:, None]
        return covariance, moves

    def _differences(self, peak: Float[np.ndarray, " k"], step: Float[np.ndarray, " k"]) -> tuple[Any, Any]:
        k = peak.size
        curvature, moves = np.empty((k, k)), np.empty((self.design.shape[1], k))
        at, one = self.given(peak).height, np.diag(step)
        for i in range(k):
            up, down = self.given(peak + one[i]), self.given(peak - one[i])
            curvature[i, i] = (up.height - 2.0 * at + down.height) / step[i] ** 2
            moves[:, i] = (up.coef - down.coef) / (2.0 * step[i])
            for j in range(i):
                corners = [
                    sign * self.given(peak + one[i] + sign * one[j]).height
                    - sign * self.given(peak - one[i] + sign * one[j]).height
                    for sign in (1.0, -1.0)
                ]
                curvature[i, j] = curvature[j, i] = sum(corners) / (4.0 * step[i] * step[j])
        return np.where(np.isfinite(curvature), curvature, 0.0), moves


def _log_density(
    problem: RowProblem,
    eta: Float[np.ndarray, " n"],
    coef: Float[np.ndarray, " d"],
    values: Mapping[str, float],
) -> float:
    """Evaluate the log density of the response and the penalised coefficients, at other values."""
    data, held = problem.data, problem.penalised
    l1, l2 = problem.rates.at(values.get("noise_scale", 1.0), problem.is_feature, values)
    of_rows = data.sample_weight @ problem.likelihood.log_prob(eta, data.y, _nuisance(values))
    norm = problem.law.log_normaliser(l1[held], l2[held])
    return float(of_rows + np.sum(problem.law.log_density(coef[held], l1[held], l2[held], norm)))


def _nuisance(values: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in values.items() if name not in SCALE_NAMES}


def _dense(design: Design) -> Float[np.ndarray, "n d"]:
    if isinstance(design, np.ndarray):
        return design
    check_dense_size(*design.shape)
    return np.asarray(design.toarray())


def _mode(
    problem: RowProblem,
    loss: RowLoss,
    values: Mapping[str, float],
    start: Float[np.ndarray, " d"] | None,
) -> tuple[Float[np.ndarray, " d"], Float[np.ndarray, "d d"]]:
    """Return approximately the mode of the coefficients given all other values, and the precision there.

    Newton steps use normal densities that majorise the prior's. No program is compiled for them.
    """
    l1, l2 = problem.rates.at(values.get("noise_scale", 1.0), problem.is_feature, values)
    held = problem.penalised

    def height(coef: Float[np.ndarray, " d"]) -> float:
        return loss.at(coef).value + float(problem.law.energy(coef, l1, l2)[held].sum())

    def precision_at(coef: Float[np.ndarray, " d"], of_prior: Any) -> Float[np.ndarray, "d d"]:
        curvature = loss.likelihood.curvature(loss.at(coef).eta, loss.data.y, loss.nuisance)
        precision = loss.gram(loss.data.sample_weight * curvature)
        precision[np.diag_indices_from(precision)] += np.where(held, of_prior, 0.0)
        return precision

    coef = np.zeros(loss.n_coefs) if start is None else start
    best = height(coef)
    if start is not None and not np.isfinite(best):
        coef = np.zeros(loss.n_coefs)
        best = height(coef)
    rounded = np.where(held, _ROUNDED**2 / np.maximum(problem.law.precision(l1, l2), 1e-300), 1.0)
    for _ in range(_STEPS):
        weight = np.where(held, problem.law.majoriser(coef, l1, l2, 1.0, rounded), 0.0)
        root = root_of_inverse(precision_at(coef, weight))
        step = root @ (root.T @ (loss.at(coef).slopes - weight * coef))
        for _ in range(_HALVINGS):
            if (value := height(coef + step)) < best:
                break
            step = 0.5 * step
        else:
            break
        still = best - value <= _STILL * abs(best)
        coef, best = coef + step, value
        if still:
            break
    return coef, precision_at(coef, problem.law.precision(l1, l2, coef))


def root_of_inverse(precision: Float[np.ndarray, "d d"]) -> Float[np.ndarray, "d d"]:
    """Return R such that RR' is the inverse. It is computed in units in which the diagonal is 1."""
    from scipy.linalg import cholesky, solve_triangular

    unit = 1.0 / np.sqrt(np.diagonal(precision))
    scaled = precision * unit * unit[:, None]
    scaled[np.diag_indices_from(scaled)] += _JITTER
    root = solve_triangular(cholesky(scaled, lower=True), np.eye(unit.size), lower=True, trans="T")
    return unit[:, None] * root
