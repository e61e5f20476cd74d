"""Models: a prior, a likelihood and a rule for the intercept; on data they become plain arrays.

From the bottom up: package_families, linear_model; needs; problem, row_problem; separation; source_problem.
"""

from .linear_model import LinearModel as LinearModel
