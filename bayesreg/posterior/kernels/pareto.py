"""The shape of the tail of importance weights: it shows whether a weighted sample of this size can be trusted."""

import numpy as np
from jaxtyping import Float

_LEAST, _ALIKE = (
    5,
    1e-9,
)  # least number of weights in the tail, and a difference of logarithms that counts as 0


def pareto_k(log_weight: Float[np.ndarray, " m"]) -> float:
    """Estimate the shape k of a generalised Pareto distribution of the largest weights.

    Parameters
    ----------
    log_weight : array (m,)
        Of independent proposals.

    Returns
    -------
    float
        Weights have a finite variance if it is below ½. It is −inf if the largest are all equal, and inf if most are
        negligible compared with them.

    References
    ----------
    J. Zhang and M. A. Stephens (2009), doi:10.1198/tech.2009.08017, for the estimate; A. Vehtari, D. Simpson,
    A. Gelman, Y. Yao and J. Gabry (2024), JMLR 25(72), for its use and its prior.
    """
    finite = np.sort(log_weight[np.isfinite(log_weight)])
    n_tail = int(min(0.2 * finite.size, 3.0 * np.sqrt(finite.size)))
    if n_tail < _LEAST:
        return -np.inf
    if finite[-1] - finite[-n_tail - 1] < _ALIKE:
        return -np.inf
    tail = np.exp(finite[-n_tail:] - finite[-1]) - np.exp(finite[-n_tail - 1] - finite[-1])
    tail = tail[tail > 0.0]
    if tail.size < _LEAST:  # in float64 only the largest few are not 0
        return np.inf
    n = tail.size
    j = np.arange(1, 31 + int(np.sqrt(n)))
    theta = 1.0 / tail[-1] + (1.0 - np.sqrt(j[-1] / (j - 0.5))) / (3.0 * tail[int(n / 4.0 + 0.5) - 1])
    shape = np.log1p(-theta[:, None] * tail).mean(axis=1)
    profile = n * (np.log(-theta / shape) - shape - 1.0)
    weight = np.exp(profile - profile.max())
    best = float(weight @ theta / weight.sum())
    k = float(np.log1p(-best * tail).mean())
    return (n * k + 5.0) / (n + 10.0)
