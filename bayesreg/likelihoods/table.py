"""The table of likelihoods by family: draws hold only the family's name."""

from .base import Likelihood
from .bernoulli import BernoulliLikelihood
from .gaussian import GaussianLikelihood

LIKELIHOODS: dict[str, Likelihood] = {
    one.family: one for one in (GaussianLikelihood(), BernoulliLikelihood())
}
