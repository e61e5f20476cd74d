"""The mode and its proof: certificate; solvers; solve_penalised, noise, grid, estimate; logistic for the auditor."""
