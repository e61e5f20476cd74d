"""Targets: densities in coordinates that suit a sampler.

From the bottom up: density, reference_point; whitened, mixture, row_reference, rows, row_mixture, source_target,
marginal.
"""
