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
from ..model.needs import CONVEX_LOSS, KNOWN_NUISANCE, PENALTY, ROWS, require
from ..model.problem import Data, Problem
from ..priors.base import Prior
from .criteria import HIGHEST_IS_BEST, METHODS, AnyPath, Request, Scored
from .partition import DEFAULT_FOLDS
from .row_order import warn_if_order_matters
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
    score: str | None = None,
    num_samples: int = 1000,
    progress: bool = True,
) -> ScaleSelection:
    """Choose the scale of a prior: by held-out rows, by a criterion on all rows, or by its posterior.

    Cross-validation predicts each fold from the others at the mode, for every scale. The errors of
    the folds are averaged: each fold has the same weight, and rows in a fold have their own weights.
    If several scales are equally good, the smallest is chosen: it is the strongest prior.

    Parameters
    ----------
    model : LinearModel
        The value of the prior's scale has no effect, because the scale is chosen. Its factor is
        kept, and for an elastic net the ratio of l1 to l2. A prior with scale None becomes
        absolute if σ is known, as in `map_path`, and relative to the noise if σ is unknown.
        `standardize` uses the standard deviations of the training rows.
    data : RowData, or GramData made with `folds`
        Rows are reduced to statistics of each fold in one pass, unless statistics are larger.
    method : "cv", "cv-1se", "loo", "gcv", "aic", "bic", "evidence", "psis-loo" or "posterior", default "cv"
        How scales are compared, and which one is chosen. The table in the notes says it for each method.
    folds : int, scikit-learn splitter or array (n,), default 5
        K: contiguous blocks, scikit-learn's unshuffled KFold, as in LassoCV(cv=K); rows that are in no random order
        are warned of. A splitter whose test folds share no row: KFold(5, shuffle=True, random_state=0) for rows whose
        order means nothing, TimeSeriesSplit(5) for rows in the order of time. An array: a label for each row, of its
        group say. `GramData` has its folds already: leave it out.
    hold : "prior" or "per_row", default "prior"
        What is the same in a fold and on all data. "prior": the prior, and so the canonical penalty
        (σ²/b), as in RidgeCV with folds. "per_row": the penalty per row, as in LassoCV and cv.glmnet:
        a fold's penalty is Σw(training)/Σw times that of all data.
    seed : int, default 0
        The seed of draws. "psis-loo" draws, and so do "evidence" and "posterior" if prior or noise is not Gaussian. (A
        splitter that shuffles has its own `random_state`.)
    scales : sequence of k positive floats, optional
        In any order. Default: `n_scales` penalties from λmax to min_ratio·λmax, as in `map_path`.
    n_scales : int, optional
        Default: 100, and 25 for "psis-loo".
    min_ratio : float, default 1e-3
    score : "mse" or "log_density", optional
        The mean squared error of predicted means, or the mean log density of the response at the mode (minus the log
        loss, half the deviance but for a constant). Default: "mse" beside a Gaussian likelihood, else "log_density".
        If σ is unknown, it is the stationary one for the training rows at the penalty.
    num_samples : int, default 1000
        The number of draws of each of four chains at each scale, if the method draws.
    progress : bool, default True
        Whether to show a bar on stderr after two seconds.

    Returns
    -------
    ScaleSelection

    Raises
    ------
    TypeError, ValueError
        If an argument is not one of these, `folds` do not fit the data, or the prior has no single
        scale.

    Warns
    -----
    RowOrderWarning
        If `folds` is a number, and y, its residuals or their size differ between folds by more than chance: once in
        10,000 times or less for rows in random order.
    DegenerateDataWarning
        If the response is constant.

    Notes
    -----
    | method | compares scales by | needs |
    |---|---|---|
    | "cv" | the error on held-out folds; the best score is chosen | rows, or statistics with folds |
    | "cv-1se" | the same; the strongest prior within one standard error of the best is chosen | the same |
    | "loo" | the error on each row left out, in closed form | a Gaussian prior, and rows |
    | "gcv" | generalised cross-validation, in closed form | a Gaussian prior |
    | "aic", "bic" | −2 log-likelihood + 2 or log Σw for each effective degree of freedom | a known σ, or a residual |
    | "evidence" | the log density of y given the scale, with coefficients and σ integrated out | – |
    | "psis-loo" | ArviZ's leave-one-out from draws at each scale | rows |
    | "posterior" | the posterior density of the log scale; the scale nearest to the median is chosen | – |

    All methods but "cv", "cv-1se" and "psis-loo" need an intercept without a prior. "loo" and "gcv"
    standardise columns with all rows. "aic" and "bic" are those of the mode;
    an unknown σ is that of least squares on all columns (as in LassoLarsIC; Zou, Hastie and
    Tibshirani 2007). "evidence" is exact for a Gaussian prior beside normal noise; else it is estimated
    from draws at some two dozen scales. "posterior" uses the scale's own prior. If it has none, the prior is
    flat in the log scale over the compared scales.

    If σ is unknown, the default grid is a grid of penalties. For each penalty σ is a stationary
    point of the joint density on all data, and the reported scale is the one that gives the penalty
    at this σ. If the prior is `relative_to_noise`, the joint mode is unique, so the mode of the
    chosen model has the chosen penalty. If the scale is absolute, this σ is one of the stationary
    points, and `map_estimate` returns the highest of them. If `scales` are given, σ is that of the
    joint mode on all data. So it is for every elastic net relative to the noise.

    Examples
    --------
    >>> import bayesreg as br
    >>> data = br.RowData.from_arrays([[0.0], [1.0], [2.0], [3.0]], [0.0, 1.0, 2.0, 3.0])
    >>> model = br.LinearModel(br.LaplacePrior(), br.GaussianLikelihood(1.0))
    >>> br.select_scale(model, data, folds=2, scales=[0.1, 10.0]).scale
    10.0
    """
    require("select_scale", model, data, PENALTY)
    on_rows = not model.likelihood.is_quadratic
    if on_rows:
        for need in (ROWS, CONVEX_LOSS, KNOWN_NUISANCE):
            need.check("select_scale", model, data)
        assert isinstance(data, RowData)
        data = replace(data, y=model.likelihood.coded(data.y), labels=None)  # a fold may hold one label only
    score = score or ("log_density" if on_rows else "mse")
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
        if isinstance(path, ScalePath):
            _warn_of_constant_response(path.problem)
        return _selection(request, path, scored)


def _at_scale_one(model: LinearModel, method: str) -> tuple[LinearModel, Any]:
    """Return the model with its prior at scale 1, and the distribution of the scale if it has one."""
    prior = model.prior
    if not prior.has_sampled_scale:
        return replace(model, prior=unit_prior(_with_known_units(model))), None
    if method != "posterior":
        raise TypeError(
            "the prior's scale is a distribution, but this method chooses a number. Leave the scale out, or use "
            "method='posterior'."
        )
    if len(prior.scales()) > 1:
        raise TypeError(
            "an elastic net has two scales, but this method chooses one number. Give both scales as numbers: the ratio "
            "of l1 to l2 is kept. Or sample them with sample_posterior."
        )
    return replace(model, prior=prior.with_scale(1.0)), prior.scales()["scale"]


def _with_known_units(model: LinearModel) -> Prior:
    """Return the prior. A default scale becomes absolute if σ is known, else relative to σ."""
    prior = model.prior
    has_default = any(value is None for value in prior.scales().values())
    noise_is_known = "noise_scale" not in model.likelihood.parameters() or bool(model.likelihood.known)
    if not has_default or noise_is_known:
        return prior
    return replace(prior, relative_to_noise=True)  # type: ignore[type-var]


def _selection(request: Request, path: AnyPath, scored: Scored) -> ScaleSelection:
    """Choose a scale, and put everything into the user's order."""
    method = METHODS[request.method]
    score = method.name_of_score(request)
    scores = scored.criterion
    if scores is None:
        scores = scored.mse if score == "mse" else scored.log_density
    cost = -scores if score in HIGHEST_IS_BEST else scores
    chosen = method.choose(cost, scored.standard_errors, path.scales)
    if scored.partition is not None and scored.partition.in_order:
        warn_if_order_matters(request.data, scored.partition, *path.fit_at(chosen))
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
        _problem=(
            problem_at(path.problem, float(path.multiples[chosen])) if isinstance(path, ScalePath) else None
        ),
    )


def _warn_of_constant_response(problem: Problem) -> None:
    if problem.least_squares.response_ss == 0.0:
        what = "constant" if problem.centred else "zero in every row"
        message = f"`y` is {what}, so every scale predicts it equally well. The smallest is chosen."
        warn(message, DegenerateDataWarning)
