"""The methods that choose a scale, in words: their names, what they do and what they need."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import final


@final
@dataclass(frozen=True)
class MethodWords:
    """One method in words.

    Attributes
    ----------
    label : str
        The name in the legend of a picture.
    sentence : str
        What the method did.
    gaussian_only : bool
        Whether the method is a closed form that needs a Gaussian prior.
    draws, draws_of_gaussian : bool
        Whether it draws from the posterior, and whether it does so under a Gaussian prior too.
    error_shown : bool
        Whether a picture shows the standard errors of its scores.
    folds : bool
        Whether it holds out folds of the rows.
    normal_noise_only : bool
        Whether it needs a Gaussian likelihood.
    """

    label: str
    sentence: str
    gaussian_only: bool = False
    draws: bool = False
    draws_of_gaussian: bool = False
    error_shown: bool = False
    folds: bool = False
    normal_noise_only: bool = False


METHOD_WORDS = MappingProxyType(
    {
        "cv": MethodWords(
            "cross-validation",
            "Each fold of the rows was predicted from rows outside it at every scale. The scale with the smallest mean "
            "error was chosen.",
            error_shown=True,
            folds=True,
        ),
        "cv-1se": MethodWords(
            "CV, one-standard-error rule",
            "Each fold of the rows was predicted from rows outside it at every scale. The strongest prior whose error "
            "is within one standard error of the smallest was chosen.",
            error_shown=True,
            folds=True,
        ),
        "loo": MethodWords(
            "leave-one-out",
            "Each row was predicted from all others at every scale, in closed form.",
            gaussian_only=True,
            normal_noise_only=True,
        ),
        "gcv": MethodWords(
            "generalised CV",
            "Generalised cross-validation approximates the error on each row left out, in closed form.",
            gaussian_only=True,
            normal_noise_only=True,
        ),
        "aic": MethodWords(
            "−½ AIC",
            "Akaike's criterion adds 2 for each effective degree of freedom to −2 log-likelihood.",
        ),
        "bic": MethodWords(
            "−½ BIC",
            "Schwarz's criterion adds log n for each effective degree of freedom to −2 log-likelihood.",
        ),
        "evidence": MethodWords(
            "log evidence",
            "The evidence is the probability density of the data at a scale, with coefficients and noise integrated "
            "out. The scale with the largest evidence was chosen.",
            draws=True,
            error_shown=True,
        ),
        "psis-loo": MethodWords(
            "PSIS-LOO",
            "At every scale each row was predicted from all others, by importance sampling of posterior draws.",
            draws=True,
            draws_of_gaussian=True,
        ),
        "posterior": MethodWords(
            "posterior of the scale",
            "The scale has a posterior distribution over the compared scales. The scale nearest to its median was "
            "chosen.",
            draws=True,
        ),
    }
)
