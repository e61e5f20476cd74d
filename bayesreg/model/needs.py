"""What a method needs of a model and data: the one place that tells who needs what, and what was given."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

from ..data.gram import GramData
from ..data.rows import RowData
from .linear_model import LinearModel

Data = RowData | GramData


@final
@dataclass(frozen=True)
class Need:
    """One thing that a method asks for.

    Attributes
    ----------
    what : str
    met : callable (model, data) -> bool
    given : callable (model, data) -> str
        What is there in its place.
    remedy : str
    """

    what: str
    met: Callable[[LinearModel, Any], bool]
    given: Callable[[LinearModel, Any], str]
    remedy: str


QUADRATIC_LOSS = Need(
    "a likelihood whose loss is one quadratic",
    lambda model, _: model.likelihood.is_quadratic,
    lambda model, _: f"that of {type(model.likelihood).__name__} is none",
    "Use map_estimate, sample_posterior or certify_posterior, which take any likelihood.",
)
ROWS = Need(
    "rows",
    lambda _, data: isinstance(data, RowData),
    lambda _, data: f"{type(data).__name__} has none",
    "Give RowData.",
)
PENALTY = Need(
    "a prior that is a penalty l1|β| + ½ l2 β²",
    lambda model, _: model.prior.law.has_mode,
    lambda model, _: f"{type(model.prior).__name__} is none",
    "Its posterior can be sampled: use sample_posterior.",
)
MASS = Need(
    "a prior that integrates beside Gaussian data, as its scale is sampled",
    lambda model, _: model.prior.law.tells_mass or not model.prior.has_sampled_scale,
    lambda model, _: f"{type(model.prior).__name__} does not",
    "Give its scale as a number.",
)


def require(by: str, model: LinearModel, data: Any, *needs: Need) -> None:
    """Refuse a model or data that lack what a method needs.

    Parameters
    ----------
    by : str
        The method.
    model : LinearModel
    data : RowData or GramData
    *needs : Need

    Raises
    ------
    TypeError
    """
    check_model(model)
    check_data(data)
    for need in needs:
        if not need.met(model, data):
            raise TypeError(f"{by} needs {need.what}, and {need.given(model, data)}. {need.remedy}")


def check_model(model: LinearModel) -> None:
    """Refuse what is no model.

    Raises
    ------
    TypeError
    """
    if not isinstance(model, LinearModel):
        raise TypeError(
            f"`model` must be a LinearModel; got {type(model).__name__}. "
            "Write LinearModel(prior, likelihood)."
        )


def check_data(data: Data) -> None:
    """Refuse what is no data.

    Raises
    ------
    TypeError
    """
    if not isinstance(data, RowData | GramData):
        raise TypeError(
            f"`data` must be RowData or GramData; got {type(data).__name__}. Write RowData.from_arrays(X, y)."
        )
