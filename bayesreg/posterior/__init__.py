"""The width around the mode: marginals, targets, kernels; to_arviz; score, stein, certificate; sample; draws."""
