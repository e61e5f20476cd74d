"""What a row tells of its linear predictor."""

from .gaussian import GaussianLikelihood as GaussianLikelihood
