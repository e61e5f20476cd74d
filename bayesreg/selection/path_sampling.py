"""The log marginal likelihood of any prior at many scales, from draws, with its Monte Carlo error."""

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float

from ..base.errors import SamplingWarning, warn
from ..base.progress import progress_bar
from ..data.smaller import statistics_if_smaller
from ..gaussian.evidence import log_constant
from ..gaussian.propriety import check_proper
from ..mode.grid import problem_at
from ..model.linear_model import LinearModel
from ..model.needs import PENALTY
from ..model.problem import Data, Problem, resolve
from ..posterior.marginals.bulks import where_mass_is
from ..posterior.marginals.propagation import Propagation
from ..posterior.sample import sample_posterior
from ..priors.elastic_net_law import prior_energies
from ..priors.penalty import penalty_weights

if TYPE_CHECKING:
    import xarray as xr

_RUNGS, _NOTHING = 24, 1e-9  # points of log σ, and the mass below which a cell needs no point
_STEP = 0.35  # distance of two nodes, in log scale
_MIXED = 1.05  # R-hat of the slope above which its error is not reliable
_LITTLE = (
    0.02  # bound of the slope at the strongest node; below it the slope falls with the square of the scale
)


class PathEvidence(NamedTuple):
    """The result of path sampling at each scale."""

    log_evidence: Float[np.ndarray, " k"]
    standard_errors: Float[np.ndarray, " k"]


def path_log_evidence(
    model: LinearModel,
    data: Data,
    scales: Float[np.ndarray, " k"],
    *,
    num_samples: int = 1000,
    num_chains: int = 4,
    seed: int = 0,
    progress: bool = True,
) -> PathEvidence:
    """Estimate log p(y | scale) by path sampling that starts at the null model.

    With m the multiple of the rates (1/scale, 1/scale² for a Gaussian prior) and U(β) = Σ l1|βⱼ| + ½ l2 βⱼ² at
    m, d log p(y | m)/d log m = −E[U(β) | y] + E[U(β)] under the prior. Expectation propagation approximates the
    evidence, with its jumps at scales at which the mass moves to another σ. Draws at some two dozen scales measure the
    error of its slope. A cubic spline through these errors is integrated from scale 0, at which the evidence is that of
    the null model. Stein's identity for the dilation β → (1+ε)β gives a variable of mean 0 that removes most of the
    Monte Carlo error.

    Parameters
    ----------
    model : LinearModel
        Its intercept is unpenalised. The prior's scale varies.
    data : RowData or GramData
    scales : array (k,)
        Positive, in any order.
    num_samples, num_chains, seed : int
        The settings of the draws at each node.
    progress : bool, default True
        Whether to show a bar on stderr after two seconds.

    Returns
    -------
    PathEvidence
        With the constants of `log_marginal_likelihood`. Standard errors are Monte Carlo errors.

    Raises
    ------
    ImproperPosteriorError
        If the posterior does not integrate.

    Warns
    -----
    SamplingWarning
        One message, if chains disagree at some nodes.

    References
    ----------
    A. Gelman and X.-L. Meng (1998), "Simulating normalizing constants", doi:10.1214/ss/1028905934.
    """
    data = statistics_if_smaller(data)
    model = replace(model, prior=model.prior.with_scale(1.0))
    problem = resolve(model, data, "the evidence", PENALTY)
    check_proper(problem)
    steps = np.log(nodes(_next_to_nothing(model, problem), scales))
    slopes, errors = _slopes(model, data, problem, steps, num_samples, num_chains, seed, progress=progress)
    weights = integral(steps, np.log(scales))
    multiples = model.prior.multiples(scales)
    values = np.array([propagated_evidence(problem_at(problem, float(one)))[0] for one in multiples])
    return PathEvidence(values + weights @ slopes, np.sqrt(weights**2 @ errors**2))


def nodes(next_to_nothing: float, scales: Float[np.ndarray, " k"]) -> Float[np.ndarray, " m"]:
    """Return scales from a prior that leaves little more than the null model up to the largest scale."""
    start = min(next_to_nothing, float(scales.min()))
    length = np.log(scales.max() / start)
    return np.geomspace(start, scales.max(), max(4, int(np.ceil(length / _STEP)) + 1))


def integral(steps: Float[np.ndarray, " m"], log_scales: Float[np.ndarray, " k"]) -> Float[np.ndarray, "k m"]:
    """Return the weights of slopes at some steps in their integrals from scale 0, by a cubic spline."""
    from scipy.interpolate import CubicSpline

    weights = np.asarray(CubicSpline(steps, np.eye(steps.size)).antiderivative()(log_scales))
    weights[:, 0] += 0.5  # from scale 0 to the first node the slope grows with the square of the scale
    return weights


def scale_of_little(gain: float) -> float:
    """Return the scale at which log p(y | scale) differs from the null model's by about `_LITTLE`.

    `gain` is the sum of prior variances at scale 1 times the squared slope, and the curvature, at 0.
    """
    return float(np.sqrt(_LITTLE / (gain or 1.0)))


def warn_of_mixing(mixing: Float[np.ndarray, " m"], steps: Float[np.ndarray, " m"]) -> None:
    """Warn if chains disagree on a slope."""
    doubtful = np.flatnonzero(mixing > _MIXED)
    if doubtful.size:
        warn(
            f"at {doubtful.size} of {steps.size} scales chains disagree on the evidence's slope (R-hat up to "
            f"{mixing.max():.2f}, around scale {np.exp(steps[doubtful[0]]):.3g}), so its standard error is too small. "
            "Give more num_samples.",
            SamplingWarning,
        )


def _next_to_nothing(model: LinearModel, problem: Problem) -> float:
    """Return the scale at which log p(y | scale) differs from the null model's by about `_LITTLE`."""
    sigma = problem.response_scale if problem.noise_scale is None else problem.noise_scale
    rates = problem.penalised_rates
    l1, l2 = penalty_weights(rates.l1, rates.l2, sigma, rates.relative)
    with np.errstate(divide="ignore"):
        at_one = np.where(
            l1 > 0.0, 2.0 * sigma**4 / np.square(l1), sigma**2 / l2
        )  # prior variance, as scale → 0
    curvature = (problem.reduced.cross / sigma) ** 2 / sigma**2 + problem.reduced.squared_norms / sigma**2
    return scale_of_little(float(at_one @ curvature))


def _slopes(
    model: LinearModel,
    data: Data,
    problem: Problem,
    steps: Float[np.ndarray, " m"],
    num_samples: int,
    num_chains: int,
    seed: int,
    *,
    progress: bool,
) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
    """Return d log p(y | scale)/d log scale less the propagated slope at each node, and its error."""
    found = []
    for k, scale in enumerate(progress_bar(np.exp(steps), "evidence", "scale", shown=progress)):
        here = replace(model, prior=model.prior.with_scale(float(scale)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SamplingWarning)  # of single coefficients: only a sum counts here
            tree = sample_posterior(
                here, data, num_samples=num_samples, num_chains=num_chains, seed=seed + k, progress=False
            )
        multiple = float(model.prior.multiples(np.array([scale]))[0])
        there = problem_at(problem, multiple)
        slope, error, mixing = _slope(there, tree)
        found.append((slope - propagated_evidence(there)[1], error, mixing))
    slopes, errors, mixing = np.array(found).T
    warn_of_mixing(mixing, steps)
    factor = per_log_scale(model)
    return slopes * factor, errors * factor


def per_log_scale(model: LinearModel) -> float:
    """Return −d log m/d log scale: 1 for a Laplace prior, 2 for a Gaussian one."""
    return float(np.log(model.prior.scales_at(np.array([np.exp(-1.0)])))[0]) ** -1


def propagated_evidence(problem: Problem) -> tuple[float, float]:
    """Return log p(y) by expectation propagation, and −d log p(y)/d log m at the problem's own m.

    Parameters
    ----------
    problem : Problem
        Its scales are numbers.

    Returns
    -------
    log_evidence, slope
        With the constants of `log_marginal_likelihood`.
    """
    from scipy.interpolate import PchipInterpolator

    propagation, found = Propagation(problem), where_mass_is(problem)
    if found is None:
        given = propagation.at(np.array([problem.noise_scale]), {})
        return log_constant(problem) + float(given.log_mass[0]), float(given.energy[0])
    mass = found.mass[:, 0]
    seen = np.flatnonzero(mass > _NOTHING)
    rungs = found.log_sigma[np.unique(np.linspace(seen[0], seen[-1], _RUNGS).astype(int))]
    energy = PchipInterpolator(rungs, propagation.at(np.exp(rungs), {}).energy)(found.log_sigma[seen])
    return log_constant(problem) + found.log_evidence, float(mass[seen] @ energy / mass[seen].sum())


def _slope(problem: Problem, tree: "xr.DataTree") -> tuple[float, float, float]:
    """Return −d log p(y | m)/d log m at the problem's own m from draws, its Monte Carlo error and its R-hat."""
    draws = tree["posterior"].to_dataset()
    shape = draws["coef"].shape[:2]
    coef = problem.of_penalised(draws["coef"].values.reshape(-1, problem.n_features))
    known = problem.noise_scale
    sigma = (
        np.full((len(coef), 1), known) if known is not None else draws["noise_scale"].values.reshape(-1, 1)
    )
    rates = problem.penalised_rates
    l1, l2 = (part / sigma**2 for part in penalty_weights(rates.l1, rates.l2, sigma, rates.relative))
    absolute, square = (l1 * np.abs(coef)).sum(axis=1), (l2 * coef**2).sum(axis=1)
    energy = absolute + 0.5 * square - sum(prior_energies(l1, l2)).sum(axis=1)
    pull = (coef * problem.reduced.residuals(coef)[0] / sigma**2).sum(axis=1)
    return controlled(energy.reshape(shape), (coef.shape[1] + pull - absolute - square).reshape(shape))


def controlled(
    values: Float[np.ndarray, "chain draw"], of_mean_zero: Float[np.ndarray, "chain draw"]
) -> tuple[float, float, float]:
    """Return a mean less what a variable of mean 0 explains of it, its Monte Carlo error and its R-hat."""
    spread = of_mean_zero - of_mean_zero.mean()
    total = float((spread * spread).sum())
    slope = float((spread * (values - values.mean())).sum()) / total if total > 0.0 else 0.0
    left = values - slope * of_mean_zero
    return float(left.mean()), *_error_of_mean(left)


def _error_of_mean(values: Float[np.ndarray, "chain draw"]) -> tuple[float, float]:
    """Return the Monte Carlo error of the mean, and R-hat."""
    import arviz as az

    if np.ptp(values) == 0.0:
        return 0.0, 1.0
    return float(az.mcse(values, method="mean")), float(az.rhat(values))
