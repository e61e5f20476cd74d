"""The mode and its certificate.

From the bottom up: solvers; solve_penalised, grid, noise; certificate; row_loss, curvature, newton, row_path,
stationary; estimate.
"""
