"""The choice between NumPy and JAX, for formulas that serve both."""

from typing import Any

import numpy as np


def namespace(*arrays: Any) -> Any:
    """Return ``jax.numpy`` if one of the arrays belongs to JAX, else NumPy."""
    if all(isinstance(array, np.ndarray | np.generic | float | int) for array in arrays):
        return np
    import jax.numpy

    return jax.numpy
