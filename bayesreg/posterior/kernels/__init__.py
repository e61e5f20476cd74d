"""What moves chains.

From the bottom up: identity, checkpoint, chains; nuts, gibbs, pareto, independence, expected.
"""
