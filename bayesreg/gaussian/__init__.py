"""Closed forms of a Gaussian prior; degrees_of_freedom and propriety serve any prior.

From the bottom up: prior_units, spectrum, residual_noise; path_spectrum, generalised_cv, leave_one_out,
degrees_of_freedom; propriety; evidence.
"""
