"""What a Gaussian prior has in closed form, with degrees_of_freedom and propriety of any.

From the bottom up: prior_units, spectrum, residual_noise; path_spectrum, generalised_cv, leave_one_out,
degrees_of_freedom; propriety; evidence.
"""
