"""The scales to compare under a likelihood that needs the rows, and how well held-out rows are predicted."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
from jaxtyping import Float, Int

from ..base.errors import ConvergenceWarning, NoModeError, warn
from ..base.progress import progress_bar
from ..data.rows import RowData
from ..mode.grid import checked_scales, penalty_weights_along
from ..mode.row_path import RowModes, effective_df_on_rows, modes_along, multiples_on_rows
from ..model.linear_model import LinearModel
from ..model.row_problem import RowProblem, resolve_rows
from ..model.separation import refuse_separation
from ..priors.base import Prior
from ..priors.penalty import Penalty
from .cross_validation import FoldScores, require_rows
from .partition import Partition, Split

_TOL = 1e-8  # of a mode's duality gap


@final
@dataclass(frozen=True, eq=False)
class RowScalePath:
    """Scales of a prior on all rows, from the strongest prior to the weakest."""

    problem: RowProblem  # under the prior at scale 1, in absolute units
    scales: Float[np.ndarray, " k"]
    multiples: Float[np.ndarray, " k"]  # of the rates at scale 1
    place: Int[np.ndarray, " k"]  # of each in the order of the user

    @property
    def noise_scales(self) -> Float[np.ndarray, " k"]:
        """σ at each scale; 1 if the likelihood has none."""
        return np.full(self.scales.size, self.problem.known.get("noise_scale", 1.0))

    @cached_property
    def penalty_weights(self) -> tuple[Float[np.ndarray, "k d"], Float[np.ndarray, "k d"]]:
        """Penalties (l1, l2) of all coefficients."""
        return penalty_weights_along(self.problem, self.multiples, 1.0)

    def penalty(self, row: int) -> Penalty:
        """Return the penalty on the features, on the original columns."""
        p = self.problem.n_features
        l1, l2 = self.penalty_weights
        return Penalty(l1[row, :p], l2[row, :p])

    @cached_property
    def modes(self) -> RowModes:
        """The modes on all rows."""
        return _modes(self.problem, *self.penalty_weights)

    def fit_at(self, row: int) -> tuple[Float[np.ndarray, " p"], float]:
        """Return all coefficients and the intercept of the fit at one of the scales."""
        return self.modes.coefs[row, : self.problem.n_features], float(
            self.modes.intercepts(self.problem)[row]
        )

    @cached_property
    def effective_df(self) -> Float[np.ndarray, " k"]:
        """Effective degrees of freedom, with those of intercept and flat coefficients."""
        return effective_df_on_rows(self.problem, self.modes.coefs, *self.penalty_weights)

    @property
    def log_likelihoods(self) -> Float[np.ndarray, " k"]:
        """The log-likelihood at each mode."""
        data, likelihood = self.problem.data, self.problem.likelihood
        eta = self.problem.eta(self.modes.coefs)
        return np.asarray(likelihood.log_prob(eta, data.y, self.problem.known) @ data.sample_weight)


def row_scale_path(
    problem: RowProblem, prior: Prior, scales: Any, n_scales: int, min_ratio: float
) -> RowScalePath:
    """Return the scales to compare. The parameters are those of `scale_path`.

    Raises
    ------
    NoModeError
        If unpenalised columns separate the rows.
    TypeError, ValueError
    """
    problem = problem.in_absolute_units
    refuse_separation(problem, NoModeError, "there is no mode")
    if scales is None:
        values = prior.scales_at(multiples_on_rows(problem, prior, n_scales, min_ratio))
        place = np.arange(values.size)
    else:
        given = checked_scales(scales)
        values, place = np.sort(given), np.argsort(given, kind="stable")
    return RowScalePath(problem, values, prior.multiples(values), place)


def cross_validate_rows(
    model: LinearModel,
    partition: Partition,
    multiples: Float[np.ndarray, " k"],
    *,
    per_row: bool,
    progress: bool = True,
) -> FoldScores:
    """Predict each fold from rows outside it at every weight of a prior. The parameters are those of `cross_validate`.

    Returns
    -------
    FoldScores
        Errors are those of the predicted mean; the log density is that of the response at the mode.
    """
    scores = []
    for split in progress_bar(
        partition.splits(), "cross-validating", "fold", shown=progress, total=len(partition.labels)
    ):
        require_rows(split)
        share = split.train.sum_weights / partition.data.sum_weights if per_row else 1.0
        scores.append(_score(model, split, multiples, share))
    mse, log_density = (np.column_stack(columns) for columns in zip(*scores, strict=True))
    return FoldScores(partition.labels, mse, log_density)


def _score(
    model: LinearModel, split: Split, multiples: Float[np.ndarray, " k"], share: float
) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    problem = resolve_rows(model, split.train, "select_scale").in_absolute_units
    try:
        refuse_separation(problem, NoModeError, "there is no mode")
    except NoModeError as error:
        raise NoModeError(
            f"without fold {split.label!r} {error} Or spread the rows over other folds."
        ) from None
    weights = penalty_weights_along(problem, multiples, 1.0)
    found = _modes(problem, *(share * weight for weight in weights))
    held_out = split.held_out
    assert isinstance(held_out, RowData)
    design = held_out.design(intercept_column=problem.has_intercept)
    eta = np.asarray(design @ found.coefs.T).T
    eta = eta if held_out.offset is None else eta + held_out.offset
    weight = held_out.sample_weight / held_out.sum_weights
    likelihood, known = problem.likelihood, problem.known
    mse = np.square(held_out.y - likelihood.mean(eta, known)) @ weight
    return mse, np.asarray(likelihood.log_prob(eta, held_out.y, known) @ weight)


def _modes(problem: RowProblem, l1: Float[np.ndarray, "k d"], l2: Float[np.ndarray, "k d"]) -> RowModes:
    """Find modes without certificates, but warn of one that was not reached."""
    found = modes_along(problem, l1, l2, certified=False)
    worst = float(np.nan_to_num(found.certificates.gaps, nan=0.0).max(initial=0.0))
    if worst > _TOL:
        warn(
            f"at one of the scales Newton's method did not reach the mode: its duality gap is {worst:.1e}, above "
            f"{_TOL:.0e}. Leave out very wide scales, or scale the columns.",
            ConvergenceWarning,
        )
    return found
