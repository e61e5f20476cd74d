"""All that speaks against taking an answer as it stands, each in a sentence or two with its remedy."""

import numpy as np

from ...data.rows import RowData
from ..fitted import Fit
from .chosen_scale import methods
from .prior_data_conflict import prior_data_conflicts
from .response import response_caution
from .rows import fills_rows
from .told_response import told_caution

_MOST = 0.5  # of the bars
_OVERDISPERSED, _FEWEST_SPARE = 1.5, 20  # times the variance; rows beyond the columns
_MOST_OF_ROWS = 0.2  # columns for a row


def cautions(fit: Fit) -> tuple[str, ...]:
    """Say what should be settled before the answer is used."""
    of_data = (
        told_caution(fit),
        response_caution(fit),
        _separated(fit),
        _many_columns(fit),
        _overdispersed(fit) or _predictions_fail(fit),
    )
    return (*(sentence for sentence in of_data if sentence is not None), *prior_data_conflicts(fit))


def prediction_caution(fit: Fit) -> str:
    """Say what the reader of predictions must know; "" if nothing."""
    return " ".join(filter(None, (response_caution(fit), _overdispersed(fit) or _predictions_fail(fit))))


def _separated(fit: Fit) -> str | None:
    if not fit.separations:
        return None
    found = "; ".join(fit.separations)
    return (
        f"The rows are separated: {found}. The data set no limit to such a coefficient, so its size and its interval "
        "are the prior's; only its sign is theirs. Leave such a column or level out, gather rare levels, or give the "
        f"prior a smaller scale, the one that {methods(fit, 'cv')} chooses say."
    )


def _overdispersed(fit: Fit) -> str | None:
    """Compare the counts' variance with the one that a likelihood without a parameter for it says."""
    likelihood = fit.model.likelihood
    if not fit.is_count or likelihood.parameters() or not isinstance(fit.data, RowData):
        return None
    data, spare = fit.data, fit.data.n_samples - np.count_nonzero(~fit.effects.constant)
    if spare < _FEWEST_SPARE:
        return None
    eta = (
        np.asarray(data.X @ fit.mode.coef)
        + fit.mode.intercept
        + (0.0 if data.offset is None else data.offset)
    )
    squares = np.square(data.y - likelihood.mean(eta, {})) / likelihood.variance(eta, {})
    times = float(data.sample_weight @ squares) / (data.sum_weights * spare / data.n_samples)
    if times < _OVERDISPERSED:
        return None
    return (
        f"Counts vary {times:.2g} times as much as the model says: its intervals are too narrow, by about the root of "
        "that. Fit again with --family negative-binomial (in Python, br.NegativeBinomialLikelihood), which lets them."
    )


def _many_columns(fit: Fit) -> str | None:
    """Say what R² and the predictive check are worth, which look at the rows that made the fit."""
    n_columns, n_rows = fit.relations.n_columns, fit.data.n_samples
    if n_columns <= _MOST_OF_ROWS * n_rows or fit.r_squared is None:
        return None
    told = f"{n_columns} column{'s' * (n_columns != 1)} for {n_rows} rows"
    remedy = f"Cross-validation ({methods(fit, 'cv')}) looks at rows that were not fitted; fewer columns tell more."
    if fills_rows(fit):
        return (
            f"{told}: R² and the predictive check say nothing here, as so many columns of mere noise would fit these "
            f"rows as well. {remedy}"
        )
    of_noise = n_columns / (n_rows - fit.model.fit_intercept)
    return (
        f"{told}: R² is larger here than on new rows (least squares on so many columns of mere noise has "
        f"{of_noise:.2f}), and the predictive check, which looks at the same rows, says little. {remedy}"
    )


def _predictions_fail(fit: Fit) -> str | None:
    check = fit.quick_check
    if np.count_nonzero(~fit.effects.constant) > _MOST_OF_ROWS * fit.data.n_samples:
        return None  # these rows made the fit, and lie nearer to their predictions for that: see above
    if check is None or check.n_outside_band <= _MOST * check.n_bins:
        return None
    return (
        "The predictive check fails: most bars of its histogram hold more or fewer rows than the model expects. Do not "
        "rely on intervals of predictions. The usual causes: the response or a column needs another form (a logarithm, "
        "a square), or a column is missing."
    )
