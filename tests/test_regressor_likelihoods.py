"""BayesRegressor with counts and heavy-tailed noise."""

import pickle

import numpy as np
import numpyro.distributions as dist
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import PoissonRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import estimator_checks_generator

import bayesreg as br

RNG = np.random.default_rng(2)
X = RNG.normal(size=(100, 3))
OFFSET = 0.4 * RNG.normal(size=100)
COUNTS = RNG.poisson(np.exp(0.5 + OFFSET + X @ [0.4, -0.3, 0.0])).astype(float)
ROBUST = X @ [1.0, 0.0, -1.0] + 0.3 * RNG.standard_t(3, size=100)
POISSON = br.BayesRegressor(br.GaussianPrior(0.5), likelihood=br.PoissonLikelihood())
CHECKS = [
    pytest.param(estimator, check, id=getattr(check, "func", check).__name__)
    for estimator, check in estimator_checks_generator(POISSON)
    if getattr(check, "func", check).__name__ != "check_array_api_input"
]

# They fit responses that are no counts, whatever an estimator's tags say: such a response is refused.
OF_OTHER_RESPONSES = {
    "check_n_features_in_after_fitting",
    "check_regressors_train",
    "check_regressor_data_not_an_array",
    "check_regressors_no_decision_function",
    "check_fit_idempotent",
    "check_fit_check_is_fitted",
    "check_n_features_in",
}


@pytest.mark.extended
@pytest.mark.parametrize(("estimator", "check"), CHECKS)
def test_sklearns_own_checks(estimator, check):
    if getattr(check, "func", check).__name__ not in OF_OTHER_RESPONSES:
        check(estimator)
        return
    with pytest.raises(ValueError, match="`y` must hold counts"):
        check(estimator)


def test_equals_poisson_regression():
    ours = clone(POISSON).set_params(prior__scale=1.0 / np.sqrt(0.1 * 100)).fit(X, COUNTS)
    theirs = PoissonRegressor(alpha=0.1, tol=1e-12, solver="newton-cholesky").fit(X, COUNTS)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-8)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-7)
    assert list(ours.summary().index) == ["x0", "x1", "x2", "intercept"]


def test_predictions_of_counts_are_whole_numbers():
    regressor = clone(POISSON).fit(X, COUNTS, offset=OFFSET)
    with pytest.raises(ValueError, match="had an offset"):
        regressor.predict(X)
    point = regressor.predict(X, offset=OFFSET)
    np.testing.assert_allclose(point, np.exp(X @ regressor.coef_ + regressor.intercept_ + OFFSET))
    with pytest.raises(NotFittedError, match=r"call \.sample"):
        regressor.predict(X, interval=0.9, offset=OFFSET)
    regressor.sample(num_samples=250, progress=False)
    _, bounds = regressor.predict(X[:20], interval=0.8, offset=OFFSET[:20])
    assert (bounds == np.floor(bounds)).all()
    draws = regressor.posterior_["posterior"].to_dataset()
    eta = (
        draws["coef"].values.reshape(-1, 3) @ X[:20].T
        + draws["intercept"].values.reshape(-1, 1)
        + OFFSET[:20]
    )
    mu = np.exp(eta)
    for end, probability in zip(bounds.T, (0.1, 0.9), strict=True):
        assert (stats.poisson(mu).cdf(end).mean(axis=0) >= probability).all()
        assert (stats.poisson(mu).cdf(end - 1.0).mean(axis=0) < probability).all()
    _, sd = regressor.predict(X[:20], return_std=True, offset=OFFSET[:20])
    np.testing.assert_allclose(sd, np.sqrt(mu.var(axis=0) + mu.mean(axis=0)))
    new = regressor.posterior_predictive(X[:20], offset=OFFSET[:20])
    assert new.shape == (4, 250, 20)
    assert (new.values == np.floor(new.values)).all()


def test_heavy_tails_and_unknown_parameters():
    regressor = br.BayesRegressor(
        br.GaussianPrior(1.0), likelihood=br.StudentTLikelihood(dist.Gamma(2.0, 0.1))
    )
    regressor.fit(X, ROBUST)
    np.testing.assert_allclose(regressor.coef_, [1.0, 0.0, -1.0], atol=0.2)
    assert list(regressor.summary().index[-3:]) == ["intercept", "df", "noise_scale"]
    assert regressor.summary().loc["df", "map"] == regressor.map_.nuisance["df"]
    np.testing.assert_allclose(regressor.predict(X), X @ regressor.coef_ + regressor.intercept_)


def test_what_does_not_go_together():
    with pytest.raises(ValueError, match="`noise_scale` is that of a GaussianLikelihood; got"):
        br.BayesRegressor(noise_scale=1.0, likelihood=br.PoissonLikelihood()).fit(X, COUNTS)
    with pytest.raises(ValueError, match="Use BayesClassifier"):
        br.BayesRegressor(likelihood=br.BernoulliLikelihood()).fit(X, (COUNTS > 0).astype(float))


def test_a_pickle_predicts_and_holds_no_rows():
    copy = pickle.loads(pickle.dumps(clone(POISSON).fit(X, COUNTS)))
    assert copy.predict(X).shape == (100,)
    with pytest.raises(NotFittedError, match="holds no rows"):
        copy.sample()


def test_a_scale_by_grid_search_and_by_cross_validation():
    search = GridSearchCV(POISSON, {"prior__scale": [0.01, 0.3]}, scoring="neg_mean_poisson_deviance", cv=3)
    assert search.fit(X, COUNTS).best_params_ == {"prior__scale": 0.3}
    chosen = br.BayesRegressor(
        br.LaplacePrior(), scale_selection="cv", likelihood=br.PoissonLikelihood()
    ).fit(X, COUNTS)
    assert chosen.selection_.score == "log_density"
