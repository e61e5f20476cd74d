"""Where the mass of σ and of sampled scales lies, the coefficients integrated out.

From the bottom up: watershed, log_priors, ladder, propagation, scale_grid; bulks.
"""
