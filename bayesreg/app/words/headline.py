"""What is to be known first of a fit: what matters, how sure that is, and whether it can be trusted."""

from typing import Any

import numpy as np

from ...base.listed import listed
from ...data.rows import RowData
from ..fitted import Fit
from .families import has_noise
from .numbers import coefficient_cells, percentage, ratio_cell
from .response import odd_response
from .rows import fills_rows

_MOST_NAMED = 8
_MOST_RATIOS = 3
_TIMES = 4
_USUAL = {"num_samples": 1000, "num_warmup": 500}


def headline(fit: Fit) -> tuple[str, ...]:
    """Return it in sentences, the most important first."""
    return tuple(sentence for sentence in (*what_matters(fit), trust(fit)) if sentence)


def what_matters(fit: Fit) -> tuple[str, ...]:
    """Say which coefficients are clear, what is explained and what is left, and if that is to be read with care."""
    care = odd_response(fit)
    found = [*_balance(fit), _clear(fit), *_strongest(fit), *_explained(fit), *_left(fit)]
    if care is not None:
        found.append(f"With care: {fit.response!r} {care.what}, and normal noise is not made for that.")
    return tuple(found)


def _clear(fit: Fit) -> str:
    n = int(np.count_nonzero(~fit.effects.constant)) - fit.model.fit_intercept
    of = f"{n} coefficient{'' if n == 1 else 's'}"
    if not fit.clear:
        return f"The sign of no coefficient is clear: the {fit.interval} leaves out 0 for 0 of {of}."
    shown = fit.told.loc[list(fit.clear)]
    clearest = (shown["mean"] / shown["sd"]).abs().sort_values(ascending=False, kind="stable").index
    names = fit.clear if len(fit.clear) <= _MOST_NAMED else tuple(map(str, clearest))
    what = "" if names is fit.clear else "the clearest first, "
    less = (
        " (levels: less the mean of their column's levels)"
        if set(fit.contrasts.index) & set(fit.clear)
        else ""
    )
    return f"The {fit.interval} leaves out 0 for {len(fit.clear)} of {of}: {what}{listed(names, _MOST_NAMED)}{less}."


def _explained(fit: Fit) -> list[str]:
    if fit.words.predictor is not None:
        share = fit.deviance_explained
        return (
            [] if share is None else [f"The mode explains {percentage(share)} of the deviance on these rows."]
        )
    if not fit.model.likelihood.is_quadratic:
        return []
    if fit.r_squared is None:
        return [f"{fit.response!r} does not vary, so there is nothing to explain."]
    said = f"The mode explains {percentage(fit.r_squared)} of the variance of {fit.response!r} on these rows (R²)"
    return [f"{said}{', which says nothing with as many columns as rows' if fills_rows(fit) else ''}."]


def _left(fit: Fit) -> list[str]:
    if not has_noise(fit.model.likelihood):
        return [_parameter(fit, str(name), row) for name, row in fit.others.iterrows()]
    what = "standard deviation" if fit.model.likelihood.is_quadratic else "scale"
    if fit.noise is None:
        return [f"The {what} of what is left, σ, is known: {fit.mode.noise_scale:g}."]
    _, mean, interval = coefficient_cells(fit.noise.iloc[0], fit.interval)
    return [f"The {what} of what is left, σ, is {mean}, {fit.interval} {interval}."]


def _parameter(fit: Fit, name: str, row: Any) -> str:
    _, mean, interval = coefficient_cells(row, fit.interval)
    meaning = (
        " (k: the variance of a count is its mean plus mean²/k)"
        if name == "dispersion" and fit.is_count
        else ""
    )
    return f"The {name} is {mean}, {fit.interval} {interval}{meaning}."


def _balance(fit: Fit) -> list[str]:
    """Say how many rows are yes, or how many events were counted."""
    data = fit.data
    if not isinstance(data, RowData) or not (fit.is_yes_or_no or fit.is_count):
        return []
    y, weight = fit.model.likelihood.coded(data.y), data.sample_weight
    total, n = float(weight @ y), data.sum_weights
    if fit.is_yes_or_no:
        what = "trials" if (y % 1.0).any() else "rows"
        verb = "is" if total == 1.0 else "are"
        return [f"{total:.6g} of {n:.6g} {what} {verb} {fit.target.event} ({percentage(total / n)})."]
    rate = ""
    if fit.target.exposure is not None and data.offset is not None:
        watched = float(weight @ np.exp(data.offset))
        rate = f", {total / watched:.3g} for each unit of {fit.target.exposure!r}"
    return [f"{fit.response!r} counts {total:g} in {n:g} rows, {total / n:.3g} a row{rate}."]


def _strongest(fit: Fit) -> list[str]:
    """Say what the clearest coefficients do to odds or rates."""
    ratios = fit.reported
    if ratios is None or not fit.clear:
        return []
    shown = fit.told.loc[list(fit.clear)]
    clearest = (shown["mean"] / shown["sd"]).abs().sort_values(ascending=False, kind="stable").index
    texts = [f"{ratio_cell(ratios.loc[name])} for {name}" for name in clearest[:_MOST_RATIOS]]
    what = f"odds of {fit.target.event} are" if fit.is_yes_or_no else f"mean of {fit.response!r} is"
    return [f"For one unit more the {what} multiplied by {'; '.join(texts)}."]


def trust(fit: Fit) -> str:
    """Say whether the draws can be relied on; nothing if there are too few to tell."""
    if not fit.complete:
        return "The run was interrupted: there are fewer draws than were asked for."
    if fit.diagnostics is None:
        return ""
    return fit.diagnostics.verdict(f"sample longer ({longer(fit)}), or use a smaller prior scale")


def longer(fit: Fit) -> str:
    """Return what asks for four times as many draws: options of the command, or arguments of `sample`."""
    draws, warmup = (_TIMES * int(fit.tree.attrs.get(name, usual)) for name, usual in _USUAL.items())
    return (
        f"--draws {draws} --warmup {warmup}"
        if fit.in_command
        else f"num_samples={draws}, num_warmup={warmup}"
    )
