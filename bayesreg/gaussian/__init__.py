"""What a Gaussian prior has in closed form, with degrees_of_freedom and propriety of any.

From the bottom up: spectrum, ridge_scores; propriety; evidence.
"""
