"""Choosing the scale of a prior from the data."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple, final

import numpy as np
from jaxtyping import Float

from .cross_validation import (
    DEFAULT_FOLDS,
    Partition,
    as_small_as_can_be,
    cross_validate,
    statistics_if_smaller,
)
from .data.folds import Label
from .data.rows import RowData
from .data.threads import blas_for
from .errors import DegenerateDataWarning, NoModeError, warn
from .evidence import log_marginal_likelihood
from .gaussian import unpenalised_fit
from .mode.coefs import gram_serves, solve_coefs
from .mode.grid import problem_at, unit_prior
from .mode.solve import MapEstimate, check_tol, map_estimate, mode_of
from .model import LinearModel
from .penalty import Penalty
from .priors import GaussianPrior, Prior
from .problem import Data, Problem, check_data, check_model, resolve
from .propriety import integrated_out
from .ridge_scores import gcv, leave_one_out
from .scale_path import ScalePath, scale_path

if TYPE_CHECKING:
    import pandas as pd

_TIE = 1e-12  # relative difference of scores that is rounding
_HOLDS = ("prior", "per_row")
_EDGES = {
    "strongest": "It is the strongest prior of those compared: the data do not ask for more than the null model.",
    "weakest": "It is the weakest prior of those compared: a smaller `min_ratio`, or larger `scales`, go on from it.",
}
_SCORES = {"mse": "mean squared error", "log_density": "mean log predictive density"}
_CRITERIA = {"aic": "AIC", "bic": "BIC", "log_evidence": "log evidence"}


@final
@dataclass(frozen=True, eq=False)
class ScaleSelection:
    """A scale chosen from the data, and all that it was compared with; row k belongs to ``scales[k]``.

    It holds on to the data, for `map_estimate`.

    Attributes
    ----------
    method, hold : str
        As given to `select_scale`.
    score : str
        What `scores` are: "mse" or "log_density" as given, or the method's own criterion: "aic", "bic" (lowest is
        best) or "log_evidence" (highest).
    scores : array (k,)
        What was compared.
    index : int
        The row that was chosen.
    model : LinearModel
        With the chosen scale.
    penalty : Penalty
        The canonical penalty at the chosen scale, on all data and the original columns.
    scales : array (k,)
        In the order given; by default from the strongest prior to the weakest.
    noise_scales : array (k,)
        σ on all data at each scale: as given, or stationary there.
    effective_df : array (k,)
        Effective degrees of freedom on all data, intercept included.
    mse : array (k,)
        Mean squared error on rows that were held out; for "gcv" its criterion; NaN where none were.
    log_density : array (k,)
        Mean log predictive density of rows that were held out; NaN but for "cv" and "cv-1se".
    standard_errors : array (k,)
        Of the score: standard deviation over folds (ddof 1) divided by √K; for "loo" over rows; else NaN.
    fold_scores : array (k, K)
        The score in each fold; K is 0 but for "cv" and "cv-1se".
    fold_labels : tuple of K
        The folds' numbers, or their labels.
    """

    method: str
    hold: str
    score: str
    index: int
    model: LinearModel
    penalty: Penalty
    scales: Float[np.ndarray, " k"]
    noise_scales: Float[np.ndarray, " k"]
    effective_df: Float[np.ndarray, " k"]
    scores: Float[np.ndarray, " k"]
    mse: Float[np.ndarray, " k"]
    log_density: Float[np.ndarray, " k"]
    standard_errors: Float[np.ndarray, " k"]
    fold_scores: Float[np.ndarray, "k folds"]
    fold_labels: tuple[Label, ...]
    _data: Data = field(repr=False)
    _problem: Problem | None = field(repr=False)  # at the chosen scale, reduced already

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes for a pickle or a copy, rows as statistics where these are smaller."""
        return {**self.__dict__, "_problem": None, "_data": as_small_as_can_be(self._data)}

    def map_estimate(self, tol: float = 1e-8) -> MapEstimate:
        """Return the mode of the chosen model on the data.

        As `map_estimate(selection.model, data)`, from what the selection has already computed of
        the data: statistics, where it reduced rows to these and no two columns are alike.

        Parameters
        ----------
        tol : float, default 1e-8
            Relative duality gap above which a ConvergenceWarning is given.

        Returns
        -------
        MapEstimate

        Raises
        ------
        NoModeError
            Where the density of the chosen model is unbounded.
        """
        check_tol(tol)
        mode = self._mode_at_hand(tol)
        return map_estimate(self.model, self._data, tol) if mode is None else mode

    def _mode_at_hand(self, tol: float) -> MapEstimate | None:
        """Return the mode from the problem that is at hand, or None where the data are to be asked again."""
        problem = self._problem
        if problem is None or problem.least_squares.response_ss == 0.0:
            return None
        if not (problem.has_rows or gram_serves(problem.reduced)):
            return None
        try:
            with blas_for(getattr(self._data, "X", None)):
                mode = mode_of(problem, tol)
        except NoModeError:  # statistics cannot tell a nearly perfect fit from a perfect one
            return None
        return mode if mode.converged else None

    @property
    def scale(self) -> float:
        """The chosen value of the prior's scale (of `laplace_scale` for an elastic net)."""
        return float(self.scales[self.index])

    @property
    def noise_scale(self) -> float:
        """σ on all data at the chosen scale."""
        return float(self.noise_scales[self.index])

    @property
    def edge(self) -> str | None:
        """Which edge of the scales was chosen: "strongest", "weakest", or None."""
        if self.scales.size > 1 and self.scale == self.scales.min():
            return "strongest"
        return "weakest" if self.scales.size > 1 and self.scale == self.scales.max() else None

    def to_frame(self) -> "pd.DataFrame":
        """Return the comparison as a table, one row a scale."""
        import pandas as pd

        columns = {
            **({} if self.score in _SCORES else {self.score: self.scores}),
            "mse": self.mse,
            "log_density": self.log_density,
            "standard_error": self.standard_errors,
            "effective_df": self.effective_df,
            "noise_scale": self.noise_scales,
            "chosen": np.arange(self.scales.size) == self.index,
        }
        return pd.DataFrame(columns, index=pd.Index(self.scales, name="scale"))

    def __str__(self) -> str:
        held = "prior" if self.hold == "prior" else "penalty per row"
        folds = f" ({len(self.fold_labels)} folds, {held} held)" if self.fold_labels else ""
        error = self.standard_errors[self.index]
        spread = "" if np.isnan(error) else f" ± {error:.2g}"
        edge = "" if self.edge is None else f"\n{_EDGES[self.edge]}"
        return (
            f"scale {self.scale:.6g}, chosen from {self.scales.size} by {self.method}{folds}: "
            f"{(_SCORES | _CRITERIA)[self.score]} {self.scores[self.index]:.6g}{spread}, "
            f"{self.effective_df[self.index]:.4g} effective degrees of freedom{edge}"
        )


def select_scale(
    model: LinearModel,
    data: Data,
    method: str = "cv",
    folds: Any = DEFAULT_FOLDS,
    hold: str = "prior",
    seed: int = 0,
    *,
    scales: Sequence[float] | Float[np.ndarray, " k"] | None = None,
    n_scales: int = 100,
    min_ratio: float = 1e-3,
    score: str = "mse",
) -> ScaleSelection:
    """Choose the scale of a prior: by how well it predicts rows that were held out, or by a criterion on all rows.

    By cross-validation each fold is predicted from the others at the mode, for every scale. The
    errors in the folds are averaged, each fold counting alike; within a fold rows count by their
    weights. Of scales that are equally good the smallest, the strongest prior, is chosen.

    Parameters
    ----------
    model : LinearModel
        The prior's scale is what is chosen, so its value is irrelevant; its factor is kept, and for
        an elastic net the ratio of l1 to l2. A prior with scale None becomes one in absolute
        scales where σ is known, as in `map_path`, and relative to the noise where it is not.
        Standard deviations for `standardize` are those of the training rows.
    data : RowData, or GramData made with `folds`
        Rows are reduced to statistics of each fold in one pass, unless these are larger.
    method : "cv", "cv-1se", "loo", "gcv", "aic", "bic" or "evidence", default "cv"
        K folds: the best score, or the strongest prior whose score is within one standard error of
        it. For a Gaussian prior in closed form: leave-one-out, which needs rows, generalised
        cross-validation, and the evidence, log p(y | scale) with coefficients and σ integrated out; there
        `standardize` stays that of all data. "aic" and "bic" add 2 or log Σw for each effective degree of freedom
        of the mode to −2 log-likelihood, with σ as known, else that of least squares on all columns (as
        LassoLarsIC; Zou, Hastie and Tibshirani 2007).
    folds : int, scikit-learn splitter or array (n,), default 5
        K: contiguous blocks, scikit-learn's unshuffled KFold. A splitter whose test folds partition
        the rows. An array: a label for each row. `GramData` has its folds already: leave it out.
    hold : "prior" or "per_row", default "prior"
        What a fold shares with all data: the prior, and so the canonical penalty (σ²/b); or the
        penalty for each row, as in LassoCV and cv.glmnet, where a fold's penalty is
        Σw(training)/Σw times that of all data. (RidgeCV with folds holds the former.)
    seed : int, default 0
        Without effect so far: no method draws random numbers, and a splitter that shuffles has
        its own `random_state`.
    scales : sequence of k positive floats, optional
        In any order. Default: `n_scales` penalties from λmax to min_ratio·λmax, as in `map_path`.
    n_scales : int, default 100
    min_ratio : float, default 1e-3
    score : "mse" or "log_density", default "mse"
        Mean squared error, or the mean log density of Normal(prediction at the mode, σ²). σ is the
        known one; where it is unknown, it is stationary for the training rows at the penalty.

    Returns
    -------
    ScaleSelection

    Raises
    ------
    TypeError, ValueError
        Where an argument is not one of these, `folds` do not fit the data, or the prior has no
        single scale.

    Warns
    -----
    DegenerateDataWarning
        Where the response is constant.

    Notes
    -----
    Where σ is unknown, the default grid is one of penalties, and σ for each is stationary for the
    joint density on all data; the scale reported is the one that makes the penalty at that σ. So
    the joint mode of the chosen model has the chosen penalty, provided that the prior is
    `relative_to_noise`, where that mode is unique. With absolute scales it is a stationary point of
    the joint density, and `map_estimate` returns the highest of them. For `scales` that are given
    (and for every elastic net relative to the noise) σ is that of the joint mode on all data.

    Examples
    --------
    >>> import bayesreg as br
    >>> data = br.RowData.from_arrays([[0.0], [1.0], [2.0], [3.0]], [0.0, 1.0, 2.0, 3.0])
    >>> model = br.LinearModel(br.LaplacePrior(), br.GaussianLikelihood(1.0))
    >>> br.select_scale(model, data, folds=2, scales=[0.1, 10.0]).scale
    10.0
    """
    check_model(model)
    check_data(data)
    _check_choice("method", method, _METHODS)
    _check_choice("hold", hold, _HOLDS)
    _check_choice("score", score, _SCORES)
    if model.prior.has_sampled_scale:
        raise TypeError(
            "the prior's scale is a distribution, and a number is to be chosen. Leave the scale out."
        )
    unit = replace(model, prior=unit_prior(_with_known_units(model)))
    request = _Request(unit, data, method, folds, hold, score, scales, n_scales, min_ratio)
    with blas_for(getattr(data, "X", None)):
        path, scored = _METHODS[method][0](request)
        _warn_of_constant_response(path.problem)
        return _selection(request, path, scored)


def _with_known_units(model: LinearModel) -> Prior:
    """Return the prior, a default scale stated as absolute where σ is known, else as relative to it."""
    prior = model.prior
    has_default = any(value is None for value in prior.scales().values())
    if not has_default or model.likelihood.known_noise_scale is not None:
        return prior
    return replace(prior, relative_to_noise=True)  # type: ignore[type-var]


class _Scored(NamedTuple):
    """Scores along a path, the strongest prior first."""

    mse: Float[np.ndarray, " k"]
    log_density: Float[np.ndarray, " k"]
    standard_errors: Float[np.ndarray, " k"]
    fold_scores: Float[np.ndarray, "k folds"]
    fold_labels: tuple[Label, ...]
    criterion: Float[np.ndarray, " k"] | None = None  # a method's own, in place of these


@dataclass(frozen=True, eq=False)
class _Request:
    """What was asked for; `unit` is the model with its prior at scale 1."""

    unit: LinearModel
    data: Data
    method: str
    folds: Any
    hold: str
    score: str
    scales: Any
    n_scales: int
    min_ratio: float

    def path(self, data: Data) -> ScalePath:
        """Lay out the scales to compare."""
        return scale_path(self.unit, data, self.scales, self.n_scales, self.min_ratio)


def _folds(request: _Request) -> tuple[ScalePath, _Scored]:
    """Score by K-fold cross-validation."""
    partition = Partition.of(request.data, request.folds)
    path = request.path(partition.data)
    per_row = request.hold == "per_row"
    found = cross_validate(request.unit, partition, path.multiples, path.noise_scales, per_row=per_row)
    in_folds = found.mse if request.score == "mse" else found.log_density
    return path, _Scored(
        mse=found.mse.mean(axis=1),
        log_density=found.log_density.mean(axis=1),
        standard_errors=in_folds.std(axis=1, ddof=1) / np.sqrt(in_folds.shape[1]),
        fold_scores=in_folds,
        fold_labels=found.labels,
    )


def _leave_one_out(request: _Request) -> tuple[ScalePath, _Scored]:
    """Score a Gaussian prior by leaving out every row once."""
    _check_closed_form(request)
    if not isinstance(request.data, RowData):
        raise TypeError(
            "method='loo' leaves out one row at a time, and statistics have none. Give the rows (RowData), or use "
            "method='gcv', or 'cv' with statistics that have folds."
        )
    path, problem = _closed_form_path(request)
    scores = leave_one_out(problem, request.data, problem.penalised_rates.l2, _ridge_multiples(path))
    return path, _without_folds(scores.mse, scores.standard_errors)


def _generalised(request: _Request) -> tuple[ScalePath, _Scored]:
    """Score a Gaussian prior by generalised cross-validation."""
    _check_closed_form(request)
    path, problem = _closed_form_path(request)
    mse = gcv(problem, problem.penalised_rates.l2, _ridge_multiples(path))
    return path, _without_folds(mse, np.full(mse.size, np.nan))


def _information(request: _Request) -> tuple[ScalePath, _Scored]:
    """Score by an information criterion of the mode."""
    _check_no_folds(request)
    if request.unit.intercept_prior is not None:
        raise ValueError(f"method={request.method!r} needs a flat intercept. Leave `intercept_prior` out.")
    path = request.path(request.data)
    problem, (l1, l2) = path.problem, path.strengths
    rss = problem.reduced.residuals(solve_coefs(problem, l1, l2).values)[1]
    variance, total = _noise_variance(problem), problem.sum_weights
    price = 2.0 if request.method == "aic" else float(np.log(total))
    criterion = total * np.log(2.0 * np.pi * variance) + rss / variance + price * path.effective_df()
    return path, _by_criterion(criterion)


def _noise_variance(problem: Problem) -> float:
    """Return σ², where it is unknown that of least squares on all columns."""
    if problem.noise_scale is not None:
        return problem.noise_scale**2
    smallest, rank = unpenalised_fit(problem.reduced)
    free = problem.sum_weights - rank - integrated_out(problem)
    if free <= 0.0 or smallest <= problem.reduced.rss_rounding * problem.reduced.response_ss:
        raise ValueError(
            f"least squares leaves no residual to estimate the noise from ({rank} columns, weights that sum to "
            f"{problem.sum_weights:g}). Give GaussianLikelihood a known noise_scale, or use method='cv'."
        )
    return smallest / free


def _evidence(request: _Request) -> tuple[ScalePath, _Scored]:
    """Score a Gaussian prior by its log marginal likelihood."""
    _check_closed_form(request)
    path = request.path(request.data)
    return path, _by_criterion(np.asarray(log_marginal_likelihood(request.unit, request.data, path.scales)))


def _by_criterion(criterion: Float[np.ndarray, " k"]) -> _Scored:
    nothing = np.full(criterion.size, np.nan)
    return _without_folds(nothing, nothing)._replace(criterion=criterion)


def _check_closed_form(request: _Request) -> None:
    method, model = request.method, request.unit
    if not isinstance(model.prior, GaussianPrior) or model.intercept_prior is not None:
        raise ValueError(
            f"method={method!r} is a closed form for a GaussianPrior and a flat intercept. Use method='cv'."
        )
    _check_no_folds(request)


def _check_no_folds(request: _Request) -> None:
    method = request.method
    if request.hold != "prior" or request.score != "mse":
        raise ValueError(f"method={method!r} holds the prior and scores by mse. Use method='cv' for others.")
    if not isinstance(request.folds, int) or request.folds != DEFAULT_FOLDS:
        raise ValueError(f"method={method!r} has no folds. Leave `folds` out, or use method='cv'.")


def _closed_form_path(request: _Request) -> tuple[ScalePath, Problem]:
    """Return the scales, and the problem to score them on."""
    if request.unit.likelihood.known_noise_scale is not None:
        path = request.path(request.data)
        return path, path.problem
    # σ beside every λ asks for every solution: cheaper from statistics
    return request.path(statistics_if_smaller(request.data)), resolve(request.unit, request.data)


def _ridge_multiples(path: ScalePath) -> Float[np.ndarray, " k"]:
    """Return λ₂ in units of the rates at scale 1."""
    relative = path.problem.rates.relative.any()
    return path.multiples * (1.0 if relative else path.noise_scales**2)


def _without_folds(mse: Float[np.ndarray, " k"], errors: Float[np.ndarray, " k"]) -> _Scored:
    return _Scored(mse, np.full(mse.size, np.nan), errors, np.empty((mse.size, 0)), ())


def _best(cost: Float[np.ndarray, " k"], errors: Float[np.ndarray, " k"]) -> int:
    """Return the lowest, and of what rounding alone tells apart the strongest prior, which comes first."""
    lowest = cost.min()
    return int(np.argmax(cost <= lowest + _TIE * abs(lowest)))


def _one_standard_error(cost: Float[np.ndarray, " k"], errors: Float[np.ndarray, " k"]) -> int:
    """Return the strongest prior within one standard error of the lowest."""
    best = int(np.argmin(cost))
    return int(np.argmax(cost <= cost[best] + errors[best]))


_METHODS: dict[str, tuple[Callable[..., Any], Callable[..., int]]] = {
    "cv": (_folds, _best),
    "cv-1se": (_folds, _one_standard_error),
    "loo": (_leave_one_out, _best),
    "gcv": (_generalised, _best),
    "aic": (_information, _best),
    "bic": (_information, _best),
    "evidence": (_evidence, _best),
}
_CRITERION_OF = {"aic": "aic", "bic": "bic", "evidence": "log_evidence"}
_HIGHEST_IS_BEST = ("log_density", "log_evidence")


def _selection(request: _Request, path: ScalePath, scored: _Scored) -> ScaleSelection:
    """Choose, and put everything into the user's order."""
    score = _CRITERION_OF.get(request.method, request.score)
    scores = scored.criterion
    if scores is None:
        scores = scored.mse if score == "mse" else scored.log_density
    cost = -scores if score in _HIGHEST_IS_BEST else scores
    chosen = _METHODS[request.method][1](cost, scored.standard_errors)
    order = np.argsort(path.place)
    prior = request.unit.prior.with_scale(float(path.scales[chosen]))
    return ScaleSelection(
        method=request.method,
        hold=request.hold,
        score=score,
        index=int(path.place[chosen]),
        model=replace(request.unit, prior=prior),
        penalty=path.penalty(chosen),
        scales=path.scales[order],
        noise_scales=path.noise_scales[order],
        effective_df=path.effective_df()[order],
        scores=scores[order],
        mse=scored.mse[order],
        log_density=scored.log_density[order],
        standard_errors=scored.standard_errors[order],
        fold_scores=scored.fold_scores[order],
        fold_labels=scored.fold_labels,
        _data=request.data,
        _problem=problem_at(path.problem, float(path.multiples[chosen])),
    )


def _check_choice(name: str, value: Any, choices: Any) -> None:
    if not isinstance(value, str) or value not in choices:
        listed = ", ".join(map(repr, choices))
        raise ValueError(f"`{name}` must be one of {listed}; got {value!r}.")


def _warn_of_constant_response(problem: Problem) -> None:
    if problem.least_squares.response_ss == 0.0:
        what = "constant" if problem.centred else "zero in every row"
        message = f"`y` is {what}, so that every scale predicts it alike; the smallest is chosen."
        warn(message, DegenerateDataWarning)
