"""What one package's convention is, and the forms that penalties come in."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, Protocol, final

import numpy as np
from jaxtyping import Float

from ..errors import NoEquivalent
from ..penalty import Penalty
from .context import Context

REQUIRED = "required"
_SAME = 1e-12  # relative difference of strengths that is rounding

Family = Literal["gaussian", "binomial", "poisson", "any"]
Loss = Literal["mean", "sum"]
Intercept = Literal["free", "penalised", "a column", "none"]
Language = Literal["python", "R", "MATLAB", "Stan"]
Array = Float[np.ndarray, "..."]


class Form(Protocol):
    """A way to write a penalty: parameters to canonical strengths, and back."""

    @property
    def inverse_of_strength(self) -> str | None:
        """The parameter that is large where the penalty is weak, where there is one."""

    def to_penalty(self, key: str, values: Mapping[str, Any], context: Context) -> Penalty:
        """Return the canonical penalty."""

    def from_penalty(self, key: str, penalty: Penalty, context: Context) -> dict[str, Any]:
        """Return the parameters; NoEquivalent where there are none."""


@final
@dataclass(frozen=True)
class Convention:
    """How one package states its penalty.

    Attributes
    ----------
    key : str
        Its name in `translate`.
    objective : str
        What it minimises, in one formula; s are the sample weights.
    parameters : mapping
        Parameter names in order, with the package's default or `REQUIRED`.
    standardizes : str
        What it does to X before the penalty applies.
    weights : str
        How sample weights enter.
    evidence : str
        How this entry was established, with package and version.
    code_template : str
        The line of code, with ``{arguments}``.
    form : Form
        The arithmetic.
    family : "gaussian", "binomial", "poisson" or "any"
        The likelihood: no penalty means the same beside another one.
    intercept : "free", "penalised", "a column" or "none"
        What becomes of the intercept. "a column": it is a column of ones, penalised unless the strength is a
        vector with 0 for it. "none": the package fits none.
    language : "python", "R", "MATLAB" or "Stan"
    scalar : bool
        Whether each parameter is one number for all coefficients.
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
    language: Language = "python"
    scalar: bool = False

    def _spelt(self, name: str) -> str:
        return name.rstrip("_") if self.language == "R" else name

    @property
    def penalizes_intercept(self) -> bool:
        """Whether the intercept is penalised like a coefficient."""
        return self.intercept in ("penalised", "a column")

    def code(self, values: Mapping[str, Any]) -> str:
        """Return the line of code to paste."""
        spelt = {
            name: literal(value, self.language)
            for name, value in values.items()
            if not (name in self.parameters and _is(self.parameters[name], value))
            and f"{{{name}}}" not in self.code_template
        }
        arguments = ", ".join(f"{self._spelt(name)}={value}" for name, value in spelt.items())
        items = ", ".join(f'"{name}": {value}' for name, value in spelt.items())
        written = {name: literal(value, self.language) for name, value in values.items()}
        return self.code_template.format(arguments=arguments, items=items, **written)


def _is(default: Any, value: Any) -> bool:
    """Tell whether a value may be left out because it is the default."""
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
    """Write 3.0000000000000004 as 3.0, and what is no round number to the last digit."""
    exact, rounded = repr(value), repr(float(f"{value:.15g}"))
    return rounded if len(rounded) < len(exact) - 3 else exact


@final
@dataclass(frozen=True)
class Unit:
    """What a package divides each column by before the penalty applies."""

    ddof: int = 0
    norm: bool = False
    switch: str | None = None  # the parameter that turns it off, where one does
    about_zero: bool = False  # where no intercept is fitted: a root mean square in place of the sd

    def of(self, key: str, context: Context) -> Float[np.ndarray, " p"]:
        """Return each column's divisor, 0 for a constant column, which such packages leave at coefficient 0."""
        about_zero = self.about_zero and not context.fit_intercept
        return context.column_scales(key, ddof=self.ddof, norm=self.norm, about_zero=about_zero)


@final
@dataclass(frozen=True)
class Factors:
    """A parameter with one multiplier of the strength a column."""

    name: str
    rescaled: bool = False  # to the mean 1, by the package itself


@final
@dataclass(frozen=True)
class ElasticForm:
    """strength·(a‖uβ‖₁ + ½(1−a)‖uβ‖²), the loss being ½Σsr² or its mean, times a constant.

    Attributes
    ----------
    strength : str
    ratio : str or float
        The parameter a, or its only value.
    loss : "mean" or "sum"
    times : float
        What makes the loss ½Σsr² (or its mean): 1, or ½ where the package's has no ½.
    l2_over_response_sd : bool
        Whether the package scales y to sd 1 inside, which shrinks its L2 part alone by that sd.
    unit : Unit, optional
    factors : Factors, optional
    vector : bool
        Whether the strength itself may be one number a column.
    inverse : bool
        Whether the parameter is one over the strength (C).
    """

    strength: str
    ratio: str | float
    loss: Loss
    times: float = 1.0
    l2_over_response_sd: bool = False
    unit: Unit | None = None
    factors: Factors | None = None
    vector: bool = False
    inverse: bool = False

    @property
    def inverse_of_strength(self) -> str | None:
        """The strength, where it is one over itself."""
        return self.strength if self.inverse else None

    def to_penalty(self, key: str, values: Mapping[str, Any], context: Context) -> Penalty:
        """Return the canonical penalty."""
        given = np.asarray(values[self.strength], dtype=float)
        _check_length(self.strength, given, context)
        with np.errstate(divide="ignore"):
            strength = self._scale(key, context) * (1.0 / given if self.inverse else given)
        a = self._ratio(values)
        if self.factors is not None and values.get(self.factors.name) is not None:
            factors = self._factors(values[self.factors.name])
            _check_length(self.factors.name, factors, context)
            strength = strength * factors
        l1, l2 = strength * a, strength * (1.0 - a)
        if self.l2_over_response_sd and np.any(l2):
            l2 = l2 / context.response_scale(key)
        if self._standardises(values):
            assert self.unit is not None
            unit = self.unit.of(key, context)
            alive = unit > 0.0
            unit = _filled(unit, alive)
            l1, l2 = l1 * unit, l2 * unit**2
            if (
                not context.fit_intercept and not alive.all()
            ):  # dropped there; here they would be an intercept
                l1 = np.where(alive, l1, np.inf)
        return Penalty(*(float(part) if np.ndim(part) == 0 else part for part in (l1, l2)))

    def from_penalty(self, key: str, penalty: Penalty, context: Context) -> dict[str, Any]:
        """Return the parameters; of several that say the same, those without standardising and without factors."""
        if np.isinf(penalty.l1).any() or np.isinf(penalty.l2).any():
            raise NoEquivalent(
                f"{key} has no infinite penalty. Drop the columns whose coefficient it forces to 0."
            )
        if self.unit is None:
            return self._stated(key, penalty.l1, penalty.l2, context)
        plain: NoEquivalent | None = None
        if self.unit.switch is not None:
            try:
                values = self._stated(key, penalty.l1, penalty.l2, context, with_factors=context.X is None)
                return {**values, self.unit.switch: False}
            except NoEquivalent as reason:
                plain = reason
        if plain is not None and context.X is None:
            raise plain
        unit = self.unit.of(key, context)
        alive = unit > 0.0
        safe = np.where(alive, unit, 1.0)
        parts = (
            np.broadcast_to(np.asarray(part), unit.shape) / by
            for part, by in ((penalty.l1, safe), (penalty.l2, safe**2))
        )
        l1, l2 = (_filled(part, alive) for part in parts)
        try:
            values = self._stated(key, l1, l2, context, with_factors=self.unit.switch is None)
        except NoEquivalent:
            if self.unit.switch is None or self.factors is None:
                raise
            return {**self._stated(key, penalty.l1, penalty.l2, context), self.unit.switch: False}
        return values if self.unit.switch is None else {**values, self.unit.switch: True}

    def _stated(
        self, key: str, l1: Any, l2: Any, context: Context, *, with_factors: bool = True
    ) -> dict[str, Any]:
        if self.l2_over_response_sd and np.any(l2):
            l2 = np.asarray(l2) * context.response_scale(key)
        l1, l2 = np.broadcast_arrays(np.asarray(l1, dtype=float), np.asarray(l2, dtype=float))
        self._refuse_other_part(key, l1, l2)
        strength = (l1 + l2) / self._scale(key, context)
        values: dict[str, Any] = {}
        common: Any = _common(strength)
        if common is None:
            if self.vector:
                common = strength
            elif self.factors is not None and with_factors:
                common = float(strength.mean())
                values[self.factors.name] = strength / common
            else:
                raise NoEquivalent(
                    f"{key} has one penalty for all coefficients, but this one differs between them (from "
                    f"{strength.min():.6g} to {strength.max():.6g}). Rescale the columns so that it does not."
                )
        if self.inverse:
            with np.errstate(divide="ignore"):
                common = 1.0 / np.asarray(common)
        parameters: dict[str, Any] = {self.strength: common if np.ndim(common) else float(common)}
        if isinstance(self.ratio, str):
            parameters[self.ratio] = self._common_ratio(key, l1, l1 + l2)
        return {**parameters, **values}

    def _scale(self, key: str, context: Context) -> float:
        return self.times * (context.sum_weights(key) if self.loss == "mean" else 1.0)

    def _ratio(self, values: Mapping[str, Any]) -> float:
        if not isinstance(self.ratio, str):
            return self.ratio
        ratio = values[self.ratio]
        if not 0 <= ratio <= 1:
            raise ValueError(f"`{self.ratio}` must lie between 0 and 1; got {ratio!r}.")
        return float(ratio)

    def _factors(self, value: Any) -> Array:
        assert self.factors is not None
        factors = np.asarray(value, dtype=float)
        if factors.ndim != 1 or not np.isfinite(factors).all() or (factors < 0).any() or not factors.any():
            raise ValueError(
                f"`{self.factors.name}` must be finite numbers at least 0, one a column; got {value!r}."
            )
        return factors / factors.mean() if self.factors.rescaled else factors

    def _standardises(self, values: Mapping[str, Any]) -> bool:
        return self.unit is not None and (self.unit.switch is None or bool(values[self.unit.switch]))

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
        return common


def _check_length(name: str, values: Array, context: Context) -> None:
    """Refuse a number a column where there are other columns."""
    if values.ndim and context.X is not None and values.size != np.shape(context.X)[1]:
        raise ValueError(
            f"`{name}` must be one number, or one for each of the {np.shape(context.X)[1]} columns of `X`; "
            f"got {values.size}."
        )


def _common(values: Array) -> float | None:
    """Return the one value that all have but for rounding, or None."""
    first = float(values.flat[0])
    return first if np.allclose(values, first, rtol=_SAME, atol=0.0) else None


def _filled(part: Array, alive: Array) -> Array:
    """Give constant columns, whose coefficient is 0 under any penalty, the mean of the others."""
    return np.where(alive, part, part[alive].mean() if alive.any() else 0.0)


@final
@dataclass(frozen=True)
class TwoStrengths:
    """l1‖β‖₁ + ½l2‖β‖² with a parameter for each."""

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
        """Return the two strengths."""
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
    """What no penalty states, with the reason."""

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
    """A prior's scale b (Laplace) or τ (Gaussian) of each coefficient: parameter·sd(y)/unit, where these enter.

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
        What the scale is divided by, with its ddof for sd(y) too.
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
        alive = np.asarray(per_scale) > 0.0
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = np.where(alive, rate / per_scale, 0.0)
            rate = _filled(rate, alive) if np.ndim(rate) else rate
            value = rate if self.inverse else 1.0 / rate
        values: dict[str, Any] = {self.parameter: _plain(np.asarray(value))}
        if off:
            assert self.unit is not None
            assert self.unit.switch is not None
            values[self.unit.switch] = False
        return values

    def _per_scale(self, key: str, values: Mapping[str, Any], context: Context) -> Any:
        """Return unit/sd(y), by which one over the parameter is multiplied."""
        if self.unit is None or (self.unit.switch is not None and not values[self.unit.switch]):
            return 1.0
        unit = self.unit.of(key, context)
        unit = _filled(unit, unit > 0.0)
        return unit / (context.response_scale(key, ddof=self.unit.ddof) if self.of_response else 1.0)


def _plain(value: Array) -> Any:
    """Return a float where there is one number for all."""
    array = np.asarray(value, dtype=float)
    if array.ndim == 0:
        return float(array)
    common = _common(array) if np.isfinite(array).all() else None
    return array if common is None else common


@final
@dataclass(frozen=True)
class Precisions:
    """½·noise·Σsr² + ½·weight·‖β‖², with a precision for each."""

    noise: str
    weight: str

    @property
    def inverse_of_strength(self) -> str | None:
        """None."""
        return None

    def to_penalty(self, key: str, values: Mapping[str, Any], context: Context) -> Penalty:
        """Return the canonical penalty: the ratio."""
        return Penalty(0.0, float(values[self.weight]) / float(values[self.noise]))

    def from_penalty(self, key: str, penalty: Penalty, context: Context) -> dict[str, Any]:
        """Return both, the first from σ."""
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
        here, other = ("l1", "l2") if "Laplace" in self.prior_class.__name__ else ("l2", "l1")
        if np.any(getattr(penalty, other)):
            raise NoEquivalent(f"{key} has no {other} part, but this penalty has {other} > 0.")
        return {"scale": laplace_scale if here == "l1" else gaussian_scale}
