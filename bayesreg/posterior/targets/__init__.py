"""Targets: densities in coordinates that suit a sampler.

From the bottom up: density, reference_point; whitened, mixture, rows, row_mixture, marginal.
"""
