"""A model: prior, likelihood and the rule for the intercept."""

from dataclasses import dataclass, field
from typing import Any, Self, final

import numpy as np

from ..base.errors import NoEquivalent
from ..conventions.table import CONVENTIONS
from ..conventions.translation import translate
from ..likelihoods.base import Likelihood
from ..likelihoods.gaussian import GaussianLikelihood
from ..priors.base import Prior


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
        reported on the original columns all the same. A constant column gets 0 beside a
        flat intercept; without one it is a column like any other, divided by 1.
    intercept_prior : LaplacePrior, GaussianPrior or ElasticNetPrior, optional
        Prior on the intercept at x = 0 on the raw columns, with scales given as numbers.
        None: flat. With it the columns are not centred, so a constant column is a
        column like any other.
    """

    prior: Prior
    likelihood: Likelihood = field(default_factory=GaussianLikelihood)
    fit_intercept: bool = True
    standardize: bool = False
    intercept_prior: Prior | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.prior, Prior):
            raise TypeError(
                "`prior` must be LaplacePrior, GaussianPrior, ElasticNetPrior or FlatPrior; "
                f"got {self.prior!r}. For a number s write LaplacePrior(s) or GaussianPrior(s)."
            )
        if not isinstance(self.likelihood, Likelihood):
            raise TypeError(
                f"`likelihood` must be a GaussianLikelihood; got {self.likelihood!r}. "
                "For a known noise scale s write GaussianLikelihood(s)."
            )
        for name in ("fit_intercept", "standardize"):
            if not isinstance(getattr(self, name), bool | np.bool_):
                raise TypeError(f"`{name}` must be True or False; got {getattr(self, name)!r}.")
        if self.intercept_prior is not None:
            self._check_intercept_prior(self.intercept_prior)

    @classmethod
    def like(
        cls,
        convention: str,
        X: Any,
        y: Any,
        *,
        sample_weight: Any = None,
        noise_scale: float = 1.0,
        fit_intercept: bool = True,
        **parameters: Any,
    ) -> Self:
        """Return the model whose mode is another package's answer, its standardisation and all.

        Parameters
        ----------
        convention : str
            A key of `CONVENTIONS`.
        X : array or data frame (n, p)
        y : array (n,)
            The data: what a package standardises depends on them, and the model's scales with it.
        sample_weight : array (n,), optional
        noise_scale : float, default 1.0
            σ. The mode does not depend on it, the posterior does.
        fit_intercept : bool, default True
        **parameters
            The package's own, an underscore for a dot (``penalty_factor``).

        Returns
        -------
        LinearModel
            With explicit prior scales on the original columns.

        Raises
        ------
        NoEquivalent
            Where the package has another likelihood, or no model here has its mode.
        TypeError, ValueError
            As in `translate`.

        Examples
        --------
        >>> import bayesreg as br
        >>> X, y = [[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]], [0.0, 1.0, 2.0]
        >>> br.LinearModel.like("sklearn.Ridge", X, y, alpha=4.0).prior
        GaussianPrior(scale=0.5, factor=None, relative_to_noise=False)
        """
        row = CONVENTIONS.get(convention)
        if row is not None and not row.has_noise:
            raise NoEquivalent(
                f"{convention} is beside a {row.family} likelihood, which LinearModel does not have yet."
            )
        dotted = {} if row is None else {name.replace(".", "_"): name for name in row.parameters}
        values = {dotted.get(name, name): value for name, value in parameters.items()}
        penalty = translate(
            values, convention, "Penalty", X, y, sample_weight, noise_scale, fit_intercept=fit_intercept
        ).penalty
        return cls(penalty.to_prior(noise_scale), GaussianLikelihood(noise_scale), fit_intercept)

    def _check_intercept_prior(self, prior: Prior) -> None:
        if not self.fit_intercept:
            raise ValueError("`intercept_prior` needs fit_intercept=True.")
        if not isinstance(prior, Prior) or not prior.scales():
            raise TypeError(f"`intercept_prior` must be a prior with a scale, or None (flat); got {prior!r}.")
        if not all(isinstance(value, float) for value in prior.scales().values()) or prior.factor is not None:
            raise TypeError("`intercept_prior` must have plain numbers as scales and no factor.")
        if prior.law != self.prior.law:
            raise TypeError(
                f"`intercept_prior` must have a density of the same law as `prior`; got {type(prior).__name__} beside "
                f"{type(self.prior).__name__}. Leave it out (flat), or give both the same."
            )
