"""The log marginal likelihood on rows at many scales of a prior, from draws, with its Monte Carlo error."""

import warnings
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from ..base.errors import SamplingWarning
from ..base.progress import progress_bar
from ..data.rows import RowData
from ..mode.grid import penalty_weights_along
from ..mode.row_path import objective_at
from ..model.linear_model import LinearModel
from ..model.row_problem import RowProblem, resolve_rows
from ..posterior.sample import sample_posterior
from ..posterior.score import scored
from ..posterior.to_arviz import from_datatree
from ..priors.elastic_net_law import prior_energies
from .path_sampling import (
    PathEvidence,
    controlled,
    integral,
    nodes,
    per_log_scale,
    scale_of_little,
    warn_of_mixing,
)


def row_log_evidence(
    model: LinearModel,
    data: RowData,
    scales: Float[np.ndarray, " k"],
    *,
    num_samples: int = 1000,
    num_chains: int = 4,
    seed: int = 0,
    progress: bool = True,
) -> PathEvidence:
    """Estimate log p(y | scale) by path sampling that starts at the null model.

    The slope of log p(y | scale) is the prior's mean energy less the posterior's (Gelman and Meng 1998,
    doi:10.1214/ss/1028905934). It is measured at some two dozen scales, with the control of Stein's identity, and
    integrated by a cubic spline. The null model's own evidence is that of the Gaussian at its mode: a constant that no
    comparison of scales needs.

    Parameters
    ----------
    model : LinearModel
        Its intercept is unpenalised, and its nuisance parameters are numbers. The prior's scale varies.
    data : RowData
    scales : array (k,)
        Positive, in any order.
    num_samples, num_chains, seed : int
        The settings of the draws at each node.
    progress : bool, default True
        Whether to show a bar on stderr after two seconds.

    Returns
    -------
    PathEvidence
        Standard errors are Monte Carlo errors.

    Warns
    -----
    SamplingWarning
        One message, if chains disagree at some nodes.
    """
    at_one = resolve_rows(replace(model, prior=model.prior.with_scale(1.0)), data, "the evidence")
    at_one = at_one.in_absolute_units
    null, gain = _null_model(at_one)
    steps = np.log(nodes(scale_of_little(gain), scales))
    found = []
    for k, scale in enumerate(progress_bar(np.exp(steps), "evidence", "scale", shown=progress)):
        here = replace(model, prior=model.prior.with_scale(float(scale)))
        found.append(_slope(here, data, num_samples, num_chains, seed + k))
    slopes, errors, mixing = np.array(found).T
    warn_of_mixing(mixing, steps)
    weights = integral(steps, np.log(scales)) * per_log_scale(model)
    return PathEvidence(null + weights @ slopes, np.sqrt(weights**2 @ errors**2))


def _null_model(problem: RowProblem) -> tuple[float, float]:
    """Return the null model's log evidence, and how steeply the evidence rises with the squared scale."""
    l1, l2 = (weight[0] for weight in penalty_weights_along(problem, np.ones(1), 1.0))
    one = objective_at(problem, l1, l2)
    at, held, free = one.loss.at(one.null), ~one.free, one.free
    weight = problem.data.sample_weight * one.loss.curvature(at.eta)
    precision = np.atleast_2d(one.loss.columns(free).T * weight @ one.loss.columns(free))
    log_likelihood = problem.data.sample_weight @ problem.likelihood.log_prob(
        at.eta, problem.data.y, problem.known
    )
    log_volume = (
        0.5 * free.sum() * np.log(2.0 * np.pi) - 0.5 * np.linalg.slogdet(precision)[1] if free.any() else 0.0
    )
    with np.errstate(divide="ignore"):
        variance = np.where(l1 > 0.0, 2.0 / np.square(l1), 1.0 / l2)[held]
    bent = at.slopes**2 + one.loss.squared_columns(weight)
    return float(log_likelihood + log_volume), float(variance @ bent[held])


def _slope(
    model: LinearModel, data: RowData, num_samples: int, num_chains: int, seed: int
) -> tuple[float, float, float]:
    """Return −d log p(y | m)/d log m from draws, its Monte Carlo error and its R-hat; m multiplies the rates."""
    problem = resolve_rows(model, data, "the evidence").in_absolute_units
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SamplingWarning)  # of single coefficients: only a sum counts here
        tree = sample_posterior(
            model, data, num_samples=num_samples, num_chains=num_chains, seed=seed, progress=False
        )
    posterior = from_datatree(problem, tree)
    held = problem.penalised & problem.is_feature
    coef = posterior.coef.reshape(-1, problem.n_features)[:, held[: problem.n_features]]
    score = scored(problem, posterior).score[:, : held.size][:, held]
    l1, l2 = problem.rates.l1[held], problem.rates.l2[held]
    energy = np.abs(coef) @ l1 + 0.5 * np.square(coef) @ l2 - sum(prior_energies(l1, l2)).sum()
    dilated = held.sum() + (coef * score).sum(axis=1)
    return controlled(energy.reshape(posterior.shape), dilated.reshape(posterior.shape))
