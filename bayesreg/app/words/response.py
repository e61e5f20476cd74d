"""A response that normal noise is not made for."""

from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Bool, Float

from ...data.rows import RowData
from ..fitted import Fit

_FEW_VALUES = 10  # of whole numbers, which leave gaps that noise does not have
_SMALL_MEAN = 10.0  # of counts: their spread then follows their mean, and 0 is near
_AT_AN_END = 0.02  # share of rows at 0 or at 1
_SKEWED = 2.0
_ORDERS = 100.0  # ratio of the 95% to the 5% quantile: two orders of magnitude
_FEWEST_ROWS = 10
_TAILS = (0.05, 0.95)
_LIKELIHOODS = {
    "two values": "A logistic regression is made for it: --family bernoulli; in Python, br.BayesClassifier.",
    "counts": "A model of counts is made for it: --family poisson or negative-binomial; in Python, "
    "br.PoissonLikelihood and br.NegativeBinomialLikelihood.",
    "share": "If these are shares of numbers of trials, --family bernoulli takes them, with the trials as --weights; "
    "in Python, br.BernoulliLikelihood.",
}


@final
@dataclass(frozen=True)
class OddResponse:
    """What a response is, if normal noise is not made for it.

    Attributes
    ----------
    kind : "two values", "counts", "few values", "share" or "skewed"
    what : str
        What it is, after its name.
    effect : str
        What that does to the answer, in a sentence.
    remedy : str
        In a sentence; empty if there is none.
    """

    kind: str
    what: str
    effect: str
    remedy: str = ""


def likelihoods_for(kind: str) -> str:
    """Say which likelihood a kind of response has instead, in a sentence; empty if it has none."""
    return _LIKELIHOODS.get(kind, "")


def odd_response(fit: Fit) -> OddResponse | None:
    """Tell what a response is that normal noise is not made for; None if nothing speaks against it."""
    if not isinstance(fit.data, RowData) or fit.model.likelihood.family != "gaussian":
        return None
    rows = fit.data.sample_weight > 0.0
    y, weight = fit.data.y[rows], fit.data.sample_weight[rows]
    if y.min() == y.max():
        return None
    found = _two_values(y) or _counts(y, weight) or _share(y)
    return found or _skewed(y, weight, fit, rows)


def response_caution(fit: Fit) -> str | None:
    """Say it in a paragraph, or None."""
    odd = odd_response(fit)
    if odd is None:
        return None
    sentences = f"{fit.response!r} {odd.what}: {odd.effect}", likelihoods_for(odd.kind), odd.remedy
    return " ".join(filter(None, sentences))


def _two_values(y: Float[np.ndarray, " n"]) -> OddResponse | None:
    low, high = y.min(), y.max()
    if not ((y == low) | (y == high)).all():
        return None
    return OddResponse(
        "two values",
        f"has two values only, {low:g} and {high:g}",
        f"the noise is not normal, and predictions and their intervals go beyond {low:g} and {high:g}.",
        "Signs and the order of coefficients are a first answer; do not read predictions as probabilities."
        if (low, high) == (0.0, 1.0)
        else "",
    )


def _counts(y: Float[np.ndarray, " n"], weight: Float[np.ndarray, " n"]) -> OddResponse | None:
    if y.min() < 0.0 or (y % 1.0).any():
        return None
    values = np.unique(y).size
    mean = np.average(y, weights=weight)
    if values > _FEW_VALUES and mean >= _SMALL_MEAN:
        return None
    if mean >= _SMALL_MEAN:
        return OddResponse(
            "few values",
            f"has {values} values only, whole numbers from {y.min():g} to {y.max():g}",
            "the noise is not normal, and predictions and their intervals lie between those numbers and beyond them.",
        )
    return OddResponse(
        "counts",
        f"looks like a count, with {values} values from {y.min():g} to {y.max():g}",
        "small counts vary more if their mean is larger, which this noise does not, and predictions and their "
        "intervals go below 0.",
    )


def _share(y: Float[np.ndarray, " n"]) -> OddResponse | None:
    if y.min() < 0.0 or y.max() > 1.0 or np.mean((y == 0.0) | (y == 1.0)) < _AT_AN_END:
        return None
    ends = " and ".join(f"{np.mean(y == end):.0%} at {end:g}" for end in (0.0, 1.0) if (y == end).any())
    return OddResponse(
        "share",
        f"lies between 0 and 1, {ends} exactly",
        "the noise is not normal, and predictions and their intervals go below 0 or above 1.",
    )


def _skewed(
    y: Float[np.ndarray, " n"], weight: Float[np.ndarray, " n"], fit: Fit, rows: Bool[np.ndarray, " n"]
) -> OddResponse | None:
    if y.size < _FEWEST_ROWS:
        return None
    assert isinstance(fit.data, RowData)
    fitted = fit.mode.intercept + np.asarray(fit.data.X @ fit.mode.coef)
    residual = (fit.data.less_offset - fitted)[rows]
    skewness = _skewness(residual, weight)
    positive = bool((y > 0.0).all())
    low, high = np.quantile(y, _TAILS)
    spans = positive and high > _ORDERS * low
    if not (abs(skewness) > _SKEWED or spans):
        return None
    of_log = positive and abs(_skewness(np.log(y), weight)) < abs(_skewness(y, weight))
    what = (
        f"spans orders of magnitude, 90% of it from {low:.3g} to {high:.3g}"
        if spans
        else f"leaves residuals with a long tail {'above' if skewness > 0.0 else 'below'} (skewness {skewness:.1f})"
    )
    beyond = ", and reach below 0" if (y >= 0.0).all() else ""
    return OddResponse(
        "skewed",
        what,
        "the noise is not alike on both sides and for all rows. Intervals of predictions are then too wide for most "
        f"rows and too narrow for a few{beyond}. A few rows weigh much in the coefficients.",
        f"Fit the logarithm of {fit.response!r} instead." if of_log else "",
    )


def _skewness(values: Float[np.ndarray, " n"], weight: Float[np.ndarray, " n"]) -> float:
    centred = values - np.average(values, weights=weight)
    spread = np.sqrt(np.average(centred**2, weights=weight))
    return float(np.average(centred**3, weights=weight) / spread**3) if spread > 0.0 else 0.0
