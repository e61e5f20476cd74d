"""Generalised cross-validation of a whole ridge path, from one decomposition."""

import numpy as np

from ..data.least_squares import Spectrum
from ..model.problem import Problem
from .path_spectrum import Path, Vector, flat_df, path_spectrum
from .prior_units import prior_units

_EPS = float(np.finfo(float).eps)


def gcv(problem: Problem, l2: Vector, multiples: Path) -> Path:
    """Score each penalty of a path by generalised cross-validation: n·RSS/(n − df)², with Σw in place of n.

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
        In units of y². It is infinite if df reaches n.

    References
    ----------
    Golub, Heath and Wahba (1979), doi:10.1080/00401706.1979.10489751.
    """
    unit, factor = prior_units(problem.reduced, l2)
    penalties = multiples * factor
    spectrum = _seen(path_spectrum(problem, unit, penalties.min()))
    values = spectrum.values
    left = penalties[:, None] / (values + penalties[:, None])
    rss = _unpenalised_rss(problem, unit, spectrum) + np.square(left) @ (spectrum.cross**2 / values)
    # n − df in this order: for n ≤ p both n − df and RSS tend to 0 with λ
    df_left = problem.sum_weights - flat_df(problem) - values.size + left.sum(axis=1)
    score = np.full(multiples.size, np.inf)
    return np.divide(problem.sum_weights * rss, df_left**2, out=score, where=df_left > 0.0)


def _seen(spectrum: Spectrum) -> Spectrum:
    values = spectrum.values
    seen = values > (values.max(initial=0.0) * values.size * _EPS)
    return Spectrum(values[seen], spectrum.vectors[:, seen], spectrum.cross[seen])


def _unpenalised_rss(problem: Problem, unit: Vector, spectrum: Spectrum) -> float:
    """Return the residual sum of squares at λ = 0. It is exactly 0 if it is only rounding."""
    reduced = problem.reduced
    coef = unit * (spectrum.vectors @ (spectrum.cross / spectrum.values))
    rss = float(reduced.residuals(coef[None, :])[1][0])
    return rss if rss > reduced.rss_rounding * reduced.response_ss else 0.0
