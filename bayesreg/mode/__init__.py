"""The mode and its certificate.

From the bottom up: solvers; solve_penalised, grid, noise; certificate; newton, row_path, stationary; estimate.
"""
