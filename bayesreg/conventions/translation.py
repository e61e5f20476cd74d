"""Translation of a penalty from any convention to any other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import Float

from ..base.errors import DataNeededError, NoEquivalent
from ..base.shown import Shown
from ..priors.penalty import Penalty
from .context import Context
from .convention import REQUIRED, Convention, Without
from .table import CONVENTIONS


@final
@dataclass(frozen=True, eq=False, repr=False)
class Translation(Shown):
    """One penalty in another convention.

    Attributes
    ----------
    values : dict
        The target's parameters, by name.
    penalty : Penalty
        The canonical penalty of both sides, on the original columns.
    code : str
        The line of code to paste.
    column_unit : array (p,) or None
        With `rescale`: divide each column by it before the fit, and the column's coefficient after the fit.
    """

    values: dict[str, Any]
    penalty: Penalty
    code: str
    column_unit: Float[np.ndarray, " p"] | None = None

    def __float__(self) -> float:
        numbers = {name: value for name, value in self.values.items() if not isinstance(value, bool)}
        if len(numbers) != 1 or np.ndim(next(iter(numbers.values()))):
            raise TypeError(f"this translation has more than one number: {self.code}. Read `.values`.")
        return float(next(iter(numbers.values())))

    def __str__(self) -> str:
        return self.code


def translate(
    value: Any,
    from_: str,
    to: str,
    X: Any = None,
    y: Any = None,
    sample_weight: Any = None,
    noise_scale: float | None = None,
    *,
    fit_intercept: bool | None = None,
    rescale: bool = False,
) -> Translation:
    """State one package's penalty in another's convention.

    Parameters
    ----------
    value : float, mapping of parameter names, or an object that has them as attributes
        The penalty on the `from_` side: 0.1, {"alpha": 0.1, "l1_ratio": 0.5},
        Lasso(alpha=0.1), LaplacePrior(2.0), Penalty(3.0). None if the convention is a default without
        parameters ("bambi", "brms").
    from_, to : str
        Keys of `CONVENTIONS`.
    X, y : array, optional
        The data. They give the number of rows, and standard deviations if a side standardises.
    sample_weight : array (n,), optional
    noise_scale : float, optional
        σ. It is needed if one side is a prior and the likelihood is Gaussian.
    fit_intercept : bool, optional
        Whether the model has an intercept; the line of code says so. It also matters if a package penalises the
        intercept or standardises, and for glmnet's scaling of y. Default: that of the object `value`, else True.
    rescale : bool, default False
        Whether the columns may be rescaled for the target. This helps if the target has one penalty for all columns
        but this penalty differs between them. The answer is then for ``X / column_unit``.

    Returns
    -------
    Translation
        With `.values`, `.penalty` and `.code`. ``float()`` works if it is one number.

    Raises
    ------
    NoEquivalent
        If the target cannot state this penalty, with the reason.
    ValueError
        If a key is unknown, or a needed argument is missing; the message names it.

    Examples
    --------
    >>> import bayesreg as br
    >>> float(br.translate(0.5, from_="sklearn.Lasso", to="LaplacePrior", y=[1.0, 2.0, 3.0, 4.0], noise_scale=2.0))
    2.0
    """
    source, target = _convention("from_", from_), _convention("to", to)
    for side in (source, target):
        if isinstance(side.form, Without):
            raise side.form.refusal(side.key)
    _check_family(source, target)
    sigma = noise_scale if source.has_noise and target.has_noise else 1.0
    fit_intercept = _has_intercept(value, fit_intercept)
    context = Context(X, y, sample_weight, sigma, fit_intercept)
    _ = context.weights  # wrong weights are refused even if they are not needed
    values = _parameters(source, value)
    if fit_intercept:
        values = _without_constant(source, values)
    penalty = source.form.to_penalty(source.key, values, context)
    if target.intercept == "penalised" and fit_intercept:
        _refuse_intercept(target)
    if target.intercept == "none" and fit_intercept:
        raise NoEquivalent(f"{target.key} fits no intercept. Give fit_intercept=False, and centre the data.")
    for side in (source, target):
        if side.intercept == "always" and not fit_intercept:
            raise NoEquivalent(f"{side.key} always fits an intercept, but fit_intercept=False asks for none.")
    unit = None
    try:
        stated = target.form.from_penalty(target.key, penalty, context)
    except NoEquivalent as reason:
        equal = penalty.on_equal_columns()
        if equal is None or np.ptp(equal[1]) == 0.0:
            raise
        common, unit = equal
        stated = target.form.from_penalty(target.key, common, context.divided(unit))  # raises its own error
        if not rescale:
            raise NoEquivalent(
                f"{reason} rescale=True gives the answer for X / column_unit, and these units."
            ) from None
    if target.intercept == "a column" and fit_intercept:
        stated = _with_constant(target, stated, penalty, context)
    code = target.code(stated, fit_intercept=fit_intercept)
    if unit is not None:
        code += "  # fitted to X / column_unit; then coef / column_unit"
    return Translation(stated, penalty, code, unit)


def _has_intercept(value: Any, fit_intercept: bool | None) -> bool:
    """Tell whether there is an intercept, from the argument and from an estimator's own parameter."""
    if not (fit_intercept is None or isinstance(fit_intercept, bool | np.bool_)):
        raise TypeError(f"`fit_intercept` must be True or False; got {fit_intercept!r}.")
    own = getattr(value, "fit_intercept", None)
    if not isinstance(own, bool | np.bool_):
        return fit_intercept is None or bool(fit_intercept)
    if fit_intercept not in (None, own):
        raise ValueError(
            f"`fit_intercept` is {fit_intercept}, but the given {type(value).__name__} has "
            f"fit_intercept={own}. Leave the argument out, or give another estimator."
        )
    return bool(own)


def _convention(argument: str, key: str) -> Convention:
    if not isinstance(key, str) or key not in CONVENTIONS:
        raise ValueError(f"`{argument}` must be one of {', '.join(map(repr, CONVENTIONS))}; got {key!r}.")
    return CONVENTIONS[key]


def _check_family(source: Convention, target: Convention) -> None:
    if source.family != target.family and "any" not in (source.family, target.family):
        raise NoEquivalent(
            f"{source.key} has a {source.family} likelihood and {target.key} a {target.family} one: "
            "the same penalty means different things there."
        )


def _without_constant(source: Convention, values: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of the features alone, with an unpenalised intercept."""
    if source.intercept == "penalised":
        _refuse_intercept(source)
    if source.intercept == "none":
        raise NoEquivalent(f"{source.key} fits no intercept. Give fit_intercept=False.")
    if source.intercept != "a column":
        return values
    name = next(iter(source.parameters))
    strength = np.asarray(values[name])
    if strength.ndim == 0 and strength == 0.0:
        return values
    if strength.ndim == 0 or strength[0] != 0.0 or strength.size == 1:
        raise NoEquivalent(
            f"{source.key} penalises the constant too, but a Penalty does not. Give the strength as a vector with 0 "
            "in front, for the constant, or give fit_intercept=False."
        )
    return {**values, name: strength[1:]}


def _refuse_intercept(convention: Convention) -> None:
    raise NoEquivalent(
        f"{convention.key} penalises the intercept too, but a Penalty does not. Centre X and y and give "
        "fit_intercept=False, or leave the intercept out of the penalised group there."
    )


def _with_constant(
    target: Convention, values: dict[str, Any], penalty: Penalty, context: Context
) -> dict[str, Any]:
    """Write the strength as a vector with 0 in front, for the unpenalised constant."""
    name = next(iter(target.parameters))
    strength = np.asarray(values[name], dtype=float)
    if strength.ndim == 0:
        sizes = [np.size(part) for part in (penalty.l1, penalty.l2) if np.ndim(part)]
        p = sizes[0] if sizes else None if context.X is None else np.shape(context.X)[1]
        if p is None:
            raise DataNeededError(
                f"{target.key} needs one strength for each column, 0 for the constant. Give `X`."
            )
        strength = np.full(p, float(strength))
    return {**values, name: np.concatenate([[0.0], strength])}


def _parameters(convention: Convention, value: Any) -> dict[str, Any]:
    names = convention.parameters
    if value is None:
        given: dict[str, Any] = {}
    elif isinstance(value, Mapping):
        given = dict(value)
    elif isinstance(value, int | float | np.number | np.ndarray | list | tuple):
        given = {next(iter(names)): value} if names else {"": value}
    else:
        given = _attributes(convention, value)
    unknown = [name for name in given if name not in names]
    missing = [name for name, default in names.items() if default is REQUIRED and name not in given]
    if unknown or missing:
        raise ValueError(
            f"{convention.key} takes {', '.join(names) or 'no parameter'}; "
            f"got {', '.join(map(str, given)) or 'nothing'}."
            + (f" Missing: {', '.join(missing)}." if missing else "")
        )
    values = {name: given.get(name, default) for name, default in names.items()}
    if convention.family == "any":
        return values
    return {name: _checked(name, v, convention) for name, v in values.items()}


def _attributes(convention: Convention, value: Any) -> dict[str, Any]:
    """Read the parameters from an object of the convention's own class."""
    expected = convention.key.split(".")[-1]
    if type(value).__name__ != expected:
        raise TypeError(
            f"`value` must be a number, a mapping of {', '.join(convention.parameters)}, or a {expected}; "
            f"got {type(value).__name__}: its numbers mean something else."
        )
    if getattr(value, "positive", False):
        raise NoEquivalent(f"{expected}(positive=True) constrains the signs, but no penalty here does that.")
    for name, needed in convention.attributes.items():
        if getattr(value, name, needed) != needed:
            raise NoEquivalent(
                f"{convention.key} is for {name}={needed!r}, but this {expected} has {name}={getattr(value, name)!r}: "
                "its loss is another one."
            )
    values = {name: getattr(value, name) for name in convention.parameters}
    return _by_penalty(convention, values, getattr(value, "penalty", "elasticnet"))


def _by_penalty(convention: Convention, values: dict[str, Any], penalty: Any) -> dict[str, Any]:
    """Return the parameters of an estimator that also names its penalty, as scikit-learn's do."""
    ratio = {"l1": 1.0, "l2": 0.0}
    if "l1_ratio" in values and penalty in ratio:
        return {**values, "l1_ratio": ratio[penalty]}
    if "l1_ratio" in values and penalty is None:
        strength = next(iter(values))
        return {**values, strength: np.inf if strength == convention.form.inverse_of_strength else 0.0}
    return values


def _checked(name: str, value: Any, convention: Convention) -> Any:
    """Return a parameter of another package as a float, a switch or an array of floats."""
    default = convention.parameters[name]
    if isinstance(default, bool):
        if not isinstance(value, bool | np.bool_):
            raise ValueError(f"`{name}` must be True or False; got {value!r}.")
        return bool(value)
    if value is None and default is None:
        return None
    is_array = isinstance(value, list | tuple | np.ndarray) and np.ndim(value) == 1
    inverse = name == convention.form.inverse_of_strength
    if is_array and not convention.scalar:
        array = np.asarray(value, dtype=float)
        usable = (
            array > 0 if inverse else (array >= 0) & (np.isfinite(array) | (name == convention.excluding))
        )
        if array.size == 0 or not usable.all():
            rule = "positive numbers (np.inf: no penalty)" if inverse else "finite numbers, at least 0"
            if name == convention.excluding:
                rule = "numbers, at least 0 (np.inf: left out)"
            raise ValueError(f"`{name}` must be {rule}; got {value!r}.")
        return array
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if inverse:
        if not number or not value > 0:
            raise ValueError(f"`{name}` must be one positive number (np.inf: no penalty); got {value!r}.")
    elif not number or not 0 <= value < np.inf:
        raise ValueError(f"`{name}` must be one finite number, at least 0; got {value!r}.")
    return float(value)
