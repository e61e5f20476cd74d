"""The model under scikit-learn's contract: choose_model, regressor, from_sklearn."""

from .regressor import BayesRegressor as BayesRegressor
