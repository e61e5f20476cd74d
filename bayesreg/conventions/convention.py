"""The convention of one package, and the forms of penalties."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Protocol, final

import numpy as np
from jaxtyping import Bool, Float

from ..base.errors import DataNeededError, NoEquivalent
from ..base.shown import Shown
from ..priors.penalty import Penalty
from .context import Context

REQUIRED = "required"
_SAME = 1e-12  # relative difference of penalty weights that counts as rounding

Family = Literal["gaussian", "binomial", "poisson", "negative-binomial", "any"]
Loss = Literal["mean", "rows", "sum"]
Intercept = Literal["free", "penalised", "a column", "none", "always"]
Language = Literal["python", "R", "MATLAB", "Stan"]
Array = Float[np.ndarray, "..."]
Mask = Bool[np.ndarray, "..."]


class Form(Protocol):
    """A way to write a penalty: it converts parameters to canonical penalty weights, and back."""

    @property
    def inverse_of_strength(self) -> str | None:
        """The parameter that is large if the penalty is weak, or None."""

    def to_penalty(self, key: str, values: Mapping[str, Any], context: Context) -> Penalty:
        """Return the canonical penalty."""

    def from_penalty(self, key: str, penalty: Penalty, context: Context) -> dict[str, Any]:
        """Return the parameters, or raise NoEquivalent if there are none."""


@final
@dataclass(frozen=True, repr=False)
class Convention(Shown):
    """How one package states its penalty.

    Attributes
    ----------
    key : str
        Its name in `translate`.
    objective : str
        The objective in one formula; s are the sample weights.
    parameters : mapping
        Parameter names in order, with the package's default or `REQUIRED`.
    standardizes : str
        Whether and how it standardises X before the penalty applies.
    weights : str
        How sample weights enter.
    evidence : str
        How this entry was established, with package and version.
    code_template : str
        The line of code, with ``{arguments}`` and, if the intercept is not one of them, ``{intercept}``.
    form : Form
        The arithmetic.
    family : "gaussian", "binomial", "poisson", "negative-binomial" or "any"
        The likelihood. A penalty has another meaning under another likelihood.
    intercept : "free", "penalised", "a column", "none" or "always"
        How the package treats the intercept. "a column": it is a column of ones, penalised unless the strength is a
        vector with 0 for it. "none": the package fits none. "always": it is unpenalised, and cannot be omitted.
    intercept_code : tuple of two str
        The code with an intercept, and the code without.
    language : "python", "R", "MATLAB" or "Stan"
    scalar : bool
        Whether each parameter is one number for all coefficients.
    attributes : mapping
        What an object of the package must have besides, because the row is for these values only.
    """

    key: str
    objective: str
    parameters: Mapping[str, Any]
    standardizes: str
    weights: str
    evidence: str
    code_template: str
    form: Form
    family: Family = "gaussian"
    intercept: Intercept = "free"
    intercept_code: tuple[str, str] = ("", "")
    language: Language = "python"
    scalar: bool = False
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        parameters = ", ".join(self.parameters) or "none"
        return (
            f"{self.key}\n{self.objective}\nparameters: {parameters}; family: {self.family}; {self.evidence}"
        )

    def _spelt(self, name: str) -> str:
        return name.rstrip("_") if self.language == "R" else name

    @property
    def has_noise(self) -> bool:
        """Whether σ links the penalty to a prior's scale: the likelihood is Gaussian, or may be any."""
        return self.family in ("gaussian", "any")

    @property
    def penalizes_intercept(self) -> bool:
        """Whether the intercept is penalised like a coefficient."""
        return self.intercept in ("penalised", "a column")

    @property
    def excluding(self) -> str | None:
        """The parameter in which np.inf excludes a column, or None."""
        factors = self.form.factors if isinstance(self.form, ElasticForm) else None
        return factors.name if factors is not None and factors.exclude is not None else None

    def code(self, values: Mapping[str, Any], *, fit_intercept: bool = True) -> str:
        """Return the line of code to paste."""
        spelt = {
            name: literal(value, self.language)
            for name, value in values.items()
            if not (name in self.parameters and _is(self.parameters[name], value))
            and f"{{{name}}}" not in self.code_template
        }
        arguments = [f"{self._spelt(name)}={value}" for name, value in spelt.items()]
        intercept = self.intercept_code[not fit_intercept]
        if intercept and "{intercept}" not in self.code_template:
            arguments.append(intercept)
        items = ", ".join(f'"{name}": {value}' for name, value in spelt.items())
        written = {name: literal(value, self.language) for name, value in values.items()}
        return self.code_template.format(
            arguments=", ".join(arguments), items=items, intercept=intercept, **written
        )


def _is(default: Any, value: Any) -> bool:
    """Tell whether a value may be omitted because it is the default."""
    return isinstance(default, bool) and isinstance(value, bool) and default == value


def literal(value: Any, language: Language) -> str:
    """Write a value in a language."""
    if isinstance(value, np.ndarray):
        entries = ", ".join(literal(float(entry), language) for entry in value)
        vector = {"python": "np.array([{}])", "R": "c({})", "MATLAB": "[{}]", "Stan": "[{}]"}[language]
        return vector.format(entries)
    if isinstance(value, bool | np.bool_):
        words = {
            "python": ("False", "True"),
            "R": ("FALSE", "TRUE"),
            "MATLAB": ("false", "true"),
            "Stan": ("0", "1"),
        }
        return words[language][int(value)]
    if isinstance(value, float) and value == np.inf:
        return {"python": "np.inf", "R": "Inf", "MATLAB": "Inf", "Stan": "positive_infinity()"}[language]
    return _number(float(value)) if isinstance(value, float) else repr(value)


def _number(value: float) -> str:
    """Write 3.0000000000000004 as 3.0, and a number that is not round to its last digit."""
    exact, rounded = repr(value), repr(float(f"{value:.15g}"))
    return rounded if len(rounded) < len(exact) - 3 else exact


@final
@dataclass(frozen=True)
class Unit:
    """The divisor of each column, or of the response, that a package applies before the penalty.

    Attributes
    ----------
    ddof : int
    norm : bool
        Whether it is the length, not the sd.
    switch : str, optional
        The parameter that turns it off, if there is one.
    about_zero : bool
        Whether it is a root mean square if no intercept is fitted.
    with_intercept_only : bool
        Whether the package never divides if no intercept is fitted, even if the switch is on.
    of_constant : float, optional
        The divisor of a constant column if no intercept is fitted. None: it is not known.
    by_squares : bool
        Whether weights s lose Σs²/Σs of their sum with a ddof of 1, not their mean.
    """

    ddof: int = 0
    norm: bool = False
    by_squares: bool = False
    switch: str | None = None
    about_zero: bool = False
    with_intercept_only: bool = False
    of_constant: float | None = None

    def of(self, key: str, context: Context) -> Float[np.ndarray, " p"]:
        """Return each column's divisor; 0 for a column without spread."""
        about_zero = self.about_zero and not context.fit_intercept
        return context.column_scales(
            key, ddof=self.ddof, norm=self.norm, about_zero=about_zero, by_squares=self.by_squares
        )

    def of_response(self, key: str, context: Context) -> float:
        """Return the response's divisor."""
        about_zero = self.about_zero and not context.fit_intercept
        return context.response_scale(key, ddof=self.ddof, about_zero=about_zero)


@final
@dataclass(frozen=True)
class Factors:
    """A parameter with one multiplier of the strength for each column.

    Attributes
    ----------
    name : str
    rescaled : bool
        Whether the package itself rescales them to mean 1.
    exclude : str, optional
        The parameter with the numbers, from 1 on, of columns to exclude. If there is one, a factor of np.inf excludes
        a column too. An excluded column counts as 1 in the mean.
    constant_is_one : bool
        Whether a constant column counts as 1 too.
    """

    name: str
    rescaled: bool = False
    exclude: str | None = None
    constant_is_one: bool = False

    def of(self, values: Mapping[str, Any], context: Context) -> tuple[Array | float, Mask]:
        """Return the factors, 1 for excluded columns, and which columns are excluded."""
        given = values.get(self.name)
        excluded = self._numbered(None if self.exclude is None else values.get(self.exclude), given, context)
        if given is None:
            return 1.0, excluded
        factors = np.asarray(given, dtype=float)
        _check_length(self.name, factors, context)
        if factors.ndim != 1 or np.isnan(factors).any() or (factors < 0).any():
            raise ValueError(f"`{self.name}` must be numbers, at least 0, one a column; got {given!r}.")
        excluded = excluded | np.isinf(factors)
        if np.isinf(factors).any() and self.exclude is None:
            raise ValueError(
                f"`{self.name}` must be finite numbers, one a column; got {given!r}. Drop the column."
            )
        one = excluded if context.varies is None or not self.constant_is_one else excluded | ~context.varies
        factors = np.where(one, 1.0, factors)
        if excluded.all() or not factors.any():
            raise ValueError(
                f"`{self.name}` must be positive and finite for one column at least; got {given!r}."
            )
        return (factors / factors.mean() if self.rescaled else factors), excluded

    def _numbered(self, exclude: Any, given: Any, context: Context) -> Mask:
        """Return which columns are excluded by their numbers."""
        if exclude is None:
            return np.zeros(np.shape(given) if given is not None else (), dtype=bool)
        if context.X is None:
            raise DataNeededError(f"`{self.exclude}` numbers columns. Give `X`.")
        numbers, p = np.atleast_1d(np.asarray(exclude, dtype=float)), np.shape(context.X)[1]
        if not np.isin(numbers, np.arange(1, p + 1)).all():
            raise ValueError(f"`{self.exclude}` must be numbers of columns, from 1 to {p}; got {exclude!r}.")
        excluded: Bool[np.ndarray, ...] = np.isin(np.arange(1, p + 1), numbers)
        return excluded


@final
@dataclass(frozen=True)
class ElasticForm:
    """strength·(a‖uβ‖₁ + ½(1−a)‖uβ‖²); the loss is ½Σsr² or its mean, times a constant.

    Attributes
    ----------
    strength : str
    ratio : str or float
        The parameter a, or its only value.
    loss : "mean", "rows" or "sum"
        What the strength multiplies: Σs, the number of rows, or nothing.
    times : float
        The factor that makes the package's loss ½Σsr² (or its mean): 1, or ½ if it has no ½.
    response_unit : Unit, optional
        The divisor of y inside the package, if there is one. It affects only the L2 part.
    unit : Unit, optional
    factors : Factors, optional
    vector : bool
        Whether the strength itself may be one number for each column.
    inverse : bool
        Whether the parameter is one over the strength (C).
    leaves_out_constant : bool
        Whether a constant column gets 0 even if no intercept is fitted and the column could replace it.
    one_part : bool
        Whether l1 and l2 exclude each other.
    needs_l1 : bool
        Whether the package refuses a ratio of 0.
    """

    strength: str
    ratio: str | float
    loss: Loss
    times: float = 1.0
    response_unit: Unit | None = None
    unit: Unit | None = None
    factors: Factors | None = None
    vector: bool = False
    inverse: bool = False
    leaves_out_constant: bool = False
    one_part: bool = False
    needs_l1: bool = False

    @property
    def inverse_of_strength(self) -> str | None:
        """The parameter, if it is one over the strength."""
        return self.strength if self.inverse else None

    def to_penalty(self, key: str, values: Mapping[str, Any], context: Context) -> Penalty:
        """Return the canonical penalty."""
        given = np.asarray(values[self.strength], dtype=float)
        _check_length(self.strength, given, context)
        with np.errstate(divide="ignore"):
            strength = self._scale(key, context) * (1.0 / given if self.inverse else given)
        a = self._ratio(values)
        excluded: Any = False
        if self.factors is not None:
            factors, excluded = self.factors.of(values, context)
            strength = strength * factors
        l1, l2 = strength * a, strength * (1.0 - a)
        if self.response_unit is not None and np.any(l2):
            l2 = l2 / self.response_unit.of_response(key, context)
        if self._standardises(values, context):
            assert self.unit is not None
            unit = self.unit.of(key, context)
            unit = _filled(unit, unit > 0.0)
            l1, l2 = l1 * unit, l2 * unit**2
        if not context.fit_intercept and self.leaves_out_constant and context.varies is not None:
            excluded = excluded | ~context.varies
        if np.any(excluded):
            l1 = np.where(excluded, np.inf, l1)
        return Penalty(*(float(part) if np.ndim(part) == 0 else part for part in (l1, l2)))

    def from_penalty(self, key: str, penalty: Penalty, context: Context) -> dict[str, Any]:
        """Return the parameters; prefer those without standardisation and factors if several are equivalent."""
        l1, l2, excluded, counts = self._what_counts(key, penalty, context)
        switch = None if self.unit is None else self.unit.switch
        reasons = []
        for standardised, with_factors in self._ways(context):
            one, two = self._per_unit(key, l1, l2, counts, context) if standardised else (l1, l2)
            try:
                values = self._stated(key, one, two, excluded, context, with_factors=with_factors)
            except NoEquivalent as reason:
                reasons.append(reason)
            else:
                return values if switch is None else {**values, switch: standardised}
        raise reasons[0]

    def _ways(self, context: Context) -> list[tuple[bool, bool]]:
        """Return pairs to try in this order: whether to standardise, and whether to use factors."""
        if self.unit is None or self.unit.switch is None:
            return [(self.unit is not None, True)]
        able = context.X is not None and self._standardises({self.unit.switch: True}, context)
        return [
            (standardised, with_factors)
            for with_factors in (False, True)
            for standardised in (False, True)
            if able or not standardised
        ]

    def _per_unit(
        self, key: str, l1: Array, l2: Array, counts: Mask, context: Context
    ) -> tuple[Array, Array]:
        """Return the penalty weights on standardised columns."""
        assert self.unit is not None
        unit = self.unit.of(key, context)
        counts, safe = counts & (unit > 0.0), np.where(unit > 0.0, unit, 1.0)
        return _filled(l1 / safe, counts), _filled(l2 / safe**2, counts)

    def _what_counts(self, key: str, penalty: Penalty, context: Context) -> tuple[Any, Any, Mask, Mask]:
        """Return the penalty weights, filled if they do not matter; which columns are excluded; whose weights matter.

        If there is an intercept, a constant column has the coefficient 0 under any penalty.
        """
        l1, l2 = np.asarray(penalty.l1, dtype=float), np.asarray(penalty.l2, dtype=float)
        for part in (l1, l2):
            _check_length("penalty", part, context)
        shape = np.broadcast_shapes(
            l1.shape, l2.shape, () if context.varies is None else context.varies.shape
        )
        infinite = np.broadcast_to(np.isinf(l1) | np.isinf(l2), shape)
        varies = np.ones(shape, dtype=bool) if context.varies is None else context.varies
        if not context.fit_intercept and self.leaves_out_constant and (~varies & ~infinite).any():
            raise NoEquivalent(
                f"{key} gives the coefficient 0 to a constant column, but without an intercept such a column replaces "
                "it. Leave the column out and fit the intercept."
            )
        unseen = ~varies if context.fit_intercept or self.leaves_out_constant else np.zeros(shape, dtype=bool)
        excluded = infinite & ~unseen
        if excluded.any() and (self.factors is None or self.factors.exclude is None):
            raise NoEquivalent(
                f"{key} has no infinite penalty. Drop the columns whose coefficient it forces to 0."
            )
        if excluded.any() and (excluded | unseen).all():
            raise NoEquivalent(f"{key} has no model without columns.")
        counts = ~(infinite | unseen)
        if counts.all():
            return l1, l2, excluded, counts
        l1, l2 = (_filled(np.broadcast_to(part, shape), counts) for part in (l1, l2))
        return l1, l2, excluded, counts

    def _stated(
        self,
        key: str,
        l1: Any,
        l2: Any,
        excluded: Mask,
        context: Context,
        *,
        with_factors: bool,
    ) -> dict[str, Any]:
        if self.response_unit is not None and np.any(l2):
            l2 = np.asarray(l2) * self.response_unit.of_response(key, context)
        l1, l2 = np.broadcast_arrays(np.asarray(l1, dtype=float), np.asarray(l2, dtype=float))
        self._refuse_other_part(key, l1, l2)
        strength = (l1 + l2) / self._scale(key, context)
        kept = strength[~excluded] if excluded.any() else strength
        common: Any = _common(kept)
        factors: Any = None
        if common is None:
            if self.vector:
                common = strength
            elif self.factors is not None and with_factors:
                common = float(kept.mean())
                factors = strength / common
            else:
                raise NoEquivalent(
                    f"{key} has one penalty for all coefficients, but this one differs between them (from "
                    f"{kept.min():.6g} to {kept.max():.6g}). Rescale the columns so that it does not."
                )
        if excluded.any():
            factors = np.where(excluded, np.inf, 1.0 if factors is None else factors)
        if self.inverse:
            with np.errstate(divide="ignore"):
                common = 1.0 / np.asarray(common)
        parameters: dict[str, Any] = {self.strength: common if np.ndim(common) else float(common)}
        if isinstance(self.ratio, str):
            parameters[self.ratio] = self._common_ratio(key, l1, l1 + l2)
        if factors is not None:
            assert self.factors is not None
            parameters[self.factors.name] = factors
        return parameters

    def _scale(self, key: str, context: Context) -> float:
        if self.loss == "rows":
            return self.times * context.rows(key)
        return self.times * (context.sum_weights(key) if self.loss == "mean" else 1.0)

    def _ratio(self, values: Mapping[str, Any]) -> float:
        if not isinstance(self.ratio, str):
            return self.ratio
        ratio = values[self.ratio]
        if not 0 <= ratio <= 1:
            raise ValueError(f"`{self.ratio}` must lie between 0 and 1; got {ratio!r}.")
        return float(ratio)

    def _standardises(self, values: Mapping[Any, Any], context: Context) -> bool:
        unit = self.unit
        if unit is None or (unit.with_intercept_only and not context.fit_intercept):
            return False
        return unit.switch is None or bool(values[unit.switch])

    def _refuse_other_part(self, key: str, l1: Array, l2: Array) -> None:
        for name, part, only in (("l2", l2, 1.0), ("l1", l1, 0.0)):
            if self.ratio == only and np.any(part):
                raise NoEquivalent(f"{key} has no {name} part, but this penalty has {name} > 0.")

    def _common_ratio(self, key: str, l1: Array, total: Array) -> float:
        some = total > 0.0
        if not some.any():
            return 1.0
        ratios = l1[some] / total[some]
        common = _common(ratios)
        if common is None:
            raise NoEquivalent(
                f"{key} has one ratio of l1 to l2 for all coefficients, but this penalty's {self.ratio} would run from "
                f"{ratios.min():.6g} to {ratios.max():.6g}."
            )
        if self.needs_l1 and common == 0.0:
            raise NoEquivalent(f"{key} has no pure ridge: its {self.ratio} must be above 0.")
        if self.one_part and 0.0 < common < 1.0:
            raise NoEquivalent(f"{key} has l1 or l2, not both, but this penalty has both.")
        return common


def _check_length(name: str, values: Array, context: Context) -> None:
    """Refuse values whose number is not the number of columns."""
    if values.ndim and context.X is not None and values.size != np.shape(context.X)[1]:
        raise ValueError(
            f"`{name}` must be one number, or one for each of the {np.shape(context.X)[1]} columns of `X`; "
            f"got {values.size}."
        )


def _common(values: Array) -> float | None:
    """Return the one value of all, up to rounding, or None if they differ."""
    first = float(values.flat[0])
    return first if np.allclose(values, first, rtol=_SAME, atol=0.0) else None


def _filled(part: Array, usable: Array) -> Array:
    """Give unusable columns the mean of the others: their coefficient is 0 under any penalty."""
    return np.where(usable, part, part[usable].mean() if usable.any() else 0.0)


@final
@dataclass(frozen=True)
class TwoStrengths:
    """l1‖β‖₁ + ½l2‖β‖² with one parameter for each part."""

    l1: str
    l2: str
    loss: Loss
    vector: bool = False

    @property
    def inverse_of_strength(self) -> str | None:
        """None."""
        return None

    def to_penalty(self, key: str, values: Mapping[str, Any], context: Context) -> Penalty:
        """Return the canonical penalty."""
        scale = context.sum_weights(key) if self.loss == "mean" else 1.0
        parts = (np.asarray(values[name], dtype=float) for name in (self.l1, self.l2))
        return Penalty(*(scale * (part if part.ndim else float(part)) for part in parts))

    def from_penalty(self, key: str, penalty: Penalty, context: Context) -> dict[str, Any]:
        """Return the two penalty weights."""
        if self.vector:
            return {self.l1: penalty.l1, self.l2: penalty.l2}
        scale = context.sum_weights(key) if self.loss == "mean" else 1.0
        found = {}
        for name, part in ((self.l1, penalty.l1), (self.l2, penalty.l2)):
            if np.isinf(part).any():
                raise NoEquivalent(
                    f"{key} has no infinite penalty. Drop the columns whose coefficient it forces to 0."
                )
            common = _common(np.atleast_1d(np.asarray(part, dtype=float)))
            if common is None:
                raise NoEquivalent(
                    f"{key} has one penalty for all coefficients, but {name} differs between them (from "
                    f"{np.min(part):.6g} to {np.max(part):.6g}). Rescale the columns so that it does not."
                )
            found[name] = common / scale
        return found


@final
@dataclass(frozen=True)
class Without:
    """A method that no penalty can state, with the reason."""

    reason: str

    @property
    def inverse_of_strength(self) -> str | None:
        """None."""
        return None

    def refusal(self, key: str) -> NoEquivalent:
        """Return the error."""
        return NoEquivalent(f"{key} has no equivalent penalty: {self.reason}")

    def to_penalty(self, key: str, values: Mapping[str, Any], context: Context) -> Penalty:
        """Refuse."""
        raise self.refusal(key)

    def from_penalty(self, key: str, penalty: Penalty, context: Context) -> dict[str, Any]:
        """Refuse."""
        raise self.refusal(key)


@final
@dataclass(frozen=True)
class PriorScale:
    """A prior's scale b (Laplace) or τ (Gaussian) of each coefficient: parameter·sd(y)/unit.

    Attributes
    ----------
    kind : "laplace" or "gaussian"
    parameter : str, optional
        None: the scale is a fixed number.
    fixed : float
        That number.
    inverse : bool
        Whether the parameter is one over the scale.
    relative : bool
        Whether the scale is in units of σ.
    unit : Unit, optional
        The divisor of the scale, if there is one; sd(y) has its ddof.
    of_response : bool
        Whether the scale is in units of sd(y).
    """

    kind: Literal["laplace", "gaussian"]
    parameter: str | None = "scale"
    fixed: float = 1.0
    inverse: bool = False
    relative: bool = False
    unit: Unit | None = None
    of_response: bool = False

    @property
    def inverse_of_strength(self) -> str | None:
        """The scale."""
        return None if self.inverse else self.parameter

    def to_penalty(self, key: str, values: Mapping[str, Any], context: Context) -> Penalty:
        """Return the canonical penalty."""
        given = np.asarray(self.fixed if self.parameter is None else values[self.parameter], dtype=float)
        with np.errstate(divide="ignore"):
            rate = given if self.inverse else 1.0 / given
        rate = rate * self._per_scale(key, values, context)
        sigma = context.sigma(key)
        if self.kind == "laplace":
            return Penalty(_plain(rate * (sigma if self.relative else sigma**2)), 0.0)
        return Penalty(0.0, _plain(rate**2 * (1.0 if self.relative else sigma**2)))

    def from_penalty(self, key: str, penalty: Penalty, context: Context) -> dict[str, Any]:
        """Return the scale."""
        if self.parameter is None:
            raise NoEquivalent(f"{key} is a default, not a parameter. State the prior itself there.")
        sigma = context.sigma(key)
        here, other, name = (
            (penalty.l1, penalty.l2, "l2") if self.kind == "laplace" else (penalty.l2, penalty.l1, "l1")
        )
        if np.any(other):
            raise NoEquivalent(f"{key} has no {name} part, but this penalty has {name} > 0.")
        if np.isinf(here).any():
            raise NoEquivalent("an infinite penalty has no prior: a scale must be positive. Drop the column.")
        if self.kind == "laplace":
            rate = np.asarray(here) / (sigma if self.relative else sigma**2)
        else:
            rate = np.sqrt(np.asarray(here)) / (1.0 if self.relative else sigma)
        off = self.unit is not None and self.unit.switch is not None
        per_scale = 1.0 if off else self._per_scale(key, {}, context)
        usable = np.asarray(per_scale) > 0.0
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = np.where(usable, rate / per_scale, 0.0)
            rate = _filled(rate, usable) if np.ndim(rate) else rate
            value = rate if self.inverse else 1.0 / rate
        values: dict[str, Any] = {self.parameter: _plain(np.asarray(value))}
        if off:
            assert self.unit is not None
            assert self.unit.switch is not None
            values[self.unit.switch] = False
        return values

    def _per_scale(self, key: str, values: Mapping[str, Any], context: Context) -> Any:
        """Return unit/sd(y), the multiplier of one over the parameter."""
        if self.unit is None or (self.unit.switch is not None and not values[self.unit.switch]):
            return 1.0
        unit = self.unit.of(key, context)
        usable = unit > 0.0
        if context.fit_intercept:
            unit = _filled(unit, usable)
        elif self.unit.of_constant is not None:
            unit = np.where(usable, unit, self.unit.of_constant)
        elif not usable.all():
            raise NoEquivalent(
                f"{key} divides by each column's spread, but a constant column has none. Without an "
                "intercept the column replaces it: leave the column out and fit the intercept."
            )
        return unit / (self.unit.of_response(key, context) if self.of_response else 1.0)


def _plain(value: Array) -> Any:
    """Return a float if all values are the same."""
    array = np.asarray(value, dtype=float)
    if array.ndim == 0:
        return float(array)
    common = _common(array) if np.isfinite(array).all() else None
    return array if common is None else common


@final
@dataclass(frozen=True)
class Precisions:
    """½·noise·Σsr² + ½·weight·‖β‖², with one precision for each part."""

    noise: str
    weight: str

    @property
    def inverse_of_strength(self) -> str | None:
        """None."""
        return None

    def to_penalty(self, key: str, values: Mapping[str, Any], context: Context) -> Penalty:
        """Return the canonical penalty: the ratio of the precisions."""
        return Penalty(0.0, float(values[self.weight]) / float(values[self.noise]))

    def from_penalty(self, key: str, penalty: Penalty, context: Context) -> dict[str, Any]:
        """Return both precisions; the first comes from σ."""
        l2 = ElasticForm("l2", 0.0, "sum").from_penalty(key, penalty, context)["l2"]
        precision = 1.0 / context.sigma(key) ** 2
        return {self.noise: precision, self.weight: precision * l2}


@final
@dataclass(frozen=True)
class OwnPrior:
    """A prior object of this package."""

    prior_class: Any

    @property
    def inverse_of_strength(self) -> str | None:
        """None."""
        return None

    def to_penalty(self, key: str, values: Mapping[str, Any], context: Context) -> Penalty:
        """Return the canonical penalty."""
        return Penalty.from_prior(self.prior_class(**values), context.sigma(key))

    def from_penalty(self, key: str, penalty: Penalty, context: Context) -> dict[str, Any]:
        """Return absolute scales."""
        laplace_scale, gaussian_scale = penalty.prior_scales(context.sigma(key))
        if "laplace_scale" in {field.name for field in fields(self.prior_class)}:
            return {"laplace_scale": laplace_scale, "gaussian_scale": gaussian_scale}
        here, other = ("l1", "l2") if self.prior_class.order == 1 else ("l2", "l1")
        if np.any(getattr(penalty, other)):
            raise NoEquivalent(f"{key} has no {other} part, but this penalty has {other} > 0.")
        return {"scale": laplace_scale if here == "l1" else gaussian_scale}
