"""Posterior intervals of the coefficients at each of many scales."""

from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float

from ..base.arguments import check_probability
from ..base.errors import gathered_by_scale
from ..base.progress import progress_bar
from ..data.smaller import statistics_if_smaller
from ..mode.grid import checked_scales, unit_prior
from ..model.linear_model import LinearModel
from ..model.problem import Data
from ..posterior.sample import sample_posterior


def path_intervals(
    model: LinearModel,
    data: Data,
    scales: Any,
    prob: float = 0.9,
    *,
    num_samples: int = 500,
    seed: int = 0,
    progress: bool = True,
) -> Float[np.ndarray, "k p 2"]:
    """Sample the posterior at each scale of the prior, for bands around a coefficient path.

    Parameters
    ----------
    model : LinearModel
        The prior's scale varies; its factor does not change.
    data : RowData or GramData
    scales : sequence of k positive floats
        The scales, as in `map_path`.
    prob : float, default 0.9
        The probability of each interval. Intervals are equal-tailed.
    num_samples : int, default 500
        The number of draws of each of four chains, at each scale.
    seed : int, default 0
    progress : bool, default True
        Whether to show a bar on stderr after two seconds.

    Returns
    -------
    array (k, p, 2)
        The ends of each coefficient's interval.

    Raises
    ------
    TypeError, ValueError, ImproperPosteriorError

    Warns
    -----
    SamplingWarning
        One message, if something speaks against the draws at some scales.
    """
    check_probability("prob", prob)
    values = checked_scales(scales)
    if model.likelihood.is_quadratic:
        data = statistics_if_smaller(data)
    prior = unit_prior(model.prior)
    ends = [0.5 * (1.0 - prob), 0.5 * (1.0 + prob)]
    found = []
    with gathered_by_scale(values.size):
        for scale in progress_bar(values.tolist(), "intervals", "scale", shown=progress):
            here = replace(model, prior=prior.with_scale(scale))
            tree = sample_posterior(here, data, num_samples=num_samples, seed=seed, progress=False)
            draws = tree["posterior"].to_dataset()["coef"].values.reshape(-1, data.n_features)
            found.append(np.quantile(draws, ends, axis=0).T)
    return np.array(found)
