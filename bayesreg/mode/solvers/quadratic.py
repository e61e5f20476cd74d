"""Penalised quadratics on one Gram matrix: min ½β'Gβ − c'β + Σ l1ⱼ|βⱼ| + ½ Σ l2ⱼβⱼ², and whole paths of them.

Coordinate descent finds the support, and Newton steps confined to the orthant of the current signs make the answer
exact. The loop in C does it, and the jitted program where the package was installed without a compiler.
"""

from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ...base.loops import LOOPS
from ...base.threads import n_cores, shared

_FEWEST_CUT, _FEWEST_COLUMNS_CUT, _FIRST_SHARE = 32, 256, 0.8  # of a path that is solved on two threads


class QuadraticSolution(NamedTuple):
    """Minimisers of k penalised quadratics, and the rounds that each took."""

    coefs: Float[np.ndarray, "k p"]
    n_rounds: Int[np.ndarray, " k"]


def solve_quadratics(
    gram: Float[np.ndarray, "p p"],
    starts: Float[np.ndarray, "s p"],
    gradients: Float[np.ndarray, "s p"],
    l1: Float[np.ndarray, "k p"],
    l2: Float[np.ndarray, "k p"],
    *,
    follow: bool,
    squares: Float[np.ndarray, " s"] | None = None,
    enough: float = 0.0,
) -> QuadraticSolution:
    """Minimise k penalised quadratics that share their Gram matrix.

    Quadratic k is ``½(β − startₖ)'G(β − startₖ) − gradientₖ'(β − startₖ)`` plus its penalty.

    Parameters
    ----------
    gram : array (p, p)
        Symmetric positive semidefinite; a zero on the diagonal gives a zero coefficient.
    starts, gradients : array (k, p) or (1, p)
        The point at which each quadratic is stated, and minus its gradient there. One row: the same for all.
    l1, l2 : array (k, p)
        Penalties.
    follow : bool
        Whether each solve starts from the solutions before it (a path) or at its own start
        (a refinement).
    squares : array (k,) or (1,), optional
        Residual sums of squares at the starts. They are needed if `enough` is above 0.
    enough : float, default 0
        Duality gap, in units of the objective, at which to stop. 0: as small as float64 allows.

    Returns
    -------
    QuadraticSolution
    """
    k, p = l1.shape
    if squares is None:
        squares = np.zeros(len(starts))
    solve_some = _in_c if LOOPS else _jitted

    def solve(part: slice) -> tuple[np.ndarray, np.ndarray]:
        own = part if len(starts) > 1 else slice(None)
        stated = starts[own], gradients[own], squares[own]
        return solve_some(gram, *stated, l1[part], l2[part], follow=follow, enough=enough)

    found = shared([partial(solve, part) for part in _parts(k, p, follow)])
    return QuadraticSolution(*map(np.concatenate, zip(*found, strict=True)))


def _jitted(
    gram: np.ndarray, *arrays: np.ndarray, follow: bool, enough: float
) -> tuple[np.ndarray, np.ndarray]:
    from .jitted_quadratic import solve_jitted

    return solve_jitted(gram, *arrays, follow=follow, enough=enough)


def _in_c(
    gram: np.ndarray,
    starts: np.ndarray,
    gradients: np.ndarray,
    squares: np.ndarray,
    l1: np.ndarray,
    l2: np.ndarray,
    *,
    follow: bool,
    enough: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Solve in coordinates in which every column has unit norm."""
    norms = np.sqrt(np.diagonal(gram))
    usable = (norms > 0.0).astype(float)
    unit = np.divide(1.0, norms, out=np.ones_like(norms), where=norms > 0.0)
    scaled = gram * unit * unit[:, None]
    np.fill_diagonal(scaled, usable)
    onto_unit = usable * unit
    own = (starts * (usable / unit), gradients * onto_unit, squares, l1 * unit, l2 * unit**2)
    coefs, n_rounds = np.empty(l1.shape), np.empty(len(l1), dtype=np.int64)
    LOOPS.solve_all(scaled, *map(np.ascontiguousarray, own), usable, coefs, n_rounds, follow, float(enough))
    coefs *= unit
    return coefs, n_rounds


def _parts(k: int, n_columns: int, follow: bool) -> list[slice]:
    """Cut a long path into one part for each of two cores. The second has fewer solves, but larger supports."""
    worth_it = k >= _FEWEST_CUT and n_columns >= _FEWEST_COLUMNS_CUT and follow
    if not worth_it or n_cores() < 2:
        return [slice(0, k)]
    cut = round(_FIRST_SHARE * k)
    return [slice(0, cut), slice(cut, k)]
