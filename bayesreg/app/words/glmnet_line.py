"""A mode as a line of R's glmnet, for what scikit-learn cannot state."""

from ...base.errors import NoEquivalent
from ...conventions.table import CONVENTIONS
from ...conventions.translation import translate
from ...data.rows import RowData
from ...likelihoods.base import Likelihood
from ...model.package_families import family_of
from ...priors.penalty import Penalty
from ..target import Target


def glmnet_line(
    penalty: Penalty, data: object, *, fit_intercept: bool, likelihood: Likelihood, target: Target
) -> str | None:
    """Return the line of R that fits a mode again beside a logit or log link; None if there is none.

    Parameters
    ----------
    penalty : Penalty
        On the original columns.
    data : RowData or GramData
    fit_intercept : bool
    likelihood : Likelihood
    target : Target
        Whose columns an offset is from.
    """
    key = f"glmnet.{family_of(likelihood)}"
    if likelihood.is_quadratic or key not in CONVENTIONS or not isinstance(data, RowData):
        return None
    try:
        found = translate(
            penalty, "Penalty", key, X=data.X, y=likelihood.coded(data.y),
            sample_weight=data.sample_weight, fit_intercept=fit_intercept,
        )  # fmt: skip
    except NoEquivalent:
        return None
    if data.offset is None:
        return found.code
    return f"{found.code}  # with offset = {target.known_part or 'that of the rows'}"
