"""What a row tells of its linear predictor: base (the protocol); gaussian, bernoulli; table."""

from .base import Likelihood as Likelihood
from .gaussian import GaussianLikelihood as GaussianLikelihood
