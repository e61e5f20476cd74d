"""The marginal of σ and of sampled scales, with the coefficients integrated out.

From the bottom up: watershed, log_priors, ladder, propagation, scale_grid; bulks.
"""
