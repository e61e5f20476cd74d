"""Stein's identity at draws: series with mean 0 under the posterior, for every parameter and direction."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ..base.threads import n_cores
from .score import Scored

_TAIL = 2.0  # sds
_LEAST_AXIS = 1e-10  # of the correlations' eigenvalues
_FEW = 8  # one draw in so many is enough to estimate a size
_LARGE = 50_000  # with more numbers in positions, each half of the draws has a thread
ALL, PRIOR = "all", "prior"  # rows after those of parameters and axes
TESTS = ("location", "width", "lower_tail", "upper_tail", "chains")


class Statistics(NamedTuple):
    """Series of mean zero, with the row in the table and the test of each."""

    values: Float[np.ndarray, "chain draw t"]
    rows: Any
    tests: Any
    names: tuple[str, ...]
    moved: Float[
        np.ndarray, " r"
    ]  # of each row: the mean of its series if a width, or the prior, is entirely wrong


class _Frame(NamedTuple):
    """Directions from one half of the draws, to judge the other half: no draw judges itself."""

    middle: Float[np.ndarray, " d"]
    spread: Float[np.ndarray, " d"]
    reported_middle: Float[np.ndarray, " k"]
    reported_spread: Float[np.ndarray, " k"]
    correlation: Float[np.ndarray, "d d"]
    towards: Float[
        np.ndarray, "d k"
    ]  # the move of all coordinates with each reported parameter by its sd, by correlation
    shares: Float[np.ndarray, "d k"]  # of each coordinate in that move of a reported parameter
    axes: Float[np.ndarray, "d m"]  # the principal axes; the widest is first
    roots: Float[np.ndarray, " m"]  # their sds


def statistics(of_all: Scored, n_chains: int) -> Statistics:
    """Evaluate Stein's identity at all draws: each half of the chains along directions from the other half.

    Parameters
    ----------
    of_all : Scored
        Of all draws, chain by chain.
    n_chains : int

    Notes
    -----
    Call it inside `single_threaded_blas`: it uses its own threads.
    """
    n_draws = len(of_all.position) // n_chains
    halves = slice(0, n_draws // 2), slice(n_draws // 2, n_draws)
    parts = [of_all.part(n_chains, half) for half in halves]
    n_threads = 2 if of_all.position.size >= _LARGE and n_cores() > 1 else 1
    with ThreadPoolExecutor(n_threads) as pool:
        frames = list(pool.map(_frame, parts))
        m = min(frame.axes.shape[1] for frame in frames)
        d, k = frames[0].towards.shape
        n_prior = int(_has_prior(of_all))
        first, second = np.arange(k), k + np.arange(m)
        rows = np.concatenate([first, first, first, first, second, second, [k + d], [k + d + 1] * n_prior])
        tests = np.repeat([0, 1, 2, 3, 0, 1, 1, 1], [k, k, k, k, m, m, 1, n_prior])
        values = np.empty((n_chains, n_draws, rows.size))

        def judge(half: int) -> tuple[Any, Any]:
            return _judged(parts[half], frames[1 - half], m, values[:, halves[half]])

        moves = list(pool.map(judge, (1, 0)))
    names = (*of_all.names, *(f"axis {j + 1}" for j in range(d)), ALL, PRIOR)
    moved = np.full(len(names), np.nan)
    moved[: k + m], moved[-2:] = moves[0]
    return Statistics(values, rows.astype(int), tests, names, moved)


def _frame(part: Scored) -> _Frame:
    position, reported = part.position, part.reported
    middle, spread = position.mean(axis=0), _positive(position.std(axis=0))
    reported_middle, reported_spread = reported.mean(axis=0), _positive(reported.std(axis=0))
    about, n_guides = (position - middle) / spread, max(len(position), 1)
    correlation = about.T @ about / n_guides
    n_coefs = part.l1.shape[1]  # reported coefficients are the coordinates themselves
    others = slice(min(n_coefs, reported.shape[1]), None)
    about_others = (reported[:, others] - reported_middle[others]) / reported_spread[others]
    towards = np.hstack([correlation[:, : others.start], about.T @ about_others / n_guides])
    values, vectors = np.linalg.eigh(correlation)
    seen = np.flatnonzero(values > _LEAST_AXIS * values.max(initial=1e-300))[::-1]
    shares = towards * (part.gradient * spread[:, None] / reported_spread)
    axes, roots = vectors[:, seen], np.sqrt(values[seen])
    return _Frame(middle, spread, reported_middle, reported_spread, correlation, towards, shares, axes, roots)


def _judged(part: Scored, frame: _Frame, m: int, series: Float[np.ndarray, "chain draw t"]) -> Any:
    """Write the series of some draws, and return each row's `moved`: parameters and axes; all and the prior."""
    about = (part.position - frame.middle) / frame.spread
    score = (part.score * part.damping + part.drift) * frame.spread
    along = (part.reported - frame.reported_middle) / frame.reported_spread
    slope, moved = score @ frame.towards, 1.0 + part.damped(frame.shares) - frame.shares.sum(axis=0)
    axes, roots = frame.axes[:, :m], frame.roots[:m]
    axis, axis_slope, axis_moved = about @ axes / roots, score @ axes * roots, part.damped(axes**2)
    d = about.shape[1]
    of_all = part.damped(np.ones((d, 1)))
    upper, lower = _beyond(along, slope, moved)
    prior, of_prior = _prior_strength(part, frame, slope, score)
    blocks = (
        slope,
        along * slope + moved,
        lower,
        upper,
        axis_slope,
        axis * axis_slope + axis_moved,
        np.einsum("sd,sd->s", about, score)[:, None] + of_all,
        prior,
    )
    place = 0
    for block in blocks:
        width = block.shape[1]
        series[..., place : place + width] = block.reshape(*series.shape[:2], width)
        place += width
    return np.concatenate([moved.mean(axis=0), axis_moved.mean(axis=0)]), (of_all.mean(), of_prior)


def _has_prior(part: Scored) -> bool:
    """Tell whether the scale of the prior can be tested."""
    tells = part.law.of_scale_slopes(np.ones(1), np.ones(1), np.ones(1), 1.0) is not None
    return tells and bool(part.l1.any() or part.l2.any())


def _prior_strength(part: Scored, frame: _Frame, slope: Any, score: Any) -> tuple[Any, float]:
    """Evaluate Stein's identity along the coefficients' first-order move with the prior's scale.

    If all coefficients are drawn under a wrong scale, the error of each alone may be too small to see.

    Returns
    -------
    array (s, 1)
        (s, 0) if no coefficient has a prior.
    float
        The ratio of the series' mean to the share by which the scale is too small.
    """
    if not _has_prior(part):
        return np.zeros((len(score), 0)), 1.0
    n_coefs = part.l1.shape[1]
    coef, spread = part.position[:, :n_coefs], frame.spread[:n_coefs]
    correlation = frame.correlation[:n_coefs, :n_coefs]
    damping = part.damping if len(part.levels.T) == 1 else part.damping[:, :n_coefs]
    slopes = part.law.of_scale_slopes(
        coef, part.l1, part.l2, spread
    )  # smooth, because the second one is needed
    assert slopes is not None
    pull = -slopes[0]
    within = slope[:, :n_coefs] - score[:, n_coefs:] @ frame.correlation[n_coefs:, :n_coefs]
    bend = -slopes[1] * np.diag(correlation)
    series = (pull * within + damping * bend).sum(axis=1, keepdims=True)
    few = pull[::_FEW]
    size = ((few @ correlation) * few * damping[::_FEW]).sum(axis=1).mean()
    return series, -float(size)


def _positive(values: Any) -> Any:
    return np.where(values > 0.0, values, 1.0)


def _beyond(u: Any, slope: Any, moved: Any) -> tuple[Any, Any]:
    """Return φ·slope + φ'·moved for the φ of the event u > 2, and for that of u < −2.

    If u is standard normal, this is the event's indicator minus its probability.
    """
    from scipy.special import erfcx, ndtr

    far = erfcx(np.abs(u) / np.sqrt(2.0))
    near = 2.0 * np.exp(0.5 * np.minimum(u**2, _TAIL**2)) - far  # erfcx of −|u|/√2, up to the tail
    within, outside = ndtr(_TAIL), ndtr(-_TAIL)
    beyond = []
    for v, of_v in ((u, slope), (-u, -slope)):
        inner = v <= _TAIL
        phi = np.sqrt(0.5 * np.pi) * np.where((v > 0.0) & inner, near, far)
        phi *= np.where(inner, outside, within)
        beyond.append(phi * of_v + (v * phi + np.where(inner, outside, -within)) * moved)
    return beyond[0], beyond[1]
