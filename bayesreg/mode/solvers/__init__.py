"""Solvers of a penalised quadratic: sweeps, gap, interior_point; quadratic, restricted_quadratic; working_set."""
