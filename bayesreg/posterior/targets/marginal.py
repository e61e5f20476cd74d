"""Independent draws under a Gaussian prior: σ and the scale from their closed-form marginal, then the coefficients."""

from typing import Any

import numpy as np
from jaxtyping import Float

from ...base.errors import SamplingWarning, warn
from ...base.jax_context import float64_on_cpu
from ...gaussian.spectrum import Rotation, gaussian_scale, rotate, variance_rounding
from ...model.problem import Problem
from ..marginals.bulks import Look, Marginal, cell_edges
from ..marginals.log_priors import log_noise_prior, log_scale_prior
from .reference_point import ReferencePoint

_NOT_TOLD_BY_STATISTICS = (
    "in the sufficient statistics {unseen} combination(s) of the columns are 0 in every row, so the draws have the "
    "prior's width along them. The prior is so wide that digits lost in the statistics would make the draws narrower, "
    "unless the columns are exactly collinear. Give the rows (RowData), or a smaller prior scale."
)
_ROUNDING = 1e-6  # largest relative error of a posterior variance from the decomposition
_SPARE, _MOST_AT_ONCE = 1.3, 2**16  # proposals for each draw, and in one round
_MOST_ROUNDS, _LEAST_ACCEPTED = 1000, 0.1


def rotation(problem: Problem, near: ReferencePoint) -> Rotation | None:
    """Return coordinates in which coefficients are independent, or None if rounding makes them too inexact."""
    rotated = rotate(problem.reduced, problem.penalised_rates.l2)
    if rotated.values.size == 0:
        return rotated
    penalty_weights = near.rates.penalty_weights(near.noise_scale)[1]
    ratio = float((penalty_weights * rotated.unit**2).min())
    if variance_rounding(problem.reduced, rotated, ratio) <= _ROUNDING:
        unseen = rotated.unit.size - rotated.values.size
        if unseen and not problem.has_rows and _unseen_may_be_data(rotated, ratio):
            warn(_NOT_TOLD_BY_STATISTICS.format(unseen=unseen), SamplingWarning)
        return rotated
    return None


def _unseen_may_be_data(rotated: Rotation, ratio: float) -> bool:
    """Tell whether digits lost in the statistics could make so wide a prior narrower."""
    return bool(np.finfo(float).eps * rotated.unit.size * rotated.values.max() > ratio)


def draw_scales(
    problem: Problem, marginal: Marginal, found: Look, n_draws: int, rng: np.random.Generator
) -> tuple[Float[np.ndarray, " s"], dict[str, Float[np.ndarray, " s"]]]:
    """Draw σ and the prior's scale, independently.

    This is rejection sampling. Proposals are uniform within the cells of the grid. The bound is the largest ratio of
    the density to the proposals' density among all proposals.

    Parameters
    ----------
    problem : Problem
    marginal : Marginal
        In closed form.
    found : Look
        That marginal on a grid.
    n_draws : int
    rng : Generator

    Returns
    -------
    sigma, scales
    """
    axes = {"noise_scale": found.log_sigma, **found.scale_grids}
    shape = tuple(grid.size for grid in axes.values())
    log_volume = found.log_volume.ravel()
    log_mass = (found.log_density + found.log_volume).ravel()
    kept: list[dict[str, Any]] = []
    ratios: list[Any] = []
    n_proposals = int(min(_SPARE * n_draws + 64, _MOST_AT_ONCE))
    for _ in range(_MOST_ROUNDS):
        mass = np.exp(log_mass - np.logaddexp.reduce(log_mass))
        cells = rng.choice(mass.size, n_proposals, p=mass)
        places = np.unravel_index(cells, shape)
        drawn = {
            name: _within(grid, cell, rng) for (name, grid), cell in zip(axes.items(), places, strict=True)
        }
        ratio = _log_target(problem, marginal, drawn) - (log_mass - log_volume)[cells]
        if np.exp(ratio - ratio.max()).mean() < _LEAST_ACCEPTED:  # the density rises far within some cells
            log_mass = log_mass + _excess(ratio, cells, log_mass.size)
            kept, ratios = [], []
            continue
        ratios.append(
            ratio - np.log(1.0 - rng.random(ratio.size))
        )  # a proposal is kept if this is above the bound
        kept.append(drawn | {"ratio": ratio})
        highest = max(float(one["ratio"].max()) for one in kept)
        accepted = [np.flatnonzero(one > highest) for one in ratios]
        if sum(one.size for one in accepted) >= n_draws:
            break
    else:
        raise ArithmeticError(
            "σ and the prior's scale could not be drawn from their density: it is too uneven."
        )
    sampled = {
        name: np.exp(
            np.concatenate([one[name][rows] for one, rows in zip(kept, accepted, strict=True)])[:n_draws]
        )
        for name in axes
    }
    return sampled.pop("noise_scale"), sampled


def _excess(ratio: Any, cells: Any, n_cells: int) -> Float[np.ndarray, " c"]:
    """Return the largest observed log ratio of the density to that of each cell, at least 0."""
    most = np.full(n_cells, -np.inf)
    np.maximum.at(most, cells, ratio)
    return np.maximum(most - np.median(ratio), 0.0)


def _within(grid: Float[np.ndarray, " m"], cell: Any, rng: np.random.Generator) -> Float[np.ndarray, " s"]:
    edges = cell_edges(grid)
    return edges[cell] + (edges[cell + 1] - edges[cell]) * rng.random(cell.size)


def _log_target(problem: Problem, marginal: Marginal, drawn: dict[str, Any]) -> Any:
    with float64_on_cpu():
        log_prior = log_noise_prior(problem, drawn["noise_scale"]) if problem.noise_scale is None else 0.0
        for name in problem.sampled_scales:
            log_prior = log_prior + log_scale_prior(problem, name, drawn[name])
    scales = {name: np.exp(drawn[name]) for name in problem.sampled_scales}
    return marginal.at(np.exp(drawn["noise_scale"]), scales)[0] + log_prior


def draw_coefs(
    problem: Problem,
    rotated: Rotation,
    noise_scale: Float[np.ndarray, " s"],
    scales: dict[str, Float[np.ndarray, " s"]],
    rng: np.random.Generator,
) -> Float[np.ndarray, "s q"]:
    """Draw the coefficients given σ and the prior's scale: independent and exact."""
    unit = 1.0 if problem.penalised_rates.relative.any() else noise_scale
    ratio = np.broadcast_to((unit / gaussian_scale(scales)) ** 2, noise_scale.shape)
    return rotated.draw(noise_scale, ratio, rng)
