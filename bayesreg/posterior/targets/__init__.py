"""Densities in the coordinates that suit a sampler: density, reference_point; whitened, mixture, marginal."""
