"""The likelihoods beside other packages' penalties: what a convention's family is here."""

from ..likelihoods.base import Likelihood
from ..likelihoods.bernoulli import BernoulliLikelihood
from ..likelihoods.gaussian import GaussianLikelihood
from ..likelihoods.negative_binomial import NegativeBinomialLikelihood
from ..likelihoods.poisson import PoissonLikelihood

_PLAIN: dict[str, Likelihood] = {"binomial": BernoulliLikelihood(), "poisson": PoissonLikelihood()}
_OF_LIKELIHOOD = {one.family: name for name, one in _PLAIN.items()}


def likelihood_of(
    family: str, who: str, *, noise_scale: float | None = None, dispersion: float | None = None
) -> Likelihood:
    """Return the likelihood of a convention's family.

    Parameters
    ----------
    family : str
        `Convention.family`, or the family of a likelihood.
    who : str
        Who asks, for messages.
    noise_scale : float, optional
        σ, for "gaussian" and "any".
    dispersion : float, optional
        k of a negative binomial likelihood.

    Returns
    -------
    Likelihood

    Raises
    ------
    ValueError
        If a dispersion is missing, or is given to another family.
    """
    named = family_of(family)
    if named == "negative-binomial":
        if dispersion is None:
            raise ValueError(
                f"{who} has a negative binomial likelihood, with variance mu + mu²/dispersion. Give `dispersion`; "
                "for packages that state alpha or theta with variance mu + theta·mu² it is 1/theta."
            )
        return NegativeBinomialLikelihood(dispersion)
    if dispersion is not None:
        raise ValueError(f"{who} has a {named} likelihood, which has no `dispersion`. Leave it out.")
    return _PLAIN[named] if named in _PLAIN else GaussianLikelihood(noise_scale)


def family_of(likelihood: Likelihood | str) -> str:
    """Return what conventions call the family of a likelihood."""
    family = likelihood if isinstance(likelihood, str) else likelihood.family
    return _OF_LIKELIHOOD.get(family, family)
