"""The command `translate`: one package's number in another's convention."""

from typing import TYPE_CHECKING, Any

from ...base.errors import DataNeededError
from ...base.version import __version__
from ...conventions.table import CONVENTIONS
from ...conventions.translation import Translation, translate
from ...data.files.table import Table
from ..words.model_text import penalty_text
from ..words.text import make_console, print_code, print_labelled
from .as_json import by_name, print_json
from .rows import Rows
from .values import StatedPenalty

if TYPE_CHECKING:
    import pandas as pd

_AS_THEY_ARE = (
    "as they are in the file. If the number is of a pipeline with StandardScaler, as `bayesreg fit` may print it, give "
    "--standardize"
)
_STANDARDISED = (
    "standardised: both sides speak of columns of mean 0 and standard deviation 1, after StandardScaler"
)


def run(
    stated: StatedPenalty,
    target: str,
    rows: Rows | None,
    *,
    noise_scale: float | None,
    fit_intercept: bool,
    rescale: bool,
    standardize: bool,
    json: bool,
) -> None:
    """Print a penalty of one convention in another.

    Parameters
    ----------
    stated : StatedPenalty
    target : str
        A key of `CONVENTIONS`.
    rows : Rows or None
        The data, where a side needs them.
    noise_scale : float or None
    fit_intercept, rescale : bool
        As in `translate`.
    standardize : bool
        Whether the penalty is of columns that are divided by their standard deviations, about their means if there is
        an intercept.
    json : bool
    """
    source = stated.row.key
    families = {CONVENTIONS[key].family for key in (source, target)}
    table = None if rows is None else rows.read(takes_labels="binomial" in families)
    data: dict[str, Any] = {}
    if table is not None:
        X = _standardised(table, centre=fit_intercept) if standardize else table.X
        data = {"X": X, "y": table.y, "sample_weight": table.weights}
    try:
        found = translate(
            stated.value, source, target, noise_scale=noise_scale,
            fit_intercept=fit_intercept, rescale=rescale, **data,
        )  # fmt: skip
    except DataNeededError as error:
        if table is None:
            raise DataNeededError(f"{error} Here: --data FILE --target NAME.") from error
        raise
    if json:
        print_json(_document(found, source, target, table) | {"standardize": standardize})
    else:
        _print(found, source, target, table, standardize=standardize)


def _document(found: Translation, source: str, target: str, table: Table | None) -> dict[str, Any]:
    unit = found.column_unit
    return {
        "bayesreg": __version__,
        "from": source,
        "to": target,
        "values": found.values,
        "code": found.code,
        "penalty": {"l1": found.penalty.l1, "l2": found.penalty.l2},
        "column_unit": None if unit is None or table is None else by_name(_names(table), unit),
        "evidence": {source: CONVENTIONS[source].evidence, target: CONVENTIONS[target].evidence},
    }


def _standardised(table: Table, *, centre: bool) -> "pd.DataFrame":
    """Return the columns as scikit-learn's StandardScaler returns them."""
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler(with_mean=centre).set_output(transform="pandas")
    return scaler.fit_transform(table.X, sample_weight=table.weights)


def _print(found: Translation, source: str, target: str, table: Table | None, *, standardize: bool) -> None:
    console = make_console()
    print_code(console, "code", found.code)
    if table is not None:
        print_labelled(console, "columns", _STANDARDISED if standardize else _AS_THEY_ARE)
    families = {CONVENTIONS[key].family for key in (source, target)} - {"any"}
    loss = "½ Σ r²" if families <= {"gaussian"} else "−Σ log p(y)"
    print_labelled(console, "penalty", f"{penalty_text(found.penalty)}, beside {loss}")
    for key in dict.fromkeys((source, target)):
        print_labelled(console, "established", f"{key}: {CONVENTIONS[key].evidence}")
    if found.column_unit is not None and table is not None:
        units = ", ".join(
            f"{name} {unit:.6g}" for name, unit in zip(_names(table), found.column_unit, strict=True)
        )
        print_labelled(
            console, "column_unit", f"divide each column before the fit, and its coefficient after: {units}"
        )


def _names(table: Table) -> tuple[str, ...]:
    return tuple(map(str, table.X.columns))
