"""The mode of a model on data, for one prior scale or along many."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, final

import numpy as np
from jaxtyping import Bool, Float

from ..errors import ConvergenceWarning, DegenerateDataWarning, NoModeError
from ..model import LinearModel
from ..penalty import Penalty
from ..priors import FlatPrior, GaussianPrior, Prior
from ..problem import Data, Problem, Rates, check_model, prior_rates, resolve
from .certificate import Certificate, certify
from .coefs import solve_coefs
from .noise import NoiseMode, noise_modes

if TYPE_CHECKING:
    import pandas as pd

_SAMPLED_SCALE = (
    "the prior's scale is a distribution. A sampled scale has no joint mode to speak of: under half-normal, "
    "half-Cauchy or uniform scales the density grows without bound as coefficients and scale go to 0 together. "
    "Fix the scale to a number, or sample it with sample_posterior. (Choosing the number from the data will be the "
    "task of select_scale, which this version does not have.)"
)
_RIDGE_STRONGEST = 100.0  # λ₂ at the start of a ridge path, in units of the largest eigenvalue
_JUST_ABOVE_LAMBDA_MAX = 1.0 - 1e-12  # so that rounding leaves the first row of a path all zero


@final
@dataclass(frozen=True, eq=False)
class MapEstimate:
    """The mode of a model on data, with its certificate.

    Attributes
    ----------
    coef : array (p,)
        Coefficients on the original columns; zeros are exact.
    intercept : float
        0.0 in a model without intercept.
    noise_scale : float
        σ: as given, or at the joint mode.
    penalty : Penalty
        The canonical penalty at that σ, one value a column, on the original columns.
    certificate : Certificate
        Duality gap and KKT residual, computed at the point that is returned.
    n_iter : int
        The solver's rounds; 1 for a closed form.
    converged : bool
        Whether the duality gap is at most `tol`, and from statistics the rounding too.
    feature_names : tuple of p str
    local_modes : tuple of NoiseMode
        Every local mode of an unknown σ, the highest first; empty for a known one.
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

    @property
    def duality_gap(self) -> float:
        """Relative duality gap: J is above its minimum by at most this share of the null model's J."""
        return self.certificate.duality_gap

    @property
    def kkt_residual(self) -> float:
        """Largest violation of the optimality conditions, in units of λmax on unit-norm columns."""
        return self.certificate.kkt_residual

    def to_frame(self) -> "pd.DataFrame":
        """Return the coefficients and their penalties as a table, one row a feature."""
        import pandas as pd

        columns = {"coef": self.coef, "l1": self.penalty.l1, "l2": self.penalty.l2}
        return pd.DataFrame(columns, index=pd.Index(self.feature_names, name="feature"))

    def __str__(self) -> str:
        zeros = int((self.coef == 0.0).sum())
        return (
            f"MAP of {self.coef.size} coefficients, {zeros} exactly zero; intercept {self.intercept:.6g}, "
            f"noise_scale {self.noise_scale:.6g}\n{self.certificate}"
        )


@final
@dataclass(frozen=True, eq=False)
class MapPath:
    """Modes along the scale of a prior; row k belongs to ``scales[k]``.

    Attributes
    ----------
    scales : array (k,)
        Values of the prior's scale (of `laplace_scale` for an elastic net), as given.
    penalties : tuple of k Penalty
        On the original columns.
    coefs : array (k, p)
    intercepts : array (k,)
    certificates : tuple of k Certificate
    converged : array (k,) of bool
    noise_scale : float
        The known σ.
    feature_names : tuple of p str
    """

    scales: Float[np.ndarray, " k"]
    penalties: tuple[Penalty, ...]
    coefs: Float[np.ndarray, "k p"]
    intercepts: Float[np.ndarray, " k"]
    certificates: tuple[Certificate, ...]
    converged: Bool[np.ndarray, " k"]
    noise_scale: float
    feature_names: tuple[str, ...]

    @property
    def duality_gaps(self) -> Float[np.ndarray, " k"]:
        """Relative duality gap of each row."""
        return np.array([certificate.duality_gap for certificate in self.certificates])

    @property
    def kkt_residuals(self) -> Float[np.ndarray, " k"]:
        """KKT residual of each row, in units of λmax."""
        return np.array([certificate.kkt_residual for certificate in self.certificates])

    def to_frame(self) -> "pd.DataFrame":
        """Return the coefficients as a table, one row a scale, one column a feature."""
        import pandas as pd

        index = pd.Index(self.scales, name="scale")
        frame = pd.DataFrame(self.coefs, index=index, columns=list(self.feature_names))
        frame.insert(0, "intercept", self.intercepts, allow_duplicates=True)
        return frame


def map_estimate(model: LinearModel, data: Data, tol: float = 1e-8) -> MapEstimate:
    """Find the mode of the posterior, and prove it.

    For known σ that is the minimum of J(β₀, β) = ½ Σ wᵢrᵢ² + Σ l1ⱼ|βⱼ| + ½ Σ l2ⱼβⱼ²
    with (l1, l2) = (σ²/b, σ²/τ²): the lasso, ridge or elastic net. For unknown σ the mode
    is joint over (β₀, β, σ), the density taken with respect to σ itself.

    Parameters
    ----------
    model : LinearModel
    data : RowData or GramData
    tol : float, default 1e-8
        Relative duality gap above which a ConvergenceWarning is given.

    Returns
    -------
    MapEstimate

    Raises
    ------
    NoModeError
        Where the density is unbounded: a scale is a distribution, or the data can be
        fitted perfectly and the prior on σ does not vanish at 0.
    TypeError, ValueError
        Where the prior does not fit the data.

    Warns
    -----
    ConvergenceWarning
        Where float64 does not reach `tol`.
    DegenerateDataWarning
        Where the response is constant.

    Examples
    --------
    >>> import bayesreg as br
    >>> data = br.RowData.from_arrays([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0])
    >>> model = br.LinearModel(br.LaplacePrior(1.0), br.GaussianLikelihood(1.0))
    >>> round(float(br.map_estimate(model, data).coef[0]), 6)
    0.5
    """
    _check_tol(tol)
    check_model(model)
    _refuse_sampled_scale(model)
    problem = resolve(model, data)
    _warn_of_constant_response(problem)
    sigma, local_modes = _noise_scale(problem)
    l1, l2 = (strength[None, :] for strength in problem.penalised_rates.strengths(sigma))
    solution = solve_coefs(problem, l1, l2)
    coefs, intercepts = problem.expand(solution.values)
    certificate = certify(problem, coefs, intercepts, l1, l2, np.array([sigma]))[0]
    converged = certificate.proven_gap <= tol
    if not converged:
        warnings.warn(_missed(certificate, tol), ConvergenceWarning, stacklevel=2)
    return MapEstimate(
        coef=coefs[0],
        intercept=float(intercepts[0]),
        noise_scale=sigma,
        penalty=problem.penalty(sigma),
        certificate=certificate,
        n_iter=int(solution.n_rounds[0]),
        converged=converged,
        feature_names=problem.feature_names,
        local_modes=local_modes,
    )


def map_path(
    model: LinearModel,
    data: Data,
    scales: Sequence[float] | Float[np.ndarray, " k"] | None = None,
    n_scales: int = 100,
    min_ratio: float = 1e-3,
    tol: float = 1e-8,
) -> MapPath:
    """Find the modes along the scale of the prior, for a known noise scale.

    Parameters
    ----------
    model : LinearModel
        The prior's scale is replaced by each of `scales`; its factor is kept, and for an
        elastic net the ratio of l1 to l2.
    data : RowData or GramData
    scales : sequence of k positive floats, optional
        In any order. Default, Laplace and elastic net: `n_scales` values in geometric
        progression from the largest scale at which all penalised coefficients are 0 (λmax)
        to the one at min_ratio·λmax. Gaussian: λ₂ from 100 times the largest eigenvalue of
        X'X, in units of the prior, down to min_ratio times it.
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
        Where a scale is a distribution.
    TypeError, ValueError
        Where the noise is unknown, or the prior's scale is not one number.
    """
    _check_tol(tol)
    check_model(model)
    _refuse_sampled_scale(model)
    sigma = model.likelihood.known_noise_scale
    if sigma is None:
        raise ValueError(
            "a path needs known noise: along it an unknown noise_scale would change too, and lambda with it. "
            "Give GaussianLikelihood(noise_scale), for example the one of map_estimate."
        )
    prior = _reference_prior(model.prior)
    problem = resolve(_with_prior(model, prior), data)
    _warn_of_constant_response(problem)
    if scales is None:
        scales = _default_scales(problem, prior, n_scales, min_ratio, sigma)
    values = _checked_scales(scales)
    rates = [_rates_at(problem, model, prior, scale) for scale in values]
    order = np.argsort(values, kind="stable")
    pairs = [rate.of(problem.penalised).strengths(sigma) for rate in rates]
    l1, l2 = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
    penalised = np.empty(l1.shape)
    penalised[order] = solve_coefs(problem, l1[order], l2[order]).values
    coefs, intercepts = problem.expand(penalised)
    certificates = certify(problem, coefs, intercepts, l1, l2, np.full(values.size, sigma))
    converged = np.array([certificate.proven_gap <= tol for certificate in certificates])
    if not converged.all():
        first = certificates[int(np.argmin(converged))]
        warnings.warn(_missed(first, tol), ConvergenceWarning, stacklevel=2)
    p = problem.n_features
    strengths = [rate.strengths(sigma) for rate in rates]
    return MapPath(
        scales=values,
        penalties=tuple(Penalty(l1[:p], l2[:p]) for l1, l2 in strengths),
        coefs=coefs,
        intercepts=intercepts,
        certificates=tuple(certificates),
        converged=converged,
        noise_scale=sigma,
        feature_names=problem.feature_names,
    )


def _noise_scale(problem: Problem) -> tuple[float, tuple[NoiseMode, ...]]:
    if problem.noise_scale is not None:
        return problem.noise_scale, ()
    try:
        modes = noise_modes(problem)
    except NoModeError:
        if problem.least_squares.response_ss > 0.0:
            raise
        return 0.0, ()  # a constant response: the limit of the mode, warned of
    return modes[0].noise_scale, modes


def _warn_of_constant_response(problem: Problem) -> None:
    if problem.least_squares.response_ss > 0.0:
        return
    what = "constant" if problem.centred else "zero in every row"
    message = f"`y` is {what}, so every penalised coefficient is 0 and the data say nothing of the noise."
    warnings.warn(message, DegenerateDataWarning, stacklevel=3)


def _missed(certificate: Certificate, tol: float) -> str:
    gap = certificate.duality_gap
    if gap <= tol:
        return (
            f"the duality gap is {gap:.1e}, but rounding in the sufficient statistics leaves "
            f"{certificate.rounding:.1e} open, above tol = {tol:.1e}: a Gram matrix squares the condition number of X. "
            "Give the rows (RowData), or accept it by a larger tol."
        )
    return (
        f"the duality gap reached is {gap:.1e}, above tol = {tol:.1e}. Either columns are nearly collinear or the "
        "penalty is so weak that rounding in the gradient alone makes this gap: float64 gives no more. "
        "Use a smaller prior scale, np.inf or FlatPrior for no penalty, fewer columns, or a larger tol."
    )


def _check_tol(tol: float) -> None:
    if not (np.isscalar(tol) and np.isreal(tol) and 0 < float(tol) < np.inf):
        raise ValueError(f"`tol` must be a positive number, a relative duality gap; got {tol!r}.")


def _refuse_sampled_scale(model: LinearModel) -> None:
    if model.prior.has_sampled_scale:
        raise NoModeError(_SAMPLED_SCALE)


def _with_prior(model: LinearModel, prior: Prior) -> LinearModel:
    from dataclasses import replace

    return replace(model, prior=prior)


def _reference_prior(prior: Prior) -> Prior:
    """Return the prior whose scale a path varies, at scale 1 where it has none yet."""
    if isinstance(prior, FlatPrior):
        raise TypeError("FlatPrior has no scale to follow a path along. Use map_estimate.")
    bad = {name: v for name, v in prior.scales().items() if v is not None and not isinstance(v, float)}
    if bad:
        raise TypeError(
            f"a path varies one number, but `{next(iter(bad))}` has one for each coefficient. "
            "Give them as `factor`; the path keeps it."
        )
    if any(v == np.inf for v in prior.scales().values()):
        raise ValueError(
            "a path cannot start from an infinite scale. Give a finite one, or FlatPrior to map_estimate."
        )
    return prior.with_scale(1.0) if None in prior.scales().values() else prior


def _checked_scales(scales: Any) -> Float[np.ndarray, " k"]:
    try:
        values = np.atleast_1d(np.array(scales, dtype=np.float64))
    except (TypeError, ValueError):
        values = np.empty(0)
    if values.ndim != 1 or values.size == 0 or not (np.isfinite(values) & (values > 0)).all():
        raise ValueError(
            f"`scales` must be positive finite numbers, shape (k,), k at least 1; got {scales!r}."
        )
    return values


def _rates_at(problem: Problem, model: LinearModel, prior: Prior, scale: float) -> Rates:
    return prior_rates(_with_prior(model, prior.with_scale(scale)), problem.feature_names, problem.column_sd)


def _default_scales(
    problem: Problem, prior: Prior, n_scales: int, min_ratio: float, sigma: float
) -> Float[np.ndarray, " k"]:
    if isinstance(n_scales, bool) or not isinstance(n_scales, int | np.integer) or n_scales < 1:
        raise ValueError(f"`n_scales` must be a whole number, at least 1; got {n_scales!r}.")
    if not isinstance(min_ratio, float | np.floating) or not 0 < min_ratio < 1:
        raise ValueError(f"`min_ratio` must lie between 0 and 1; got {min_ratio!r}.")
    if problem.has_intercept_column:
        raise ValueError(
            "the default grid is made for a flat intercept. With `intercept_prior`, give `scales`."
        )
    scale = next(iter(prior.scales().values()))
    l1, l2 = problem.penalised_rates.strengths(sigma)
    if isinstance(prior, GaussianPrior):
        largest = problem.reduced.spectrum(1.0 / np.sqrt(l2)).values.max(initial=0.0) or 1.0
        multiples = largest * np.geomspace(_RIDGE_STRONGEST, min_ratio, n_scales)
        return scale / np.sqrt(multiples)
    steepest = (np.abs(problem.reduced.cross) / l1).max(initial=0.0) or 1.0
    return scale / steepest * _JUST_ABOVE_LAMBDA_MAX * np.geomspace(1.0, 1.0 / min_ratio, n_scales)
