"""The needs of methods: the one place that refuses a model or data that a method cannot use."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

from ..base.listed import quoted
from ..data.gram import GramData
from ..data.row_source import RowSource
from ..data.rows import RowData
from .linear_model import LinearModel

Data = RowData | GramData
AnyData = RowData | GramData | RowSource


@final
@dataclass(frozen=True)
class Need:
    """One property that a method needs of a model or data.

    Attributes
    ----------
    what : str
    met : callable (model, data) -> bool
    given : callable (model, data) -> str
        What the model or data have instead.
    remedy : str
    error : type, default TypeError
        What `check` raises.
    """

    what: str
    met: Callable[[LinearModel, Any], bool]
    given: Callable[[LinearModel, Any], str]
    remedy: str
    error: type[Exception] = TypeError

    def check(self, by: str, model: LinearModel, data: Any, remedy: str | None = None) -> None:
        """Refuse a model or data that do not meet the need; `remedy` replaces its own."""
        if not self.met(model, data):
            raise self.error(refusal(by, self.what, self.given(model, data), remedy or self.remedy))


QUADRATIC_LOSS = Need(
    "a likelihood whose loss is one quadratic",
    lambda model, _: model.likelihood.is_quadratic,
    lambda model, _: f"the loss of {type(model.likelihood).__name__} is not",
    "Use map_estimate, sample_posterior or certify_posterior, which take any likelihood.",
)
ROWS = Need(
    "rows",
    lambda _, data: isinstance(data, RowData),
    lambda _, data: f"{type(data).__name__} has none",
    "Give RowData.",
)
IN_MEMORY = Need(
    "rows in memory, or statistics",
    lambda _, data: not isinstance(data, RowSource),
    lambda *_: "a RowSource reads its rows anew at each pass",
    "map_estimate and sample_posterior take it. Give RowData of fewer rows; or GramData, if the likelihood is "
    "Gaussian.",
)
NO_STATISTICS = Need(
    "RowData or GramData beside a Gaussian likelihood",
    lambda model, data: not (isinstance(data, RowSource) and model.likelihood.is_quadratic),
    lambda *_: "a RowSource reads its rows anew at each pass",
    "Read the rows once, as statistics: GramData.from_parquet, from_csv or from_batches take the same arguments.",
)
FEW_PASSES = Need(
    "a convex loss and known parameters of the likelihood, because each step is a pass over the rows",
    lambda model, data: (
        not isinstance(data, RowSource)
        or (
            model.likelihood.is_convex
            and not model.likelihood.holds_rows
            and model.likelihood.known.keys() == model.likelihood.parameters().keys()
        )
    ),
    lambda model, _: f"the {type(model.likelihood).__name__} has none, or holds one number for each row",
    "Give it numbers, for example those that a fit of fewer rows, as RowData, finds.",
    ValueError,
)
KNOWN_SCALE = Need(
    "a prior whose scale is a number, because each step is a pass over the rows",
    lambda model, data: not (isinstance(data, RowSource) and model.prior.has_sampled_scale),
    lambda *_: "its scale is a distribution",
    "Give a number, for example one that select_scale chooses from fewer rows, as RowData.",
    ValueError,
)
ON_DISK = (NO_STATISTICS, FEW_PASSES, KNOWN_SCALE)  # of a method that takes rows that are read anew
PENALTY = Need(
    "a prior that is a penalty l1|β| + ½ l2 β²",
    lambda model, _: model.prior.law.has_mode,
    lambda model, _: f"{type(model.prior).__name__} is not",
    "Its posterior can be sampled: use sample_posterior.",
)
MASS = Need(
    "a prior that integrates under a Gaussian likelihood, because its scale is sampled",
    lambda model, _: model.prior.law.tells_mass or not model.prior.has_sampled_scale,
    lambda model, _: f"{type(model.prior).__name__} does not",
    "Give its scale as a number.",
)
GAUSSIAN_PRIOR = Need(
    "a GaussianPrior, which has a closed form",
    lambda model, _: model.prior.integrates,
    lambda model, _: f"the prior is a {type(model.prior).__name__}",
    "Use method='cv', which takes any prior.",
    ValueError,
)
FLAT_INTERCEPT = Need(
    "a flat intercept",
    lambda model, _: model.intercept_prior is None,
    lambda *_: "`intercept_prior` is given",
    "Leave it out.",
    ValueError,
)
CONVEX_LOSS = Need(
    "a likelihood whose loss is convex",
    lambda model, _: model.likelihood.is_convex,
    lambda model, _: f"the loss of {type(model.likelihood).__name__} is not",
    "Use map_estimate at one scale, or sample_posterior.",
)
ANY_ROWS = Need(
    "a likelihood of any rows",
    lambda model, _: not model.likelihood.holds_rows,
    lambda model, _: (
        f"{type(model.likelihood).__name__} holds one number for each row: folds do not split it"
    ),
    "Use method='aic', 'bic' or 'psis-loo'.",
)
KNOWN_NUISANCE = Need(
    "known noise",
    lambda model, _: model.likelihood.known.keys() == model.likelihood.parameters().keys(),
    lambda model, _: (
        f"{', '.join(sorted(model.likelihood.parameters().keys() - model.likelihood.known.keys()))} is unknown: "
        "along a path it would change too, and lambda with it"
    ),
    "Give the likelihood a number, for example the noise_scale of map_estimate.",
    ValueError,
)
NUMBERS = Need(
    "a response in numbers",
    lambda model, data: model.likelihood.takes_labels or getattr(data, "labels", None) is None,
    lambda model, data: (
        f"`y` holds the labels {quoted(data.labels)}, and the model is a {type(model.likelihood).__name__}"
    ),
    "Give LinearModel a BernoulliLikelihood(), which takes two labels.",
    ValueError,
)


def refusal(by: str, what: str, given: str, remedy: str) -> str:
    """Return the one form in which a need that is not met is told."""
    return f"{by} needs {what}, but {given}. {remedy}"


def require(by: str, model: LinearModel, data: Any, *needs: Need) -> None:
    """Refuse a model or data that do not meet a method's needs.

    Parameters
    ----------
    by : str
        The method's name.
    model : LinearModel
    data : RowData, GramData or RowSource
    *needs : Need
        With `ON_DISK` among them, rows may be read anew at each pass; else they must be in memory.

    Raises
    ------
    TypeError, ValueError
    """
    check_model(model)
    check_data(data)
    for need in (NUMBERS, *(() if NO_STATISTICS in needs else (IN_MEMORY,)), *needs):
        need.check(by, model, data)


def check_model(model: LinearModel) -> None:
    """Refuse a value that is not a model.

    Raises
    ------
    TypeError
    """
    if not isinstance(model, LinearModel):
        raise TypeError(
            f"`model` must be a LinearModel; got {type(model).__name__}. "
            "Write LinearModel(prior, likelihood)."
        )


def check_data(data: AnyData) -> None:
    """Refuse a value that is not data.

    Raises
    ------
    TypeError
    """
    if not isinstance(data, RowData | GramData | RowSource):
        raise TypeError(
            f"`data` must be RowData, GramData or RowSource; got {type(data).__name__}. "
            "Write RowData.from_arrays(X, y)."
        )
