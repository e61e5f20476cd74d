"""The mode and its certificate.

From the bottom up: solvers; solve_penalised, grid, noise; certificate; row_loss, curvature, penalised_loss, newton,
row_path, stationary; source_loss, source_newton; estimate.
"""
