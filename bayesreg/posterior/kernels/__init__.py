"""What moves chains: identity, checkpoint, chains; nuts, gibbs, pareto, independence, expected."""
