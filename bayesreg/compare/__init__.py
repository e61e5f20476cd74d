"""Comparisons of a fit with others.

From the bottom up: audit, equivalents, default_priors; sklearn_estimator, scikit_learn; bootstrap, intervals.
"""
