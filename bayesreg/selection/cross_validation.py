"""Errors on held-out rows, fold by fold."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ..base.progress import progress_bar
from ..data.folds import Label
from ..likelihoods.gaussian import deviance
from ..mode.grid import penalty_weights_along
from ..mode.noise import noise_beside
from ..mode.solve_penalised import solve_coefs
from ..model.linear_model import LinearModel
from ..model.problem import Data, resolve
from .partition import Partition, Split


class FoldScores(NamedTuple):
    """The errors in the prediction of each fold from the others, at k scales of the prior."""

    labels: tuple[Label, ...]
    mse: Float[np.ndarray, "k folds"]
    log_density: Float[np.ndarray, "k folds"]


def cross_validate(
    model: LinearModel,
    partition: Partition,
    multiples: Float[np.ndarray, " k"],
    noise_scales: Float[np.ndarray, " k"],
    *,
    per_row: bool,
    progress: bool = True,
) -> FoldScores:
    """Predict each fold from the others at every scale of a prior.

    Parameters
    ----------
    model : LinearModel
        Its prior has scale 1. `standardize` and a default prior on σ depend on data: they are
        computed from the training rows.
    partition : Partition
    multiples : array (k,)
        Multiples of the rates at scale 1. The strongest prior is first.
    noise_scales : array (k,)
        σ on all data at each scale. Multiples and σ together give the penalty.
    per_row : bool
        True: the penalty of a fold is Σw(training)/Σw times that of all data, so the penalty per row
        is fixed. False: the penalty itself is fixed, and so is the prior.
    progress : bool, default True
        Whether to show a bar on stderr after two seconds.

    Returns
    -------
    FoldScores
    """
    scores = []
    splits = partition.splits()
    for split in progress_bar(
        splits, "cross-validating", "fold", shown=progress, total=len(partition.labels)
    ):
        require_rows(split)
        share = split.train.sum_weights / partition.data.sum_weights if per_row else 1.0
        scores.append(_score(model, split, multiples, noise_scales, share))
    mse, log_density = (np.column_stack(columns) for columns in zip(*scores, strict=True))
    return FoldScores(partition.labels, mse, log_density)


def _score(
    model: LinearModel,
    split: Split,
    multiples: Float[np.ndarray, " k"],
    noise_scales: Float[np.ndarray, " k"],
    share: float,
) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """Return mean squared error and mean log predictive density of the held-out rows."""
    problem = resolve(model, split.train)
    penalty_weights = penalty_weights_along(problem, multiples, noise_scales)
    l1, l2 = (share * problem.of_penalised(weight) for weight in penalty_weights)
    penalised = solve_coefs(problem, l1, l2).values
    mse = held_out_mse(split.held_out, *problem.expand(penalised))
    known = problem.noise_scale
    return mse, log_density(mse, noise_beside(problem, penalised, l1, l2) if known is None else known)


def held_out_mse(
    held_out: Data, coefs: Float[np.ndarray, "k p"], intercepts: Float[np.ndarray, " k"]
) -> Float[np.ndarray, " k"]:
    """Return the weighted mean squared error of k fits on rows or statistics.

    It is the error about the data's means, plus the square of the error at the means.
    """
    centred, means = held_out.least_squares(centre=True)
    offsets = means.y - intercepts - coefs @ means.x
    return centred.residuals(coefs)[1] / held_out.sum_weights + offsets**2


def log_density(
    mse: Float[np.ndarray, " k"], noise_scale: Float[np.ndarray, " k"] | float
) -> Float[np.ndarray, " k"]:
    """Return the mean of log Normal(y | prediction, σ²) over rows: −½ log 2πσ² − ½ mse/σ²."""
    variance = np.broadcast_to(np.square(noise_scale), mse.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = -0.5 * deviance(1.0, mse, variance)
    return np.where(variance > 0.0, value, -np.inf)  # σ = 0 allows no error


def require_rows(split: Split) -> None:
    """Refuse a fold that leaves fewer than two rows.

    Raises
    ------
    ValueError
    """
    if split.train.n_samples < 2:
        raise ValueError(
            f"without fold {split.label!r}, {split.train.n_samples} row is left to fit, but at least 2 are needed. "
            "Spread the rows over more folds."
        )
