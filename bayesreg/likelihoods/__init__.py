"""Likelihoods: the density of a row's response given its linear predictor.

From the bottom up: base, noise, counts, softplus; gaussian, bernoulli, poisson, negative_binomial, student_t; table.
"""

from .base import Likelihood as Likelihood
from .gaussian import GaussianLikelihood as GaussianLikelihood
