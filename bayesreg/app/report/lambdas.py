"""The penalty of a fit in every package's words."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...base.errors import NoEquivalent
from ...compare.equivalents import equivalents
from ...conventions.table import CONVENTIONS
from ...data.rows import RowData
from ...model.package_families import family_of
from ...priors.penalty import Penalty
from ..fitted import Fit
from ..words.code_lines import regressor_code
from ..words.model_text import penalty_text
from ..words.options import in_options
from .checks import effective_df_at_mode
from .section import Section, capital

if TYPE_CHECKING:
    import pandas as pd

_LONGEST_LINE, _LONGEST_CELL = 240, 72  # letters of a line of code: on its own, in the table


class Line(NamedTuple):
    """A line of code in one convention, and its beginning where it is long."""

    convention: str
    short: str
    code: str
    evidence: str


class Conventions(NamedTuple):
    """Those that can state a penalty, and the others with the reason."""

    stated: list[Line]
    others: list[tuple[str, str]]


def lambda_section(fit: Fit) -> Section:
    """State the penalty in every package's convention."""
    mode = fit.mode
    lines = [_line("bayesreg", regressor_code(fit.model_of_mode))]
    likelihood = fit.model.likelihood
    loss = "½ Σ r²" if likelihood.is_quadratic else "−Σ log p(y)"
    sentences = [f"{capital(penalty_text(mode.penalty))}, beside the loss {loss}."]
    if getattr(fit.data, "offset", None) is not None:
        sentences.append("Every package is to be given the offset too, in its own way (offset= in glmnet).")
    try:
        script = fit.sklearn_line().script
        lines.append(_line("scikit-learn, X being the columns of the data", script))
    except NoEquivalent as refusal:
        sentences.append(f"scikit-learn has no single λ for it: {refusal}")
    if fit.levels:
        sentences.append(
            "X has the columns of the table under Data, in their order: that of a level is 1 in its rows and 0 in all "
            "others."
        )
    reason = _without_table(fit)
    if reason is not None:
        return Section(sentences, rows=tuple(lines), reason=reason)
    assert isinstance(fit.data, RowData)
    try:
        frame = _equivalents(fit, fit.data)
    except (ValueError, MemoryError) as error:
        return Section(sentences, rows=tuple(lines), reason=f"There is no table of equivalents: {error}")
    amounts = _amounts(mode.penalty, frame.attrs, fit_intercept=fit.model.fit_intercept)
    return Section([*sentences, *amounts], rows=tuple(lines), more=_conventions(frame))


def _without_table(fit: Fit) -> str | None:
    """Say why there is no table of other packages' conventions; None if there is one."""
    if not isinstance(fit.data, RowData):
        return "Only statistics of the rows are at hand, and what other packages standardise needs the rows."
    if family_of(fit.model.likelihood) not in {one.family for one in CONVENTIONS.values()}:
        return f"No convention that is known here is of a {fit.words.name}."
    return None


def _equivalents(fit: Fit, data: RowData) -> "pd.DataFrame":
    """Return the penalty in all conventions beside this likelihood, with what it amounts to."""
    if fit.model.likelihood.is_quadratic:
        return equivalents(
            fit.mode.penalty, data.X, data.less_offset, fit.mode.noise_scale, data.sample_weight,
            fit_intercept=fit.model.fit_intercept,
        )  # fmt: skip
    likelihood = fit.model.likelihood
    known = replace(likelihood, **fit.mode.nuisance)  # type: ignore[type-var]
    frame = equivalents(
        fit.mode.penalty, data.X, likelihood.coded(data.y), sample_weight=data.sample_weight,
        fit_intercept=fit.model.fit_intercept, likelihood=known,
    )  # fmt: skip
    frame.attrs = {
        "effective_df": effective_df_at_mode(fit),
        "prior_r2": None,
    }  # of these rows, their offset too
    return frame


def _amounts(penalty: Penalty, known: Mapping[Any, Any], *, fit_intercept: bool) -> list[str]:
    """Say what the penalty amounts to on these data."""
    found = [
        f"The mode uses {known['effective_df']:.4g} effective degrees of freedom, the intercept included."
    ]
    if "l1_norm" in known:
        found += _budget(penalty, known)
    if known["prior_r2"] is not None:
        low, middle, high = known["prior_r2"]
        found.append(
            "Before any response is seen, prior and σ of the mode expect the columns to explain between "
            f"{low:.0%} and {high:.0%} of its variance (90% interval, median {middle:.0%})."
        )
    return found


def _budget(penalty: Penalty, known: Mapping[Any, Any]) -> list[str]:
    """Say which constrained least-squares fit the mode is, where one norm tells it."""
    for strength, other, norm, name in (
        (penalty.l1, penalty.l2, "‖β‖₁", "l1_norm"),
        (penalty.l2, penalty.l1, "‖β‖₂", "l2_norm"),
    ):
        if np.any(strength) and not np.any(other) and np.ptp(strength) <= 1e-12 * np.max(strength):
            return [f"It is also the least-squares fit among those with {norm} at most {known[name]:.6g}."]
    return []


def _conventions(frame: "pd.DataFrame") -> Conventions:
    stated = [
        _line(_full_name(str(key)), row["code"], row["evidence"], _LONGEST_CELL)
        for key, row in frame.iterrows()
        if row["code"]
    ]
    without = [(str(key), in_options(row["reason"])) for key, row in frame.iterrows() if not row["code"]]
    return Conventions(stated, without)


def _full_name(key: str) -> str:
    """Return the key, after the package's name where it is this one: our own stand beside any likelihood."""
    return f"bayesreg.{key}" if CONVENTIONS[key].family == "any" else key


def _line(name: str, code: str, evidence: str = "", longest: int = _LONGEST_LINE) -> Line:
    short = "\n".join(_shortened(line, longest) for line in code.split("\n"))
    return Line(name, short, code, evidence)


def _shortened(code: str, longest: int) -> str:
    return code if len(code) <= longest else f"{code[:longest].rsplit(',', 1)[0]}, …"
