"""The function log(1 + exp(x)) in NumPy and JAX."""

from typing import Any

from ..base.namespace import namespace


def softplus(x: Any) -> Any:
    """Return log(1 + exp(x)). In this form many numbers are computed at once, as by logaddexp they are not."""
    xp = namespace(x)
    return xp.maximum(x, 0.0) + xp.log1p(xp.exp(-abs(x)))
