"""The gradient of the posterior's log density at its draws, in plain NumPy, independent of the samplers' code."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ..base.jax_context import float64_on_cpu
from ..base.threads import over_ranges, single_threaded_blas
from ..data.least_squares import told_by_gram
from ..data.row_blocks import row_slices
from ..model.problem import Problem
from ..model.row_problem import RowProblem
from ..model.source_problem import AnyForm, SourceProblem
from ..priors.hyperpriors import LogDensity, log_density
from ..priors.law import Law
from ..priors.scales import bounds
from .source_slopes import DRAWS_AT_ONCE, ROWS_AT_ONCE, slopes_at_draws
from .to_arviz import Posterior

# Entries of (draw, coordinate): larger arrays leave the cache, and the system gives their memory anew.
AT_ONCE = 2**16
_ENTRIES = 2**22  # of (draw, row) held at once
_NUDGE = 1e-5  # relative step of a nuisance parameter, for a derivative to 1e-10
_USUAL = 0.1  # a quantile of σ and of a sampled scale; below it the moves of coefficients are damped


class Scored(NamedTuple):
    """Positions on the whole line, the gradient at them, and the reported parameters, which are linear in them."""

    position: Float[np.ndarray, "s d"]
    score: Float[np.ndarray, "s d"]
    names: tuple[str, ...]
    reported: Float[np.ndarray, "s k"]
    gradient: Float[np.ndarray, "d k"]  # of the reported parameters
    levels: Float[np.ndarray, "s g"]  # damping of moves: small if σ or a scale is small
    group: Int[np.ndarray, " d"]  # the level of each coordinate
    drift: Float[
        np.ndarray, "s u"
    ]  # the damping's derivative along each of the last coordinates, σ and scales
    l1: Float[
        np.ndarray, "s q"
    ]  # rates of the coefficients, the first q coordinates: 1/b and 1/τ²; one row if all draws share them
    l2: Float[np.ndarray, "s q"]
    law: Law

    @property
    def damping(self) -> Float[np.ndarray, "s d"]:
        """The damping of moves along each coordinate; one column if it is the same for all."""
        return self.levels if self.levels.shape[1] == 1 else self.levels[:, self.group]

    def damped(self, shares: Float[np.ndarray, "d k"]) -> Float[np.ndarray, "s k"]:
        """Return the sums over coordinates of damping times shares."""
        return np.asarray(self.levels @ self.by_level(shares))

    def by_level(self, shares: Float[np.ndarray, "d k"]) -> Float[np.ndarray, "g k"]:
        """Return the sums of shares over the coordinates of each level of damping."""
        return np.stack([shares[self.group == g].sum(axis=0) for g in range(self.levels.shape[1])])

    def part(self, n_chains: int, draws: slice) -> "Scored":
        """Return some draws of every chain."""

        def of(values: Any) -> Any:
            by_chain = values.reshape(n_chains, len(values) // n_chains, values.shape[1])
            some = by_chain[:, draws]
            return some.reshape(some.shape[0] * some.shape[1], values.shape[1])

        return self._of_each(of)

    def rows(self, some: slice) -> "Scored":
        """Return the draws in some rows, without a copy."""
        return self._of_each(lambda values: values[some])

    def _of_each(self, of: Callable[[Any], Any]) -> "Scored":
        l1, l2 = (rate if len(rate) == 1 else of(rate) for rate in (self.l1, self.l2))
        return self._replace(
            position=of(self.position), score=of(self.score), reported=of(self.reported),
            levels=of(self.levels), drift=of(self.drift), l1=l1, l2=l2,
        )  # fmt: skip


def scored(problem: AnyForm, posterior: Posterior) -> Scored:
    """Evaluate the gradient at every draw.

    Parameters
    ----------
    problem : Problem
    posterior : Posterior
        With s draws in all.

    Returns
    -------
    Scored
        Coefficients are in their own units. The intercept is relative to its best value given them. σ and scales are
        logarithms, or logits if they have two bounds.
    """
    sigma = posterior.noise_scale.reshape(-1, 1)
    scales = {name: values.reshape(-1, 1) for name, values in posterior.scales.items()}
    coef = posterior.coef.reshape(sigma.size, -1)
    intercept = posterior.intercept.reshape(-1, 1)
    if problem.has_intercept_column:
        coef = np.hstack([coef, intercept])
    nuisance = {name: values.reshape(-1, 1) for name, values in posterior.nuisance.items()}
    unknown = {name: values for name, values in nuisance.items() if name not in problem.known} | scales
    q = coef.shape[1]
    position, score = np.empty((2, sigma.size, q + problem.centred + len(unknown)))
    position[:, :q] = coef
    of_nuisance: dict[str, Any]
    if isinstance(problem, SourceProblem):
        score[:, :q], of_nuisance = slopes_at_draws(problem, coef), {}
    elif isinstance(problem, RowProblem):
        score[:, :q], of_nuisance = _of_rows(problem, coef, nuisance)
    else:
        rss = _likelihood(problem, coef, sigma, score[:, :q])
        if problem.centred:
            beyond = intercept - (problem.means.y - coef @ problem.means.x[:, None])
            position[:, [q]], score[:, [q]] = beyond, -problem.sum_weights * beyond / sigma**2
            rss += problem.sum_weights * beyond**2
        of_nuisance = {"noise_scale": rss / sigma**2 - problem.sum_weights}
    l1, l2 = _rates(problem, sigma, scales)
    of_scales = _of_prior(problem, coef, l1, l2, unknown, score[:, :q])
    names = [f"coef[{name}]" for name in problem.feature_names]
    reported = [coef[:, : problem.n_features]]
    if problem.has_intercept:
        names.append("intercept")
        reported.append(intercept)
    steps: dict[str, Any] = {}
    for place, (name, values) in enumerate(unknown.items(), start=-len(unknown)):
        if name in scales:
            prior = problem.sampled_scales[name]
            with float64_on_cpu():
                on_line = _on_the_line(values, of_scales[name] / values, log_density(prior), bounds(prior))
        else:
            along = of_nuisance[name] + of_scales.get(name, 0.0)
            on_line = _on_the_line(values, along / values, *_prior_of(problem, name))
        position[:, [place]], score[:, [place]], step = on_line
        names.append(name)
        steps[name] = step / values
    reported.append(position[:, q + problem.centred :])
    levels, group, drift = _damping(problem, position.shape, unknown, steps)
    gradient = np.zeros((position.shape[1], len(names)))
    gradient[: problem.n_features, : problem.n_features] = np.eye(problem.n_features)
    n_last = len(names) - problem.n_features - problem.has_intercept  # σ and scales
    if n_last:
        gradient[-n_last:, -n_last:] = np.eye(n_last)
    if problem.has_intercept:
        gradient[: problem.n_features, problem.n_features] = (
            -problem.means.x if isinstance(problem, Problem) and problem.centred else 0.0
        )
        gradient[q - (not problem.centred), problem.n_features] = 1.0
    return Scored(
        position, score, tuple(names), np.hstack(reported), gradient, levels, group, drift, l1, l2,
        problem.law,
    )  # fmt: skip


def _damping(
    problem: AnyForm, shape: tuple[int, ...], unknown: dict[str, Any], steps: dict[str, Any]
) -> tuple[Any, Any, Any]:
    """Return the levels of damping at each draw, the level of each coordinate, and its derivative along it.

    Damping is about 1 for usual σ and scales, and falls with the square of a small one. Without it the score of a
    coefficient has no variance if σ or a scale may be near 0, and a single draw there would outweigh all others.
    """
    if not unknown:
        return np.ones((shape[0], 1)), np.zeros(shape[1], dtype=int), np.zeros((shape[0], 0))
    follows = problem.is_feature & ~problem.rates.flat
    relative = bool(problem.rates.relative.any())
    places = {name: place for place, name in enumerate(unknown, start=-len(unknown))}
    own, moves = np.ones((shape[0], len(unknown))), np.ones((len(unknown), shape[1]), dtype=bool)
    for k, (name, values) in enumerate(unknown.items()):
        own[:, k] = (1.0 / (1.0 + (np.quantile(values, _USUAL) / values) ** 2))[:, 0]
        if name != "noise_scale":
            moves[k, : follows.size], moves[k, follows.size :] = follows, False
        for other, place in places.items():
            moves[k, place] = other == name or (relative and "noise_scale" in (name, other))
    kinds, group = np.unique(moves, axis=1, return_inverse=True)
    levels = np.stack([own[:, kind].prod(axis=1) for kind in kinds.T], axis=1)
    drift = np.empty(own.shape)
    for k, name in enumerate(unknown):
        place = places[name]
        drift[:, k] = 2.0 * (1.0 - own[:, k]) * steps[name][:, 0] * levels[:, group[place]]
    return levels, group, drift


def _likelihood(problem: Problem, coef: Any, sigma: Any, score: Any) -> Any:
    """Write the gradient along the coefficients, and return the residual sum of squares with the best intercept."""
    least_squares = problem.least_squares
    if problem.has_rows and told_by_gram(least_squares):
        least_squares = least_squares.statistics
    rss = np.empty((len(coef), 1))
    for rows in row_slices(range(len(coef)), coef.shape[1], AT_ONCE):
        gradients, rss[rows, 0] = least_squares.residuals(coef[rows])
        np.divide(gradients, sigma[rows] ** 2, out=score[rows])
    return rss


def _of_prior(
    problem: AnyForm, coef: Any, l1: Any, l2: Any, unknown: dict[str, Any], score: Any
) -> dict[str, Any]:
    """Subtract the prior's slopes along the coefficients; return its derivatives in logarithms of σ and of scales."""
    relative, scaled = (
        chosen & ~problem.rates.flat for chosen in (problem.rates.relative, problem.is_feature)
    )
    found = {
        name: np.empty((len(coef), 1))
        for name in unknown
        if name in problem.sampled_scales or (name == "noise_scale" and relative.any())
    }
    for rows in row_slices(range(len(coef)), coef.shape[1], AT_ONCE):
        rates = [rate if len(rate) == 1 else rate[rows] for rate in (l1, l2)]
        score[rows] -= problem.law.slope(coef[rows], *rates)
        if not found:
            continue
        of_b, of_tau = problem.law.of_scales(coef[rows], *rates)
        parts = {"laplace_scale": of_b, "gaussian_scale": of_tau}
        for name, moves in found.items():
            part = parts.get(name, of_b + of_tau)[:, relative if name == "noise_scale" else scaled]
            moves[rows] = part.sum(axis=1, keepdims=True)
    return found


def _prior_of(problem: AnyForm, name: str) -> tuple[LogDensity, tuple[float, float]]:
    """Return the log prior density of a nuisance parameter, and its support."""
    if isinstance(problem, Problem):
        assert problem.noise_log_prior is not None
        return problem.noise_log_prior, problem.likelihood.noise_bounds()
    prior = problem.hyperpriors[name]
    with float64_on_cpu():
        return log_density(prior), bounds(prior)


def _of_rows(problem: RowProblem, coef: Any, nuisance: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return the log likelihood's gradient in coefficients, and in logarithms of nuisance parameters."""
    sampled = [name for name in nuisance if name not in problem.known]
    of_coef, of_nuisance = np.zeros_like(coef), {name: np.zeros((len(coef), 1)) for name in sampled}
    data, likelihood, design = problem.data, problem.likelihood, problem.design
    n = data.y.size
    splits = isinstance(design, np.ndarray) and not likelihood.holds_rows
    n_rows = min(n, ROWS_AT_ONCE) if splits else n
    n_draws = DRAWS_AT_ONCE if splits else max(1, _ENTRIES // n)

    def part(draws: range) -> None:
        for first in range(draws.start, draws.stop, n_draws):
            some = slice(first, min(first + n_draws, draws.stop))
            here = {name: values[some] for name, values in nuisance.items()}
            for start in range(0, n, n_rows):
                rows = slice(start, start + n_rows) if splits else slice(None)
                X, y, weight = design[rows], data.y[rows], data.sample_weight[rows]
                eta = np.asarray((X @ coef[some].T).T)
                if data.offset is not None:
                    eta += data.offset[rows]
                slope = weight * likelihood.slope_in_sums(eta, y, here)
                of_coef[some] -= np.asarray((X.T @ slope.T).T)
                for name in sampled:
                    up, down = (here | {name: here[name] * (1.0 + sign * _NUDGE)} for sign in (1.0, -1.0))
                    change = likelihood.log_prob(eta, y, up) - likelihood.log_prob(eta, y, down)
                    of_nuisance[name][some] += (change @ weight)[:, None] / (2.0 * _NUDGE)

    with single_threaded_blas() as n_threads:
        over_ranges(part, len(coef), n_threads)
    return of_coef, of_nuisance


def _rates(problem: AnyForm, sigma: Any, scales: dict[str, Any]) -> tuple[Any, Any]:
    """Return 1/b and 1/τ² of every coefficient at each draw, or one row if all draws share them."""
    unit = sigma if problem.rates.relative.any() else np.ones((1, 1))
    return problem.rates.at(unit, problem.is_feature, scales)


def _on_the_line(
    value: Any, score: Any, prior: LogDensity, ends: tuple[float, float]
) -> tuple[Any, Any, Any]:
    """Map a quantity between bounds to the whole line; return it, the score along it, and the map's derivative.

    The score includes the prior and the change of variables.
    """
    low, high = ends
    score = score + prior(value)[1]
    above = value - low
    if not np.isfinite(high):
        return np.log(above), score * above + 1.0, above
    share = above / (high - low)
    slope = above * (1.0 - share)
    return np.log(share) - np.log1p(-share), score * slope + 1.0 - 2.0 * share, slope
