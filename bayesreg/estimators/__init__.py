"""The model as a scikit-learn estimator: choose_model, summary, estimator, regressor, classifier, from_sklearn."""

from .regressor import BayesRegressor as BayesRegressor
