"""The mode and its certificate.

From the bottom up: solvers; solve_penalised, grid, noise; certificate; row_loss, screen, curvature,
penalised_loss, support_newton, newton, row_path, stationary; source_loss, source_newton; estimate.
"""
