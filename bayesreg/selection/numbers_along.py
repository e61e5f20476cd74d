"""Penalties along a path, each as one number of a package."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from ..base.errors import NoEquivalent
from ..conventions.translation import Translation, translate
from ..data.rows import RowData
from ..model.problem import Data
from ..priors.penalty import Penalty

_SAME = 1e-12  # relative difference of two columns' penalties that counts as rounding


def numbers_along(
    penalties: Sequence[Penalty],
    noise_scales: Float[np.ndarray, " k"],
    data: Data,
    convention: str,
    chosen: int,
    *,
    fit_intercept: bool,
) -> Float[np.ndarray, " k"]:
    """Return each penalty in a package's convention: its λ, alpha, C or scale.

    Parameters
    ----------
    penalties : sequence of k Penalty
        On the original columns.
    noise_scales : array (k,)
        σ at each penalty.
    data : RowData or GramData
    convention : str
        A key of `CONVENTIONS`.
    chosen : int
        Position of the penalty that an error message gives as an example.
    fit_intercept : bool

    Returns
    -------
    array (k,)

    Raises
    ------
    NoEquivalent
        If that package cannot state these penalties by one number.
    ValueError
        If it needs rows, and the data are statistics.
    """
    rows: dict[str, Any] = (
        {"X": data.X, "y": data.y, "sample_weight": data.sample_weight}
        if isinstance(data, RowData)
        else {"sample_weight": np.full(data.n_samples, data.sum_weights / data.n_samples)}
    )
    found = [
        translate(
            _common(penalty), "Penalty", convention, **rows, noise_scale=float(noise_scale),
            fit_intercept=fit_intercept,
        )
        for penalty, noise_scale in zip(penalties, noise_scales, strict=True)
    ]  # fmt: skip
    values = _the_number(found)
    if any(np.ndim(value) for value in values):
        raise NoEquivalent(
            f"{convention} states these penalties by one number for each coefficient: {found[chosen].code}. "
            "Read `.penalty`, or choose a convention that standardises."
        )
    return np.array(values, dtype=float)


def _common(penalty: Penalty) -> Penalty:
    """Return one l1 and one l2 if all columns have the same, up to rounding."""
    same = all(np.ptp(part) <= _SAME * np.max(part) for part in (penalty.l1, penalty.l2))
    return Penalty(float(np.max(penalty.l1)), float(np.max(penalty.l2))) if same else penalty


def _the_number(found: Sequence[Translation]) -> list[Any]:
    """Return, from each translation, the first parameter that is not 0 in all of them."""
    names = list(found[0].values)
    name = next((name for name in names if any(np.any(one.values[name]) for one in found)), names[0])
    return [one.values[name] for one in found]
