"""A model as formulas in HTML: no script, no image."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ...model.linear_model import LinearModel
from ...model.problem import Data
from ...priors.base import DEFAULT_SCALE
from ...priors.penalty import Penalty
from ...priors.scales import is_distribution
from ..target import Target
from ..words.families import has_noise, words_of
from ..words.model_text import distribution_text, is_weighted, range_text, weight_range

if TYPE_CHECKING:
    from markupsafe import Markup

_NAMELESS = Target("y")
_SYMBOLS = {"dispersion": "k", "df": "ν"}


def formulas(
    model: LinearModel, penalty: Penalty, data: Data, target: Target = _NAMELESS
) -> "list[tuple[str, Markup]]":
    """State a model, and what its mode minimises.

    Parameters
    ----------
    model : LinearModel
    penalty : Penalty
        At the mode.
    data : RowData or GramData
    target : Target, optional
        Whose columns an offset is from.

    Returns
    -------
    list of tuples of a heading and a formula in HTML
    """
    from markupsafe import Markup

    has_offset = getattr(data, "offset", None) is not None
    likelihood = _likelihood(model, weighted=is_weighted(data), has_offset=has_offset)
    lines = [("likelihood", likelihood), ("prior", _prior(model))]
    lines += [("its scale", _scale(model, data.n_features, *pair)) for pair in _scales(model)]
    if model.fit_intercept:
        lines.append(("intercept", f"{_sub('β', '0')}: flat prior"))
    if has_offset:
        lines.append(("offset", _offset(target)))
    if has_noise(model.likelihood):
        lines.append(("noise", _noise(model, data)))
    lines += [(name, _parameter(name, value)) for name, value in _others(model)]
    objective = _objective(model, penalty, weighted=is_weighted(data), has_offset=has_offset)
    lines.append(("the mode minimises", objective))
    lines += [("with", text) for text in _penalty_weights(model, penalty)]
    return [(what, Markup(text)) for what, text in lines]  # numbers and symbols of ours alone


def _var(name: str) -> str:
    return f"<i>{name}</i>"


def _sub(name: str, index: str) -> str:
    return f"<i>{name}</i><sub>{index}</sub>"


def _predictor(model: LinearModel, *, has_offset: bool) -> list[str]:
    """Return what is added up."""
    known = [_sub("o", "i")] if has_offset else []
    intercept = [_sub("β", "0")] if model.fit_intercept else []
    return [*known, *intercept, f"Σ<sub>j</sub> {_sub('x', 'ij')} {_sub('β', 'j')}"]


def _likelihood(model: LinearModel, *, weighted: bool, has_offset: bool) -> str:
    times = f",  the log density times the row's weight {_sub('w', 'i')}" if weighted else ""
    terms = " + ".join(_predictor(model, has_offset=has_offset))
    mean = terms if words_of(model.likelihood).predictor is None else _sub("η", "i")
    density = model.likelihood.formula.format(y=_sub("y", "i"), mean=mean)
    where = "" if mean == terms else f"&ensp;with {mean} = {terms}"
    return density.replace("σ", _var("σ")) + where + times


def _offset(target: Target) -> str:
    """Say what the offset is, by the names of its columns."""
    from markupsafe import escape

    part = target.known_part
    return f"{_sub('o', 'i')}{', known' if part is None else f' = {escape(part)}'}"


def _others(model: LinearModel) -> list[tuple[str, Any]]:
    """Return what the likelihood has beside σ."""
    return [(name, value) for name, value in model.likelihood.parameters().items() if name != "noise_scale"]


def _parameter(name: str, value: Any) -> str:
    symbol = _var(_SYMBOLS.get(name, name))
    if value is None:
        return f"{symbol} unknown, with a wide prior"
    return (
        f"{symbol} = {value:.6g}, known"
        if isinstance(value, float)
        else f"{symbol} ~ {distribution_text(value)}"
    )


def _prior(model: LinearModel) -> str:
    return model.prior.formula.format(
        *(_sub(s, "j") for s in model.prior.symbols), beta=_sub("β", "j")
    ).replace("  ", "&ensp;")


def _scales(model: LinearModel) -> list[tuple[str, Any]]:
    return list(zip(model.prior.symbols, model.prior.scales().values(), strict=True))


def _scale(model: LinearModel, p: int, symbol: str, value: Any) -> str:
    """Return a scale as a product: what was given, σ where relative to it, over sd(x) where standardised."""
    relative = (model.prior.relative_to_noise or value is None) and has_noise(model.likelihood)
    standard = model.standardize or value is None
    number, said = _number(value)
    product = number + (f" {_var('σ')}" if relative else "")
    if model.prior.factor is not None:
        product += f" {_sub('f', 'j')}"
        said += f",&ensp;factor {_sub('f', 'j')} {_numbers(_factors(model, p))}"
    if standard:
        product += f" / sd({_sub('x', 'j')})"
    return f"{_sub(symbol, 'j')} = {product}{said}"


def _factors(model: LinearModel, p: int) -> Any:
    """Return the factors, with the 1 of the names that a mapping leaves out."""
    factor = model.prior.factor
    if isinstance(factor, dict) and len(factor) < p:
        return [*factor.values(), 1.0]
    return factor


def _number(value: Any) -> tuple[str, str]:
    """Return a scale as a factor of the product, and what is to be said of it."""
    if value is None:
        return f"{DEFAULT_SCALE:g}", ""
    if is_distribution(value):
        return _var("s"), f",&ensp;{_var('s')} ~ {distribution_text(value)}, sampled along"
    if isinstance(value, float):
        return ("∞", ",&ensp;no penalty") if value == np.inf else (f"{value:.6g}", "")
    return _sub("s", "j"), f",&ensp;{_sub('s', 'j')} {_numbers(value)}"


def _numbers(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else f"{range_text(value)}, by coefficient"


def _noise(model: LinearModel, data: Data) -> str:
    sigma, noise = _var("σ"), model.likelihood.parameters()["noise_scale"]
    if noise is None:
        spread = f"sd(y) = {data.response_sd:.6g}" if model.fit_intercept else "the root mean square of y"
        return f"{sigma} ~ half-Student-t with 4 degrees of freedom and scale {spread}"
    if isinstance(noise, float):
        return f"{sigma} = {noise:.6g}, known"
    return f"{sigma} ~ {distribution_text(noise)}"


def _objective(model: LinearModel, penalty: Penalty, *, weighted: bool, has_offset: bool) -> str:
    weight = f"{_sub('w', 'i')} " if weighted else ""
    if model.likelihood.is_quadratic:
        left = " − ".join([_sub("y", "i"), *_predictor(model, has_offset=has_offset)])
        terms = [f"½ Σ<sub>i</sub> {weight}({left})²"]
    else:
        terms = [f"− Σ<sub>i</sub> {weight}log {_var('p')}({_sub('y', 'i')})"]
    if np.any(penalty.l1):
        terms.append(f"Σ<sub>j</sub> {_sub('λ', '1j')} |{_sub('β', 'j')}|")
    if np.any(penalty.l2):
        terms.append(f"½ Σ<sub>j</sub> {_sub('λ', '2j')} {_sub('β', 'j')}²")
    return " + ".join(terms)


def _penalty_weights(model: LinearModel, penalty: Penalty) -> list[str]:
    parts = (
        (penalty.l1, _sub("λ", "1j"), f"{_sub('b', 'j')}"),
        (penalty.l2, _sub("λ", "2j"), f"{_sub('τ', 'j')}²"),
    )
    over = f"{_var('σ')}²" if model.likelihood.is_quadratic else "1"
    return [
        f"{symbol} = {over} / {scale} {'= ' if found.is_one else 'runs '}{found}"
        for strength, symbol, scale in parts
        if (found := weight_range(strength)) is not None
    ]
