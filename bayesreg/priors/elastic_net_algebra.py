"""Convex duality of the penalty Σ l1ⱼ|βⱼ| + ½ Σ l2ⱼβⱼ², for solvers and certificates, in NumPy and JAX.

With z = X'r the conjugate of a column's penalty is (|z| − l1)₊²/(2 l2), or 0 up to |z| = l1 if l2 = 0. So a dual point
is feasible once it is scaled to |z| ≤ l1 on the columns without an l2 part.
"""

from typing import Any

import numpy as np

from ..base.namespace import namespace


def dual_step(z: Any, l1: Any, l2: Any) -> Any:
    """Return the largest multiple of z, up to 1, that is feasible for columns without an l2 part (the last axis)."""
    xp = namespace(z)
    size = abs(z)
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = xp.where((size <= l1) | (l2 > 0.0), 1.0, size / l1)
    return 1.0 / xp.max(excess, axis=-1, initial=1.0)


def penalty_terms(coef: Any, l1: Any, l2: Any) -> Any:
    """Evaluate l1|β| + ½ l2 β²."""
    return l1 * abs(coef) + 0.5 * l2 * coef**2


def conjugate(z: Any, l1: Any, l2: Any) -> Any:
    """Evaluate the penalty's convex conjugate at a feasible z."""
    xp = namespace(z)
    if xp is np and not l2.any():
        return np.zeros_like(z)
    beyond = xp.maximum(abs(z) - l1, 0.0)
    has_l2 = l2 > 0.0
    return xp.where(has_l2, beyond**2 / xp.where(has_l2, 2.0 * l2, 1.0), 0.0)


def gap_terms(coef: Any, z: Any, l1: Any, l2: Any) -> Any:
    """Evaluate penalty + conjugate − β·z of each column: at least 0 (Fenchel and Young), and 0 at the optimum."""
    return penalty_terms(coef, l1, l2) + conjugate(z, l1, l2) - coef * z


def violation(coef: Any, slope: Any, l1: Any) -> Any:
    """Return the distance of `slope`, minus the smooth part's gradient, from the subdifferential of l1|β|."""
    xp = namespace(slope)
    at_zero = xp.maximum(abs(slope) - l1, 0.0)
    return xp.where(coef == 0.0, at_zero, abs(slope - xp.copysign(l1, coef)))


def zero_crossings(coef: Any, direction: Any, l1: Any) -> Any:
    """Return the multiple of a step at which each coefficient with an l1 penalty changes its sign, else ∞."""
    xp = namespace(coef)
    crossing = (l1 > 0.0) & (coef * direction < 0.0)
    return xp.where(crossing, -coef / xp.where(crossing, direction, 1.0), xp.inf)


def confined(coef: Any, direction: Any, zero_at: Any, length: Any) -> Any:
    """Return a step within the orthant of the current signs: a coefficient stops at 0."""
    return namespace(coef).where(zero_at <= length, -coef, length * direction)
