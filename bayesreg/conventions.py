"""Every package's penalty as a reading of the canonical one, and the way from any to any.

Inside bayesreg a penalty is Σ l1ⱼ|βⱼ| + ½ Σ l2ⱼβⱼ² beside the loss ½ Σ wᵢrᵢ². This is the
only module that knows another scaling. An entry counts as established when a test
runs the package named in `evidence` and reproduces its coefficients.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, final

import numpy as np

from .data.checks import as_weights
from .errors import NoEquivalent
from .penalty import Penalty, checked_noise_scale
from .priors import ElasticNetPrior, GaussianPrior, LaplacePrior, Prior

REQUIRED = "required"


@final
@dataclass(frozen=True)
class Context:
    """What a translation may need beside the number: rows, weights and σ."""

    sum_weights: float | None
    noise_scale: float | None

    def require_sum_weights(self, key: str) -> float:
        """Return Σw, or ask for the data by name."""
        if self.sum_weights is None:
            raise ValueError(
                f"{key} scales its loss by the number of rows. Give `y` (or `X`), "
                "and `sample_weight` if there are weights."
            )
        return self.sum_weights

    def require_noise_scale(self, key: str) -> float:
        """Return σ, or ask for it by name."""
        if self.noise_scale is None:
            raise ValueError(
                f"{key} is a scale beside the noise: lambda = noise_scale²/scale. "
                "Give `noise_scale`, the sd of the noise."
            )
        return checked_noise_scale(self.noise_scale)


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
    penalizes_intercept : bool
    weights : str
        How sample weights enter.
    evidence : str
        How this entry was established.
    scalar : bool
        Whether each parameter is one number for all coefficients.
    """

    key: str
    objective: str
    parameters: Mapping[str, Any]
    standardizes: str
    penalizes_intercept: bool
    weights: str
    evidence: str
    to_penalty: Callable[[dict[str, Any], Context], Penalty]
    from_penalty: Callable[[Penalty, Context], dict[str, Any]]
    constructor: str
    scalar: bool = False

    def code(self, values: Mapping[str, Any]) -> str:
        """Return the line of code to paste."""
        arguments = ", ".join(f"{name}={_literal(value)}" for name, value in values.items())
        return f"{self.constructor}({arguments})"


@final
@dataclass(frozen=True, eq=False)
class Translation:
    """One penalty in another convention.

    Attributes
    ----------
    values : dict
        The target's parameters, by name.
    penalty : Penalty
        The canonical penalty that both sides state.
    code : str
        The line of code to paste.
    """

    values: dict[str, Any]
    penalty: Penalty
    code: str

    def __float__(self) -> float:
        if len(self.values) != 1 or np.ndim(next(iter(self.values.values()))):
            raise TypeError(f"this translation has more than one number: {self.code}. Read `.values`.")
        return float(next(iter(self.values.values())))

    def __str__(self) -> str:
        return self.code


def _literal(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"[{', '.join(_literal(float(entry)) for entry in value)}]"
    return "np.inf" if value == np.inf else repr(value)


def _one_number(what: str, value: Any, key: str) -> float:
    array = np.asarray(value)
    if np.isinf(array).any():
        raise NoEquivalent(
            f"{key} has no infinite penalty. Drop the columns whose coefficient it forces to 0."
        )
    if array.ndim and not np.all(array == array.flat[0]):
        raise NoEquivalent(
            f"{key} has one penalty for all coefficients, but {what} differs between them "
            f"(from {array.min():.6g} to {array.max():.6g}). Rescale the columns so that it does not."
        )
    return float(array.flat[0])


def _without(what: str, value: Any, key: str) -> None:
    if np.any(value):
        raise NoEquivalent(f"{key} has no {what} part, but this penalty has {what} > 0.")


def _from_lasso(values: dict[str, Any], context: Context) -> Penalty:
    return Penalty(context.require_sum_weights("sklearn.Lasso") * values["alpha"], 0.0)


def _to_lasso(penalty: Penalty, context: Context) -> dict[str, Any]:
    _without("l2", penalty.l2, "sklearn.Lasso")
    l1 = _one_number("l1", penalty.l1, "sklearn.Lasso")
    return {"alpha": l1 / context.require_sum_weights("sklearn.Lasso")}


def _from_ridge(values: dict[str, Any], context: Context) -> Penalty:
    return Penalty(0.0, values["alpha"])


def _to_ridge(penalty: Penalty, context: Context) -> dict[str, Any]:
    _without("l1", penalty.l1, "sklearn.Ridge")
    return {"alpha": _one_number("l2", penalty.l2, "sklearn.Ridge")}


def _from_elastic_net(values: dict[str, Any], context: Context) -> Penalty:
    alpha, ratio = values["alpha"], values["l1_ratio"]
    if not 0 <= ratio <= 1:
        raise ValueError(f"`l1_ratio` must lie between 0 and 1; got {ratio!r}.")
    total = context.require_sum_weights("sklearn.ElasticNet") * alpha
    return Penalty(total * ratio, total * (1 - ratio))


def _to_elastic_net(penalty: Penalty, context: Context) -> dict[str, Any]:
    key = "sklearn.ElasticNet"
    l1, l2 = _one_number("l1", penalty.l1, key), _one_number("l2", penalty.l2, key)
    total = l1 + l2
    ratio = l1 / total if total > 0 else 1.0
    return {"alpha": total / context.require_sum_weights(key), "l1_ratio": ratio}


def _prior_convention(prior_class: type[Prior], objective: str) -> Convention:
    key = prior_class.__name__

    def to_penalty(values: dict[str, Any], context: Context) -> Penalty:
        return Penalty.from_prior(prior_class(**values), context.require_noise_scale(key))

    def from_penalty(penalty: Penalty, context: Context) -> dict[str, Any]:
        laplace_scale, gaussian_scale = penalty.prior_scales(context.require_noise_scale(key))
        if prior_class is ElasticNetPrior:
            return {"laplace_scale": laplace_scale, "gaussian_scale": gaussian_scale}
        if prior_class is LaplacePrior:
            _without("l2", penalty.l2, key)
            return {"scale": laplace_scale}
        _without("l1", penalty.l1, key)
        return {"scale": gaussian_scale}

    defaults = {"factor": None, "relative_to_noise": False}
    required = [f.name for f in fields(prior_class) if f.name not in defaults]  # type: ignore[arg-type]
    return Convention(
        key=key,
        objective=objective,
        parameters={**dict.fromkeys(required, REQUIRED), **defaults},
        standardizes="no",
        penalizes_intercept=False,
        weights="multiply the log-likelihood",
        evidence="the definition",
        to_penalty=to_penalty,
        from_penalty=from_penalty,
        constructor=f"br.{key}",
    )


_SKLEARN_WEIGHTS = "rescaled to sum to n, so alpha multiplies Σs"
_SKLEARN_EVIDENCE = "run against scikit-learn 1.9.1"

CONVENTIONS: Mapping[str, Convention] = MappingProxyType(
    {
        convention.key: convention
        for convention in (
            Convention(
                key="Penalty",
                objective="½ Σ s r² + l1 Σ|β| + ½ l2 Σβ²",
                parameters={"l1": 0.0, "l2": 0.0},
                standardizes="no",
                penalizes_intercept=False,
                weights="multiply the loss",
                evidence="the definition",
                to_penalty=lambda values, context: Penalty(**values),
                from_penalty=lambda penalty, context: {"l1": penalty.l1, "l2": penalty.l2},
                constructor="br.Penalty",
            ),
            _prior_convention(LaplacePrior, "Σ s r² / (2σ²) + Σ|β| / scale"),
            _prior_convention(GaussianPrior, "Σ s r² / (2σ²) + Σβ² / (2 scale²)"),
            _prior_convention(
                ElasticNetPrior, "Σ s r² / (2σ²) + Σ|β| / laplace_scale + Σβ² / (2 gaussian_scale²)"
            ),
            Convention(
                key="sklearn.Lasso",
                objective="Σ s r² / (2 Σs) + alpha Σ|β|",
                parameters={"alpha": REQUIRED},
                standardizes="no",
                penalizes_intercept=False,
                weights=_SKLEARN_WEIGHTS,
                evidence=_SKLEARN_EVIDENCE,
                to_penalty=_from_lasso,
                from_penalty=_to_lasso,
                constructor="Lasso",
                scalar=True,
            ),
            Convention(
                key="sklearn.Ridge",
                objective="Σ s r² + alpha Σβ²",
                parameters={"alpha": REQUIRED},
                standardizes="no",
                penalizes_intercept=False,
                weights="multiply the loss, not rescaled",
                evidence=_SKLEARN_EVIDENCE,
                to_penalty=_from_ridge,
                from_penalty=_to_ridge,
                constructor="Ridge",
                scalar=True,
            ),
            Convention(
                key="sklearn.ElasticNet",
                objective="Σ s r² / (2 Σs) + alpha l1_ratio Σ|β| + ½ alpha (1 − l1_ratio) Σβ²",
                parameters={"alpha": REQUIRED, "l1_ratio": 0.5},
                standardizes="no",
                penalizes_intercept=False,
                weights=_SKLEARN_WEIGHTS,
                evidence=_SKLEARN_EVIDENCE,
                to_penalty=_from_elastic_net,
                from_penalty=_to_elastic_net,
                constructor="ElasticNet",
                scalar=True,
            ),
        )
    }
)


def translate(
    value: Any,
    from_: str,
    to: str,
    X: Any = None,
    y: Any = None,
    sample_weight: Any = None,
    noise_scale: float | None = None,
) -> Translation:
    """State one package's penalty in another's convention.

    Parameters
    ----------
    value : float, mapping of parameter names, or an object that has them as attributes
        The penalty on the `from_` side: 0.1, {"alpha": 0.1, "l1_ratio": 0.5},
        Lasso(alpha=0.1), LaplacePrior(2.0), Penalty(3.0).
    from_, to : str
        Keys of `CONVENTIONS`.
    X, y : array, optional
        The data; only the number of rows is read.
    sample_weight : array (n,), optional
    noise_scale : float, optional
        σ, needed where one side is a prior.

    Returns
    -------
    Translation
        With `.values`, `.penalty` and `.code`; ``float()`` of it where it is one number.

    Raises
    ------
    NoEquivalent
        With the reason, where the target cannot state this penalty.
    ValueError
        Where a key is unknown, or something needed is missing, by its name.

    Examples
    --------
    >>> import bayesreg as br
    >>> float(br.translate(0.5, from_="sklearn.Lasso", to="LaplacePrior", y=[1.0, 2.0, 3.0, 4.0], noise_scale=2.0))
    2.0
    """
    source, target = _convention("from_", from_), _convention("to", to)
    context = Context(_sum_weights(X, y, sample_weight), noise_scale)
    penalty = source.to_penalty(_parameters(source, value), context)
    values = target.from_penalty(penalty, context)
    return Translation(values, penalty, target.code(values))


def _convention(argument: str, key: str) -> Convention:
    if not isinstance(key, str) or key not in CONVENTIONS:
        raise ValueError(f"`{argument}` must be one of {', '.join(map(repr, CONVENTIONS))}; got {key!r}.")
    return CONVENTIONS[key]


def _sum_weights(X: Any, y: Any, sample_weight: Any) -> float | None:
    lengths: dict[str, Any] = {
        name: np.shape(rows)[0] if np.ndim(rows) else None
        for name, rows in (("X", X), ("y", y))
        if rows is not None
    }
    if not lengths:
        if sample_weight is None:
            return None
        lengths = {"sample_weight": np.size(sample_weight)}
    if len(set(lengths.values())) > 1 or None in lengths.values() or 0 in lengths.values():
        raise ValueError(f"`X` and `y` must have the same number of rows, at least 1; got {lengths}.")
    return float(as_weights(sample_weight, next(iter(lengths.values()))).sum())


def _parameters(convention: Convention, value: Any) -> dict[str, Any]:
    names = convention.parameters
    if isinstance(value, Mapping):
        given = dict(value)
    elif isinstance(value, int | float | np.number | np.ndarray | list | tuple):
        given = {next(iter(names)): value}
    else:
        given = _attributes(convention, value)
    unknown = [name for name in given if name not in names]
    missing = [name for name, default in names.items() if default is REQUIRED and name not in given]
    if unknown or missing:
        raise ValueError(
            f"{convention.key} takes {', '.join(names)}; "
            f"got {', '.join(map(str, given)) or 'nothing'}."
            + (f" Missing: {', '.join(missing)}." if missing else "")
        )
    values = {name: given.get(name, default) for name, default in names.items()}
    return {name: _sklearn_number(name, v) for name, v in values.items()} if convention.scalar else values


def _attributes(convention: Convention, value: Any) -> dict[str, Any]:
    """Read the parameters off an object of the convention's own class."""
    expected = convention.key.split(".")[-1]
    if type(value).__name__ != expected:
        raise TypeError(
            f"`value` must be a number, a mapping of {', '.join(convention.parameters)}, or a {expected}; "
            f"got {type(value).__name__}, whose numbers mean something else."
        )
    if getattr(value, "positive", False):
        raise NoEquivalent(f"{expected}(positive=True) constrains the signs, which no penalty here does.")
    return {name: getattr(value, name) for name in convention.parameters}


def _sklearn_number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value < np.inf:
        raise ValueError(f"`{name}` must be one finite number, at least 0; got {value!r}.")
    return float(value)
