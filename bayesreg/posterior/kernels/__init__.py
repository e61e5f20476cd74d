"""Kernels: they move chains.

From the bottom up: identity, checkpoint, chains; nuts, gibbs, pareto, independence, expected, row_moments.
"""
