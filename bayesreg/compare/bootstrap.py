"""The bootstrap of the mode: how the penalised estimate changes if rows are drawn again."""

import warnings
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ..base.arguments import LARGEST_SEED, check_whole
from ..base.errors import ConvergenceWarning, DegenerateDataWarning, warn
from ..base.progress import progress_bar
from ..data.rows import RowData
from ..mode.estimate import map_estimate
from ..model.linear_model import LinearModel
from ..model.needs import ROWS, require


class BootstrapModes(NamedTuple):
    """The mode of each replicate."""

    coefs: Float[np.ndarray, "b p"]
    intercepts: Float[np.ndarray, " b"]

    def __repr__(self) -> str:
        replicates, p = self.coefs.shape
        return f"<BootstrapModes: {replicates} replicates of {p} coefficients and the intercept>"


def bootstrap_map(
    model: LinearModel, data: RowData, n_replicates: int = 1000, seed: int = 0, *, progress: bool = True
) -> BootstrapModes:
    """Draw rows with replacement and find the mode again, under the same prior.

    The number of drawn rows is the number of rows with a positive weight. Each of these has the same probability. A
    row's count multiplies its weight, so all replicates have the same shape.

    Parameters
    ----------
    model : LinearModel
        Its scales are numbers.
    data : RowData
    n_replicates : int, default 1000
    seed : int, default 0
    progress : bool, default True
        Whether to show a bar on stderr after two seconds.

    Returns
    -------
    BootstrapModes

    Raises
    ------
    TypeError, ValueError
    NoModeError
        If the rows of a replicate can be fitted perfectly and σ is unknown.

    Warns
    -----
    ConvergenceWarning
        One message, if modes missed their tolerance.

    References
    ----------
    B. Efron (1979), doi:10.1214/aos/1176344552.
    """
    check_whole("n_replicates", n_replicates, 2)
    check_whole("seed", seed, 0, LARGEST_SEED)
    require("bootstrap_map", model, data, ROWS)
    assert isinstance(data, RowData)
    rng = np.random.default_rng(seed)
    present = np.flatnonzero(data.sample_weight)
    coefs, intercepts, missed = np.empty((n_replicates, data.n_features)), np.empty(n_replicates), 0
    for k in progress_bar(range(n_replicates), "bootstrap", "replicate", shown=progress):
        weights = np.zeros(data.y.size)
        while np.count_nonzero(weights) < 2:  # one row cannot separate a coefficient from the intercept
            weights[present] = rng.multinomial(present.size, np.full(present.size, 1.0 / present.size))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.simplefilter("ignore", DegenerateDataWarning)
            mode = map_estimate(model, replace(data, sample_weight=data.sample_weight * weights))
        coefs[k], intercepts[k] = mode.coef, mode.intercept
        missed += not mode.converged
    if missed:
        warn(f"{missed} of {n_replicates} replicates' modes missed their tolerance.", ConvergenceWarning)
    return BootstrapModes(coefs, intercepts)
