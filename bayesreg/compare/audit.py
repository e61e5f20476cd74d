"""The audit of coefficients from any package: whether they are the optimum of a penalty, and else of which one."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, final

import numpy as np
from jaxtyping import Bool, Float

from ..base.errors import NoModeError
from ..base.listed import listed
from ..base.shown import Shown
from ..conventions.convention import Convention, ElasticForm
from ..conventions.table import CONVENTIONS
from ..conventions.translation import Translation, translate
from ..data.rows import RowData
from ..likelihoods.base import Likelihood
from ..likelihoods.gaussian import GaussianLikelihood
from ..mode.certificate import certify_point
from ..mode.estimate import map_estimate
from ..mode.newton import RowObjective
from ..mode.row_path import objective_at
from ..model.linear_model import LinearModel
from ..model.needs import CONVEX_LOSS, KNOWN_NUISANCE
from ..model.package_families import family_of, likelihood_of
from ..model.problem import Rates, resolve
from ..model.row_problem import RowProblem, resolve_rows
from ..model.separation import refuse_separation
from ..priors.elastic_net_algebra import violation
from ..priors.flat import FlatPrior
from ..priors.penalty import Penalty

if TYPE_CHECKING:
    import pandas as pd

_ROUNDING = 1e-12  # relative difference of objectives that counts as rounding
_TOL = 1e-6
_REACHED = 1e-8  # gap of a mode
_LARGE = 1e-3  # a gap above it cannot come from a package's stopping rule
_CLEARLY = 0.1  # share of the stated penalty's gap that another reading must stay below
_SHOWN = 5

FAMILIES = ("gaussian", "binomial", "poisson")


@final
@dataclass(frozen=True, eq=False, repr=False)
class Nearest(Shown):
    """Another reading of the same number, under which the answer is optimal or nearly optimal.

    Attributes
    ----------
    stated, read_as : str
        The penalty as a line of code in one convention, and the same number in another convention.
    penalty : Penalty
        The penalty in the other reading.
    duality_gap : float
        The gap of the answer under this penalty.
    """

    stated: str
    read_as: str
    penalty: Penalty
    duality_gap: float

    def __str__(self) -> str:
        return (
            f"these are the coefficients of {self.read_as}, not of {self.stated} (gap {self.duality_gap:.1e})"
        )


@final
@dataclass(frozen=True, eq=False, repr=False)
class Audit(Shown):
    """The verdict on an answer as the optimum of a penalty.

    Attributes
    ----------
    objective : float
        Loss + penalty at the answer. The loss is ½ Σ w r², or −Σ w log p(y).
    optimum : float
        Loss + penalty at our mode.
    duality_gap : float
        An upper bound on the distance of the objective from its minimum, in units of the null model's objective.
    kkt_violation : array (p,)
        The distance of each coefficient from a stationary point, in units of the smallest λ that sets all
        coefficients to 0, on columns of unit norm.
    wrong_zeros : array (p,) of bool
        False zeros: coefficients that are 0 in the answer but not at the optimum.
    missing_zeros : array (p,) of bool
        Coefficients that are exactly 0 at the optimum but not in the answer.
    nearest : Nearest or None
        If the answer is not optimal: the convention in which the same number fits the answer.
    feature_names : tuple of p str
    tol : float
        The largest gap with which an answer counts as optimal.
    """

    objective: float
    optimum: float
    duality_gap: float
    kkt_violation: Float[np.ndarray, " p"]
    wrong_zeros: Bool[np.ndarray, " p"]
    missing_zeros: Bool[np.ndarray, " p"]
    nearest: Nearest | None
    feature_names: tuple[str, ...]
    tol: float

    @property
    def optimal(self) -> bool:
        """Whether the duality gap is at most `tol`."""
        return self.duality_gap <= self.tol

    def __str__(self) -> str:
        verdict = "optimal" if self.optimal else "not optimal"
        above = self.objective / self.optimum - 1.0 if self.optimum > 0.0 else 0.0
        above = 0.0 if above < _ROUNDING else above
        lines = [
            f"{verdict}: duality gap {self.duality_gap:.1e} of the null model's objective "
            f"({100 * above:.2g}% above the minimum), largest KKT violation {self.kkt_violation.max():.1e} of "
            "lambda_max"
        ]
        for mask, what in (
            (self.wrong_zeros, "zero here and not at the optimum"),
            (self.missing_zeros, "exactly zero at the optimum and not here"),
        ):
            if mask.any():
                lines.append(f"{int(mask.sum())} {what}: {self._named(mask)}")
        if self.nearest is not None:
            lines.append(str(self.nearest))
        return "\n".join(lines)

    def _table(self) -> "pd.DataFrame":
        import pandas as pd

        columns = {
            "kkt_violation": self.kkt_violation,
            "wrong_zero": self.wrong_zeros,
            "missing_zero": self.missing_zeros,
        }
        return pd.DataFrame(columns, index=pd.Index(self.feature_names, name="feature"))

    def _named(self, mask: Bool[np.ndarray, " p"]) -> str:
        return listed([name for name, hit in zip(self.feature_names, mask, strict=True) if hit], _SHOWN)


def audit(
    coef: Any,
    intercept: float,
    X: Any,
    y: Any,
    penalty: Penalty | Translation,
    sample_weight: Any = None,
    *,
    fit_intercept: bool = True,
    family: str | Likelihood = "gaussian",
    offset: Any = None,
    tol: float = _TOL,
) -> Audit:
    """Judge coefficients from any package as the optimum of a penalty.

    Parameters
    ----------
    coef : array (p,), or Series or mapping of the columns' names
        Coefficients of the original columns.
    intercept : float
    X : array or data frame (n, p)
    y : array (n,)
        With family "binomial": labels of two kinds, of which the larger is 1, or fractions of `sample_weight` trials.
    penalty : Penalty or Translation
        The penalty of the answer, for example ``br.translate(0.1, "glmnet", "Penalty", X=X, y=y)``.
    sample_weight : array (n,), optional
    fit_intercept : bool, default True
        Whether there is an intercept, without a penalty.
    family : "gaussian", "binomial", "poisson" or a likelihood, default "gaussian"
        The loss: ½ Σ w r², or −Σ w log p(y) of a logistic or Poisson regression, or of a likelihood such as
        ``NegativeBinomialLikelihood(k)``, whose loss is convex and whose other parameters are numbers.
    offset : array (n,), optional
        A known part of the linear predictor; an exposure e is log(e).
    tol : float, default 1e-6
        The largest relative duality gap with which the answer counts as optimal.

    Returns
    -------
    Audit

    Raises
    ------
    TypeError, ValueError
        If `penalty` is not a penalty, or shapes do not fit.
    NoEquivalent
        If a penalty weight is infinite.
    """
    if isinstance(penalty, Translation):
        penalty = penalty.penalty
    if not isinstance(penalty, Penalty):
        raise TypeError(
            f"`penalty` must be a Penalty; got {type(penalty).__name__}. Another package's number becomes one by "
            'br.translate(number, from_="its convention", to="Penalty", X=X, y=y).'
        )
    likelihood = _likelihood(family)
    data = RowData.from_arrays(X, y, sample_weight, offset=offset)
    if not (isinstance(tol, float | int) and not isinstance(tol, bool) and 0.0 <= tol < np.inf):
        raise ValueError(f"`tol` must be a duality gap, at least 0; got {tol!r}.")
    coef = _in_order(coef, data.feature_names)
    intercept = np.ravel(intercept)[0] if np.size(intercept) == 1 else intercept
    beta = np.asarray(coef, dtype=np.float64).ravel()
    if beta.size != data.n_features or not np.isfinite(beta).all() or not np.isfinite(intercept):
        raise ValueError(
            f"`coef` must be {data.n_features} finite numbers, one for each column of `X`, and `intercept` one; "
            f"got {beta.size} and {intercept!r}."
        )
    penalty.to_prior(1.0)  # refuses an infinite weight
    kind = _GaussianAnswer if likelihood.is_quadratic else _RowsAnswer
    answer = kind(beta, float(intercept), data, fit_intercept, likelihood)
    judged = answer.judge(penalty)
    best = answer.optimum(penalty)
    return Audit(
        objective=judged.objective,
        optimum=best.objective,
        duality_gap=judged.duality_gap,
        kkt_violation=judged.kkt_violation,
        wrong_zeros=(beta == 0.0) & (best.coef != 0.0),
        missing_zeros=(beta != 0.0) & (best.coef == 0.0),
        nearest=_nearest(answer, penalty, judged.duality_gap) if judged.duality_gap > tol else None,
        feature_names=data.feature_names,
        tol=tol,
    )


def _likelihood(family: str | Likelihood) -> Likelihood:
    if isinstance(family, Likelihood):
        return family
    if family_of(family) not in FAMILIES:
        raise ValueError(
            f"`family` must be one of {', '.join(map(repr, FAMILIES))}, or a likelihood such as "
            f"NegativeBinomialLikelihood(2.0); got {family!r}."
        )
    return likelihood_of(family, "audit", noise_scale=1.0)


def _in_order(coef: Any, names: tuple[str, ...]) -> Any:
    """Put a Series or mapping in the order of the columns, if it names all of them."""
    if not (hasattr(coef, "keys") and hasattr(coef, "items")):
        return coef
    by_name = {str(name): value for name, value in coef.items()}
    if set(by_name) == set(names):
        return [by_name[name] for name in names]
    if all(str(key).isdigit() for key in by_name):  # a Series without names
        return list(by_name.values())
    raise ValueError(f"`coef` names {list(by_name)}, but the columns of `X` are {list(names)}.")


class _Judged(NamedTuple):
    objective: float
    duality_gap: float
    kkt_violation: Float[np.ndarray, " p"]


class _Optimum(NamedTuple):
    coef: Float[np.ndarray, " p"]
    objective: float


@dataclass(frozen=True, eq=False)
class _Answer(ABC):
    """Coefficients, and the data of their fit."""

    coef: Float[np.ndarray, " p"]
    intercept: float
    data: RowData
    fit_intercept: bool
    likelihood: Likelihood

    @property
    def family(self) -> str:
        """The family as conventions call it."""
        return family_of(self.likelihood)

    @abstractmethod
    def judge(self, penalty: Penalty) -> _Judged:
        """Judge the answer under a penalty."""

    @abstractmethod
    def optimum(self, penalty: Penalty) -> _Optimum:
        """Return the optimum of a penalty."""

    def translate(self, value: Any, from_: str, to: str) -> Translation:
        """Translate a penalty on these data."""
        data = self.data
        return translate(
            value,
            from_,
            to,
            X=data.X,
            y=data.y,
            sample_weight=data.sample_weight,
            fit_intercept=self.fit_intercept,
        )


class _GaussianAnswer(_Answer):
    def judge(self, penalty: Penalty) -> _Judged:
        problem = resolve(self._model(penalty), self.data)
        certificate = certify_point(problem, self.coef, self.intercept)
        squares = problem.least_squares
        slope = squares.residuals(self.coef[None, :])[0][0]
        away = self._violations(penalty, slope, squares.cross, np.sqrt(squares.squared_norms))
        return _Judged(certificate.primal, certificate.duality_gap, away)

    def optimum(self, penalty: Penalty) -> _Optimum:
        mode = map_estimate(self._model(penalty), self.data)
        return _Optimum(mode.coef, mode.certificate.primal)

    def _model(self, penalty: Penalty) -> LinearModel:
        return LinearModel(penalty.to_prior(1.0), GaussianLikelihood(1.0), self.fit_intercept)

    def _violations(
        self, penalty: Penalty, slope: Float[np.ndarray, " p"], at_null: Float[np.ndarray, " p"], norms: Any
    ) -> Float[np.ndarray, " p"]:
        """Return each coefficient's distance from a stationary point, from slopes here and at the null model."""
        coef, l1 = self.coef, _per_column(penalty.l1, self.coef)
        slope = slope - penalty.l2 * coef
        away = violation(coef, slope, l1)
        unit = np.where(norms > 0.0, norms, 1.0)
        largest = float((np.abs(at_null) / unit).max(initial=0.0))
        return away * (norms > 0.0) / unit / (largest or 1.0)


class _RowsAnswer(_Answer):
    @cached_property
    def problem(self) -> RowProblem:
        """The rows, as the likelihood takes them."""
        model = LinearModel(FlatPrior(), self.likelihood, self.fit_intercept)
        return resolve_rows(model, self.data, "audit", CONVEX_LOSS, KNOWN_NUISANCE)

    def judge(self, penalty: Penalty) -> _Judged:
        one, p = self._objective(penalty), self.coef.size
        here = np.append(self.coef, self.intercept) if self.fit_intercept else self.coef
        reference = one.objective(one.null)
        gap = one.gap(here).gap / reference if reference > 0.0 else 0.0
        return _Judged(one.objective(here), gap, one.violations(here)[:p])

    def optimum(self, penalty: Penalty) -> _Optimum:
        one = self._objective(penalty)
        rates = Rates(one.l1, one.l2, np.zeros(one.l1.size, dtype=bool))
        refuse_separation(
            replace(self.problem, rates=rates), NoModeError, "the penalised loss has no minimum"
        )
        mode = one.mode().coefs
        if one.gap(mode).gap > _REACHED * one.objective(one.null):
            raise NoModeError(
                "Newton's steps do not end at a minimum of the penalised loss. Penalise all columns."
            )
        return _Optimum(mode[: self.coef.size], one.objective(mode))

    def _objective(self, penalty: Penalty) -> RowObjective:
        l1, l2 = (
            np.append(_per_column(part, self.coef), np.zeros(int(self.fit_intercept)))
            for part in (penalty.l1, penalty.l2)
        )
        return objective_at(self.problem, l1, l2)


def _per_column(strength: Any, coef: Float[np.ndarray, " p"]) -> Float[np.ndarray, " p"]:
    return np.broadcast_to(np.asarray(strength, dtype=float), coef.shape)


def _nearest(answer: _Answer, penalty: Penalty, stated_gap: float) -> Nearest | None:
    """Read the penalty's number of every convention in every other convention; return the best reading."""
    best: Nearest | None = None
    seen: set[bytes] = {_key(penalty, answer.coef.size)}
    for stated, read_as, other in _misreadings(answer, penalty):
        key = _key(other, answer.coef.size)
        if key in seen:
            continue
        seen.add(key)
        gap = answer.judge(other).duality_gap
        if best is None or gap < best.duality_gap:
            best = Nearest(stated, read_as, other, gap)
    if best is None or best.duality_gap > min(_LARGE, _CLEARLY * stated_gap):
        return None
    return best


def _key(penalty: Penalty, p: int) -> bytes:
    parts = (_per_column(part, np.empty(p)) for part in (penalty.l1, penalty.l2))
    return b"".join(np.array([float(f"{value:.10g}") for value in part]).tobytes() for part in parts)


def _misreadings(answer: _Answer, penalty: Penalty) -> Iterator[tuple[str, str, Penalty]]:
    """Yield the number as stated in one convention, as read in another, and the penalty of this reading."""
    readable = [
        row
        for row in CONVENTIONS.values()
        if row.family == answer.family and isinstance(row.form, ElasticForm)
    ]
    for source in readable:
        stated = _stated(answer, penalty, source)
        if stated is None:
            continue
        strength, ratio, code = stated
        for target in readable:
            for values in _values(target, strength, ratio):
                try:
                    other = answer.translate(values, target.key, "Penalty").penalty
                    other.to_prior(1.0)
                except ValueError:  # these data lack something that it needs, or it has no such penalty
                    continue
                yield code, target.code(values, fit_intercept=answer.fit_intercept), other


def _stated(answer: _Answer, penalty: Penalty, source: Convention) -> tuple[float, float, str] | None:
    """Return strength and ratio of a penalty in a convention, if one number serves all columns."""
    form = source.form
    assert isinstance(form, ElasticForm)
    try:
        there = answer.translate(penalty, "Penalty", source.key)
    except ValueError:
        return None
    strength = np.unique(
        np.atleast_1d(there.values[form.strength])[-1:] if form.vector else there.values[form.strength]
    )
    if strength.size != 1 or not 0.0 < strength[0] < np.inf:
        return None
    if form.factors is not None and form.factors.name in there.values:
        return None
    ratio = there.values[form.ratio] if isinstance(form.ratio, str) else form.ratio
    rounded = float(f"{strength[0]:.14g}")  # the number before rounding in a Penalty
    stated = {**there.values, form.strength: rounded} if not form.vector else there.values
    return rounded, float(ratio), source.code(stated, fit_intercept=answer.fit_intercept)


def _values(target: Convention, strength: float, ratio: float) -> Iterator[dict[str, Any]]:
    """Yield the target's parameters for a strength and ratio, with and without standardised columns."""
    form = target.form
    assert isinstance(form, ElasticForm)
    values: dict[str, Any] = {form.strength: strength}
    if isinstance(form.ratio, str):
        values[form.ratio] = ratio
    elif form.ratio != ratio:
        return
    if form.unit is None or form.unit.switch is None:
        yield values
        return
    for switch in (True, False):
        yield {**values, form.unit.switch: switch}
