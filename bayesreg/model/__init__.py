"""A model is a prior, a likelihood and an intercept rule; and resolved on data, plain arrays.

From the bottom up: linear_model; needs; problem, row_problem.
"""

from .linear_model import LinearModel as LinearModel
