"""Rows and sufficient statistics: two forms of the data that answer the same questions.

From the bottom up: checks, flat, folds, kept; least_squares, gram_least_squares; dense_columns, sparse_columns,
adjustment, row_blocks, row_least_squares, centring; labels; rows, equal_rows; pairwise, moments, source_columns,
statistics, statistics_file; sources; gram, reduce_batch, row_source, smaller, dependence, relations; files.
"""
