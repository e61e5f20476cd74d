"""What a row tells of its linear predictor: base (the protocol); gaussian."""

from .gaussian import GaussianLikelihood as GaussianLikelihood
