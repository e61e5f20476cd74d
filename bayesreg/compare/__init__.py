"""A fit beside others: audit, equivalents, default_priors, scikit_learn, bootstrap, intervals."""
