"""Predictive sd, intervals and draws; coverage where the truth is known; scikit-learn's fits with intervals."""

import pickle

import numpy as np
import pytest
from conftest import diabetes, referee
from scipy import stats
from sklearn.datasets import load_diabetes
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import (
    ElasticNet,
    ElasticNetCV,
    Lars,
    Lasso,
    LassoCV,
    Ridge,
    RidgeCV,
)
from sklearn.linear_model import HuberRegressor as _Unsupported

import bayesreg as br

pytestmark = pytest.mark.filterwarnings("ignore::bayesreg.base.errors.SamplingWarning")
X, Y = diabetes()


@pytest.fixture(scope="module")
def ridge():
    regressor = br.BayesRegressor(br.GaussianPrior(300.0), noise_scale=54.0)
    return regressor.fit(X, Y).sample(num_samples=2000, progress=False)


def exact_predictive(new):
    A = np.column_stack([np.ones(442), X])
    covariance = np.linalg.inv(A.T @ A / 54.0**2 + np.diag(np.append(0.0, np.full(10, 300.0**-2.0))))
    row = np.column_stack([np.ones(len(new)), new])
    return row @ covariance @ A.T @ Y / 54.0**2, np.sqrt(np.einsum("ij,jk,ik->i", row, covariance, row))


def test_against_the_exact_gaussian_predictive(ridge):
    new = X[:7] * 3
    mean, sd = exact_predictive(new)
    total = np.hypot(sd, 54.0)
    point, std = ridge.predict(new, return_std=True)
    np.testing.assert_array_equal(point, ridge.predict(new))
    np.testing.assert_allclose(point, mean, rtol=1e-9)
    np.testing.assert_allclose(std, total, rtol=0.01)
    np.testing.assert_allclose(ridge.predict(new, return_std=True, of_mean=True)[1], sd, rtol=0.05)
    for mass in (0.5, 0.9, 0.99):
        point, bounds = ridge.predict(new, interval=mass)
        assert bounds.shape == (7, 2)
        z = stats.norm.ppf(0.5 + mass / 2)
        np.testing.assert_allclose(bounds[:, 0], mean - z * total, atol=0.05 * total.max())
        np.testing.assert_allclose(bounds[:, 1], mean + z * total, atol=0.05 * total.max())
        _, narrow = ridge.predict(new, interval=mass, of_mean=True)
        np.testing.assert_allclose(narrow[:, 1] - narrow[:, 0], 2 * z * sd, rtol=0.08)


def test_predictive_draws(ridge):
    new = X[:5]
    draws = ridge.posterior_predictive(new, seed=1)
    assert draws.dims == ("chain", "draw", "observation")
    assert draws.shape == (4, 2000, 5)
    mean, sd = exact_predictive(new)
    flat = draws.values.reshape(-1, 5)
    np.testing.assert_allclose(flat.mean(axis=0), mean, atol=4 * 56 / np.sqrt(7000))
    np.testing.assert_allclose(flat.std(axis=0), np.hypot(sd, 54.0), rtol=0.04)
    np.testing.assert_array_equal(draws, ridge.posterior_predictive(new, seed=1))
    assert not np.array_equal(draws, ridge.posterior_predictive(new, seed=2))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_predictive_noise_is_independent_of_the_draws_at_equal_seeds(seed):
    rng = np.random.default_rng(5)
    few, response = rng.normal(size=(6, 1)), rng.normal(size=6)
    regressor = br.BayesRegressor(br.GaussianPrior(0.01), noise_scale=1.0).fit(few, response)
    regressor.sample(num_samples=5000, seed=seed, progress=False)
    draws = regressor.posterior_predictive(few[:1], seed=seed).values.ravel()
    posterior = regressor.posterior_["posterior"]
    mean = posterior["intercept"].values.ravel() + posterior["coef"].values.ravel() * few[0, 0]
    assert abs(np.corrcoef(mean, draws - mean)[0, 1]) < 4 / np.sqrt(draws.size)
    np.testing.assert_allclose(draws.std(), regressor.predict(few[:1], return_std=True)[1], rtol=0.03)


def test_interval_is_the_exact_quantile_of_the_mixture(ridge):
    _, bounds = ridge.predict(X[:3], interval=0.8)
    posterior = ridge.posterior_
    coefs = posterior["posterior"]["coef"].values.reshape(-1, 10)
    mean = posterior["posterior"]["intercept"].values.reshape(-1, 1) + coefs @ X[:3].T
    below = stats.norm.cdf(bounds.T[:, None, :], mean[None], 54.0).mean(axis=1)
    np.testing.assert_allclose(below, [[0.1] * 3, [0.9] * 3], atol=1e-9)


def test_what_is_asked_before_its_time_or_wrongly():
    regressor = br.BayesRegressor(br.LaplacePrior(100.0), noise_scale=54.0)
    with pytest.raises(NotFittedError):
        regressor.sample()
    regressor.fit(X, Y)
    for ask in (
        lambda: regressor.predict(X, return_std=True),
        lambda: regressor.predict(X, interval=0.9),
        lambda: regressor.posterior_predictive(X),
    ):
        with pytest.raises(NotFittedError, match=r"call \.sample\(\) first"):
            ask()
    assert regressor.sample(num_samples=20, progress=False) is regressor
    for bad in (0.0, 1.0, 90, True):
        with pytest.raises(ValueError, match="`interval` must be a probability"):
            regressor.predict(X, interval=bad)
    with pytest.raises(ValueError, match="not both"):
        regressor.predict(X, interval=0.9, return_std=True)
    regressor.fit(X, Y)
    assert not hasattr(regressor, "posterior_")


def test_sampling_after_unpickling_needs_no_rows():
    import sys

    regressor = br.BayesRegressor(br.LaplacePrior(), standardize=True).fit(X, Y)
    text = pickle.dumps(regressor)
    assert len(text) < X.nbytes // 4
    back = pickle.loads(text)
    a = back.sample(num_samples=200, progress=False).posterior_["posterior"]["coef"].values
    b = regressor.sample(num_samples=200, progress=False).posterior_["posterior"]["coef"].values
    np.testing.assert_allclose(a.mean(axis=(0, 1)), b.mean(axis=(0, 1)), atol=0.2 * b.std(axis=(0, 1)).max())
    assert sys.getsizeof(pickle.dumps(back)) > len(text)


@pytest.mark.parametrize(
    "kind",
    [pytest.param("laplace", marks=pytest.mark.slow), pytest.param("gaussian", marks=pytest.mark.extended)],
)
def test_coverage_over_200_simulated_data_sets(kind):
    """Draw parameters from the prior, data from the parameters: intervals must cover at their rate."""
    rng = np.random.default_rng(11)
    n, p, mass, repeats = 25, 3, 0.8, 200
    design = rng.normal(size=(n, p))
    prior = br.LaplacePrior(0.7) if kind == "laplace" else br.GaussianPrior(0.7)
    covered = np.zeros((repeats, p + 2))
    for repeat in range(repeats):
        sigma = np.exp(rng.normal(0.0, 0.4))
        coef = rng.laplace(scale=0.7, size=p) if kind == "laplace" else rng.normal(scale=0.7, size=p)
        y = 2.0 + design @ coef + sigma * rng.normal(size=n)
        import numpyro.distributions as dist

        regressor = br.BayesRegressor(prior, noise_scale=dist.LogNormal(0.0, 0.4)).fit(design, y)
        regressor.sample(num_samples=250, num_warmup=300, seed=repeat, progress=False)
        posterior = regressor.posterior_["posterior"]
        draws = np.concatenate(
            [posterior["coef"].values.reshape(-1, p), posterior["noise_scale"].values.reshape(-1, 1)], axis=1
        )
        low, high = np.quantile(draws, [0.5 - mass / 2, 0.5 + mass / 2], axis=0)
        truth = np.append(coef, sigma)
        covered[repeat, :-1] = (low < truth) & (truth < high)
        new = rng.normal(size=(1, p))
        outcome = 2.0 + new @ coef + sigma * rng.normal(size=1)
        _, bounds = regressor.predict(new, interval=mass)
        covered[repeat, -1] = (bounds[0, 0] < outcome[0]) & (outcome[0] < bounds[0, 1])
    low, high = stats.binom(repeats, mass).ppf([5e-4, 1 - 5e-4])
    counts = covered.sum(axis=0)
    assert np.all((low <= counts) & (counts <= high)), counts


FITS = [
    Lasso(0.1),
    LassoCV(),
    Ridge(0.1),
    RidgeCV(),
    ElasticNet(0.001, l1_ratio=0.4),
    ElasticNetCV(l1_ratio=[0.3, 0.9]),
]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("fitted", FITS, ids=lambda fitted: type(fitted).__name__)
def test_from_sklearn_has_their_coef_as_its_mode(fitted, intercept, weighted):
    frame, y = load_diabetes(return_X_y=True, as_frame=True)
    w = np.random.default_rng(0).uniform(0.5, 2.0, 442) if weighted else None
    options = {} if "Ridge" in type(fitted).__name__ else {"tol": 1e-10, "max_iter": 200_000}
    fitted.set_params(fit_intercept=intercept, **options).fit(frame, y, sample_weight=w)
    ours = br.from_sklearn(fitted, frame, y, sample_weight=w)
    np.testing.assert_allclose(ours.coef_, fitted.coef_, rtol=0, atol=1e-5 * np.abs(fitted.coef_).max())
    assert ours.intercept_ == pytest.approx(fitted.intercept_, rel=1e-6)
    np.testing.assert_allclose(ours.predict(frame), fitted.predict(frame), rtol=1e-4)
    assert list(ours.feature_names_in_) == list(frame.columns)
    assert 50 < ours.noise_scale_ < 180
    given = br.from_sklearn(fitted, frame, y, sample_weight=w, noise_scale=60.0)
    np.testing.assert_allclose(given.coef_, ours.coef_, rtol=1e-8, atol=1e-8)
    assert given.noise_scale_ == 60.0
    gap, _ = referee(
        frame, y, ours.coef_, ours.intercept_, ours.penalty_.l1, ours.penalty_.l2, fit_intercept=intercept, weights=w
    )  # fmt: skip
    assert gap < 1e-10


def test_noise_from_residuals_uses_the_effective_degrees_of_freedom():
    lasso = Lasso(0.5).fit(X, Y)
    rss = np.square(Y - lasso.predict(X)).sum()
    expected = np.sqrt(rss / (442 - np.count_nonzero(lasso.coef_) - 1))
    assert br.from_sklearn(lasso, X, Y).noise_scale_ == pytest.approx(expected, rel=1e-5)
    ridge = Ridge(0.3).fit(X, Y)
    Xc = X - X.mean(axis=0)
    df = np.trace(Xc @ np.linalg.solve(Xc.T @ Xc + 0.3 * np.eye(10), Xc.T)) + 1
    rss = np.square(Y - ridge.predict(X)).sum()
    assert br.from_sklearn(ridge, X, Y).noise_scale_ == pytest.approx(np.sqrt(rss / (442 - df)), rel=1e-9)
    net = ElasticNet(0.001, l1_ratio=0.4, tol=1e-10).fit(X, Y)
    A = Xc[:, net.coef_ != 0]
    l2 = 442 * 0.001 * 0.6
    df = np.trace(A @ np.linalg.solve(A.T @ A + l2 * np.eye(A.shape[1]), A.T)) + 1
    rss = np.square(Y - net.predict(X)).sum()
    assert br.from_sklearn(net, X, Y).noise_scale_ == pytest.approx(np.sqrt(rss / (442 - df)), rel=1e-6)


def test_from_sklearn_refusals():
    with pytest.raises(NotFittedError):
        br.from_sklearn(Lasso(), X, Y)
    for other in (Lars(), _Unsupported(max_iter=10_000)):
        with pytest.raises(TypeError, match="must be one of scikit-learn's Lasso, LassoCV"):
            br.from_sklearn(other.fit(X, Y), X, Y)
    with pytest.raises(ValueError, match="constrains the signs"):
        br.from_sklearn(Lasso(0.1, positive=True).fit(X, Y), X, Y)
    with pytest.raises(ValueError, match="several responses"):
        br.from_sklearn(Ridge().fit(X, np.column_stack([Y, Y])), X, Y)
    with pytest.raises(ValueError, match="has 3 coefficients, but X has 10 columns"):
        br.from_sklearn(Ridge().fit(X[:, :3], Y), X, Y)
    small = np.random.default_rng(0).normal(size=(8, 30))
    response = small[:, 0] + 0.1
    with pytest.raises(ValueError, match=r"effective degrees of freedom.*Give `noise_scale`"):
        br.from_sklearn(Lasso(1e-7, max_iter=500_000).fit(small, response), small, response)
    assert br.from_sklearn(Ridge(1.0).fit(small, response), small, response).noise_scale_ > 0
    with pytest.warns(br.ConvergenceWarning, match="Are X, y and sample_weight those"):
        br.from_sklearn(Lasso(0.1).fit(X, Y), X, Y[::-1])


def test_from_sklearn_then_intervals():
    fitted = LassoCV().fit(X, Y)
    regressor = br.from_sklearn(fitted, X, Y).sample(progress=False)
    _, bounds = regressor.predict(X, interval=0.9)
    share = np.mean((bounds[:, 0] < Y) & (bounds[:, 1] > Y))
    assert 0.86 < share < 0.95
    assert "noise_scale" not in regressor.posterior_["posterior"]
