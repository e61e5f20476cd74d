"""Stein's identity at draws: series with mean 0 under the posterior, for every parameter and direction."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ..base.loops import LOOPS
from ..base.threads import shared
from ..data.row_blocks import row_slices
from .batches import Batches, BatchPlan, Mean
from .score import AT_ONCE, Scored

_TAIL = 2.0  # sds
_LEAST_AXIS = 1e-10  # of the correlations' eigenvalues
_FEW = 8  # one draw in so many is enough to estimate a size
ALL, PRIOR = "all", "prior"  # rows after those of parameters and axes
TESTS = ("location", "width", "lower_tail", "upper_tail", "chains")


class Statistics(NamedTuple):
    """Means of series of mean zero, with the row in the table and the test of each."""

    mean: Mean
    information: Float[np.ndarray, " m"]  # the mean square of each series of a location
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
    Call it inside `single_threaded_blas`: each half has a thread.
    """
    n_draws = len(of_all.position) // n_chains
    halves = slice(0, n_draws // 2), slice(n_draws // 2, n_draws)
    plan = BatchPlan.of(n_chains, n_draws)
    parts, frames = zip(*shared([partial(_framed, of_all, n_chains, half) for half in halves]), strict=True)
    m = min(frame.axes.shape[1] for frame in frames)

    def judge(half: int) -> _Judged:
        return _judged(parts[half], frames[1 - half], m, plan, halves[half])

    first, second = shared([partial(judge, half) for half in (0, 1)])
    d, k = frames[0].towards.shape
    n_prior = int(_has_prior(of_all))
    directions, parameters = np.append(np.arange(k), k + np.arange(m)), np.arange(k)
    rows = np.concatenate([directions, directions, parameters, parameters, [k + d], [k + d + 1] * n_prior])
    tests = np.repeat([0, 1, 2, 3, 1, 1], [k + m, k + m, k, k, 1, n_prior])
    names = (*of_all.names, *(f"axis {j + 1}" for j in range(d)), ALL, PRIOR)
    moved = np.full(len(names), np.nan)
    moved[: k + m], moved[-2:] = second.moved, second.of_others
    information = (first.squares + second.squares) / len(of_all.position)
    mean = first.batches.joined(second.batches).mean
    return Statistics(mean, information, rows.astype(int), tests, names, moved)


def _framed(of_all: Scored, n_chains: int, draws: slice) -> tuple[Scored, _Frame]:
    part = of_all.part(n_chains, draws)
    return part, _frame(part)


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


class _Judged(NamedTuple):
    """The series of some draws, added up, and the mean of each row's `moved`: directions; all and the prior."""

    batches: Batches
    squares: Float[np.ndarray, " c"]
    moved: Float[np.ndarray, " c"]
    of_others: tuple[float, float]


class _Directions(NamedTuple):
    """Directions of c moves: those of the k reported parameters, then m principal axes.

    A move changes its own place by base + levels @ shares.
    """

    about: Float[np.ndarray, "d m"]  # places along the axes
    slopes: Float[np.ndarray, "d c"]
    base: Float[np.ndarray, " c"]
    shares: Float[np.ndarray, "g c"]


class _Series(NamedTuple):
    """What the series of some draws are made of; the first k places are of parameters, and have tests of tails."""

    place: Float[np.ndarray, "s c"]
    slope: Float[np.ndarray, "s c"]  # of the log density
    levels: Float[np.ndarray, "s g"]
    others: Float[np.ndarray, "s r"]  # of all parameters together, and of the prior
    n_parameters: int


def _judged(part: Scored, frame: _Frame, m: int, plan: BatchPlan, draws: slice) -> _Judged:
    """Add up the series of some draws, in blocks that stay in cache."""
    k, d = frame.towards.shape[1], part.position.shape[1]
    axes, roots = frame.axes[:, :m], frame.roots[:m]
    along = _Directions(
        about=axes / roots,
        slopes=np.hstack([frame.towards, axes * roots]),
        base=np.concatenate([1.0 - frame.shares.sum(axis=0), np.zeros(m)]),
        shares=part.by_level(np.hstack([frame.shares, axes**2])),
    )
    n_others = 1 + _has_prior(part)
    batches, squares = plan.empty(2 * (2 * k + m) + n_others), np.zeros(k + m)
    numbers = [each[:, draws].ravel() for each in plan.numbers]
    for rows in row_slices(range(len(part.position)), k + m, AT_ONCE):
        series = _series(part.rows(rows), frame, along)
        add = _add if LOOPS else _add_by_numpy
        add(series, along, [each[rows] for each in numbers], batches, squares)
    level = part.levels.mean(axis=0)
    of_all = float(level @ part.by_level(np.ones((d, 1)))[:, 0])
    return _Judged(batches, squares, along.base + level @ along.shares, (of_all, _prior_size(part, frame)))


def _series(part: Scored, frame: _Frame, along: _Directions) -> _Series:
    k = frame.towards.shape[1]
    score = part.score * part.damping
    score[:, score.shape[1] - part.drift.shape[1] :] += part.drift
    score *= frame.spread
    about = (part.position - frame.middle) / frame.spread
    place, slope = np.empty((len(about), along.base.size)), score @ along.slopes
    np.divide(part.reported - frame.reported_middle, frame.reported_spread, out=place[:, :k])
    place[:, k:] = about @ along.about
    of_all = np.einsum("sd,sd->s", about, score) + part.damped(np.ones((about.shape[1], 1)))[:, 0]
    others = np.hstack([of_all[:, None], _prior_strength(part, frame, slope, score)])
    return _Series(place, slope, np.ascontiguousarray(part.levels), others, k)


def _add(series: _Series, along: _Directions, numbers: list[Any], to: Batches, squares: Any) -> None:
    """Add the series of some draws to the sums of their batches, and the squares of the slopes to `squares`."""
    place, slope, levels, others, k = series
    LOOPS.stein_sums(
        place, slope, along.base, along.shares, levels, others, *numbers, to.of_long, to.of_short, squares, k
    )


def _add_by_numpy(series: _Series, along: _Directions, numbers: list[Any], to: Batches, squares: Any) -> None:
    """Do the same as the loop in C."""
    place, slope, levels, others, k = series
    moved = along.base + levels @ along.shares
    upper, lower = _beyond(place[:, :k], slope[:, :k], moved[:, :k])
    to.add(np.hstack([slope, place * slope + moved, lower, upper, others]), numbers)
    squares += np.einsum("sc,sc->c", slope, slope)


def _has_prior(part: Scored) -> bool:
    """Tell whether the scale of the prior can be tested."""
    tells = part.law.of_scale_slopes(np.ones(1), np.ones(1), np.ones(1), 1.0) is not None
    return tells and bool(part.l1.any() or part.l2.any())


def _prior_strength(part: Scored, frame: _Frame, slope: Any, score: Any) -> Float[np.ndarray, "s r"]:
    """Evaluate Stein's identity along the coefficients' first-order move with the prior's scale.

    If all coefficients are drawn under a wrong scale, the error of each alone may be too small to see. The array has no
    column if no coefficient has a prior.
    """
    if not _has_prior(part):
        return np.zeros((len(score), 0))
    n_coefs = part.l1.shape[1]
    pull, bend = _pull(part, frame)
    within = slope[:, :n_coefs] - score[:, n_coefs:] @ frame.correlation[n_coefs:, :n_coefs]
    bend *= np.diag(frame.correlation)[:n_coefs]
    series = np.einsum("sd,sd->s", pull, within) + np.einsum("sd,sd->s", _damping(part), bend)
    return np.asarray(series[:, None])


def _prior_size(part: Scored, frame: _Frame) -> float:
    """Return the ratio of that series' mean to the share by which the scale is too small."""
    if not _has_prior(part):
        return 1.0
    few = part.rows(slice(None, None, _FEW))
    pull, _ = _pull(few, frame)
    correlation = frame.correlation[: pull.shape[1], : pull.shape[1]]
    return -float(((pull @ correlation) * pull * _damping(few)).sum(axis=1).mean())


def _pull(part: Scored, frame: _Frame) -> tuple[Any, Any]:
    """Return the prior's slopes, smooth, and their derivatives: each coefficient moves by its spread."""
    n_coefs = part.l1.shape[1]
    slopes = part.law.of_scale_slopes(part.position[:, :n_coefs], part.l1, part.l2, frame.spread[:n_coefs])
    assert slopes is not None
    return -slopes[0], -slopes[1]


def _damping(part: Scored) -> Any:
    """Return the damping of the coefficients' moves."""
    n_coefs = part.l1.shape[1]
    return np.broadcast_to(part.damping, part.position.shape)[:, :n_coefs]


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
