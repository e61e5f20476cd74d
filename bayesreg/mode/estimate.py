"""The mode of a model on data, for one prior scale or along many."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np
from jaxtyping import Bool, Float, Int

from ..base.errors import ConvergenceWarning, DegenerateDataWarning, NoModeError, warn
from ..base.shown import Shown
from ..base.threads import blas_for, blas_for_few_columns, single_threaded_blas
from ..data.least_squares import told_by_gram
from ..data.row_source import RowSource
from ..gaussian.degrees_of_freedom import effective_df_along
from ..model.linear_model import LinearModel
from ..model.needs import CONVEX_LOSS, KNOWN_NUISANCE, ON_DISK, PENALTY, AnyData, require
from ..model.problem import Data, Problem, resolve
from ..model.row_problem import AnyProblem, RowProblem, resolve_rows
from ..model.separation import refuse_separation
from ..model.source_problem import resolve_source
from ..priors.penalty import Penalty
from .certificate import Certificate, Certificates, certify
from .grid import (
    at_noise_scale,
    checked_scales,
    default_multiples,
    penalty_weights_along,
    unit_prior,
)
from .newton import RowObjective
from .noise import NoiseMode, noise_modes
from .row_loss import RowLoss
from .row_path import effective_df_on_rows, modes_along, multiples_on_rows
from .solve_penalised import (
    POLISH_BELOW,
    gram_is_solved,
    solve_coefs,
    sweeps_serve,
    with_last_steps,
)
from .source_newton import SourceObjective
from .stationary import stationary_points

if TYPE_CHECKING:
    import pandas as pd

_SAMPLED_SCALE = (
    "the prior's scale is a distribution. A sampled scale has no joint mode to speak of: under half-normal, "
    "half-Cauchy or uniform scales the density grows without bound as coefficients and scale go to 0 together. "
    "Fix the scale to a number, for example one that select_scale chooses from the data, or sample it with "
    "sample_posterior."
)
_SHARE_FOR_ROUNDING = 0.1  # of tol: a path is certified from its Gram matrix if rounding is below it


@final
@dataclass(frozen=True, eq=False, repr=False)
class MapEstimate(Shown):
    """The mode of a model on data, with its certificate.

    Attributes
    ----------
    coef : array (p,)
        Coefficients on the original columns; zeros are exact.
    intercept : float
        0.0 in a model without intercept.
    noise_scale : float
        σ: as given, or at the joint mode; 1 if the likelihood has none.
    penalty : Penalty
        The canonical penalty at that σ, one value for each column, on the original columns.
    certificate : Certificate
        Duality gap and KKT residual, computed at the point that is returned.
    n_iter : int
        The number of rounds of the solver; 1 for a closed form.
    converged : bool
        Whether the proven duality gap is at most `tol`, and rounding can change a coefficient by at most
        √tol of the largest.
    feature_names : tuple of p str
    local_modes : tuple of NoiseMode
        Every local mode of an unknown σ, the highest first. Empty for a known σ, and unless the likelihood is Gaussian.
    nuisance : dict of str to float
        The likelihood's parameters beside the coefficients (noise_scale, df, dispersion), as given or at the mode.
    n_passes : int
        How many times the rows of a RowSource were read, its survey and copy included if they were made for this mode;
        0 for other data.
    """

    coef: Float[np.ndarray, " p"]
    intercept: float
    noise_scale: float
    penalty: Penalty
    certificate: Certificate
    n_iter: int
    converged: bool
    feature_names: tuple[str, ...]
    local_modes: tuple[NoiseMode, ...] = field(default=())
    nuisance: dict[str, float] = field(default_factory=dict)
    n_passes: int = 0

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take a mode from a pickle; one of an earlier version did not name its likelihood's parameters."""
        self.__dict__.update({"nuisance": {"noise_scale": state["noise_scale"]}, "n_passes": 0, **state})

    @property
    def duality_gap(self) -> float:
        """Relative duality gap: J is above its minimum by at most this share of the null model's J."""
        return self.certificate.duality_gap

    @property
    def kkt_residual(self) -> float:
        """Largest violation of the optimality conditions, in units of λmax on unit-norm columns."""
        return self.certificate.kkt_residual

    def to_frame(self) -> "pd.DataFrame":
        """Return the coefficients and their penalties as a table, one row for each feature."""
        import pandas as pd

        columns = {"coef": self.coef, "l1": self.penalty.l1, "l2": self.penalty.l2}
        return pd.DataFrame(columns, index=pd.Index(self.feature_names, name="feature"))

    def _table(self) -> "pd.DataFrame":
        return self.to_frame()

    def __str__(self) -> str:
        zeros = int((self.coef == 0.0).sum())
        others = "".join(f", {name} {value:.6g}" for name, value in self.nuisance.items())
        return (
            f"MAP of {self.coef.size} coefficients, {zeros} exactly zero; intercept {self.intercept:.6g}"
            f"{others}\n{self.certificate}"
            + (f"; {self.n_passes} passes over the rows" if self.n_passes else "")
        )


@final
@dataclass(frozen=True, eq=False, repr=False)
class MapPath(Shown):
    """Modes along the scale of a prior; row k belongs to ``scales[k]``.

    Attributes
    ----------
    scales : array (k,)
        Values of the prior's scale (of `laplace_scale` for an elastic net), as given.
    penalties : tuple of k Penalty
        On the original columns.
    coefs : array (k, p)
    intercepts : array (k,)
    certificates : Certificates
        A sequence of k.
    converged : array (k,) of bool
    noise_scale : float
        The known σ; 1 if the likelihood has none.
    feature_names : tuple of p str
    """

    scales: Float[np.ndarray, " k"]
    coefs: Float[np.ndarray, "k p"]
    intercepts: Float[np.ndarray, " k"]
    certificates: Certificates
    converged: Bool[np.ndarray, " k"]
    noise_scale: float
    feature_names: tuple[str, ...]
    _strengths: tuple[Float[np.ndarray, "k p"], Float[np.ndarray, "k p"]] = field(repr=False)
    _problem: AnyProblem | None = field(repr=False, default=None)

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes for a pickle: without the data, but with the degrees of freedom."""
        return {**self.__dict__, "effective_df": self.effective_df, "_problem": None}

    @cached_property
    def effective_df(self) -> Float[np.ndarray, " k"]:
        """Effective degrees of freedom of each row, intercept included (Zou, Hastie and Tibshirani 2007)."""
        problem = self._problem
        assert problem is not None
        if isinstance(problem, RowProblem):
            coefs = np.column_stack([self.coefs, self.intercepts][: 1 + problem.has_intercept])
            return effective_df_on_rows(problem, coefs, *self._strengths)
        l1, l2 = map(problem.of_penalised, self._strengths)
        coefs = np.column_stack([self.coefs, self.intercepts]) if problem.has_intercept_column else self.coefs
        return effective_df_along(problem, problem.of_penalised(coefs), l1, l2)

    @cached_property
    def penalties(self) -> tuple[Penalty, ...]:
        """The canonical penalty of each row."""
        p = len(self.feature_names)
        return tuple(Penalty(l1[:p], l2[:p]) for l1, l2 in zip(*self._strengths, strict=True))

    @property
    def duality_gaps(self) -> Float[np.ndarray, " k"]:
        """Relative duality gap of each row."""
        return self.certificates.gaps

    @property
    def kkt_residuals(self) -> Float[np.ndarray, " k"]:
        """KKT residual of each row, in units of λmax."""
        return self.certificates.kkt_residuals

    def to_frame(self) -> "pd.DataFrame":
        """Return the coefficients as a table, one row for each scale, one column for each feature."""
        import pandas as pd

        index = pd.Index(self.scales, name="scale")
        frame = pd.DataFrame(self.coefs, index=index, columns=list(self.feature_names))
        frame.insert(0, "intercept", self.intercepts, allow_duplicates=True)
        return frame

    def _table(self) -> "pd.DataFrame":
        return self.to_frame()

    def __str__(self) -> str:
        zeros = (self.coefs == 0.0).sum(axis=1)
        return (
            f"modes of {self.coefs.shape[1]} coefficients at {self.scales.size} scales from {self.scales[0]:.6g} to "
            f"{self.scales[-1]:.6g}, {zeros[0]} to {zeros[-1]} exactly zero; noise_scale {self.noise_scale:.6g}\n"
            f"largest duality gap {self.duality_gaps.max():.1e}; {int(self.converged.sum())} of {self.scales.size} "
            "converged"
        )


def map_estimate(model: LinearModel, data: AnyData, tol: float = 1e-8) -> MapEstimate:
    """Find the mode of the posterior, and certify it.

    For known σ it is the minimum of J(β₀, β) = ½ Σ wᵢrᵢ² + Σ l1ⱼ|βⱼ| + ½ Σ l2ⱼβⱼ²
    with (l1, l2) = (σ²/b, σ²/τ²): the lasso, ridge or elastic net. For unknown σ the mode
    is joint over (β₀, β, σ), and the density is with respect to σ itself.

    Parameters
    ----------
    model : LinearModel
    data : RowData, GramData or RowSource
        A RowSource, for likelihoods that are not Gaussian, is read once to survey it, and then once a step.
    tol : float, default 1e-8
        Relative duality gap above which a ConvergenceWarning is given.

    Returns
    -------
    MapEstimate

    Raises
    ------
    NoModeError
        If the density is unbounded: a scale is a distribution, or the data can be
        fitted perfectly and the prior on σ does not vanish at 0.
    TypeError, ValueError
        If the prior does not fit the data.

    Warns
    -----
    ConvergenceWarning
        If float64 does not reach `tol`.
    DegenerateDataWarning
        If the response is constant.

    Examples
    --------
    >>> import bayesreg as br
    >>> data = br.RowData.from_arrays([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0])
    >>> model = br.LinearModel(br.LaplacePrior(1.0), br.GaussianLikelihood(1.0))
    >>> round(float(br.map_estimate(model, data).coef[0]), 6)
    0.5
    """
    check_tol(tol)
    require("map_estimate", model, data, PENALTY, *ON_DISK)
    _refuse_sampled_scale(model)
    with _blas_for_one(model, data):
        if isinstance(data, RowSource):
            mode = mode_on_source(model, data, tol)
        elif model.likelihood.is_quadratic:
            problem = resolve(model, data)
            _warn_of_constant_response(problem)
            mode = mode_of(problem, tol)
        else:
            mode = mode_on_rows(resolve_rows(model, data, "map_estimate"), tol)
    if not mode.converged:
        warn(_missed(mode.certificate, tol), ConvergenceWarning)
    return mode


def _blas_for_one(model: LinearModel, data: AnyData) -> AbstractContextManager[Any]:
    """Limit BLAS to one thread if our own threads sweep over the columns: its threads would take their cores."""
    X = getattr(data, "X", None)
    if model.likelihood.is_quadratic and KNOWN_NUISANCE.met(model, data) and sweeps_serve(X):
        return single_threaded_blas()
    return blas_for(X)


def mode_of(problem: Problem, tol: float) -> MapEstimate:
    """Find the mode of a problem, and certify it; `converged` says whether `tol` is met.

    Raises
    ------
    NoModeError
        If the density is unbounded.
    """
    sigma, local_modes = _noise_scale(problem)
    l1, l2 = (weight[None, :] for weight in problem.penalised_rates.penalty_weights(sigma))
    solved = problem.as_statistics if tol > POLISH_BELOW and _statistics_serve(problem, tol) else problem
    coefs, intercepts, n_rounds, certificates = _proved(problem, solved, l1, l2, np.array([sigma]), tol)
    certificate = certificates[0]
    return MapEstimate(
        coef=coefs[0],
        intercept=float(intercepts[0]),
        noise_scale=sigma,
        penalty=problem.penalty(sigma),
        certificate=certificate,
        n_iter=int(n_rounds[0]),
        converged=certificate.proves(tol),
        feature_names=problem.feature_names,
        local_modes=local_modes,
        nuisance={"noise_scale": sigma},
    )


def mode_on_rows(problem: RowProblem, tol: float) -> MapEstimate:
    """Find the mode under any convex loss, and certify it; `converged` says whether `tol` is met.

    Raises
    ------
    NoModeError
        If the density is unbounded.
    """
    refuse_separation(problem, NoModeError, "there is no mode")
    if not problem.likelihood.is_convex or problem.likelihood.parameters().keys() != problem.known.keys():
        return _stationary_mode(problem, tol)
    unit = problem.known.get("noise_scale", 1.0)
    l1, l2 = problem.rates.at(unit, problem.is_feature, {})
    found = modes_along(problem, l1[None], l2[None], tol)
    p = problem.n_features
    return MapEstimate(
        coef=found.coefs[0, :p],
        intercept=float(found.intercepts(problem)[0]),
        noise_scale=unit,
        penalty=Penalty(l1[:p], l2[:p]),
        certificate=found.certificates[0],
        n_iter=int(found.n_rounds[0]),
        converged=found.certificates[0].proves(tol),
        feature_names=problem.feature_names,
        nuisance=dict(problem.known),
    )


def mode_on_source(model: LinearModel, source: RowSource, tol: float) -> MapEstimate:
    """Find the mode on rows that are read anew at each pass, and certify it.

    Raises
    ------
    NoModeError
        If the density is unbounded.
    """
    before = source.n_passes
    problem = resolve_source(model, source, "map_estimate")
    problem.refuse_separation(NoModeError, "there is no mode")
    objective = SourceObjective(problem)
    mode = objective.mode()
    certificate = objective.certificate(mode)
    coefs, p = problem.reported(mode.coefs), problem.n_features
    return MapEstimate(
        coef=coefs[:p],
        intercept=float(coefs[p]) if problem.has_intercept else 0.0,
        noise_scale=certificate.noise_scale,
        penalty=Penalty(objective.l1[:p], objective.l2[:p]),
        certificate=certificate,
        n_iter=mode.n_rounds,
        converged=certificate.proves(tol),
        feature_names=problem.feature_names,
        nuisance=dict(problem.known),
        n_passes=source.n_passes - before,
    )


def _stationary_mode(problem: RowProblem, tol: float) -> MapEstimate:
    """Return the highest of several stationary points. It has no duality gap."""
    points = stationary_points(problem)
    best, p = points[0], problem.n_features
    unit = best.nuisance.get("noise_scale", 1.0)
    l1, l2 = problem.rates.at(unit, problem.is_feature, {})
    one = RowObjective(
        RowLoss(problem.data, problem.likelihood, best.nuisance, problem.has_intercept), l1, l2
    )
    certificate = Certificate(
        primal=one.objective(best.coefs),
        dual=np.nan,
        null_objective=one.objective(one.null),
        duality_gap=np.nan,
        kkt_residual=float(one.violations(best.coefs).max(initial=0.0)),
        rounding=np.nan,
        coef_rounding=0.0,
        source="rows",
        noise_scale=unit,
        conditional_on_noise_scale="noise_scale" not in problem.known and "noise_scale" in best.nuisance,
        kind="stationary",
    )
    return MapEstimate(
        coef=best.coefs[:p],
        intercept=float(best.coefs[p]) if problem.has_intercept else 0.0,
        noise_scale=unit,
        penalty=Penalty(l1[:p], l2[:p]),
        certificate=certificate,
        n_iter=best.n_rounds,
        converged=certificate.proves(tol),
        feature_names=problem.feature_names,
        nuisance=best.nuisance,
    )


def map_path(
    model: LinearModel,
    data: Data,
    scales: Sequence[float] | Float[np.ndarray, " k"] | None = None,
    n_scales: int = 100,
    min_ratio: float = 1e-3,
    tol: float = 1e-8,
) -> MapPath:
    """Find the modes along the scale of the prior, for known nuisance parameters.

    Parameters
    ----------
    model : LinearModel
        Each of `scales` replaces the prior's scale. Its factor stays, and for an elastic net
        the ratio of l1 to l2.
    data : RowData or GramData
    scales : sequence of k positive floats, optional
        In any order. The default is `n_scales` values in geometric progression. Laplace and
        elastic net: from the largest scale at which all penalised coefficients are 0 (λmax)
        to the scale at min_ratio·λmax. Gaussian: λ₂ from 100 times the largest eigenvalue of
        X'X, in units of the prior, down to min_ratio times it; X'WX at the null model if the
        likelihood is not Gaussian, W the loss's curvatures.
    n_scales : int, default 100
    min_ratio : float, default 1e-3
    tol : float, default 1e-8
        Relative duality gap above which a ConvergenceWarning is given.

    Returns
    -------
    MapPath

    Raises
    ------
    NoModeError
        If a scale is a distribution.
    TypeError, ValueError
        If a nuisance parameter (σ) is unknown, or the prior's scale is not one number.
    """
    check_tol(tol)
    require("map_path", model, data, PENALTY)
    _refuse_sampled_scale(model)
    KNOWN_NUISANCE.check("map_path", model, data)
    with blas_for(getattr(data, "X", None)):
        if not model.likelihood.is_quadratic:
            return _path_on_rows(model, data, scales, n_scales, min_ratio, tol)
        sigma = model.likelihood.known["noise_scale"]
        return _map_path(model, data, scales, n_scales, min_ratio, tol, sigma)


def _path_on_rows(
    model: LinearModel, data: Data, scales: Any, n_scales: int, min_ratio: float, tol: float
) -> MapPath:
    prior = unit_prior(model.prior)
    problem = resolve_rows(replace(model, prior=prior), data, "map_path", CONVEX_LOSS).in_absolute_units
    refuse_separation(problem, NoModeError, "there is no mode")
    if scales is None:
        scales = prior.scales_at(multiples_on_rows(problem, prior, n_scales, min_ratio))
    values = checked_scales(scales)
    weights = penalty_weights_along(problem, prior.multiples(values), 1.0)
    order = np.argsort(values, kind="stable")
    l1, l2 = (weight[order] for weight in weights)
    with blas_for_few_columns(problem.data.X):
        found = modes_along(problem, l1, l2, tol)
    back = np.argsort(order)
    certificates = found.certificates.of(back)
    converged = certificates.prove(tol)
    if not converged.all():
        warn(_missed(certificates[int(np.argmin(converged))], tol), ConvergenceWarning)
    return MapPath(
        scales=values,
        coefs=found.coefs[back, : problem.n_features],
        intercepts=found.intercepts(problem)[back],
        certificates=certificates,
        converged=converged,
        noise_scale=problem.known.get("noise_scale", 1.0),
        feature_names=problem.feature_names,
        _strengths=weights,
        _problem=problem,
    )


def _map_path(
    model: LinearModel,
    data: Data,
    scales: Sequence[float] | Float[np.ndarray, " k"] | None,
    n_scales: int,
    min_ratio: float,
    tol: float,
    sigma: float,
) -> MapPath:
    prior = unit_prior(model.prior)
    problem = resolve(replace(model, prior=prior), data)
    _warn_of_constant_response(problem)
    if scales is None:
        scales = at_noise_scale(problem, prior, default_multiples(problem, prior, n_scales, min_ratio), sigma)
    values = checked_scales(scales)
    penalty_weights = penalty_weights_along(problem, prior.multiples(values), sigma)
    l1, l2 = map(problem.of_penalised, penalty_weights)
    order = np.argsort(values, kind="stable")
    solved = problem.as_statistics if _statistics_serve(problem, tol) else problem
    sigmas = np.full(values.size, sigma)
    coefs, intercepts, _, certificates = _proved(problem, solved, l1[order], l2[order], sigmas, tol)
    back = np.argsort(order)
    coefs, intercepts, certificates = coefs[back], intercepts[back], certificates.of(back)
    converged = certificates.prove(tol)
    if not converged.all():
        first = certificates[int(np.argmin(converged))]
        warn(_missed(first, tol), ConvergenceWarning)
    return MapPath(
        scales=values,
        coefs=coefs,
        intercepts=intercepts,
        certificates=certificates,
        converged=converged,
        noise_scale=sigma,
        feature_names=problem.feature_names,
        _strengths=penalty_weights,
        _problem=problem,
    )


def _statistics_serve(problem: Problem, tol: float) -> bool:
    """Tell whether to solve from the statistics of rows: they lose nothing, or less than a large `tol` asks for.

    Rounding in them is bounded afterwards. If the bound is not small compared with `tol`, the rows certify.
    """
    if not problem.has_rows:
        return False
    return gram_is_solved(problem.reduced) and (tol > POLISH_BELOW or told_by_gram(problem.reduced))


def _proved(
    problem: Problem,
    solved: Problem,
    l1: Float[np.ndarray, "k q"],
    l2: Float[np.ndarray, "k q"],
    sigmas: Float[np.ndarray, " k"],
    tol: float,
) -> tuple[Float[np.ndarray, "k p"], Float[np.ndarray, " k"], Int[np.ndarray, " k"], Certificates]:
    """Solve, expand and certify. If the solver stopped too early for a large `tol`, solve again as exactly as possible.

    `solved` is the problem, or its statistics if these are equivalent. Then the rows are used only if rounding in the
    statistics is not small compared with `tol`. Where a gap is still above `tol`, last steps are taken from the rows.
    """
    solution = solve_coefs(solved, l1, l2, tol=tol)
    coefs, intercepts = problem.expand(solution.values)
    certificates = certify(solved, coefs, intercepts, l1, l2, sigmas, tol=tol)
    if solved is not problem and certificates.rounding.max() > _SHARE_FOR_ROUNDING * tol:
        certificates = certify(problem, coefs, intercepts, l1, l2, sigmas, tol=tol)
    if tol > POLISH_BELOW and not certificates.prove(tol).all():
        solution = solve_coefs(problem, l1, l2)
        coefs, intercepts = problem.expand(solution.values)
        certificates = certify(problem, coefs, intercepts, l1, l2, sigmas, tol=tol)
    scaled = (l2 == 0.0).any(axis=1)  # by columns without an l2 part, so that their violations count in full
    missed = scaled & (certificates.gaps > tol)
    if problem.has_rows and missed.any():
        values = with_last_steps(problem, solution.values, l1, l2, tol, missed)
        coefs, intercepts = problem.expand(values)
        certificates = certify(problem, coefs, intercepts, l1, l2, sigmas, tol=tol)
    return coefs, intercepts, solution.n_rounds, certificates


def _noise_scale(problem: Problem) -> tuple[float, tuple[NoiseMode, ...]]:
    if problem.noise_scale is not None:
        return problem.noise_scale, ()
    try:
        modes = noise_modes(problem)
    except NoModeError:
        if problem.least_squares.response_ss > 0.0:
            raise
        return 0.0, ()  # a constant response: the limit of the mode, with a warning
    return modes[0].noise_scale, modes


def _warn_of_constant_response(problem: Problem) -> None:
    if problem.least_squares.response_ss > 0.0:
        return
    what = "constant" if problem.centred else "zero in every row"
    message = f"`y` is {what}, so every penalised coefficient is 0 and the data say nothing about the noise."
    warn(message, DegenerateDataWarning)


def _missed(certificate: Certificate, tol: float) -> str:
    gap = certificate.duality_gap
    if certificate.kind == "stationary":
        return (
            f"the stationary point is reached only up to a KKT residual of {certificate.kkt_residual:.1e}, above "
            f"√tol = {np.sqrt(tol):.1e}. Scale the columns, give df or noise_scale as numbers, or use a larger tol."
        )
    if certificate.proven_gap <= tol:
        return (
            f"the objective is at its minimum (duality gap {gap:.1e}), but rounding may change coefficients by "
            f"{certificate.coef_rounding:.1e} of the largest: columns are collinear, or nearly so. Only the prior "
            "determines the coefficients there, and it is too wide for float64. If columns "
            "are exactly collinear, predictions and coefficients are still right. "
            "Use a smaller prior scale, np.inf or FlatPrior for no penalty, fewer columns, or a larger tol."
        )
    if gap <= tol:
        return (
            f"the duality gap is {gap:.1e}, but rounding in the sufficient statistics leaves "
            f"{certificate.rounding:.1e} open, above tol = {tol:.1e}: a Gram matrix squares the condition number of X. "
            "Give the rows (RowData), or accept this with a larger tol."
        )
    return (
        f"the duality gap reached is {gap:.1e}, above tol = {tol:.1e}. Either columns are nearly collinear or the "
        "penalty is so weak that rounding in the gradient alone causes this gap. float64 allows no smaller one. "
        "Use a smaller prior scale, np.inf or FlatPrior for no penalty, fewer columns, or a larger tol."
    )


def check_tol(tol: float) -> None:
    """Refuse a value that is not a tolerance.

    Raises
    ------
    ValueError
    """
    if not (np.isscalar(tol) and np.isreal(tol) and 0 < float(tol) < np.inf):
        raise ValueError(f"`tol` must be a positive number, a relative duality gap; got {tol!r}.")


def _refuse_sampled_scale(model: LinearModel) -> None:
    if model.prior.has_sampled_scale:
        raise NoModeError(_SAMPLED_SCALE)
