"""How rows are held; rows and sufficient statistics answer the same questions.

From the bottom up: checks, flat, folds; least_squares, gram_least_squares, row_least_squares; rows, gram; files.
"""
