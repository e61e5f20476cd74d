"""The duality gap of one point inside a solver; `certificate.py` certifies the points that are returned."""

from typing import Any

from ...priors.elastic_net_algebra import dual_step, gap_terms


def duality_gap(coef: Any, gradient: Any, rss: Any, l1: Any, l2: Any, usable: Any = 1.0) -> Any:
    """Return the gap in units of the objective; the dual point is the residual, scaled for pure l1 columns.

    Parameters
    ----------
    coef, gradient, l1, l2 : array (p,), or (k, p) for k points
        NumPy's or JAX's.
    rss : float, or array (k,)
    usable : array (p,), optional
        0 for a column that does not count.
    """
    step = dual_step(usable * gradient, l1, l2)
    terms = usable * gap_terms(coef, step[..., None] * gradient, l1, l2)
    return 0.5 * (1.0 - step) ** 2 * rss + terms.sum(axis=-1)
