"""How each method scores the scales of a prior, and the rule by which it chooses one."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ..base.errors import SamplingWarning, gathered_by_scale, warn
from ..base.jax_context import float64_on_cpu
from ..base.progress import progress_bar
from ..data.folds import Label
from ..data.rows import RowData
from ..data.smaller import statistics_are_smaller
from ..gaussian.evidence import log_evidence_at
from ..gaussian.generalised_cv import gcv
from ..gaussian.leave_one_out.scores import leave_one_out
from ..gaussian.propriety import integrated_out
from ..gaussian.residual_noise import least_squares_variance
from ..likelihoods.gaussian import deviance
from ..model.linear_model import LinearModel
from ..model.needs import ANY_ROWS, CONVEX_LOSS, FLAT_INTERCEPT, GAUSSIAN_PRIOR, QUADRATIC_LOSS, ROWS
from ..model.problem import Data, Problem, resolve
from ..model.row_problem import resolve_rows
from ..posterior.sample import sample_posterior
from ..priors.base import Prior
from ..priors.scales import log_prob_within
from .cross_validation import cross_validate
from .partition import DEFAULT_FOLDS, Partition
from .path_sampling import path_log_evidence
from .row_evidence import row_log_evidence
from .row_scales import RowScalePath, cross_validate_rows, row_scale_path
from .rules import Rule, lowest, median, one_standard_error
from .scale_path import ScalePath, scale_path

_WITHOUT_ROWS = "Give the rows (RowData), or use method='gcv', or 'cv' with statistics that have folds."
_MOST, _MANY = 100, {"psis-loo": 25}  # default numbers of scales: fewer if each is sampled


class Scored(NamedTuple):
    """Scores along a path. The strongest prior is first."""

    mse: Float[np.ndarray, " k"]
    log_density: Float[np.ndarray, " k"]
    standard_errors: Float[np.ndarray, " k"]
    fold_scores: Float[np.ndarray, "k folds"]
    fold_labels: tuple[Label, ...]
    partition: Partition | None = None
    criterion: Float[np.ndarray, " k"] | None = None  # a method's own, in place of these


@dataclass(frozen=True, eq=False)
class Request:
    """The arguments of a selection. `unit` is the model with its prior at scale 1."""

    unit: LinearModel
    data: Data
    method: str
    folds: Any
    hold: str
    score: str
    scales: Any
    n_scales: int | None
    min_ratio: float
    num_samples: int
    seed: int
    progress: bool
    hyperprior: Any = None  # NumPyro distribution of the scale

    @property
    def grid(self) -> tuple[Prior, Any, int, float]:
        """The prior and the scales, as `scale_path` takes them."""
        n_scales = _MANY.get(self.method, _MOST) if self.n_scales is None else self.n_scales
        return self.unit.prior, self.scales, n_scales, self.min_ratio

    @property
    def on_rows(self) -> bool:
        """Whether the likelihood needs the rows."""
        return not self.unit.likelihood.is_quadratic

    def path(self, problem: Problem) -> ScalePath:
        """Return the scales to compare, on a problem of the unit model."""
        return scale_path(problem, *self.grid)

    @property
    def path_on_data(self) -> ScalePath:
        """The scales to compare, on all data in their own form."""
        return self.path(resolve(self.unit, self.data, f"method={self.method!r}"))

    @property
    def path_on_rows(self) -> RowScalePath:
        """The scales to compare, if the likelihood needs the rows."""
        return row_scale_path(resolve_rows(self.unit, self.data, "select_scale", CONVEX_LOSS), *self.grid)


AnyPath = ScalePath | RowScalePath


def _folds(request: Request) -> tuple[AnyPath, Scored]:
    """Score by K-fold cross-validation."""
    partition = Partition.of(request.data, request.folds, as_rows=request.on_rows)
    per_row = request.hold == "per_row"
    path: AnyPath
    if request.on_rows:
        ANY_ROWS.check(f"method={request.method!r}", request.unit, request.data)
        path = request.path_on_rows
        found = cross_validate_rows(
            request.unit, partition, path.multiples, per_row=per_row, progress=request.progress
        )
    else:
        path = request.path(resolve(request.unit, partition.data))
        found = cross_validate(
            request.unit,
            partition,
            path.multiples,
            path.noise_scales,
            per_row=per_row,
            progress=request.progress,
        )
    in_folds = found.mse if request.score == "mse" else found.log_density
    return path, Scored(
        mse=found.mse.mean(axis=1),
        log_density=found.log_density.mean(axis=1),
        standard_errors=in_folds.std(axis=1, ddof=1) / np.sqrt(in_folds.shape[1]),
        fold_scores=in_folds,
        fold_labels=found.labels,
        partition=partition,
    )


def _leave_one_out(request: Request) -> tuple[ScalePath, Scored]:
    """Score a Gaussian prior by leave-one-out cross-validation."""
    _check_closed_form(request)
    ROWS.check("method='loo'", request.unit, request.data, remedy=_WITHOUT_ROWS)
    assert isinstance(request.data, RowData)
    path, problem = _closed_form_path(request)
    scores = leave_one_out(problem, request.data, problem.penalised_rates.l2, _ridge_multiples(path))
    return path, _without_folds(scores.mse, scores.standard_errors)


def _generalised(request: Request) -> tuple[ScalePath, Scored]:
    """Score a Gaussian prior by generalised cross-validation."""
    _check_closed_form(request)
    path, problem = _closed_form_path(request)
    mse = gcv(problem, problem.penalised_rates.l2, _ridge_multiples(path))
    return path, _without_folds(mse, np.full(mse.size, np.nan))


def _information(request: Request) -> tuple[AnyPath, Scored]:
    """Score by an information criterion of the mode."""
    _check_no_folds(request)
    FLAT_INTERCEPT.check(f"method={request.method!r}", request.unit, request.data)
    if request.on_rows:
        on_rows = request.path_on_rows
        price = 2.0 if request.method == "aic" else float(np.log(on_rows.problem.sum_weights))
        return on_rows, _by_criterion(price * on_rows.effective_df - 2.0 * on_rows.log_likelihoods)
    path = request.path_on_data
    problem = path.problem
    rss = problem.reduced.residuals(path.coefs)[1]
    variance, total = _noise_variance(problem), problem.sum_weights
    price = 2.0 if request.method == "aic" else float(np.log(total))
    criterion = deviance(total, rss, variance) + price * path.effective_df
    return path, _by_criterion(criterion)


def _noise_variance(problem: Problem) -> float:
    """Return the known σ², or else the estimate from least squares on all columns."""
    if problem.noise_scale is not None:
        return problem.noise_scale**2
    return least_squares_variance(
        problem.reduced,
        problem.sum_weights,
        integrated_out(problem),
        "Give a known noise_scale, or use method='cv'.",
    )


def _evidence(request: Request) -> tuple[AnyPath, Scored]:
    """Score by the log marginal likelihood: exact if all is Gaussian, else from path sampling with its error."""
    _check_no_folds(request)
    FLAT_INTERCEPT.check(
        "the evidence", request.unit, request.data, remedy="Leave it out, or use method='cv'."
    )
    draws: dict[str, Any] = {
        "num_samples": request.num_samples,
        "seed": request.seed,
        "progress": request.progress,
    }
    path: AnyPath
    if request.on_rows:
        assert isinstance(request.data, RowData)
        path = request.path_on_rows
        found = row_log_evidence(request.unit, request.data, path.scales, **draws)
    else:
        path = request.path_on_data
        if request.unit.prior.integrates:
            return path, _by_criterion(log_evidence_at(path.problem, path.scales))
        found = path_log_evidence(request.unit, request.data, path.scales, **draws)
    return path, _by_criterion(found.log_evidence, found.standard_errors)


def _posterior(request: Request) -> tuple[AnyPath, Scored]:
    """Score by the posterior density of the log of the scale, on the range of the compared scales."""
    path, scored = _evidence(request)
    assert scored.criterion is not None
    density = scored.criterion + _log_hyperprior(request, path.scales)
    if not np.isfinite(density).any():
        raise ValueError(
            "the prior of the scale has no mass at any of `scales`. Give `scales` inside of its support."
        )
    density = density - density.max()
    order = np.argsort(path.scales)
    mass = np.trapezoid(np.exp(density[order]), np.log(path.scales[order])) if density.size > 1 else 1.0
    return path, scored._replace(criterion=density - np.log(mass))


def _log_hyperprior(request: Request, scales: Float[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
    """Return the log density of the log of the scale under its prior. It is flat if there is no prior."""
    if request.hyperprior is None:
        return np.zeros(scales.size)
    with float64_on_cpu():
        return log_prob_within(request.hyperprior, scales) + np.log(scales)


def _importance_leave_one_out(request: Request) -> tuple[AnyPath, Scored]:
    """Score by the expected log predictive density of each row given the others, from draws at each scale."""
    _check_no_folds(request)
    ROWS.check("method='psis-loo'", request.unit, request.data)
    path: AnyPath = request.path_on_rows if request.on_rows else request.path_on_data
    with gathered_by_scale(path.scales.size):
        found = [
            _elpd(request, scale)
            for scale in progress_bar(path.scales.tolist(), "leave one out", "scale", shown=request.progress)
        ]
    doubtful = sum(one.warning for one in found)
    if doubtful:
        warn(
            f"at {doubtful} of {len(found)} scales some rows have a Pareto k above 0.7, so importance sampling does "
            "not give their predictive density. Use method='cv', or fewer weak scales.",
            SamplingWarning,
        )
    elpd, errors = np.array([[one.elpd, one.se] for one in found]).T
    return path, _by_criterion(elpd, errors)


def _elpd(request: Request, scale: float) -> Any:
    import arviz as az

    model = replace(request.unit, prior=request.unit.prior.with_scale(scale))
    tree = sample_posterior(
        model,
        request.data,
        num_samples=request.num_samples,
        seed=request.seed,
        log_likelihood=True,
        progress=False,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of Pareto k: one warning for all scales follows
        return az.loo(tree, pointwise=True)


def _by_criterion(
    criterion: Float[np.ndarray, " k"], errors: Float[np.ndarray, " k"] | None = None
) -> Scored:
    nothing = np.full(criterion.size, np.nan)
    return _without_folds(nothing, nothing if errors is None else errors)._replace(criterion=criterion)


def _check_closed_form(request: Request) -> None:
    _check_quadratic(request)
    for need in (GAUSSIAN_PRIOR, FLAT_INTERCEPT):
        need.check(f"method={request.method!r}", request.unit, request.data)
    _check_no_folds(request)


def _check_quadratic(request: Request) -> None:
    QUADRATIC_LOSS.check(
        f"method={request.method!r}",
        request.unit,
        request.data,
        remedy="Use another method than 'loo' and 'gcv'.",
    )


def _check_no_folds(request: Request) -> None:
    method = request.method
    own = "log_density" if request.on_rows else "mse"
    if request.hold != "prior" or request.score != own:
        raise ValueError(
            f"method={method!r} needs hold='prior' and score={own!r}. Use method='cv' for others."
        )
    if not isinstance(request.folds, int) or request.folds != DEFAULT_FOLDS:
        raise ValueError(f"method={method!r} has no folds. Leave `folds` out, or use method='cv'.")


def _closed_form_path(request: Request) -> tuple[ScalePath, Problem]:
    """Return the scales, and the problem on which they are scored."""
    problem = resolve(request.unit, request.data)
    if problem.noise_scale is None and statistics_are_smaller(request.data):
        # an unknown σ needs the solution at every λ: statistics are cheaper
        return request.path(problem.as_statistics), problem
    return request.path(problem), problem


def _ridge_multiples(path: ScalePath) -> Float[np.ndarray, " k"]:
    """Return λ₂ in units of the rates at scale 1."""
    relative = path.problem.rates.relative.any()
    return path.multiples * (1.0 if relative else path.noise_scales**2)


def _without_folds(mse: Float[np.ndarray, " k"], errors: Float[np.ndarray, " k"]) -> Scored:
    return Scored(mse, np.full(mse.size, np.nan), errors, np.empty((mse.size, 0)), ())


class Method(NamedTuple):
    """How scales are scored, how one is chosen, and the name of the method's own score, if it has one."""

    score: Callable[[Request], tuple[AnyPath, Scored]]
    choose: Rule
    criterion: str | None = None

    def name_of_score(self, request: Request) -> str:
        """Return the method's own criterion, or else the requested score."""
        return self.criterion or request.score


METHODS = {
    "cv": Method(_folds, lowest),
    "cv-1se": Method(_folds, one_standard_error),
    "loo": Method(_leave_one_out, lowest),
    "gcv": Method(_generalised, lowest),
    "aic": Method(_information, lowest, "aic"),
    "bic": Method(_information, lowest, "bic"),
    "evidence": Method(_evidence, lowest, "log_evidence"),
    "psis-loo": Method(_importance_leave_one_out, lowest, "elpd_loo"),
    "posterior": Method(_posterior, median, "log_posterior"),
}
HIGHEST_IS_BEST = ("log_density", "log_evidence", "elpd_loo", "log_posterior")
