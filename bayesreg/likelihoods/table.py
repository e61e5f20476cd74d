"""The table of likelihoods by family: draws hold only the family's name."""

from .base import Likelihood
from .bernoulli import BernoulliLikelihood
from .gaussian import GaussianLikelihood
from .negative_binomial import NegativeBinomialLikelihood
from .poisson import PoissonLikelihood
from .student_t import StudentTLikelihood

LIKELIHOODS: dict[str, Likelihood] = {
    one.family: one
    for one in (
        GaussianLikelihood(),
        BernoulliLikelihood(),
        PoissonLikelihood(),
        NegativeBinomialLikelihood(1.0),
        StudentTLikelihood(),
    )
}
