"""The model under scikit-learn's contract."""

from .regressor import BayesRegressor as BayesRegressor
