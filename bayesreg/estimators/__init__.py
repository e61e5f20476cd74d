"""The model as a scikit-learn estimator.

From the bottom up: choose_model, prior_parameters, summary; regressor, classifier; from_sklearn.
"""

from .regressor import BayesRegressor as BayesRegressor
