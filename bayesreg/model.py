"""A model: prior, likelihood and the rule for the intercept."""

from dataclasses import dataclass, field
from typing import final

import numpy as np

from .likelihoods import GaussianLikelihood
from .priors import ElasticNetPrior, GaussianPrior, LaplacePrior, Prior


@final
@dataclass(frozen=True)
class LinearModel:
    """Linear model y ≈ β₀ + Xβ under a prior on β.

    Parameters
    ----------
    prior : LaplacePrior, GaussianPrior, ElasticNetPrior or FlatPrior
        Prior on the coefficients.
    likelihood : GaussianLikelihood, default GaussianLikelihood()
        Distribution of y given the linear predictor.
    fit_intercept : bool, default True
        Whether there is an intercept.
    standardize : bool, default False
        Whether the prior's scale speaks of coefficients of standardised columns
        (weighted sd, ddof 0; centred only where there is an intercept). Results are
        reported on the original columns all the same; a constant column gets 0.
    intercept_prior : LaplacePrior, GaussianPrior or ElasticNetPrior, optional
        Prior on the intercept at x = 0 on the raw columns, with scales given as numbers.
        None: flat. With it the columns are not centred, so a constant column is a
        column like any other unless `standardize` is on.
    """

    prior: Prior
    likelihood: GaussianLikelihood = field(default_factory=GaussianLikelihood)
    fit_intercept: bool = True
    standardize: bool = False
    intercept_prior: Prior | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.prior, Prior):
            raise TypeError(
                "`prior` must be LaplacePrior, GaussianPrior, ElasticNetPrior or FlatPrior; "
                f"got {self.prior!r}. For a number s write LaplacePrior(s) or GaussianPrior(s)."
            )
        if not isinstance(self.likelihood, GaussianLikelihood):
            raise TypeError(
                f"`likelihood` must be a GaussianLikelihood; got {self.likelihood!r}. "
                "For a known noise scale s write GaussianLikelihood(s)."
            )
        for name in ("fit_intercept", "standardize"):
            if not isinstance(getattr(self, name), bool | np.bool_):
                raise TypeError(f"`{name}` must be True or False; got {getattr(self, name)!r}.")
        if self.intercept_prior is not None:
            self._check_intercept_prior(self.intercept_prior)

    def _check_intercept_prior(self, prior: Prior) -> None:
        if not self.fit_intercept:
            raise ValueError("`intercept_prior` needs fit_intercept=True.")
        if not isinstance(prior, LaplacePrior | GaussianPrior | ElasticNetPrior):
            raise TypeError(f"`intercept_prior` must be a prior with a scale, or None (flat); got {prior!r}.")
        if not all(isinstance(value, float) for value in prior.scales().values()) or prior.factor is not None:
            raise TypeError("`intercept_prior` must have plain numbers as scales and no factor.")
