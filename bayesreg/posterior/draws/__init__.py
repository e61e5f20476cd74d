"""Results from draws: predictions, their checks, leave-one-out densities, sensitivity, summaries.

From the bottom up: observation, predict, predictive_check, replicates, reliability, residual_groups; log_grid,
left_out, leave_one_out; sensitivity; prior; interval, summary; effects.
"""
