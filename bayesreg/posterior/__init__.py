"""The posterior: samplers, draws and their certificate.

From the bottom up: to_arviz; marginals, targets, kernels; samplers, suits, row_samplers, choose_sampler; score, stein,
batches, certificate; diagnostics, sampling_warning; draws; sample; to_numpyro.
"""
