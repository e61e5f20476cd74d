"""A response that columns tell to the last digits: one of them may be computed from it."""

from collections.abc import Iterator
from math import floor, log10

import numpy as np

from ...base.listed import quoted
from ...data.least_squares import LeastSquares
from ...data.rows import RowData
from ...gaussian.residual_noise import least_squares_noise
from ...model.problem import Data
from ..fitted import Fit

_NEARLY = 1e-4  # of the response's variance: what least squares may leave
_EXACTLY = 1e-12
_MOST_COLUMNS, _MOST_OF_ROWS = 500, 0.2  # columns, and columns for a row: more tell any response
_MOST_NAMED = 3
_RANK = 1e-12  # of a Gram matrix, in units of its largest singular value


def told_caution(fit: Fit) -> str | None:
    """Say which columns tell the response, the exposure among them; None if they leave anything of it."""
    p = fit.mode.coef.size
    if p > _MOST_COLUMNS or fit.relations.n_columns > _MOST_OF_ROWS * fit.data.n_samples:
        return None
    data, names = _with_exposure(fit)
    loss = data.least_squares(centre=fit.model.fit_intercept)[0]
    most = _NEARLY * loss.response_ss
    if least_squares_noise(loss, data.sum_weights, 0).rss > most or most == 0.0:
        return None
    chosen, left = next((one for one in _by_steps(loss) if one[1] <= _NEARLY), ([], 0.0))
    by = quoted(list(dict.fromkeys(names[j] for j in chosen)), _MOST_NAMED)
    how = "exactly" if left <= _EXACTLY else f"nearly (R² {1.0 - left:.{1 - floor(log10(left))}f})"
    return (
        f"{fit.response!r} is told {how} by {by}. Is one of them computed from it, or it from them? Then the fit says "
        f"only that. Leave out what is known no earlier than the response{' (--exclude)' if fit.in_command else ''}."
    )


def _with_exposure(fit: Fit) -> tuple[Data, list[str]]:
    """Return the data with the exposure as a column and without an offset; and names, of levels their column's."""
    column_of = {feature: one.column for one in fit.levels for feature in one.features}
    names = [column_of.get(name, name) for name in fit.mode.feature_names]
    data, exposure = fit.data, fit.target.exposure
    if not isinstance(data, RowData) or data.offset is None:
        return data, names
    X = data.X if isinstance(data.X, np.ndarray) else data.X.toarray()
    if exposure is not None:
        X, names = np.column_stack([X, np.exp(data.offset)]), [*names, exposure]
    return RowData.from_arrays(X, data.y, data.sample_weight), names


def _by_steps(loss: LeastSquares) -> Iterator[tuple[list[int], float]]:
    """Yield the columns with the largest terms of least squares, one more each time, and the share that they leave."""
    length = np.sqrt(np.where(loss.squared_norms > 0.0, loss.squared_norms, np.inf))
    gram = loss.gram / length / length[:, None]
    cross = loss.cross / length / np.sqrt(loss.response_ss)
    largest_first = np.argsort(-np.abs(np.linalg.lstsq(gram, cross, rcond=_RANK)[0]), kind="stable")
    for n in range(1, cross.size + 1):
        at = largest_first[:n]
        coef = np.linalg.lstsq(gram[np.ix_(at, at)], cross[at], rcond=_RANK)[0]
        yield at.tolist(), max(0.0, 1.0 - float(coef @ cross[at]))
