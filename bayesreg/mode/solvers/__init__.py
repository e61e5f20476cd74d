"""Solvers of a penalised quadratic.

From the bottom up: sizes, gap, sweeps, interior_point, last_steps; jitted_quadratic, quadratic on one Gram matrix;
gram_sweeps, column_sweeps, restricted_quadratic; working_set.
"""
