"""The posterior: samplers, draws and their certificate.

From the bottom up: to_arviz; marginals, targets, kernels; samplers, suits, row_samplers, choose_sampler; source_slopes,
score, stein, batches, certificate; chain_numbers, diagnostics, sampling_warning; source_moments, source_draws,
on_source; draws; sample; to_numpyro.
"""
