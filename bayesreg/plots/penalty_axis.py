"""The axis of λ for a sequence of penalties: its numbers and its label."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

if TYPE_CHECKING:
    from ..priors.penalty import Penalty

_SAME = 1e-9


def penalty_name(penalties: "Sequence[Penalty]") -> str:
    """Return the part that the axis shows: "l1" if any penalty has it, else "l2"."""
    return "l1" if any(np.any(penalty.l1) for penalty in penalties) else "l2"


def penalty_weights_along(penalties: "Sequence[Penalty]") -> Float[np.ndarray, " k"]:
    """Return the largest weight of each penalty."""
    name = penalty_name(penalties)
    return np.array([np.max(getattr(penalty, name)) for penalty in penalties])


def penalty_label(penalties: "Sequence[Penalty]") -> str:
    """Return the label of the axis, with its unit."""
    name = penalty_name(penalties)
    parts = [np.asarray(getattr(penalty, name)) for penalty in penalties]
    differs = any(np.ptp(part) > _SAME * np.max(part) for part in parts)
    symbol, unit = ("λ₁", "x·y") if name == "l1" else ("λ₂", "x²")
    return f"{'largest ' if differs else ''}{symbol} (canonical {name}), in units of {unit}"
