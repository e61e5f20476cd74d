"""The compared scales, with λ, σ and the effective degrees of freedom on all data at each."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
from jaxtyping import Float, Int

from ..gaussian.degrees_of_freedom import effective_df_along, only_ridge
from ..mode.grid import (
    at_noise_scale,
    checked_scales,
    default_multiples,
    penalty_weights_along,
    problem_at,
)
from ..mode.noise import noise_beside, noise_modes
from ..mode.solve_penalised import solve_coefs
from ..model.problem import Problem
from ..priors.base import Prior
from ..priors.penalty import Penalty


@final
@dataclass(frozen=True, eq=False)
class ScalePath:
    """Scales of a prior on all data, from the strongest prior to the weakest."""

    problem: Problem  # under the prior at scale 1
    scales: Float[np.ndarray, " k"]
    multiples: Float[np.ndarray, " k"]  # multiples of the rates at scale 1
    noise_scales: Float[np.ndarray, " k"]
    place: Int[np.ndarray, " k"]  # position of each scale in the user's order
    solved: Float[np.ndarray, "k q"] | None = None  # penalised coefficients, if they are known already

    @cached_property
    def _penalty_weights(self) -> tuple[Float[np.ndarray, "k p"], Float[np.ndarray, "k p"]]:
        return penalty_weights_along(self.problem, self.multiples, self.noise_scales)

    @property
    def penalty_weights(self) -> tuple[Float[np.ndarray, "k q"], Float[np.ndarray, "k q"]]:
        """Canonical penalty weights (l1, l2) of the penalised coefficients."""
        l1, l2 = self._penalty_weights
        return self.problem.of_penalised(l1), self.problem.of_penalised(l2)

    def penalty(self, row: int) -> Penalty:
        """Return the penalty on the features, for the original columns."""
        l1, l2 = self._penalty_weights
        p = self.problem.n_features
        return Penalty(l1[row, :p], l2[row, :p])

    @cached_property
    def coefs(self) -> Float[np.ndarray, "k q"]:
        """The penalised coefficients at each scale."""
        return solve_coefs(self.problem, *self.penalty_weights).values if self.solved is None else self.solved

    def fit_at(self, row: int) -> tuple[Float[np.ndarray, " p"], float]:
        """Return all coefficients and the intercept of the fit at one of the scales."""
        coefs, intercepts = self.problem.expand(self.coefs[[row]])
        return coefs[0], float(intercepts[0])

    @cached_property
    def effective_df(self) -> Float[np.ndarray, " k"]:
        """Effective degrees of freedom, with those of intercept and flat coefficients."""
        l1, l2 = self.penalty_weights
        coefs = l1 if only_ridge(self.problem, l1, l2) else self.coefs
        return effective_df_along(self.problem, coefs, l1, l2)


def scale_path(problem: Problem, prior: Prior, scales: Any, n_scales: int, min_ratio: float) -> ScalePath:
    """Return the scales to compare.

    Parameters
    ----------
    problem : Problem
        With the prior at scale 1.
    prior : Prior
        The same prior.
    scales : sequence of k positive floats, or None
        In any order. None: a grid of penalties from λmax down.
    n_scales : int
    min_ratio : float
        The smallest penalty of the default grid over λmax.

    Returns
    -------
    ScalePath

    Raises
    ------
    TypeError, ValueError
        If the prior does not fit the data, or is on no column.
    """
    if not problem.penalised[problem.is_feature].any():
        raise ValueError(
            "no column is under the prior: `factor` is infinite for every feature, so every scale gives the same model "
            "and none can be chosen. Make the factor of some feature finite, or use FlatPrior and no selection."
        )
    if scales is not None:
        values = checked_scales(scales)
        return _at_scales(problem, prior, np.sort(values), np.argsort(values, kind="stable"))
    penalties = default_multiples(problem, prior, n_scales, min_ratio)
    place = np.arange(penalties.size)
    if problem.noise_scale is not None:
        return _at_scales(
            problem, prior, at_noise_scale(problem, prior, penalties, problem.noise_scale), place
        )
    l1, l2 = map(problem.of_penalised, penalty_weights_along(problem, penalties, 1.0))
    if len(prior.scales()) > 1 and prior.relative_to_noise:  # l1/l2 varies with σ
        null = noise_beside(problem, np.zeros((1, l1.shape[1])), l1[:1], l2[:1])[0]
        return _at_scales(problem, prior, at_noise_scale(problem, prior, penalties, null), place)
    coefs = solve_coefs(problem, l1, l2).values
    sigma = _positive(problem, noise_beside(problem, coefs, l1, l2))
    values = at_noise_scale(problem, prior, penalties, sigma)
    return ScalePath(problem, values, prior.multiples(values), sigma, place, coefs)


def _at_scales(
    problem: Problem, prior: Prior, scales: Float[np.ndarray, " k"], place: Int[np.ndarray, " k"]
) -> ScalePath:
    """Return scales in ascending order. An unknown σ is that of the joint mode at each scale."""
    multiples = prior.multiples(scales)
    if problem.noise_scale is not None:
        sigma = np.full(scales.size, problem.noise_scale)
    elif problem.least_squares.response_ss == 0.0:
        sigma = np.full(scales.size, problem.response_scale)
    else:
        sigma = np.array([noise_modes(problem_at(problem, m))[0].noise_scale for m in multiples.tolist()])
    return ScalePath(problem, scales, multiples, sigma, place)


def _positive(problem: Problem, noise_scales: Float[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
    """Replace σ = 0, which a perfect fit has, by the spread of the response: scales are in units of σ."""
    return np.where(noise_scales > 0.0, noise_scales, problem.response_scale)
