"""Pictures: each function takes an axes and returns it.

From the bottom up: style, named_rows, penalty_axis; paths, scales, forest, priors, predictive, replicates, rootogram,
probabilities, residuals, geometry, certificate, posterior_certificate.
"""
