"""The gradient of a whole posterior's log density at its draws, in plain NumPy, apart from what samplers evaluate."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ..base.jax_context import float64_on_cpu
from ..data.least_squares import told_by_gram
from ..model.problem import Problem
from ..priors.elastic_net import prior_energies
from ..priors.hyperpriors import LogDensity, log_density
from ..priors.scales import bounds
from .to_arviz import Posterior

_USUAL = 0.1  # a quantile of σ and of a sampled scale, below which coefficients are moved by less


class Scored(NamedTuple):
    """Positions on the whole line, the gradient there, and what of them is reported: linear in the position."""

    position: Float[np.ndarray, "s d"]
    score: Float[np.ndarray, "s d"]
    names: tuple[str, ...]
    reported: Float[np.ndarray, "s k"]
    gradient: Float[np.ndarray, "d k"]  # of what is reported
    levels: Float[np.ndarray, "s g"]  # of a damping of moves: small where σ or a scale is
    group: Int[np.ndarray, " d"]  # which of these each coordinate has
    drift: Float[np.ndarray, "s d"]  # the damping's derivative along the same coordinate
    l1: Float[
        np.ndarray, "s q"
    ]  # of the coefficients, the first q coordinates: 1/b and 1/τ²; or a row for all draws
    l2: Float[np.ndarray, "s q"]

    @property
    def damping(self) -> Float[np.ndarray, "s d"]:
        """Of moves along each coordinate; one column where it is the same for all."""
        return self.levels if self.levels.shape[1] == 1 else self.levels[:, self.group]

    def damped(self, shares: Float[np.ndarray, "d k"]) -> Float[np.ndarray, "s k"]:
        """Return the sums over coordinates of damping times shares."""
        sums = [shares[self.group == g].sum(axis=0) for g in range(self.levels.shape[1])]
        return np.asarray(self.levels @ np.stack(sums))

    def part(self, n_chains: int, draws: slice) -> "Scored":
        """Return some draws of every chain."""

        def of(values: Any) -> Any:
            by_chain = values.reshape(n_chains, -1, values.shape[1])
            return by_chain[:, draws].reshape(-1, values.shape[1])

        l1, l2 = (rate if len(rate) == 1 else of(rate) for rate in (self.l1, self.l2))
        return self._replace(
            position=of(self.position), score=of(self.score), reported=of(self.reported),
            levels=of(self.levels), drift=of(self.drift), l1=l1, l2=l2,
        )  # fmt: skip


def scored(problem: Problem, posterior: Posterior) -> Scored:
    """Evaluate the gradient at every draw.

    Parameters
    ----------
    problem : Problem
    posterior : Posterior
        Of s draws in all.

    Returns
    -------
    Scored
        Coefficients in their own units, the intercept as what it adds at the means of the columns, σ and scales as
        logarithms, or between two bounds as logits.
    """
    sigma = posterior.noise_scale.reshape(-1, 1)
    scales = {name: values.reshape(-1, 1) for name, values in posterior.scales.items()}
    coef = posterior.coef.reshape(sigma.size, -1)
    intercept = posterior.intercept.reshape(-1, 1)
    if problem.has_intercept_column:
        coef = np.hstack([coef, intercept])
    rss, of_coef = _likelihood(problem, coef, sigma)
    columns, scores = [coef], []
    beyond = np.zeros((sigma.size, 1))
    if problem.centred:
        beyond = intercept - (problem.means.y - coef @ problem.means.x[:, None])
        columns.append(beyond)
        rss = rss + problem.sum_weights * beyond**2
    l1, l2 = _rates(problem, sigma, scales)
    absolute, quadratic = l1 * np.abs(coef), 0.5 * l2 * coef**2
    scores.append(of_coef - l1 * np.sign(coef) - l2 * coef)
    if problem.centred:
        scores.append(-problem.sum_weights * beyond / sigma**2)
    prior_absolute, prior_quadratic = prior_energies(l1, l2)
    flat = problem.rates.flat
    absolute -= np.where(flat, 0.0, prior_absolute)
    quadratic -= np.where(flat, 0.0, prior_quadratic)
    names = [f"coef[{name}]" for name in problem.feature_names]
    reported = [coef[:, : problem.n_features]]
    if problem.has_intercept:
        names.append("intercept")
        reported.append(intercept)
    steps: dict[str, Any] = {}
    unknown = {"noise_scale": sigma, **scales} if problem.noise_scale is None else scales
    if problem.noise_scale is None:
        relative = problem.rates.relative
        of_prior = ((absolute + 2.0 * quadratic) * relative).sum(axis=1, keepdims=True)
        of_sigma = (rss / sigma**2 - problem.sum_weights + of_prior) / sigma
        assert problem.noise_log_prior is not None
        ends = problem.likelihood.noise_bounds()
        where, score, step = _on_the_line(sigma, of_sigma, problem.noise_log_prior, ends)
        steps["noise_scale"] = step / sigma
        columns.append(where)
        scores.append(score)
        names.append("noise_scale")
        reported.append(where)
    follows = problem.is_feature & ~flat
    shares = {"prior_scale": (1.0, 2.0), "laplace_scale": (1.0, 0.0), "gaussian_scale": (0.0, 2.0)}
    for name, values in scales.items():
        of_absolute, of_quadratic = shares[name]
        energy = of_absolute * absolute + of_quadratic * quadratic
        of_scale = (energy * follows).sum(axis=1, keepdims=True) / values
        prior = problem.sampled_scales[name]
        with float64_on_cpu():
            where, score, step = _on_the_line(values, of_scale, log_density(prior), bounds(prior))
        columns.append(where)
        scores.append(score)
        names.append(name)
        reported.append(where)
        steps[name] = step / values
    position = np.hstack(columns)
    levels, group, drift = _damping(problem, position.shape, unknown, steps)
    gradient = np.zeros((position.shape[1], len(names)))
    gradient[: problem.n_features, : problem.n_features] = np.eye(problem.n_features)
    n_last = len(names) - problem.n_features - problem.has_intercept  # σ and scales
    if n_last:
        gradient[-n_last:, -n_last:] = np.eye(n_last)
    if problem.has_intercept:
        gradient[: problem.n_features, problem.n_features] = -problem.means.x if problem.centred else 0.0
        gradient[coef.shape[1] - (not problem.centred), problem.n_features] = 1.0
    return Scored(
        position, np.hstack(scores), tuple(names), np.hstack(reported), gradient, levels, group, drift, l1, l2
    )


def _damping(
    problem: Problem, shape: tuple[int, ...], unknown: dict[str, Any], steps: dict[str, Any]
) -> tuple[Any, Any, Any]:
    """Return by how much coordinates are moved at each draw, which of these each has, and how its own changes along it.

    About 1 where σ and scales are usual, and like the square of one that is small: the score of a coefficient has no
    variance where one may be near 0, and a single draw there would outweigh all others.
    """
    if not unknown:
        return np.ones((shape[0], 1)), np.zeros(shape[1], dtype=int), np.zeros(shape)
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
    drift = np.zeros(shape)
    for k, name in enumerate(unknown):
        place = places[name]
        drift[:, place] = 2.0 * (1.0 - own[:, k]) * steps[name][:, 0] * levels[:, group[place]]
    return levels, group, drift


def _likelihood(problem: Problem, coef: Any, sigma: Any) -> tuple[Any, Any]:
    """Return the residual sum of squares about the best intercept, and the gradient along the coefficients."""
    least_squares = problem.least_squares
    if problem.has_rows and told_by_gram(least_squares):
        least_squares = least_squares.statistics
    gradients, rss = least_squares.residuals(coef)
    return rss[:, None], gradients / sigma**2


def _rates(problem: Problem, sigma: Any, scales: dict[str, Any]) -> tuple[Any, Any]:
    """Return 1/b and 1/τ² of every coefficient at each draw, or a row where they are the same at all."""
    relative = problem.rates.relative
    unit = np.where(relative, sigma, 1.0) if relative.any() else np.ones((1, 1))
    common = scales.get("prior_scale", 1.0)
    b = np.where(problem.is_feature, scales.get("laplace_scale", common), 1.0)
    tau = np.where(problem.is_feature, scales.get("gaussian_scale", common), 1.0)
    return problem.rates.l1 / (unit * b), problem.rates.l2 / (unit * tau) ** 2


def _on_the_line(
    value: Any, score: Any, prior: LogDensity, ends: tuple[float, float]
) -> tuple[Any, Any, Any]:
    """Return a quantity between bounds as a number of the whole line, the score along it, and its own derivative.

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
