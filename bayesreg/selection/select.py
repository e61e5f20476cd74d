"""Choosing the scale of a prior from the data."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, final

import numpy as np
from jaxtyping import Float

from ..base.arguments import LARGEST_SEED, check_choice, check_whole
from ..base.errors import DegenerateDataWarning, NoEquivalent, NoModeError, warn
from ..base.threads import blas_for
from ..conventions.translation import Translation, translate
from ..data.folds import Label
from ..data.rows import RowData
from ..mode.estimate import MapEstimate, check_tol, map_estimate, mode_of
from ..mode.grid import problem_at, unit_prior
from ..mode.solve_penalised import gram_serves
from ..model.linear_model import LinearModel
from ..model.needs import PENALTY, QUADRATIC_LOSS, require
from ..model.problem import Data, Problem
from ..priors.base import Prior
from ..priors.penalty import Penalty, penalty_weights
from .criteria import HIGHEST_IS_BEST, METHODS, Request, Scored
from .cross_validation import DEFAULT_FOLDS, as_small_as_can_be
from .scale_path import ScalePath

if TYPE_CHECKING:
    import pandas as pd

_HOLDS = ("prior", "per_row")
_EDGES = {
    "strongest": "It is the strongest prior of those compared: the data do not ask for more than the null model.",
    "weakest": "It is the weakest prior of those compared: a smaller `min_ratio`, or larger `scales`, go on from it.",
}
_PREDICTIVE = {"mse": "mean squared error", "log_density": "mean log predictive density"}
SCORES = _PREDICTIVE | {
    "aic": "AIC",
    "bic": "BIC",
    "log_evidence": "log evidence",
    "elpd_loo": "expected log predictive density, left out",
    "log_posterior": "log posterior density of the log scale",
}


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
        best), "log_evidence", "elpd_loo" or "log_posterior" (highest).
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
        Of the score: standard deviation over folds (ddof 1) divided by √K; for "loo" and "psis-loo" over rows;
        for "evidence" and "posterior" of a prior that is not Gaussian the Monte Carlo error; else NaN.
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

    def penalty_at(self, row: int) -> Penalty:
        """Return the canonical penalty at one of the scales, on all data and the original columns."""
        prior, chosen = self.model.prior, self.index
        multiples = prior.multiples(self.scales)
        stronger = multiples[row] / multiples[chosen]
        noisier = self.noise_scales[row] / self.noise_scales[chosen]
        l1, l2 = penalty_weights(stronger, stronger, noisier, prior.relative_to_noise)
        return Penalty(self.penalty.l1 * l1, self.penalty.l2 * l2)

    def in_convention(self, convention: str) -> Float[np.ndarray, " k"]:
        """Return what each scale is in a package's convention: its λ, alpha, C or scale.

        Parameters
        ----------
        convention : str
            A key of `CONVENTIONS`.

        Returns
        -------
        array (k,)

        Raises
        ------
        NoEquivalent
            Where that package cannot state these penalties by one number.
        ValueError
            Where it asks for rows, and the data are statistics.
        """
        found = [self._translated(row, convention) for row in range(self.scales.size)]
        values = _the_number(found)
        if any(np.ndim(value) for value in values):
            raise NoEquivalent(
                f"{convention} states these penalties by one number for each coefficient: {found[self.index].code}. "
                "Read `.penalty`, or choose a convention that standardises."
            )
        return np.array(values, dtype=float)

    def _translated(self, row: int, convention: str) -> Translation:
        data, penalty = self._data, self.penalty_at(row)
        same = [np.ptp(part) <= 1e-12 * np.max(part) for part in (penalty.l1, penalty.l2)]
        if all(same):
            penalty = Penalty(float(np.max(penalty.l1)), float(np.max(penalty.l2)))
        rows: dict[str, Any] = (
            {"X": data.X, "y": data.y, "sample_weight": data.sample_weight}
            if isinstance(data, RowData)
            else {"sample_weight": np.full(data.n_samples, data.sum_weights / data.n_samples)}
        )
        return translate(
            penalty, "Penalty", convention, **rows, noise_scale=float(self.noise_scales[row]),
            fit_intercept=self.model.fit_intercept,
        )  # fmt: skip

    def to_frame(self, convention: str | None = None) -> "pd.DataFrame":
        """Return the comparison as a table, one row a scale.

        Parameters
        ----------
        convention : str, optional
            A key of `CONVENTIONS`: a column of that name says what each scale is there.
        """
        import pandas as pd

        columns = {
            **({} if convention is None else {convention: self.in_convention(convention)}),
            **({} if self.score in _PREDICTIVE else {self.score: self.scores}),
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
        spread = "" if np.isnan(error) else f" ± {_two_digits(float(error))}"
        edge = "" if self.edge is None else f"\n{_EDGES[self.edge]}"
        return (
            f"scale {self.scale:.6g}, chosen from {self.scales.size} by {self.method}{folds}: "
            f"{SCORES[self.score]} {self.scores[self.index]:.6g}{spread}, "
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
    n_scales: int | None = None,
    min_ratio: float = 1e-3,
    score: str = "mse",
    num_samples: int = 1000,
    progress: bool = True,
) -> ScaleSelection:
    """Choose the scale of a prior: by rows that were held out, by a criterion on all rows, or by its posterior.

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
    method : "cv", "cv-1se", "loo", "gcv", "aic", "bic", "evidence", "psis-loo" or "posterior", default "cv"
        K folds: the best score, or the strongest prior whose score is within one standard error of
        it. For a Gaussian prior in closed form: leave-one-out, which needs rows, and generalised
        cross-validation; there `standardize` stays that of all data. "aic" and "bic" add 2 or log Σw for each
        effective degree of freedom of the mode to −2 log-likelihood, with σ as known, else that of least squares
        on all columns (as LassoLarsIC; Zou, Hastie and Tibshirani 2007). "evidence" is log p(y | scale) with
        coefficients and σ integrated out: exact for a Gaussian prior, else estimated from draws at some two dozen
        scales. "psis-loo" is ArviZ's leave-one-out from draws at each scale, and needs rows. "posterior" is full
        Bayes on the scales compared: under the prior's own distribution of the scale, where it has one, else flat
        in the log of the scale between the ends; the scale nearest to the posterior's median is chosen.
    folds : int, scikit-learn splitter or array (n,), default 5
        K: contiguous blocks, scikit-learn's unshuffled KFold. A splitter whose test folds partition
        the rows. An array: a label for each row. `GramData` has its folds already: leave it out.
    hold : "prior" or "per_row", default "prior"
        What a fold shares with all data: the prior, and so the canonical penalty (σ²/b); or the
        penalty for each row, as in LassoCV and cv.glmnet, where a fold's penalty is
        Σw(training)/Σw times that of all data. (RidgeCV with folds holds the former.)
    seed : int, default 0
        Of the draws that "psis-loo", and "evidence" and "posterior" of a prior that is not Gaussian, are made of. (A
        splitter that shuffles has its own `random_state`.)
    scales : sequence of k positive floats, optional
        In any order. Default: `n_scales` penalties from λmax to min_ratio·λmax, as in `map_path`.
    n_scales : int, optional
        Default: 100, and 25 for "psis-loo".
    min_ratio : float, default 1e-3
    score : "mse" or "log_density", default "mse"
        Mean squared error, or the mean log density of Normal(prediction at the mode, σ²). σ is the
        known one; where it is unknown, it is stationary for the training rows at the penalty.
    num_samples : int, default 1000
        Draws of each of four chains at each scale, where a method draws.
    progress : bool, default True
        Whether to show a bar on stderr where it takes long.

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
    require("select_scale", model, data, QUADRATIC_LOSS, PENALTY)
    check_choice("method", method, METHODS)
    check_choice("hold", hold, _HOLDS)
    check_choice("score", score, _PREDICTIVE)
    check_whole("seed", seed, 0, LARGEST_SEED)
    check_whole("num_samples", num_samples, 1)
    unit, hyperprior = _at_scale_one(model, method)
    if isinstance(data, RowData):
        data, folds = data.present(folds)
    request = Request(
        unit,
        data,
        method,
        folds,
        hold,
        score,
        scales,
        n_scales,
        min_ratio,
        num_samples,
        seed,
        progress,
        hyperprior,
    )
    with blas_for(getattr(data, "X", None)):
        path, scored = METHODS[method].score(request)
        _warn_of_constant_response(path.problem)
        return _selection(request, path, scored)


def _two_digits(value: float) -> str:
    rounded = float(f"{value:.2g}")
    return f"{rounded:.0f}" if 100.0 <= rounded < 1e6 else f"{rounded:g}"


def _the_number(found: Sequence[Translation]) -> list[Any]:
    """Return of each the first parameter that is not 0 in all of them."""
    names = list(found[0].values)
    name = next((name for name in names if any(np.any(one.values[name]) for one in found)), names[0])
    return [one.values[name] for one in found]


def _at_scale_one(model: LinearModel, method: str) -> tuple[LinearModel, Any]:
    """Return the model with its prior at scale 1, and the distribution of the scale where it has one."""
    prior = model.prior
    if not prior.has_sampled_scale:
        return replace(model, prior=unit_prior(_with_known_units(model))), None
    if method != "posterior":
        raise TypeError(
            "the prior's scale is a distribution, and a number is to be chosen. Leave the scale out, or use "
            "method='posterior'."
        )
    if len(prior.scales()) > 1:
        raise TypeError(
            "an elastic net has two scales, and one number is to be chosen. Give both as numbers, whose ratio of l1 to "
            "l2 is kept, or sample them with sample_posterior."
        )
    return replace(model, prior=prior.with_scale(1.0)), prior.scales()["scale"]


def _with_known_units(model: LinearModel) -> Prior:
    """Return the prior, a default scale stated as absolute where σ is known, else as relative to it."""
    prior = model.prior
    has_default = any(value is None for value in prior.scales().values())
    if not has_default or bool(model.likelihood.known):
        return prior
    return replace(prior, relative_to_noise=True)  # type: ignore[type-var]


def _selection(request: Request, path: ScalePath, scored: Scored) -> ScaleSelection:
    """Choose, and put everything into the user's order."""
    method = METHODS[request.method]
    score = method.name_of_score(request)
    scores = scored.criterion
    if scores is None:
        scores = scored.mse if score == "mse" else scored.log_density
    cost = -scores if score in HIGHEST_IS_BEST else scores
    chosen = method.choose(cost, scored, path.scales)
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
        effective_df=path.effective_df[order],
        scores=scores[order],
        mse=scored.mse[order],
        log_density=scored.log_density[order],
        standard_errors=scored.standard_errors[order],
        fold_scores=scored.fold_scores[order],
        fold_labels=scored.fold_labels,
        _data=request.data,
        _problem=problem_at(path.problem, float(path.multiples[chosen])),
    )


def _warn_of_constant_response(problem: Problem) -> None:
    if problem.least_squares.response_ss == 0.0:
        what = "constant" if problem.centred else "zero in every row"
        message = f"`y` is {what}, so that every scale predicts it alike; the smallest is chosen."
        warn(message, DegenerateDataWarning)
