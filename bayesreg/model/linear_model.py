"""A model: prior, likelihood and the rule for the intercept."""

from dataclasses import dataclass, field
from typing import Any, Self, final

import numpy as np

from ..conventions.table import CONVENTIONS
from ..conventions.translation import translate
from ..likelihoods.base import Likelihood
from ..likelihoods.gaussian import GaussianLikelihood
from ..priors.base import Prior
from .package_families import likelihood_of


@final
@dataclass(frozen=True)
class LinearModel:
    """Linear model y ≈ β₀ + Xβ under a prior on β.

    Parameters
    ----------
    prior : LaplacePrior, GaussianPrior, ElasticNetPrior or FlatPrior
        Prior on the coefficients.
    likelihood : Likelihood, default GaussianLikelihood()
        Distribution of y given the linear predictor: GaussianLikelihood, BernoulliLikelihood, PoissonLikelihood,
        NegativeBinomialLikelihood, StudentTLikelihood, or one of your own.
    fit_intercept : bool, default True
        Whether there is an intercept.
    standardize : bool, default False
        Whether the prior's scale is for standardised columns (weighted sd, ddof 0;
        centred only if there is an intercept). Results are always on the original
        columns. The coefficient of a constant column is 0 if the intercept is flat;
        otherwise the column is like any other, divided by 1.
    intercept_prior : LaplacePrior, GaussianPrior or ElasticNetPrior, optional
        Prior on the intercept at x = 0 of the raw columns. Its scales are numbers.
        None: flat. With this prior the columns are not centred, so a constant column
        is like any other.
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
        dispersion: float | None = None,
        fit_intercept: bool = True,
        **parameters: Any,
    ) -> Self:
        """Return the model whose mode is another package's answer, including its standardisation.

        Parameters
        ----------
        convention : str
            A key of `CONVENTIONS`.
        X : array or data frame (n, p)
        y : array (n,)
            The data. A package's standardisation depends on them, so the model's scales do too.
        sample_weight : array (n,), optional
        noise_scale : float, default 1.0
            σ. The posterior depends on it; the mode does not. It is of no matter for losses of labels and counts.
        dispersion : float, optional
            k of a negative binomial loss, whose variance is μ + μ²/k: theta in R, 1/theta in glum and H2O, 1/alpha in
            statsmodels.
        fit_intercept : bool, default True
        **parameters
            The package's own parameters, with an underscore for a dot (``penalty_factor``).

        Returns
        -------
        LinearModel
            With explicit prior scales on the original columns.

        Raises
        ------
        NoEquivalent
            If no model here has its mode.
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
        family = "gaussian" if row is None else row.family
        likelihood = likelihood_of(family, convention, noise_scale=noise_scale, dispersion=dispersion)
        if row is not None and not row.has_noise:
            noise_scale = 1.0
        dotted = {} if row is None else {name.replace(".", "_"): name for name in row.parameters}
        values = {dotted.get(name, name): value for name, value in parameters.items()}
        penalty = translate(
            values, convention, "Penalty", X, y, sample_weight, noise_scale, fit_intercept=fit_intercept
        ).penalty
        return cls(penalty.to_prior(noise_scale), likelihood, fit_intercept)

    def _check_intercept_prior(self, prior: Prior) -> None:
        if not self.fit_intercept:
            raise ValueError("`intercept_prior` needs fit_intercept=True.")
        if not isinstance(prior, Prior) or not prior.scales():
            raise TypeError(f"`intercept_prior` must be a prior with a scale, or None (flat); got {prior!r}.")
        if not all(isinstance(value, float) for value in prior.scales().values()) or prior.factor is not None:
            raise TypeError("`intercept_prior` must have plain numbers as scales and no factor.")
        if prior.law != self.prior.law:
            raise TypeError(
                f"`intercept_prior` must have the same law as `prior`; got {type(prior).__name__} with "
                f"{type(self.prior).__name__}. Omit it (flat), or give both the same class."
            )
