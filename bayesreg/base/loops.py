"""Innermost loops in C, if the package was installed with a compiler; else `LOOPS` is None, and JAX or NumPy serve."""

import os
from typing import Any, Final

from .jax_context import jax_is_lost


def _loaded() -> Any:
    if os.environ.get("BAYESREG_LOOPS", "").lower() in ("0", "off", "no"):
        return None
    try:
        from . import _loops  # type: ignore[attr-defined]
    except (ImportError, AttributeError, KeyError, ValueError):
        return None  # not compiled, or SciPy keeps its LAPACK elsewhere
    return _loops


LOOPS: Final[Any] = _loaded()


def only_numpy_serves() -> bool:
    """Tell whether neither the loops in C nor JAX can compute here."""
    return not LOOPS and jax_is_lost()
