"""The first moments of proposals: mean and covariance in whitened coordinates, by expectation propagation."""

from typing import Any

import numpy as np
from jaxtyping import Float

from ...model.problem import Problem
from ..marginals.bulks import Look
from ..marginals.propagation import Propagation
from ..targets.reference_point import ReferencePoint
from ..targets.whitened import WhitenedTarget
from .independence import Moments

_LEAST = 1e-12  # of a variance


def expected_moments(
    problem: Problem, target: WhitenedTarget, near: ReferencePoint, found: Look | None
) -> Moments:
    """Return joint moments of the coefficients, σ and scales.

    Parameters
    ----------
    problem : Problem
    target : WhitenedTarget
    near : ReferencePoint
        The reference point of the target.
    found : Look, optional
        The marginal of σ and scales, if any is unknown.
    """
    if not problem.law.tells_mass:  # the coordinates are already nearly standard normal
        d = np.asarray(target.reference).size + len(near.spread)
        return Moments(np.zeros(d), np.eye(d))
    logs, weights = _settings(near, found)
    sigma = np.exp(logs.get("noise_scale", np.full(weights.size, np.log(near.noise_scale))))
    scales = {name: np.exp(values) for name, values in logs.items() if name != "noise_scale"}
    given = Propagation(problem).at(sigma, scales)
    gram, transform = problem.reduced.statistics.gram, np.asarray(target.transform)
    precision = given.precision[0]
    system = np.diag(np.asarray(target.curvature) / sigma[0] ** 2) + (transform.T * precision) @ transform
    within = np.linalg.inv(system)
    away = given.mean - np.asarray(target.reference)
    coef = (away @ gram / sigma[0] ** 2 + away * precision) @ transform @ within
    columns = [coef, *(_coordinate(target, name, np.exp(logs[name])) for name in sorted(logs))]
    together = np.hstack(columns)
    mean = weights @ together
    covariance = (together - mean).T * weights @ (together - mean)
    covariance[: coef.shape[1], : coef.shape[1]] += within
    covariance[np.diag_indices_from(covariance)] += _LEAST
    return Moments(mean, np.linalg.cholesky(covariance))


def _settings(
    near: ReferencePoint, found: Look | None
) -> tuple[dict[str, Float[np.ndarray, " k"]], Float[np.ndarray, " k"]]:
    """Return points of log σ and log scales, and weights, with the marginal's mean and covariance; the mean first."""
    names = list(near.spread)
    names = [name for name in names if name != "noise_scale" or found is None or found.log_sigma.size > 1]
    if found is None or not names:
        return {}, np.ones(1)
    axes = {"noise_scale": found.log_sigma[:, None], **{k: v[None, :] for k, v in found.settings.items()}}
    mass = found.mass.copy()
    for name, (low, high) in near.bounds.items():
        mass *= (np.exp(axes[name]) >= low) & (np.exp(axes[name]) < high)
    mass /= mass.sum()
    flat = np.stack([np.broadcast_to(axes[name], mass.shape).ravel() for name in names])
    mean = flat @ mass.ravel()
    spread = (flat - mean[:, None]) * mass.ravel() @ (flat - mean[:, None]).T
    d = len(names)
    reach = np.sqrt(d + 1.0)
    root = np.linalg.cholesky(spread + _LEAST * np.eye(d)) * reach
    points = np.concatenate([mean[None, :], mean + root.T, mean - root.T])
    weights = np.concatenate([[1.0 - d / reach**2], np.full(2 * d, 0.5 / reach**2)])
    return dict(zip(names, points.T, strict=True)), weights


def _coordinate(target: WhitenedTarget, name: str, values: Any) -> Float[np.ndarray, "k 1"]:
    """Return the sampler's coordinates of values of σ or of a scale."""
    from numpyro.distributions import biject_to

    one = target.scales.sampled[name]
    unconstrained = np.asarray(biject_to(one.prior.distribution.support).inv(values))
    return ((unconstrained - np.asarray(one.offset)) / np.asarray(one.step))[:, None]
