"""The mode and its proof.

From the bottom up: solvers; solve_penalised, grid, noise; certificate; newton; estimate.
"""
