"""How numbers are written: three digits of a standard deviation, and "0" for what is exactly 0 only."""

from math import floor, isfinite, isnan, log10
from typing import Any

from ...posterior.draws.interval import Interval

_MOST_DECIMALS, _MOST_DIGITS = 8, 8
_NEARLY_0 = "≈0"
_USUAL = Interval()
_WIDTHS = 3.3  # standard deviations in an interval of 90%
_ROUGHLY = 2  # digits of one
CONSTANT = "constant"


def coefficient_cells(row: Any, interval: Interval = _USUAL) -> list[str]:
    """Return mode, posterior mean and interval of a row of `summarise_coefs`, to three digits of the sd.

    A mode that is exactly zero is "0"; one that is not, and an end of the interval, has a digit that shows it. A row
    without numbers is that of a constant column.
    """
    if isnan(row["mean"]):
        return [CONSTANT, "", ""]
    low, high = interval.ends(row)
    at_mode, *ends = (_with_a_digit(value, row["sd"]) for value in (row["map"], low, high))
    return [at_mode, rounded(row["mean"], row["sd"]), f"[{', '.join(ends)}]"]


def ratio_cell(row: Any) -> str:
    """Return a ratio with its interval: "14.0 [10.2, 19.3]"; nothing for a column that does not vary."""
    return _between(row["ratio"], row["ratio_lower"], row["ratio_upper"], sign="")


def effect_cell(row: Any, *, as_share: bool) -> str:
    """Return an average effect on the mean with its interval, on a probability in percentage points."""
    values = row[["effect", "effect_lower", "effect_upper"]] * (100.0 if as_share else 1.0)
    return _between(*values, sign="+")


def _between(middle: float, low: float, high: float, *, sign: str) -> str:
    if isnan(middle):
        return ""
    sd = (high - low) / _WIDTHS
    at, *ends = (
        f"{'+' if sign and value > 0.0 else ''}{_with_a_digit(value, sd, _ROUGHLY)}"
        for value in (middle, low, high)
    )
    return f"{at} [{', '.join(ends)}]"


def exactly(value: float, decimals: int = 6) -> str:
    """Write a number to so many decimals, as 0 if it is exactly 0 only."""
    text = f"{value:.{decimals}f}"
    if value == 0.0:
        return "0"
    return _NEARLY_0 if float(text) == 0.0 else text


def probability(value: float) -> str:
    """Write a probability to three decimals; nothing if there is none."""
    if isnan(value):
        return ""
    text = f"{value:.3f}"
    return ">0.999" if text == "1.000" else text


def percentage(share: float) -> str:
    """Write a share to a tenth of a percent, as 0% if it is exactly 0 only."""
    if share == 0.0:
        return "0%"
    text = f"{100.0 * share:.1f}"
    return f"{100.0 * share:.1g}%" if float(text) == 0.0 else f"{text}%"


def rounded(value: float, sd: float, digits: int = 3) -> str:
    """Write a number to as many decimals as show three digits, or others, of its standard deviation."""
    if isnan(value):
        return ""
    if value == 0.0:
        return "0"
    if not (sd > 0 and isfinite(sd)):
        return f"{value:.6g}"
    decimals = max(0, digits - 1 - floor(log10(sd)))
    if decimals > _MOST_DECIMALS or abs(value) >= 10**_MOST_DIGITS:
        return f"{value:.4g}"
    text = f"{value:.{decimals}f}"
    return _NEARLY_0 if float(text) == 0.0 else text


def _with_a_digit(value: float, sd: float, digits: int = 3) -> str:
    text = rounded(value, sd, digits)
    return f"{value:.2g}" if text == _NEARLY_0 else text
