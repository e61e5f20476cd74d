"""A model is a prior, a likelihood and an intercept rule: linear_model; and resolved on data, plain arrays: problem."""

from .linear_model import LinearModel as LinearModel
