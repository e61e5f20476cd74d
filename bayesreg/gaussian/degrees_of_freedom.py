"""Effective degrees of freedom: one definition, for one fit or for a path."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float

from ..base.blas import eigh
from ..data.row_least_squares import RowLeastSquares
from ..model.problem import Problem
from ..priors.penalty import Penalty
from .path_spectrum import Path, Vector, flat_df, path_spectrum
from .prior_units import prior_units
from .spectrum import SAME_DIRECTION, rank_counter


def effective_df(problem: Problem, coef: Float[np.ndarray, " p"], penalty: Penalty) -> float:
    """Return the effective degrees of freedom of a fit, as defined in `effective_df_along`.

    Parameters
    ----------
    problem : Problem
        Without a prior on the intercept.
    coef : array (p,)
    penalty : Penalty
        One penalty weight l1 and one l2 for each column.

    Returns
    -------
    float
    """
    penalised = problem.penalised
    rows = (np.asarray(part)[None, penalised] for part in (coef, penalty.l1, penalty.l2))
    return float(effective_df_along(problem, *rows)[0])


def effective_df_along(
    problem: Problem,
    coefs: Float[np.ndarray, "k q"],
    l1: Float[np.ndarray, "k q"],
    l2: Float[np.ndarray, "k q"],
) -> Float[np.ndarray, " k"]:
    """Return the trace of the map from y to fitted values at a fixed support, with intercept and flat columns.

    Parameters
    ----------
    problem : Problem
    coefs, l1, l2 : array (k, q)
        Penalised coefficients and their penalty weights.

    Returns
    -------
    array (k,)

    References
    ----------
    H. Zou, T. Hastie and R. Tibshirani (2007), doi:10.1214/009053607000000127.
    """
    if only_ridge(problem, l1, l2):
        strongest = l2[l2[:, 0].argmax()]
        return effective_df_path(problem, strongest, l2[:, 0] / strongest[0])
    supports = (coefs != 0.0) | ((l1 == 0.0) & (problem.reduced.squared_norms > 0.0))
    shrunk = (supports & (l2 > 0.0)).any(axis=1)
    found, rank = np.zeros(len(coefs)), rank_counter(problem)
    found[~shrunk] = [rank(np.flatnonzero(support)) for support in supports[~shrunk]]
    grams = _grams(problem, supports[shrunk])
    found[shrunk] = [
        _trace(gram, penalty_weights[support])
        for gram, penalty_weights, support in zip(grams, l2[shrunk], supports[shrunk], strict=True)
    ]
    return flat_df(problem) + found


def effective_df_path(problem: Problem, l2: Vector, multiples: Path) -> Path:
    """Return the effective degrees of freedom Σ d/(d + λ), plus those of intercept and flat coefficients.

    Parameters
    ----------
    problem : Problem
        With a Gaussian prior; statistics are enough.
    l2 : array (q,)
        Positive, one for each penalised coefficient.
    multiples : array (k,)
        Positive.

    Returns
    -------
    array (k,)
    """
    unit, factor = prior_units(problem.reduced, l2)
    penalties = multiples * factor
    values = path_spectrum(problem, unit, penalties.min()).values
    values = values[values > 0.0]
    return flat_df(problem) + (values / (values + penalties[:, None])).sum(axis=1)


def only_ridge(problem: Problem, l1: Float[np.ndarray, "k q"], l2: Float[np.ndarray, "k q"]) -> bool:
    """Tell whether one spectrum serves the whole path. Then no coefficients are needed."""
    return bool(l2.any()) and not l1.any() and not problem.has_intercept_column


def _grams(problem: Problem, supports: Bool[np.ndarray, "k q"]) -> Iterator[Float[np.ndarray, "a a"]]:
    """Yield the Gram matrix of each support: from the rows if the Gram matrix of all columns would be more work."""
    reduced = problem.reduced
    few = np.square(supports.sum(axis=1)).sum() < supports.shape[1] ** 2
    for support in supports:
        columns = np.flatnonzero(support)
        if few and isinstance(reduced, RowLeastSquares):
            yield reduced.subset(columns).gram
        else:
            yield reduced.gram[np.ix_(columns, columns)]


def _trace(gram: Float[np.ndarray, "a a"], l2: Float[np.ndarray, " a"]) -> float:
    """Return the trace of G(G + l2)⁻¹. Columns may be collinear."""
    size = np.sqrt(np.diagonal(gram) + l2)
    values, vectors = eigh((gram + np.diag(l2)) / size / size[:, None])
    seen = values > SAME_DIRECTION
    inverse = np.square(vectors[:, seen]) @ (1.0 / values[seen])
    return float(seen.sum() - (l2 / size**2) @ inverse)
