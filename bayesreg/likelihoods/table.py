"""The likelihoods by family, for draws that hold only its name."""

from .base import Likelihood
from .gaussian import GaussianLikelihood

LIKELIHOODS: dict[str, Likelihood] = {one.family: one for one in (GaussianLikelihood(),)}
