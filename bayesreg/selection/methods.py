"""How a scale can be chosen, in words: what each method is called, does and needs."""

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
        In the legend of a picture.
    sentence : str
        What was done.
    gaussian_only : bool
        Whether it is a closed form that only a Gaussian prior has.
    draws, draws_of_gaussian : bool
        Whether it draws from the posterior at every scale, and whether of a Gaussian prior too.
    error_shown : bool
        Whether a picture shows the standard errors of its scores.
    """

    label: str
    sentence: str
    gaussian_only: bool = False
    draws: bool = False
    draws_of_gaussian: bool = False
    error_shown: bool = False


METHOD_WORDS = MappingProxyType(
    {
        "cv": MethodWords(
            "cross-validation",
            "Each fold of the rows was predicted from the others at every scale; the scale with the smallest mean "
            "error was taken.",
            error_shown=True,
        ),
        "cv-1se": MethodWords(
            "CV, one-standard-error rule",
            "Each fold of the rows was predicted from the others at every scale; the strongest prior whose error is "
            "within one standard error of the smallest was taken.",
            error_shown=True,
        ),
        "loo": MethodWords(
            "leave-one-out",
            "Each row was predicted from all others at every scale, in closed form.",
            gaussian_only=True,
        ),
        "gcv": MethodWords(
            "generalised CV",
            "Generalised cross-validation stands for leaving out each row, in closed form.",
            gaussian_only=True,
        ),
        "aic": MethodWords(
            "−½ AIC",
            "Akaike's criterion weighs the fit against its effective degrees of freedom, 2 for each.",
        ),
        "bic": MethodWords(
            "−½ BIC",
            "Schwarz's criterion weighs the fit against its effective degrees of freedom, log n for each.",
        ),
        "evidence": MethodWords(
            "log evidence",
            "The evidence is the probability density of the data at a scale, coefficients and noise integrated "
            "out; the scale where it is largest was taken.",
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
            "The scale has a posterior distribution of its own over the scales compared; the one nearest to its "
            "median was taken.",
            draws=True,
        ),
    }
)
