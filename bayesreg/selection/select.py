"""Choosing the scale of a prior from the data."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float

from ..base.arguments import LARGEST_SEED, check_choice, check_whole
from ..base.errors import DegenerateDataWarning, warn
from ..base.threads import blas_for
from ..data.rows import RowData
from ..mode.grid import problem_at, unit_prior
from ..model.linear_model import LinearModel
from ..model.needs import PENALTY, QUADRATIC_LOSS, require
from ..model.problem import Data, Problem
from ..priors.base import Prior
from .criteria import HIGHEST_IS_BEST, METHODS, Request, Scored
from .partition import DEFAULT_FOLDS
from .scale_path import ScalePath
from .scale_selection import PREDICTIVE, ScaleSelection

_HOLDS = ("prior", "per_row")


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
    check_choice("score", score, PREDICTIVE)
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
    chosen = method.choose(cost, scored.standard_errors, path.scales)
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
