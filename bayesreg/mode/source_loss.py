"""The loss on rows that are read anew at each pass: one pass evaluates it at several points."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple, Self

import numpy as np
from jaxtyping import Bool, Float

from ..data.sources.blocks import Block
from ..model.source_problem import SourceProblem
from .row_loss import Coefs, curvature_of

_NODES, _SHARES = np.sqrt(3.0) * np.array([-1.0, 0.0, 1.0]), np.array([1.0, 4.0, 1.0]) / 6.0
# of Gauss and Hermite: exact for polynomials of degree 5


class Asked(NamedTuple):
    """A point at which the loss is evaluated, and what else is asked there.

    Attributes
    ----------
    coefs : array (d,)
        Of the columns as the problem moves them.
    columns : array (d,) of bool, optional
        Of which columns the curvature is wanted.
    share : float, default 1
        Of the slopes, for the sum of `excess`.
    root : array (d, d), optional
        Root of a covariance of coefficients. Slopes and curvature are then means over a normal distribution of the
        coefficients around the point.
    """

    coefs: Coefs
    columns: Bool[np.ndarray, " d"] | None = None
    share: float = 1.0
    root: Float[np.ndarray, "d d"] | None = None


@dataclass
class LossSums:
    """Sums over rows at one point, which add up.

    Attributes
    ----------
    value : float
        The loss above its smallest possible value: half the deviance.
    slopes : array (d,)
        Minus the gradient.
    gram : array (k, k)
        The curvature along the columns asked for.
    excess : float
        The sum of Fenchel and Young's terms at the share asked for.
    squared_slopes : float
        Of the rows' losses in η.
    curvature : float
        The sum of curvatures: the effective number of events.
    """

    value: float
    slopes: Coefs
    gram: Float[np.ndarray, "k k"]
    excess: float
    squared_slopes: float
    curvature: float

    def __add__(self, other: Self) -> "LossSums":
        return LossSums(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))


class _Points(tuple[LossSums, ...]):
    """The sums at several points, which add up point by point."""

    def __add__(self, other: "_Points") -> "_Points":  # type: ignore[override]
        return _Points(a + b for a, b in zip(self, other, strict=True))


def evaluated(problem: SourceProblem, asked: Sequence[Asked], what: str) -> tuple[LossSums, ...]:
    """Evaluate the loss at several points, in one pass over the rows.

    Parameters
    ----------
    problem : SourceProblem
    asked : sequence of Asked
    what : str
        What the pass is for.

    Raises
    ------
    ValueError
        If the likelihood does not allow a response.
    """

    def of(blocks: Iterator[Block]) -> _Points:
        totals = [_nothing(one) for one in asked]
        for block in blocks:
            _check(problem, block)
            with np.errstate(over="ignore", invalid="ignore"):  # a step too far
                for k, one in enumerate(asked):
                    totals[k] = totals[k] + _of_block(problem, block, one)
        return _Points(totals)

    return tuple(problem.source.summed(of, problem.layout, what))


def _nothing(one: Asked) -> LossSums:
    k = 0 if one.columns is None else int(one.columns.sum())
    return LossSums(0.0, np.zeros(one.coefs.size), np.zeros((k, k)), 0.0, 0.0, 0.0)


def _check(problem: SourceProblem, block: Block) -> None:
    try:
        problem.likelihood.check_response(block.y)
    except ValueError as error:
        raise ValueError(f"{block.where}, counting rows from the start of a block: {error}") from None


def _of_block(problem: SourceProblem, block: Block, one: Asked) -> LossSums:
    likelihood, nuisance, (X, y, weight) = problem.likelihood, problem.known, block[:3]
    eta = X @ one.coefs
    if block.offset is not None:
        eta += block.offset
    value = float(weight @ likelihood.excess(eta, y, 0.0, nuisance))
    excess = 0.0 if one.share == 1.0 else float(weight @ likelihood.excess(eta, y, one.share, nuisance))
    slope, curvature = _derivatives(problem, block, eta, one)
    weighted = weight * slope
    curvature = weight * curvature
    return LossSums(
        value,
        -(weighted @ X),
        _gram(X, curvature, one.columns),
        excess,
        float(weighted @ slope),
        float(curvature.sum()),
    )


def _derivatives(
    problem: SourceProblem, block: Block, eta: Float[np.ndarray, " m"], one: Asked
) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
    """Return the slope and the curvature of each row's loss, or their means over a distribution of η."""
    likelihood, nuisance, (_, y, weight) = problem.likelihood, problem.known, block[:3]
    if one.root is None:
        slope = likelihood.slope(eta, y, nuisance)
        if one.columns is None:
            return slope, np.zeros(eta.size)
        return slope, curvature_of(likelihood, nuisance, eta, y, weight, slope)
    sd = np.sqrt(np.square(block.X @ one.root).sum(axis=1))
    slope, curvature = np.zeros(eta.size), np.zeros(eta.size)
    for node, share in zip(_NODES, _SHARES, strict=True):
        there = eta + node * sd
        slope += share * likelihood.slope(there, y, nuisance)
        curvature += share * curvature_of(likelihood, nuisance, there, y, weight)
    return slope, curvature


def _gram(
    X: Float[np.ndarray, "m d"], weight: Float[np.ndarray, " m"], columns: Bool[np.ndarray, " d"] | None
) -> Float[np.ndarray, "k k"]:
    if columns is None:
        return np.zeros((0, 0))
    own = (X if columns.all() else X[:, columns]).T * np.sqrt(weight)
    return np.asarray(own @ own.T)
