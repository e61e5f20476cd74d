"""A plugin of pytest: scikit-learn's own tests fit logistic and Poisson regressions with bayesreg's estimators.

Only `fit` is ours: predictions are scikit-learn's, from our coefficients. More than two classes, losses that bayesreg
does not have, and liblinear's penalised intercept stay scikit-learn's; a test that fits nothing with bayesreg does not
count.
"""

import numpy as np
import pytest
from scipy import sparse
from sklearn._loss import HalfBinomialLoss, HalfPoissonLoss
from sklearn.linear_model import LogisticRegression
from sklearn.linear_model._glm import _GeneralizedLinearRegressor

import bayesreg as br

FITS, VACUOUS = [0], []
_LOGISTIC, _GLM = LogisticRegression.fit, _GeneralizedLinearRegressor.fit


def prior_of(l1, l2):
    """Return the prior of a canonical penalty."""
    if l1 == 0.0 and l2 == 0.0:
        return br.FlatPrior()
    if l1 == 0.0:
        return br.GaussianPrior(l2**-0.5)
    return br.LaplacePrior(1.0 / l1) if l2 == 0.0 else br.ElasticNetPrior(1.0 / l1, l2**-0.5)


def fit_logistic(self, X, y, sample_weight=None):
    """Fit yes/no with BayesClassifier."""
    penalised_intercept = self.solver == "liblinear" and self.fit_intercept and self.intercept_scaling < 1e3
    if np.unique(y).size != 2 or penalised_intercept:
        return _LOGISTIC(self, X, y, sample_weight)
    FITS[0] += 1
    ratio = self.l1_ratio or 0.0
    prior = prior_of(ratio / self.C, (1.0 - ratio) / self.C)
    X = X if sparse.issparse(X) else np.asarray(X, dtype=float)
    ours = br.BayesClassifier(prior, fit_intercept=self.fit_intercept, class_weight=self.class_weight)
    ours.fit(X, y, sample_weight)
    self.coef_, self.intercept_ = np.atleast_2d(ours.coef_), np.atleast_1d(ours.intercept_)
    self.classes_, self.n_features_in_, self.n_iter_ = ours.classes_, X.shape[1], np.array([1])
    return self


def fit_glm(self, X, y, sample_weight=None):
    """Fit fractions and counts. A mean count m is a count of 1 with weight m and offset −log m: the same loss."""
    loss = type(self._get_loss())
    if loss not in (HalfBinomialLoss, HalfPoissonLoss):
        return _GLM(self, X, y, sample_weight)
    FITS[0] += 1
    self._base_loss, y = self._get_loss(), np.asarray(y, dtype=float)
    weight = np.ones(y.size) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    prior = prior_of(0.0, self.alpha * weight.sum())
    if loss is HalfBinomialLoss:
        data = br.RowData.from_arrays(X, y, weight)
        model = br.LinearModel(prior, br.BernoulliLikelihood(), fit_intercept=self.fit_intercept)
        mode = br.map_estimate(model, data)
        self.coef_, self.intercept_ = mode.coef, mode.intercept
    else:
        mean = np.where(y > 0.0, y, 1.0)
        ours = br.BayesRegressor(prior, likelihood=br.PoissonLikelihood(), fit_intercept=self.fit_intercept)
        ours.fit(X, (y > 0.0).astype(float), weight * mean, offset=-np.log(mean))
        self.coef_, self.intercept_ = ours.coef_, ours.intercept_
    self.n_iter_, self.n_features_in_ = 1, np.shape(X)[1]
    return self


def pytest_configure():
    LogisticRegression.fit = fit_logistic
    _GeneralizedLinearRegressor.fit = fit_glm


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    before = FITS[0]
    outcome = yield
    if outcome.excinfo is None and FITS[0] == before:
        VACUOUS.append(item.nodeid)


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(f"fits: {FITS[0]}; passed without a fit of ours: {len(VACUOUS)}")
