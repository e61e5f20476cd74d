"""The bulks of a posterior: a global search on the marginal of σ and of sampled scales.

Given σ and scales, the posterior of the coefficients is log-concave. So all separate parts of a posterior show in
the marginal of (log σ, log scales), with the coefficients integrated out. It is evaluated on a grid: in closed form
under a Gaussian prior, and by expectation propagation under the others.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ...base.jax_context import float64_on_cpu
from ...gaussian.propriety import power
from ...gaussian.spectrum import GaussianMarginal, Rotation, gaussian_scale, is_one_gaussian, rotate
from ...model.problem import Problem
from .ladder import Ladder
from .log_priors import log_noise_prior, log_scale_prior
from .propagation import Propagation
from .scale_grid import LEAST_RSS, ScaleMarginal, first_scales, more_scales
from .watershed import parts_of

MATERIAL = 14.0  # a log density within this of the highest is material
_DEPTH = 3.0  # of a valley between two bulks, in log density
_THINKABLE = 60.0  # a log density within this of the highest may be material at another setting of the scales
_FLOOR = 1e3  # a log density further below the highest counts as 0
_ROUNDS, _SCALE_ROUNDS = 24, 10
_MOST_SETTINGS = 1000
_PARTS = 4  # of each final step along one scale; half as many for two scales
_EVEN = 192  # points along log σ
_FIRST_STEP, _LEAST_FIRST, _MOST_FIRST = 0.6, 4, 24  # between the first rungs, and their number
_FIRST_STEP_OF_MANY = 1.0  # if each setting of the scales has its own rungs
_LOWEST, _HIGHEST, _FURTHEST = -18.0, 12.0, 150.0  # of log σ, relative to the spread of y
_ROUNDING_RSS = 1e-28  # of y'y: less is rounding


class Marginal(NamedTuple):
    """The likelihood of σ and scales, with the coefficients integrated out."""

    at: Callable[
        [Any, dict[str, Any]], tuple[Any, Any]
    ]  # log p(y | σ, scales) + a constant, its slope along log σ
    rss: float  # the least residual sum of squares of all coefficients


class Bulk(NamedTuple):
    """One of the separate parts of a posterior."""

    mass: float
    noise_scale: float  # at the peak
    scales: dict[str, float]
    spread: dict[str, float]  # sd of the logarithms, σ's under "noise_scale"
    bounds: dict[str, tuple[float, float]]  # its borders to other bulks; empty if it is the only one


class Look(NamedTuple):
    """The marginal on a grid: a row for each log σ, a column for each setting of the scales."""

    log_sigma: Float[np.ndarray, " m"]
    scale_grids: dict[str, Float[np.ndarray, " g"]]  # the settings are their product
    log_density: Float[np.ndarray, "m j"]  # per unit of the logarithms
    log_volume: Float[np.ndarray, "m j"]  # of a cell
    bulks: tuple[Bulk, ...] = ()  # the heaviest is first
    resolved: bool = True  # whether float64 is precise enough for it

    @property
    def settings(self) -> dict[str, Float[np.ndarray, " j"]]:
        """The log scales of each column."""
        return _product(self.scale_grids)

    @property
    def mass(self) -> Float[np.ndarray, "m j"]:
        """The share of the mass in each cell."""
        log_mass = self.log_density + self.log_volume
        mass = np.exp(log_mass - log_mass.max())
        return mass / mass.sum()

    @property
    def marginals(self) -> dict[str, tuple[Float[np.ndarray, " g"], Float[np.ndarray, " g"]]]:
        """For "noise_scale" and each scale: its logarithms, and the share of the mass at each."""
        shape = (self.log_sigma.size, *(grid.size for grid in self.scale_grids.values()))
        mass = self.mass.reshape(shape)
        grids = {"noise_scale": self.log_sigma, **self.scale_grids}
        others = [tuple(k for k in range(mass.ndim) if k != axis) for axis in range(mass.ndim)]
        return {
            name: (grid, mass.sum(axis=other))
            for (name, grid), other in zip(grids.items(), others, strict=True)
        }

    @property
    def log_evidence(self) -> float:
        """Log of the integral of the marginal."""
        return float(np.logaddexp.reduce(self.log_density + self.log_volume, axis=None))


def gaussian_marginal(problem: Problem, rotated: Rotation) -> Marginal:
    """Return the marginal in closed form, under a Gaussian prior."""
    relative = bool(problem.penalised_rates.relative.any())
    marginal = rotated.marginal(power(problem))

    def evaluate(noise_scale: Any, scales: dict[str, Any]) -> tuple[Any, Any]:
        unit = 1.0 if relative else noise_scale
        ratio = np.broadcast_to((unit / gaussian_scale(scales)) ** 2, noise_scale.shape)
        return marginal.log_likelihood(noise_scale, ratio), _slope(
            marginal, noise_scale, ratio, relative=relative
        )

    return Marginal(evaluate, rotated.rss)


def _slope(marginal: GaussianMarginal, noise_scale: Any, ratio: Any, *, relative: bool) -> Any:
    share = marginal.values / (marginal.values + ratio[:, None])
    if relative:
        fit, seen = (1.0 - share) @ marginal.squares, 0.0
    else:
        fit, seen = (1.0 - share) ** 2 @ marginal.squares, share.sum(axis=1)
    return (marginal.rss + fit) / noise_scale**2 + seen - marginal.power


def propagated_marginal(propagation: Propagation) -> Marginal:
    """Return the marginal by expectation propagation, under any prior."""

    def evaluate(noise_scale: Any, scales: dict[str, Any]) -> tuple[Any, Any]:
        found = propagation.at(noise_scale, scales)
        return np.where(found.settled, found.log_mass, np.nan), found.slope

    return Marginal(evaluate, propagation.rss)


def where_mass_is(problem: Problem) -> Look | None:
    """Evaluate the marginal of all unknowns except the coefficients.

    None if σ and scales are known, or if expectation propagation cannot integrate the prior.

    Parameters
    ----------
    problem : Problem
        Of a proper posterior.

    Returns
    -------
    Look or None
    """
    if not problem.law.tells_mass or (problem.noise_scale is not None and not problem.sampled_scales):
        return None
    if is_one_gaussian(problem):
        return look(problem, gaussian_marginal(problem, rotate(problem.reduced, problem.penalised_rates.l2)))
    propagation = Propagation(problem)
    found = look(problem, propagated_marginal(propagation))
    return found._replace(resolved=propagation.resolves(found.bulks[0].noise_scale, found.bulks[0].scales))


def look(problem: Problem, marginal: Marginal) -> Look:
    """Evaluate the marginal of log σ and of the logs of sampled scales, wherever it may have mass.

    Parameters
    ----------
    problem : Problem
        Of a proper posterior.
    marginal : Marginal

    Returns
    -------
    Look
        It has one cell if σ and scales are known.
    """
    surface = _Surface(problem, marginal)
    with float64_on_cpu():
        grids = {name: first_scales(problem, name, marginal.rss, MATERIAL) for name in problem.sampled_scales}
        found = surface.on_grid(grids)
        for _ in range(_SCALE_ROUNDS if grids else 0):
            finer = {name: more_scales(problem, name, _scale(found, name), MATERIAL) for name in grids}
            n_settings = int(np.prod([grid.size for grid in finer.values()]))
            if n_settings == found.log_density.shape[1] or n_settings > _MOST_SETTINGS:
                break
            found = surface.on_grid(finer)
        for name in grids:
            found = _interpolated(problem, found, name)
    return found._replace(bulks=bulks_of(found, _DEPTH))


def _interpolated(problem: Problem, found: Look, name: str) -> Look:
    """Interpolate along a scale, so that sums over small cells are integrals, even on an uneven grid."""
    from scipy.interpolate import Akima1DInterpolator

    grid = found.scale_grids[name]
    if grid.size < 3:
        return found
    along = _scale(found, name).log_density
    material = np.maximum(along[1:], along[:-1]) > along.max() - MATERIAL
    n_parts = np.where(material, _PARTS if len(found.scale_grids) == 1 else _PARTS // 2, 1)
    steps = [
        np.linspace(a, b, n, endpoint=False) for a, b, n in zip(grid[:-1], grid[1:], n_parts, strict=True)
    ]
    fine = np.concatenate([*steps, grid[-1:]])
    axis = 1 + list(found.scale_grids).index(name)
    shape = (found.log_sigma.size, *(one.size for one in found.scale_grids.values()))
    evidence = np.moveaxis(found.log_density.reshape(shape), axis, -1) - log_scale_prior(problem, name, grid)
    least = found.log_density.max() - _FLOOR
    evidence = np.where(evidence > least, evidence, least)  # also replaces nan, which a prior of 0 causes
    density = Akima1DInterpolator(grid, evidence, axis=-1)(fine) + log_scale_prior(problem, name, fine)
    density = np.moveaxis(density, -1, axis).reshape(shape[0], -1)
    grids = {**found.scale_grids, name: fine}
    volume = _log_widths(found.log_sigma)[:, None] + _log_areas(grids)
    return found._replace(scale_grids=grids, log_density=density, log_volume=volume)


def _scale(found: Look, name: str) -> ScaleMarginal:
    """Return the marginal of one scale, and the overlap of the rest of the posterior at neighbouring values."""
    grid = found.scale_grids[name]
    log_mass = found.log_density + found.log_volume
    shape = (found.log_sigma.size, *(one.size for one in found.scale_grids.values()))
    own_first = np.moveaxis(log_mass.reshape(shape), 1 + list(found.scale_grids).index(name), 0)
    rest = own_first.reshape(grid.size, -1)
    along = np.logaddexp.reduce(rest, axis=1)
    with np.errstate(invalid="ignore"):
        root = np.exp(0.5 * (rest - np.where(np.isfinite(along), along, 0.0)[:, None]))
    return ScaleMarginal(grid, along - _log_widths(grid), (root[1:] * root[:-1]).sum(axis=1))


class _Surface:
    """The marginal at any settings of the scales. It keeps all evaluations along log σ."""

    def __init__(self, problem: Problem, marginal: Marginal) -> None:
        self._problem, self._marginal = problem, marginal
        self._known: dict[tuple[float, ...], Ladder] = {}

    def on_grid(self, grids: dict[str, Any]) -> Look:
        """Return the density of log σ and the scales on a product of grids."""
        settings, of_scales = self._settings(grids)
        if self._problem.noise_scale is None:
            ladders = self._ladders(settings, of_scales)
            log_sigma = _noise_grid(ladders, of_scales)
            density = np.stack([one.at(log_sigma) for one in ladders], axis=1)
        else:
            log_sigma = np.log([self._problem.noise_scale])
            density = self._at_known_noise(settings)[None, :]
        density = _without_holes(density, list(grids.values())) + of_scales
        return Look(log_sigma, grids, density, _log_widths(log_sigma)[:, None] + _log_areas(grids))

    def _settings(self, grids: dict[str, Any]) -> tuple[dict[str, Any], Float[np.ndarray, " j"]]:
        """Return the log scales of each setting, and their log prior density."""
        settings = _product(grids)
        of_scales = np.zeros(int(np.prod([grid.size for grid in grids.values()])))
        for name, values in settings.items():
            of_scales = of_scales + log_scale_prior(self._problem, name, values)
        return settings, of_scales

    def _at_known_noise(self, settings: dict[str, Any]) -> Float[np.ndarray, " j"]:
        scales = {name: np.exp(values) for name, values in settings.items()}
        n_settings = next(iter(scales.values())).size if scales else 1
        return self._marginal.at(np.full(n_settings, self._problem.noise_scale), scales)[0]

    def _ladders(self, settings: dict[str, Any], of_scales: Float[np.ndarray, " j"]) -> list[Ladder]:
        """Return the marginal along log σ at each setting of the scales, with rungs added until nothing is hidden.

        A place is hidden if it may be material compared with the highest of all settings, with their log prior density.
        """
        problem, known = self._problem, self._known
        keys = [tuple(float(values[k]) for values in settings.values()) for k in range(of_scales.size)]
        new = [k for k, key in enumerate(keys) if key not in known]
        for k in new:
            known[keys[k]] = Ladder(power(problem), lambda x: log_noise_prior(problem, x))
        ends, first = _first_rungs(problem, self._marginal.rss)
        wanted = dict.fromkeys(new, first)
        for _ in range(_ROUNDS):
            owner = np.repeat(list(wanted), [x.size for x in wanted.values()]).astype(int)
            if owner.size == 0:
                break
            x = np.concatenate(list(wanted.values()))
            level, slope = self._marginal.at(
                np.exp(x), {name: np.exp(values[owner]) for name, values in settings.items()}
            )
            for k in wanted:
                mine = owner == k
                known[keys[k]].add(x[mine], level[mine], slope[mine])
            highest = max(known[key].highest() + level for key, level in zip(keys, of_scales, strict=True))
            least = highest - of_scales
            further = {
                k: known[key].wanted(ends, least[k] - MATERIAL, least[k] - _THINKABLE)
                for k, key in enumerate(keys)
            }
            wanted = {k: x for k, x in further.items() if x.size}
        return [known[key] for key in keys]


def _product(grids: dict[str, Any]) -> dict[str, Float[np.ndarray, " j"]]:
    mesh = np.meshgrid(*grids.values(), indexing="ij")
    return {name: axis.ravel() for name, axis in zip(grids, mesh, strict=True)}


def _without_holes(density: Float[np.ndarray, "m j"], grids: list[Any]) -> Float[np.ndarray, "m j"]:
    """Fill settings without convergence from their neighbours, if there is only one scale."""
    finite = np.isfinite(density).any(axis=0)
    if finite.all() or len(grids) != 1 or not finite.any():
        return np.where(np.isnan(density), -np.inf, density)
    places = np.interp(grids[0], grids[0][finite], np.arange(finite.sum()))
    left, right = np.floor(places).astype(int), np.ceil(places).astype(int)
    share, known = places - left, density[:, finite]
    with np.errstate(invalid="ignore"):
        filled = np.where(
            share > 0.0, (1.0 - share) * known[:, left] + share * known[:, right], known[:, left]
        )
    return np.where(np.isnan(filled), -np.inf, filled)


def _log_widths(grid: Float[np.ndarray, " m"]) -> Float[np.ndarray, " m"]:
    """Return the logs of the cells' lengths, or 0 if there is one cell."""
    return np.log(np.diff(cell_edges(grid))) if grid.size > 1 else np.zeros(1)


def _log_areas(grids: dict[str, Any]) -> Any:
    """Return the logs of the cells' sizes in a product of grids, or 0 if there is no grid."""
    areas = np.zeros(1)
    for grid in grids.values():
        areas = (areas[:, None] + _log_widths(grid)).ravel()
    return areas


def cell_edges(grid: Float[np.ndarray, " m"]) -> Float[np.ndarray, " m1"]:
    """Return the edges of a grid's cells: half-way between its points."""
    return np.concatenate([grid[:1], 0.5 * (grid[1:] + grid[:-1]), grid[-1:]])


def _first_rungs(problem: Problem, least_rss: float) -> tuple[tuple[float, float], Float[np.ndarray, " m"]]:
    """Return the limits of log σ, and a few rungs from a perfect fit to no fit."""
    low, high = problem.likelihood.noise_bounds()
    total = float(problem.reduced.response_ss) or problem.response_scale**2
    freedom = max(power(problem), 1.0)
    top = 0.5 * np.log(total / freedom)
    least = LEAST_RSS if problem.penalised.sum() >= freedom else _ROUNDING_RSS
    bottom = 0.5 * np.log(max(least_rss, least * total) / freedom)
    lowest = max(top + _reach(problem, top, _LOWEST, least_rss), np.log(low) if low > 0.0 else -np.inf)
    highest = min(top + _reach(problem, top, _HIGHEST, least_rss), np.log(high))
    if lowest >= highest:  # a prior far from the data
        lowest, highest = np.log(low) if low > 0.0 else np.log(high) - _HIGHEST, np.log(high)
    wide = np.linspace(lowest, highest if np.isfinite(highest) else lowest + _HIGHEST, 961)
    held = log_noise_prior(problem, wide) - power(problem) * np.maximum(wide - top, 0.0)
    of_prior = wide[int(np.argmax(held))]
    first, last = np.clip([min(bottom, of_prior) - 0.5, max(top, of_prior) + 0.5], wide[0], wide[-1])
    if last - first < _FIRST_STEP:
        first, last = np.clip([first - 0.5, last + 0.5], wide[0], wide[-1])
    step = _FIRST_STEP_OF_MANY if problem.sampled_scales else _FIRST_STEP
    n_rungs = int(np.clip(np.ceil((last - first) / step) + 1, _LEAST_FIRST, _MOST_FIRST))
    return (float(wide[0]), float(wide[-1])), np.linspace(first, last, n_rungs)


def _reach(problem: Problem, top: float, least: float, least_rss: float) -> float:
    """Return the largest distance of log σ from the spread of y; prior and data may allow more than the default."""
    out = np.arange(0.0, _FURTHEST, 0.5) * np.sign(least)
    most = log_noise_prior(problem, top + out) - power(problem) * out
    if least < 0.0:  # as if only the least residual were left
        with np.errstate(over="ignore"):
            most -= 0.5 * least_rss * np.exp(-2.0 * (top + out))
    going_on = np.abs(out[most > most.max() - MATERIAL]).max(initial=0.0)
    return float(np.sign(least) * np.clip(going_on, abs(least), _FURTHEST))


def _noise_grid(ladders: list[Ladder], of_scales: Float[np.ndarray, " j"]) -> Float[np.ndarray, " m"]:
    """Return evenly spaced log σ, with a finer spacing around every material peak."""
    ends = np.concatenate([one.x for one in ladders])
    first, last = ends.min(), ends.max()
    least = max(one.top + level for one, level in zip(ladders, of_scales, strict=True)) - MATERIAL
    points = [np.linspace(first, last, _EVEN)]
    for ladder, level in zip(ladders, of_scales, strict=True):
        points += ladder.details(least - level)
    return np.unique(np.concatenate(points))


def bulks_of(found: Look, depth: float) -> tuple[Bulk, ...]:
    """Return the parts that valleys of at least this depth, in log density, separate. The heaviest is first."""
    shape = (found.log_sigma.size, *(grid.size for grid in found.scale_grids.values()))
    label, n_bulks = parts_of(found.log_density.reshape(shape), MATERIAL, depth)
    label = label.reshape(found.log_density.shape)
    axes = {"noise_scale": found.log_sigma[:, None], **{k: v[None, :] for k, v in found.settings.items()}}
    mass = found.mass
    boxes = _boxes(label, n_bulks, mass, axes)
    bulks = []
    for k, box in enumerate(boxes):
        inside = np.ones(mass.shape, dtype=bool)
        for name, (low, high) in box.items():
            inside &= (axes[name] >= low) & (axes[name] < high)
        bulks.append(_bulk(found, (label == k) & inside, mass * inside, axes, box))
    return tuple(sorted(bulks, key=lambda bulk: -bulk.mass))


def _bulk(
    found: Look, mine: Any, mass: Any, axes: dict[str, Any], box: dict[str, tuple[float, float]]
) -> Bulk:
    peak = np.unravel_index(int(np.where(mine, found.log_density, -np.inf).argmax()), mass.shape)
    at_peak = {name: float(np.exp(np.broadcast_to(axis, mass.shape)[peak])) for name, axis in axes.items()}
    spread = {name: _sd(np.broadcast_to(axis, mass.shape), mass) for name, axis in axes.items()}
    bounds = {name: (float(np.exp(low)), float(np.exp(high))) for name, (low, high) in box.items()}
    return Bulk(float(mass.sum()), at_peak.pop("noise_scale"), at_peak, spread, bounds)


def _sd(values: Any, mass: Any) -> float:
    weight = mass / mass.sum()
    mean = (weight * values).sum()
    return float(np.sqrt((weight * (values - mean) ** 2).sum()))


def _boxes(label: Any, n_bulks: int, mass: Any, axes: dict[str, Any]) -> list[dict[str, tuple[float, float]]]:
    """Return an interval for each bulk, on the axis with the least overlap."""
    if n_bulks == 1:
        return [{}]
    best: tuple[float, list[dict[str, tuple[float, float]]]] | None = None
    for name, axis in axes.items():
        values = np.broadcast_to(axis, mass.shape)
        middles = np.array([values[label == k][mass[label == k].argmax()] for k in range(n_bulks)])
        order, grid = np.argsort(middles), np.unique(values)
        cuts, overlap = [-np.inf], 0.0
        for left, right in pairwise(order):
            between = grid[(grid > middles[left]) & (grid <= middles[right])]
            if between.size == 0:
                overlap = np.inf
                break
            of_left, of_right = (mass * (label == k) for k in (left, right))
            wrong = [of_left[values >= cut].sum() + of_right[values < cut].sum() for cut in between]
            least = min(wrong)
            fits = between[np.asarray(wrong) <= least + 1e-12]
            cuts.append(float(fits[fits.size // 2]))
            overlap += float(least)
        if best is None or overlap < best[0]:
            ends = [*cuts, np.inf] if np.isfinite(overlap) else [-np.inf] + [np.inf] * n_bulks
            boxes: list[dict[str, tuple[float, float]]] = [{} for _ in range(n_bulks)]
            for place, k in enumerate(order):
                boxes[k] = {name: (ends[place], ends[place + 1])}
            best = overlap, boxes
    assert best is not None
    return best[1]
