"""Comparisons of a fit with others.

From the bottom up: audit, equivalents, default_priors; sklearn_estimator, sklearn_without_noise, scikit_learn;
bootstrap, intervals.
"""
