"""Likelihoods in words: what a model of each is called, and what its numbers are in."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import final

from ...likelihoods.base import Likelihood
from ..target import Target


@final
@dataclass(frozen=True)
class FamilyWords:
    """One likelihood in words.

    Attributes
    ----------
    name : str
        Of a model with it.
    title : str
        Of a page about one.
    predictor : str or None
        What the linear predictor is of, in whose units coefficients are; None if it is the response itself.
    ratio : str or None
        What exp(coefficient) is.
    """

    name: str
    title: str
    predictor: str | None = None
    ratio: str | None = None


FAMILY_WORDS = MappingProxyType(
    {
        "gaussian": FamilyWords("linear regression", "Bayesian linear regression"),
        "bernoulli": FamilyWords(
            "logistic regression", "Bayesian logistic regression", "log odds", "odds ratio"
        ),
        "poisson": FamilyWords(
            "Poisson regression", "Bayesian Poisson regression", "log of the mean", "rate ratio"
        ),
        "negative-binomial": FamilyWords(
            "negative binomial regression",
            "Bayesian negative binomial regression",
            "log of the mean",
            "rate ratio",
        ),
        "student-t": FamilyWords(
            "linear regression with heavy tails", "Bayesian regression with heavy tails"
        ),
    }
)
_OF_YOUR_OWN = FamilyWords(
    "regression with a likelihood of your own", "Bayesian regression", "linear predictor"
)


def words_of(likelihood: Likelihood) -> FamilyWords:
    """Return a likelihood in words."""
    return FAMILY_WORDS.get(likelihood.family, _OF_YOUR_OWN)


def has_noise(likelihood: Likelihood) -> bool:
    """Tell whether a likelihood has a noise scale σ."""
    return "noise_scale" in likelihood.parameters()


def unit_of(likelihood: Likelihood, target: Target) -> str:
    """Return what the linear predictor is: the response, or "log odds of survived=yes"."""
    predictor = words_of(likelihood).predictor
    if predictor is None:
        return target.name
    return f"{predictor} of {target.event if likelihood.takes_labels else target.name}"
