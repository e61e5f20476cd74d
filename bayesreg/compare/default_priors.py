"""The default priors of Bayesian packages as a penalty on given data: a ridge, with its alpha."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import Float

from ..base.errors import NoEquivalent
from ..base.shown import Shown
from ..conventions.translation import translate
from ..data.rows import RowData
from ..gaussian.degrees_of_freedom import effective_df
from ..gaussian.residual_noise import least_squares_variance
from ..likelihoods.gaussian import GaussianLikelihood
from ..mode.estimate import map_estimate
from ..model.linear_model import LinearModel
from ..model.problem import resolve
from ..priors.penalty import Penalty, checked_noise_scale

_DEFAULTS = ("bambi", "brms", "rstanarm.normal")  # rows of CONVENTIONS that are a package's default


@final
@dataclass(frozen=True, eq=False, repr=False)
class ImpliedPenalty(Shown):
    """A default prior as a penalty.

    Attributes
    ----------
    convention : str
        The convention of the package.
    alpha : float
        The alpha of scikit-learn's Ridge on standardised columns (ddof 0).
    penalty : Penalty
        The canonical penalty on the original columns.
    noise_scale : float
        The σ of these numbers.
    effective_df : float
        Effective degrees of freedom of this ridge on these data, with that of the intercept.
    n_features : int
    """

    convention: str
    alpha: float
    penalty: Penalty
    noise_scale: float
    effective_df: float
    n_features: int

    def __str__(self) -> str:
        if self.alpha == 0.0:
            return f"{self.convention}'s default prior on these data is no penalty: LinearRegression()."
        return (
            f"{self.convention}'s default prior on these data is Ridge(alpha={self.alpha:.6g}) on standardised columns "
            f"(at noise_scale = {self.noise_scale:.6g}): it leaves {self.effective_df:.4g} of "
            f"{self.n_features + 1} degrees of freedom."
        )


def implied_penalty(
    convention: str, X: Any, y: Any, noise_scale: float | None = None, sample_weight: Any = None
) -> ImpliedPenalty:
    """Return the ridge that is equivalent to a Bayesian package's default prior on these data.

    Parameters
    ----------
    convention : "bambi", "brms" or "rstanarm.normal"
        A key of `CONVENTIONS` that is a package's default.
    X : array or data frame (n, p)
    y : array (n,)
    noise_scale : float, optional
        σ. Default: the estimate of least squares on all columns, √(RSS/(Σw − rank − 1)).
    sample_weight : array (n,), optional

    Returns
    -------
    ImpliedPenalty
        ``str`` of it is one sentence.

    Raises
    ------
    ValueError
        If `convention` is no default, or least squares leaves no residual for σ.

    Examples
    --------
    >>> import bayesreg as br
    >>> found = br.implied_penalty("bambi", [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.0], noise_scale=0.5)
    >>> round(found.alpha, 4)
    0.0328
    """
    if convention not in _DEFAULTS:
        raise ValueError(
            f"`convention` must be one of {', '.join(map(repr, _DEFAULTS))}; got {convention!r}."
        )
    data = RowData.from_arrays(X, y, sample_weight)
    sigma = _residual_sd(data) if noise_scale is None else checked_noise_scale(noise_scale)
    given = {"X": data.X, "y": data.y, "sample_weight": data.sample_weight, "noise_scale": sigma}
    penalty = translate({}, convention, "Penalty", **given).penalty
    l2 = np.broadcast_to(np.asarray(penalty.l2, dtype=float), (data.n_features,))
    model = LinearModel(penalty.to_prior(sigma), GaussianLikelihood(sigma))
    mode = map_estimate(model, data)
    df = effective_df(resolve(model, data), mode.coef, Penalty(np.zeros(l2.size), l2))
    return ImpliedPenalty(
        convention, _on_standardised(l2, data.column_sd), penalty, sigma, df, data.n_features
    )


def _on_standardised(l2: Float[np.ndarray, " p"], sd: Float[np.ndarray, " p"]) -> float:
    """Return the one l2 on columns of sd 1. Constant columns do not count."""
    alive = sd > 0.0
    common = l2[alive] / sd[alive] ** 2
    if common.size == 0:
        raise NoEquivalent("every column is constant, so no penalty is implied.")
    return float(common.mean())


def _residual_sd(data: RowData) -> float:
    centred = data.least_squares(centre=True)[0]
    return float(np.sqrt(least_squares_variance(centred, data.sum_weights, 1, "Give `noise_scale`.")))
