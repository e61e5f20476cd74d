"""Two correlated columns under a Laplace prior: quadrature over one coefficient, a closed form for the other."""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from .half_line import log_prior_integral, one_line
from .posterior import Posterior

Array = Float[np.ndarray, "..."]

_PANEL, _PANEL_WEIGHTS = np.polynomial.legendre.leggauss(96)
_PASSES, _POINTS = 6, 48
_OUTSIDE = 50.0  # log density below the largest
_SDS = 11.0


def pair_component(posterior: Posterior) -> Callable[[Array, Array, bool], Any]:
    """Return the log evidence, and moments of both coefficients, as functions of log σ and log scale."""
    from .exact import Component, central

    X, z = posterior.X - posterior.X.mean(axis=0), posterior.y - posterior.y.mean()
    gram = X.T @ X
    least_squares = np.linalg.solve(gram, X.T @ z)
    rss = ((z - X @ least_squares) ** 2).sum()
    slope = gram[0, 1] / gram[1, 1]
    first = gram[0, 0] - gram[0, 1] * slope

    def component(log_sigma: Array, log_scale: Array, moments: bool) -> Component:
        sigma = np.exp(log_sigma)[:, None]
        r, l2 = (one[:, None] for one in posterior.rates(sigma[:, 0], np.exp(log_scale)))

        def along(value: Array, moments: bool) -> tuple[Array, list[Array]]:
            other = least_squares[1] - slope * (value - least_squares[0])
            line = one_line(other, gram[1, 1], sigma, r, l2, moments=moments)
            here = (
                -0.5 * first * (value - least_squares[0]) ** 2 / sigma**2
                - r * np.abs(value)
                - 0.5 * l2 * value**2
            )
            return line.log_integral + here, line.moments

        nodes, log_widths = _nodes(
            lambda value: along(value, False)[0], least_squares[0], sigma, first, slope, r
        )
        density, of_other = along(nodes, moments)
        density = density + log_widths
        top = density.max(axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):  # the density is 0 so far out
            weight = np.exp(density - top)
        total = weight.sum(axis=1)
        evidence = np.log(total) + top[:, 0] - log_prior_integral(r, l2)[:, 0]
        evidence = evidence - (len(z) - 1) * log_sigma - 0.5 * rss / sigma[:, 0] ** 2
        if not moments:
            return Component(evidence)
        weight /= total[:, None]
        raw = [
            np.stack([(weight * one).sum(axis=1) for one in (nodes**k, of_other[k - 1])], axis=1)
            for k in range(1, 5)
        ]
        return Component(evidence, *central(*raw))

    return component


def _nodes(
    log_density: Callable[[Array], Array], centre: float, sigma: Array, first: float, slope: float, r: Array
) -> tuple[Array, Array]:
    """Return Gauss–Legendre points that hold a log-concave density, cut at 0, and the logs of their weights."""
    variance = sigma**2 / first
    reach = variance * r * (1.0 + abs(slope)) + _SDS * np.sqrt(variance)
    low, high = centre - reach, centre + reach
    share = np.linspace(0.0, 1.0, _POINTS)
    for _ in range(_PASSES):
        value = low + (high - low) * share
        density = log_density(value)
        near = density > density.max(axis=1, keepdims=True) - _OUTSIDE
        left = np.maximum(near.argmax(axis=1) - 1, 0)
        right = np.minimum(_POINTS - near[:, ::-1].argmax(axis=1), _POINTS - 1)
        low = np.take_along_axis(value, left[:, None], axis=1)
        high = np.take_along_axis(value, right[:, None], axis=1)
    middle = np.where((low < 0.0) & (high > 0.0), 0.0, 0.5 * (low + high))
    halves = [(a + b) / 2.0 + (b - a) / 2.0 * _PANEL for a, b in ((low, middle), (middle, high))]
    with np.errstate(divide="ignore"):
        weights = [np.log((b - a) / 2.0 * _PANEL_WEIGHTS) for a, b in ((low, middle), (middle, high))]
    return np.concatenate(halves, axis=1), np.concatenate(weights, axis=1)
