"""Leave-one-out scores of a whole ridge path, without a refit.

From the bottom up: leverage, centred_rows; by_kernel, by_columns; scores.
"""
