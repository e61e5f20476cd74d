"""What is to be known first of a fit: what matters, how sure that is, and whether it can be trusted."""

import numpy as np

from ...base.listed import listed
from ..fitted import Fit
from .numbers import coefficient_cells, percentage
from .response import odd_response
from .rows import fills_rows

_MOST_NAMED = 8
_TIMES = 4
_USUAL = {"num_samples": 1000, "num_warmup": 500}


def headline(fit: Fit) -> tuple[str, ...]:
    """Return it in sentences, the most important first."""
    return tuple(sentence for sentence in (*what_matters(fit), trust(fit)) if sentence)


def what_matters(fit: Fit) -> tuple[str, ...]:
    """Say which coefficients are clear, what is explained and what is left, and if that is to be read with care."""
    care = odd_response(fit)
    found = [_clear(fit), _explained(fit), _left(fit)]
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


def _explained(fit: Fit) -> str:
    if fit.r_squared is None:
        return f"{fit.response!r} does not vary, so there is nothing to explain."
    said = f"The mode explains {percentage(fit.r_squared)} of the variance of {fit.response!r} on these rows (R²)"
    return f"{said}{', which says nothing with as many columns as rows' if fills_rows(fit) else ''}."


def _left(fit: Fit) -> str:
    if fit.noise is None:
        return f"The standard deviation of what is left, σ, is known: {fit.mode.noise_scale:g}."
    _, mean, interval = coefficient_cells(fit.noise.iloc[0], fit.interval)
    return f"The standard deviation of what is left, σ, is {mean}, {fit.interval} {interval}."


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
