"""A prior is its density and its rates: scales, hyperpriors, priors, penalty."""
