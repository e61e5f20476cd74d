"""The leave-one-out score of each penalty of a ridge path."""

from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float

from ...data.rows import RowData
from ...model.problem import Problem
from ..path_spectrum import Path, Vector
from ..prior_units import prior_units
from .by_columns import moments_of, stream
from .by_kernel import errors_of_all, errors_of_few
from .centred_rows import CentredRows


@final
@dataclass(frozen=True, eq=False)
class LooScores:
    """Leave-one-out scores along a path.

    Attributes
    ----------
    mse : array (k,)
        Σ wᵢeᵢ² / Σw. eᵢ is the error at row i of the fit without this row.
    standard_errors : array (k,)
        Standard errors of `mse` for independent rows: √(Σ wᵢ(eᵢ² − mse)²/Σw / (n − 1)). n is the
        number of rows with a positive weight. For equal weights it is sd(eᵢ²)/√n.
    """

    mse: Path
    standard_errors: Path


def leave_one_out(problem: Problem, data: RowData, l2: Vector, multiples: Path) -> LooScores:
    """Score each penalty of a path by leaving out every row once, exactly and without a refit.

    The error of the fit without row i is eᵢ = rᵢ/(1 − hᵢ). h is the diagonal of the map from y to
    fitted values, with intercept and flat columns. Row i is removed with its whole weight; the
    penalty does not change. scikit-learn's RidgeCV divides the same sum by n; this divides by Σw.

    If 1 − hᵢ is small, the error is a ratio of two sums without cancellation:
    eᵢ = [C⁻¹y]ᵢ/[C⁻¹]ᵢᵢ with C = ZZ' + λI outside the flat columns' span.

    Parameters
    ----------
    problem : Problem
        With a Gaussian prior, resolved from `data`.
    data : RowData
    l2 : array (q,)
        Positive, one for each penalised coefficient.
    multiples : array (k,)
        Positive, in any order.

    Returns
    -------
    LooScores

    Raises
    ------
    ValueError
        If one row alone determines the intercept or an unpenalised coefficient.

    References
    ----------
    Allen (1974), doi:10.1080/00401706.1974.10489157. Golub, Heath and Wahba (1979),
    doi:10.1080/00401706.1979.10489751.
    """
    if problem.reduced.response_ss == 0.0:
        return LooScores(np.zeros(multiples.size), np.zeros(multiples.size))
    unit, factor = prior_units(problem.reduced, l2)
    rows, penalties = CentredRows(problem, data, unit), multiples * factor
    if rows.present.size <= rows.n_directions:
        return _by_kernel(rows, penalties)
    moments, risky = stream(rows, penalties)
    if risky.size == 0:
        return _scores(moments, data)
    if rows.present.size <= rows.n_directions + 1 + risky.size:
        return _by_kernel(rows, penalties)
    return _scores(moments + moments_of(errors_of_few(rows, risky, penalties), rows.weights[risky]), data)


def _by_kernel(rows: CentredRows, penalties: Path) -> LooScores:
    return _scores(moments_of(errors_of_all(rows, penalties), rows.weights[rows.present]), rows.data)


def _scores(moments: Float[np.ndarray, "2 k"], data: RowData) -> LooScores:
    mse, mean_square = moments / data.sum_weights
    spread = np.maximum(mean_square - mse**2, 0.0)
    return LooScores(mse, np.sqrt(spread / (data.n_samples - 1)))
