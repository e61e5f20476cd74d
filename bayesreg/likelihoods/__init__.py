"""Likelihoods: the density of a row's response given its linear predictor.

From the bottom up: base; gaussian, bernoulli; table.
"""

from .base import Likelihood as Likelihood
from .gaussian import GaussianLikelihood as GaussianLikelihood
