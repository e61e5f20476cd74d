"""A model as formulas in HTML: no script, no image."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ...model.linear_model import LinearModel
from ...model.problem import Data
from ...priors.base import DEFAULT_SCALE
from ...priors.penalty import Penalty
from ...priors.scales import is_distribution
from ..words.model_text import distribution_text, is_weighted, range_text, weight_range

if TYPE_CHECKING:
    from markupsafe import Markup


def formulas(model: LinearModel, penalty: Penalty, data: Data) -> "list[tuple[str, Markup]]":
    """State a model, and what its mode minimises.

    Parameters
    ----------
    model : LinearModel
    penalty : Penalty
        At the mode.
    data : RowData or GramData

    Returns
    -------
    list of tuples of a heading and a formula in HTML
    """
    from markupsafe import Markup

    lines = [("likelihood", _likelihood(model, weighted=is_weighted(data))), ("prior", _prior(model))]
    lines += [("its scale", _scale(model, data.n_features, *pair)) for pair in _scales(model)]
    if model.fit_intercept:
        lines.append(("intercept", f"{_sub('β', '0')}: flat prior"))
    lines.append(("noise", _noise(model, data)))
    lines.append(("the mode minimises", _objective(model, penalty, weighted=is_weighted(data))))
    lines += [("with", text) for text in _penalty_weights(model, penalty)]
    return [(what, Markup(text)) for what, text in lines]  # numbers and symbols of ours alone


def _var(name: str) -> str:
    return f"<i>{name}</i>"


def _sub(name: str, index: str) -> str:
    return f"<i>{name}</i><sub>{index}</sub>"


def _predictor(model: LinearModel) -> list[str]:
    """Return what is added up."""
    intercept = [_sub("β", "0")] if model.fit_intercept else []
    return [*intercept, f"Σ<sub>j</sub> {_sub('x', 'ij')} {_sub('β', 'j')}"]


def _likelihood(model: LinearModel, *, weighted: bool) -> str:
    times = f",  the log density times the row's weight {_sub('w', 'i')}" if weighted else ""
    density = model.likelihood.formula.format(y=_sub("y", "i"), mean=" + ".join(_predictor(model)))
    return density.replace("σ", _var("σ")) + times


def _prior(model: LinearModel) -> str:
    return model.prior.formula.format(
        *(_sub(s, "j") for s in model.prior.symbols), beta=_sub("β", "j")
    ).replace("  ", "&ensp;")


def _scales(model: LinearModel) -> list[tuple[str, Any]]:
    return list(zip(model.prior.symbols, model.prior.scales().values(), strict=True))


def _scale(model: LinearModel, p: int, symbol: str, value: Any) -> str:
    """Return a scale as a product: what was given, σ where relative to it, over sd(x) where standardised."""
    relative = model.prior.relative_to_noise or value is None
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


def _objective(model: LinearModel, penalty: Penalty, *, weighted: bool) -> str:
    weight = f"{_sub('w', 'i')} " if weighted else ""
    terms = [f"½ Σ<sub>i</sub> {weight}({' − '.join([_sub('y', 'i'), *_predictor(model)])})²"]
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
    sigma = f"{_var('σ')}²"
    return [
        f"{symbol} = {sigma} / {scale} {'= ' if found.is_one else 'runs '}{found}"
        for strength, symbol, scale in parts
        if (found := weight_range(strength)) is not None
    ]
