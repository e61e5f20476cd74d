"""The command `audit`: whether coefficients from any package are the optimum of a penalty."""

from pathlib import Path
from typing import Any

import numpy as np

from ...base.listed import quoted
from ...base.version import __version__
from ...compare.audit import FAMILIES, Audit, audit
from ...conventions.convention import Convention
from ...conventions.translation import Translation, translate
from ..words.model_text import penalty_text
from ..words.text import make_console, print_code, print_labelled
from .as_json import by_name, print_json
from .coefficients import read_coefficients
from .rows import Rows
from .values import StatedPenalty


def run(
    rows: Rows,
    coef: Path,
    penalty: StatedPenalty,
    *,
    family: str | None,
    noise_scale: float | None,
    fit_intercept: bool,
    tol: float,
    json: bool,
) -> bool:
    """Print the verdict on coefficients.

    Parameters
    ----------
    rows : Rows
    coef : Path
        The file of coefficients.
    penalty : StatedPenalty
        What they should be optimal for.
    family : str or None
        The loss; None is the convention's own.
    noise_scale : float or None
        For a penalty that is a prior.
    fit_intercept : bool
    tol : float
        The gap up to which they count as optimal.
    json : bool

    Returns
    -------
    bool
        Whether they are optimal.
    """
    loss = _family(penalty.row, family)
    table = rows.read(takes_labels=loss == "binomial")
    answer = read_coefficients(coef, list(map(str, table.X.columns)), fit_intercept=fit_intercept)
    asked = translate(
        penalty.value, penalty.row.key, "Penalty", table.X, table.y, table.weights, noise_scale,
        fit_intercept=fit_intercept,
    )  # fmt: skip
    found = audit(
        answer.coef, answer.intercept, table.X, table.y, asked, table.weights, fit_intercept=fit_intercept,
        family=loss, tol=tol,
    )  # fmt: skip
    if json:
        print_json(_document(found, penalty.text, asked))
    else:
        _print(found, penalty.text, asked)
    return found.optimal


def _family(row: Convention, asked: str | None) -> str:
    """Return the loss beside the penalty: the convention's own, where it has one."""
    own = None if row.family == "any" else row.family
    if own is not None and own not in FAMILIES:
        raise ValueError(
            f"{row.key} stands beside a {own} likelihood, whose dispersion this command does not take. In Python: "
            "br.audit(..., family=br.NegativeBinomialLikelihood(dispersion))."
        )
    if None not in (own, asked) and own != asked:
        raise ValueError(f"{row.key} stands beside a {own} likelihood, and --family says {asked}.")
    return own or asked or "gaussian"


def _document(found: Audit, penalty: str, asked: Translation) -> dict[str, Any]:
    names, nearest = found.feature_names, found.nearest
    return {
        "bayesreg": __version__,
        "penalty": {"stated": penalty, "l1": asked.penalty.l1, "l2": asked.penalty.l2},
        "optimal": found.optimal,
        "tol": found.tol,
        "duality_gap": found.duality_gap,
        "objective": found.objective,
        "optimum": found.optimum,
        "kkt_violation": by_name(names, found.kkt_violation),
        "wrong_zeros": _where(names, found.wrong_zeros),
        "missing_zeros": _where(names, found.missing_zeros),
        "nearest": None
        if nearest is None
        else {"stated": nearest.stated, "read_as": nearest.read_as, "duality_gap": nearest.duality_gap},
    }


def _where(names: tuple[str, ...], mask: np.ndarray) -> list[str]:
    return [name for name, hit in zip(names, mask, strict=True) if hit]


def _print(found: Audit, penalty: str, asked: Translation) -> None:
    console = make_console()
    print_code(console, "penalty", f"{penalty}: {penalty_text(asked.penalty)}")
    verdict = "optimal" if found.optimal else "not optimal"
    print_labelled(console, "verdict", f"{verdict}, to a duality gap of {found.tol:g}")
    above = found.objective / found.optimum - 1.0 if found.optimum > 0.0 else 0.0
    print_labelled(
        console, "objective", f"{100.0 * max(above, 0.0):.2g}% above the minimum that our solver finds; the duality "
        f"gap, a bound that needs no solver, is {found.duality_gap:.1e} of the null model's objective",
    )  # fmt: skip
    worst = int(np.argmax(found.kkt_violation))
    print_labelled(
        console, "KKT", f"largest violation {found.kkt_violation[worst]:.1e} of lambda_max, by "
        f"{found.feature_names[worst]!r}",
    )  # fmt: skip
    for label, mask, what in (
        ("wrong zeros", found.wrong_zeros, "0 here and not at the optimum"),
        ("no zeros", found.missing_zeros, "0 at the optimum and not here"),
    ):
        if mask.any():
            print_labelled(console, label, f"{what}: {quoted(_where(found.feature_names, mask))}")
    if found.nearest is not None:
        print_labelled(console, "nearest", str(found.nearest))
