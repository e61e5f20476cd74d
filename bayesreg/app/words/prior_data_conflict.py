"""Where prior and data disagree, which no diagnostic of the draws can tell."""

import numpy as np

from ...data.rows import RowData
from ...gaussian.residual_noise import least_squares_noise
from ...posterior.draws.observation import noise_scale
from ..fitted import Fit
from .chosen_scale import methods
from .families import has_noise
from .numbers import rounded

_TAILS = (0.005, 0.995)
_WIDTHS = 5.2  # standard deviations between them
_MEANT = 2.0  # times the rows, or a part of them, that weights which are no counts may sum to
_SPARE = 5  # rows beyond the columns, for least squares to tell the noise


def prior_data_conflicts(fit: Fit) -> tuple[str, ...]:
    """Say what should be settled before the intervals are used, each in one sentence with its remedy."""
    of_noise = None if fit.noise is None else _noise_pulled(fit) or _mode_apart(fit)
    found = (_weights_apart(fit), _all_zero(fit), of_noise, _several_parts(fit))
    return tuple(sentence for sentence in found if sentence is not None)


def _weights_apart(fit: Fit) -> str | None:
    """Compare what the weights sum to with the rows that have one; whole numbers may well count copies of rows."""
    n, total = fit.data.n_samples, fit.data.sum_weights
    sums_to_one = bool(np.isclose(total, 1.0))
    known_noise = fit.noise is None and has_noise(
        fit.model.likelihood
    )  # then weights may be precisions, whatever they sum to
    if n / _MEANT <= total <= n * _MEANT or (known_noise and not sums_to_one):
        return None
    if isinstance(fit.data, RowData) and not (fit.data.sample_weight % 1.0).any():
        return None
    return (
        f"The weights of {n} rows sum to {total:.6g}, and a weight of 2 is the row twice: the posterior is that of "
        f"{total:.6g} rows. Where only their proportions are meant, divide them by their mean."
    )


def _all_zero(fit: Fit) -> str | None:
    penalised = np.broadcast_to(fit.mode.penalty.l1, fit.mode.coef.shape) > 0.0
    if not penalised.any() or fit.mode.coef[penalised].any():
        return None
    return (
        "At the mode every penalised coefficient is 0: the prior's scale is too small for the data to be heard, or the "
        f"columns tell nothing of the response. {_wider(fit)}, in the units that it is stated in."
    )


def _wider(fit: Fit) -> str:
    """Return the remedy."""
    return f"Let the prior's scale be chosen, by {methods(fit, 'cv', 'evidence')}, or give a larger one"


def _in_other_units(fit: Fit) -> str:
    return (
        f"a larger scale, the one that {methods(fit, 'evidence')} chooses, or a scale in units of y does not"
    )


def _noise_pulled(fit: Fit) -> str | None:
    """Compare σ's posterior with the noise that least squares leaves, which knows of no prior."""
    if not fit.model.likelihood.is_quadratic or fit.data.n_samples < fit.mode.coef.size + _SPARE:
        return None
    loss = fit.data.least_squares(centre=fit.model.fit_intercept)[0]
    left = least_squares_noise(loss, fit.data.sum_weights, int(fit.model.fit_intercept)).scale
    if left is None:
        return None
    low, high = _noise_interval(fit)
    if low <= left <= high:
        return None
    why = (
        "the prior's scale is in units of σ, so that coefficients larger than it expects make σ larger; "
        f"{_in_other_units(fit)}"
        if fit.model.prior.relative_to_noise
        else "the prior keeps the coefficients from explaining the response, or says otherwise of σ. "
        f"{_wider(fit)}"
    )
    shown = _to_three_digits(left, low, high)
    return (
        f"Prior and data disagree about the noise: least squares leaves {shown[0]}, outside of the 99% interval "
        f"[{shown[1]}, {shown[2]}] of σ. Intervals are then too wide or too narrow: {why}."
    )


def _mode_apart(fit: Fit) -> str | None:
    """Compare σ at the mode with its posterior, which needs no more rows than columns."""
    low, high = _noise_interval(fit)
    at_mode = fit.mode.noise_scale
    if low <= at_mode <= high:
        return None
    units = (
        " The prior's scale is in units of σ, so that coefficients larger than it expects also make the posterior's σ "
        f"larger: {_in_other_units(fit)}."
        if fit.model.prior.relative_to_noise
        else ""
    )
    shown = _to_three_digits(at_mode, low, high)
    return (
        f"The mode is no typical point of the posterior: its σ is {shown[0]}, outside of the 99% interval "
        f"[{shown[1]}, {shown[2]}]. With many columns for the rows the mode's coefficients fit a part of the noise, so "
        f"the intervals need not lie around the mode's coefficients.{units} A noise scale that is known makes both "
        "speak of one σ."
    )


def _several_parts(fit: Fit) -> str | None:
    parts = str(fit.tree.attrs.get("parts", ""))
    if not parts:
        return None
    return (
        f"The posterior has separate parts, around {parts}: in one the noise stands in for what the prior's scale "
        "keeps the coefficients from. Means and intervals lie across all of them. A larger scale, a distribution as "
        "the scale, or a scale in units of the noise leaves one."
    )


def _to_three_digits(value: float, low: float, high: float) -> list[str]:
    """Write a value and the ends of the interval that it is outside of, as the table writes σ."""
    return [rounded(one, (high - low) / _WIDTHS) for one in (value, low, high)]


def _noise_interval(fit: Fit) -> tuple[float, float]:
    low, high = np.quantile(noise_scale(fit.tree), _TAILS)
    return float(low), float(high)
