"""All that speaks against taking an answer as it stands, each in a sentence or two with its remedy."""

import numpy as np

from ..fitted import Fit
from .prior_data_conflict import prior_data_conflicts
from .response import response_caution

_MOST = 0.5  # of the bars
_MOST_OF_ROWS = 0.2  # columns for a row


def cautions(fit: Fit) -> tuple[str, ...]:
    """Say what should be settled before the answer is used."""
    of_data = response_caution(fit), _predictions_fail(fit)
    return (*(sentence for sentence in of_data if sentence is not None), *prior_data_conflicts(fit))


def _predictions_fail(fit: Fit) -> str | None:
    check = fit.quick_check
    if np.count_nonzero(~fit.effects.constant) > _MOST_OF_ROWS * fit.data.n_samples:
        return None  # these rows made the fit, and lie nearer to their predictions for that
    if check is None or check.n_outside_band <= _MOST * check.n_bins:
        return None
    return (
        "The predictive check fails: most bars of its histogram hold more or fewer rows than the model expects. Do not "
        "rely on intervals of predictions. The usual causes: the response or a column needs another form (a logarithm, "
        "a square), or a column is missing."
    )
