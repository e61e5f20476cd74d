"""The default prior on the scale of noise."""

from typing import Any

DEGREES_OF_FREEDOM = 4.0


def default_noise_prior(response_scale: float) -> Any:
    """Return a half-Student-t prior with 4 degrees of freedom, as a NumPyro distribution.

    Parameters
    ----------
    response_scale : float
        Its scale: the spread of y.
    """
    import numpyro.distributions as dist

    return dist.FoldedDistribution(dist.StudentT(DEGREES_OF_FREEDOM, 0.0, response_scale))
