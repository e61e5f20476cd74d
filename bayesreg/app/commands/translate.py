"""The command `translate`: one package's number in another's convention."""

from typing import Any

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


def run(
    stated: StatedPenalty,
    target: str,
    rows: Rows | None,
    *,
    noise_scale: float | None,
    fit_intercept: bool,
    rescale: bool,
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
    json : bool
    """
    source = stated.row.key
    families = {CONVENTIONS[key].family for key in (source, target)}
    table = None if rows is None else rows.read(takes_labels="binomial" in families)
    data: dict[str, Any] = {}
    if table is not None:
        data = {"X": table.X, "y": table.y, "sample_weight": table.weights}
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
        print_json(_document(found, source, target, table))
    else:
        _print(found, source, target, table)


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


def _print(found: Translation, source: str, target: str, table: Table | None) -> None:
    console = make_console()
    print_code(console, "code", found.code)
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
