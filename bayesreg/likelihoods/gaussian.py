"""Likelihoods: the loss of a row, and what is believed of its nuisance parameter."""

from dataclasses import dataclass
from typing import Any, final

from ..priors.hyperpriors import LogDensity, half_student_t, log_density
from ..priors.penalty import checked_noise_scale
from ..priors.scales import bounds, check_positive_distribution, is_distribution

_DEGREES_OF_FREEDOM = 4.0


@final
@dataclass(frozen=True)
class GaussianLikelihood:
    """Gaussian noise: yᵢ ~ Normal(β₀ + xᵢ'β, σ²).

    Parameters
    ----------
    noise_scale : float or NumPyro distribution, optional
        σ, the standard deviation of the noise in units of y. A float: known. A
        distribution on the positives: the prior on σ itself
        (``ImproperUniform(constraints.positive, (), ())`` is flat on σ). None: a
        half-Student-t prior with 4 degrees of freedom whose scale is the weighted
        standard deviation of y (its root mean square in a model without intercept).
    """

    noise_scale: Any = None

    def __post_init__(self) -> None:
        if self.noise_scale is None:
            return
        if is_distribution(self.noise_scale):
            check_positive_distribution("noise_scale", self.noise_scale)
        else:
            object.__setattr__(self, "noise_scale", checked_noise_scale(self.noise_scale))

    @property
    def known_noise_scale(self) -> float | None:
        """σ where it is known, else None."""
        return self.noise_scale if isinstance(self.noise_scale, float) else None

    def noise_prior(self, response_scale: float) -> Any:
        """Return the prior on σ as a NumPyro distribution.

        Parameters
        ----------
        response_scale : float
            The spread of y that scales the default prior.
        """
        if self.noise_scale is not None:
            return self.noise_scale
        import numpyro.distributions as dist

        return dist.FoldedDistribution(dist.StudentT(_DEGREES_OF_FREEDOM, 0.0, response_scale))

    def noise_bounds(self) -> tuple[float, float]:
        """Return the support of the prior on σ."""
        return (0.0, float("inf")) if self.noise_scale is None else bounds(self.noise_scale)

    def noise_log_prior(self, response_scale: float) -> LogDensity:
        """Return the log prior density of σ and its derivative, as one function.

        Parameters
        ----------
        response_scale : float
            The spread of y that scales the default prior.
        """
        if self.noise_scale is None:
            return half_student_t(_DEGREES_OF_FREEDOM, response_scale)
        return log_density(self.noise_scale)
