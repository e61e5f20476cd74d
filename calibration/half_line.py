"""One coefficient given σ and the prior's scale, in closed form: two pieces of a normal density.

The density is exp(−½d(s − ŝ)²/σ² − r|s| − ½l·s²). If s is the sum of the coefficients of identical columns, there is
also a polynomial in r|s|: the density of a sum of Laplace variables. On either side of 0 the density is exp(xt − ½t²)
in t = √A|s| with A = d/σ² + l. Its moments follow a recursion.
"""

from functools import cache
from math import comb, factorial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.special import erfcx, log_ndtr

Array = Float[np.ndarray, "..."]

_ROOT_2, _LOG_2_PI = np.sqrt(2.0), np.log(2.0 * np.pi)
_FAR_OUT = -3.0  # below it the recursion cancels, but e^(−u²/2x²) is smooth enough for Gauss–Laguerre
_NODES, _WEIGHTS = np.polynomial.laguerre.laggauss(80)


class Line(NamedTuple):
    """The coefficient's log normaliser, and moments about 0 of orders 1 to 4."""

    log_integral: Array
    moments: list[Array]


def half_line_moments(x: Array, order: int) -> list[Array]:
    """Return ∫t^k·e^(xt − t²/2)dt / ∫e^(xt − t²/2)dt over t > 0, for k = 0 to `order`."""
    with np.errstate(over="ignore"):
        hazard = np.sqrt(2.0 / np.pi) / erfcx(-x / _ROOT_2)
    moments = [np.ones_like(x), np.asarray(x + hazard)]
    for k in range(2, order + 1):
        moments.append(np.asarray(x * moments[k - 1] + (k - 1) * moments[k - 2]))
    far = x < _FAR_OUT
    if far.any():
        z = -x[far][:, None]
        damped = _WEIGHTS * np.exp(-0.5 * (_NODES / z) ** 2)
        whole = damped.sum(axis=1)
        for k in range(1, order + 1):
            moments[k][far] = (damped @ _NODES**k) / whole / z[:, 0] ** k
    return moments[: order + 1]


def log_prior_integral(r: Array, l2: Array) -> Array:
    """Return log ∫exp(−r|s| − ½l·s²)ds."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        both = np.log(erfcx(r / np.sqrt(2.0 * l2))) + 0.5 * (_LOG_2_PI - np.log(l2))
        return np.where(l2 > 0.0, both, np.log(2.0 / r))


def one_line(
    least_squares: Array,
    d: Array,
    sigma: Array,
    r: Array,
    l2: Array,
    copies: int = 1,
    *,
    moments: bool = True,
) -> Line:
    """Integrate likelihood times prior density over a coefficient, or over the coefficients of `copies` equal columns.

    Parameters
    ----------
    least_squares, d, sigma, r, l2 : arrays that broadcast
        ŝ, x'x, σ, and the rates 1/b and 1/τ² of the prior.
    copies : int, default 1
        The number of equal columns. If there are several, l2 must be 0.
    moments : bool, default True
        Whether to return the moments too (those of one of the copies).
    """
    least_squares, d, sigma, r, l2 = np.broadcast_arrays(least_squares, d, sigma, r, l2)
    precision = d / sigma**2 + l2
    pull = d * least_squares / sigma**2
    root = np.sqrt(precision)
    polynomial = 2.0 * _sum_density(copies)
    ratio = r / root
    log_sides, of_sides = [], []
    for sign in (1.0, -1.0):
        x = (sign * pull - r) / root
        side = half_line_moments(x, len(polynomial) + 5 * moments)
        log_sides.append(
            _log_side(x, sign, least_squares, pull, precision, r, l2) + np.log(_sum(polynomial, ratio, side))
        )
        of_sides.append([_moment(k, copies, sign, ratio, root, side) for k in range(1, 5)] if moments else [])
        of_sides[-1] = [value / _sum(polynomial, ratio, side) for value in of_sides[-1]]
    log_both = np.logaddexp(*log_sides)
    shares = [np.exp(log_side - log_both) for log_side in log_sides]
    mixed = [
        sum(share * one for share, one in zip(shares, pair, strict=True))
        for pair in zip(*of_sides, strict=True)
    ]
    return Line(log_both - 0.5 * np.log(precision) - log_prior_integral(r, l2), mixed)


def _log_side(
    x: Array, sign: float, least_squares: Array, pull: Array, precision: Array, r: Array, l2: Array
) -> Array:
    """Return log ∫exp(xt − t²/2)dt − ½d·ŝ²/σ², without the difference of large numbers."""
    with np.errstate(over="ignore", divide="ignore"):
        inside = (r * (r - 2.0 * sign * pull) - pull * least_squares * l2) / (2.0 * precision) + log_ndtr(x)
        outside = np.log(0.5 * erfcx(-x / _ROOT_2)) - 0.5 * pull * least_squares
    return np.where(x > 0.0, inside, outside) + 0.5 * _LOG_2_PI


def _sum(polynomial: Array, ratio: Array, side: list[Array]) -> Any:
    return sum(c * ratio**k * side[k] for k, c in enumerate(polynomial))


def _moment(k: int, copies: int, sign: float, ratio: Array, root: Array, side: list[Array]) -> Any:
    """Return the integral of one copy's k-th power over one side, in the units of `_sum`."""
    if copies == 1:
        return sign**k * side[k] / root**k
    scale = np.where(ratio > 0.0, ratio, 1.0) * root  # 1/b
    return sign**k * _sum(2.0 * _power_in_sum(k, copies), ratio, side) / scale**k


@cache
def _sum_density(copies: int) -> Array:
    """Return the coefficients of u^k in the density of a sum of standard Laplace variables over e^(−u), u = |s|."""
    density = np.array([0.5])
    for _ in range(copies - 1):
        density = _convolved(0, density)
    return density


@cache
def _power_in_sum(power: int, copies: int) -> Array:
    """Return the polynomial of E[t^power given s]·density(s). t is one of the variables, and s > 0 their sum."""
    return _convolved(power, _sum_density(copies - 1))


def _convolved(power: int, density: Array) -> Array:
    """Convolve ½t^power·e^(−|t|) with a polynomial in |t| times e^(−|t|), at s > 0."""
    found = np.zeros(power + len(density) + 1)
    for k, c in enumerate(density):
        a = power
        found[a + k + 1] += 0.5 * c * factorial(a) * factorial(k) / factorial(a + k + 1)  # 0 < t < s
        for j in range(a + 1):  # t > s
            found[a - j] += 0.5 * c * comb(a, j) * factorial(k + j) / 2.0 ** (k + j + 1)
        for j in range(k + 1):  # t < 0
            found[k - j] += 0.5 * c * (-1.0) ** a * comb(k, j) * factorial(a + j) / 2.0 ** (a + j + 1)
    return found
