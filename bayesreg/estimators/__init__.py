"""The model as a scikit-learn estimator: choose_model, summary, regressor, classifier, from_sklearn."""

from .regressor import BayesRegressor as BayesRegressor
