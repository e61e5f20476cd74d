"""What the rows of a table of coefficients are."""

from ..fitted import Fit
from .numbers import CONSTANT


def table_sentences(fit: Fit) -> tuple[str, ...]:
    """Explain a table: its columns, then the rows that are no plain coefficients."""
    found = [
        "MAP: the mode. mean, interval and P(sign): of the posterior; P(sign) is the probability that the coefficient "
        "has the sign of its mean."
    ]
    if (fit.told["map"] == 0.0).any():
        found.append("A mode of 0 is exactly 0; ≈0 is not.")
    if fit.effects.constant.any():
        found.append(f"{CONSTANT}: the column does not vary, so the data tell nothing of its coefficient.")
    response = "the response" if fit.words.predictor is None else f"the {fit.unit}"
    return (*found, *fit.effects.sentences(response))
