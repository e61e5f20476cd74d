"""Coordinate descent on one Gram matrix that many calls share, in C or in a jitted program."""

from typing import Any, final

import numpy as np
from jaxtyping import Float

from ...base.jax_context import float64_on_cpu
from ...base.loops import LOOPS
from .sizes import padded

Coefs = Float[np.ndarray, " q"]


@final
class GramSweeps:
    """Coordinate descent on a Gram matrix of columns of unit length.

    Parameters
    ----------
    gram : array (q, q)
        With ones on its diagonal, or rows of zeros for columns that are not used.
    """

    def __init__(self, gram: Float[np.ndarray, "q q"]) -> None:
        self._usable = np.diagonal(gram) > 0.0
        self._gram: Any = np.ascontiguousarray(gram)
        if not LOOPS:
            from .sweeps import padded_square

            with float64_on_cpu():
                self._gram = padded_square(gram)

    def __call__(
        self, coef: Coefs, gradient: Coefs, l1: Coefs, l2: Coefs, n_sweeps: int
    ) -> tuple[Coefs, Coefs]:
        """Return the coefficients and their gradient after some sweeps over all columns."""
        if not LOOPS:
            return self._jitted(coef, gradient, l1, l2, n_sweeps)
        coef, gradient = coef.copy(), gradient.copy()
        LOOPS.gram_sweeps(self._gram, l1, l2, self._usable.astype(float), coef, gradient, n_sweeps)
        return coef, gradient

    def _jitted(
        self, coef: Coefs, gradient: Coefs, l1: Coefs, l2: Coefs, n_sweeps: int
    ) -> tuple[Coefs, Coefs]:
        from .sweeps import sweep_compiled

        q = coef.size
        wanted = ((coef != 0.0) | (np.abs(gradient) > l1) | (l1 == 0.0)) & self._usable
        vectors = (coef, gradient, l1, 1.0 / (1.0 + l2), wanted)
        with float64_on_cpu():
            swept = sweep_compiled(
                self._gram, *(np.pad(vector, (0, padded(q) - q)) for vector in vectors), n_sweeps
            )
            return np.asarray(swept[0])[:q], np.asarray(swept[1])[:q]
