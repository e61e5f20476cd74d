"""bayesreg and its peers side by side: the same problems, one referee, times to a stated duality gap."""
