"""A fit beside others: audit, equivalents, default_priors; sklearn_estimator, scikit_learn; bootstrap, intervals."""
