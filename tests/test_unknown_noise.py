"""The joint mode over coefficients and noise scale, against brute force and known answers."""

import warnings

import numpy as np
import numpyro.distributions as dist
import pytest
from conftest import diabetes, model, one_of_eight, wide
from scipy import optimize, stats
from sklearn.linear_model import Lasso

import bayesreg as br


def random_data(seed):
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(8, 40)), int(rng.choice([2, 5, 10]))
    X = rng.normal(size=(n, p))
    y = 3 * X[:, 0] + rng.normal(size=n) * rng.choice([0.05, 0.3, 1.0])
    return X, y, float(np.exp(rng.uniform(-5, 1)))


def minus_log_joint(X, y, coef, intercept, sigma, scale, relative):
    """Write the joint density down again, from scipy's distributions."""
    unit = scale * sigma if relative else scale
    noise_prior = stats.t(df=4, scale=y.std()).logpdf(sigma)
    likelihood = stats.norm(intercept + X @ coef, sigma).logpdf(y).sum()
    return -(likelihood + stats.laplace(scale=unit).logpdf(coef).sum() + noise_prior)


def brute_force_profile(X, y, sigmas, scale, relative):
    """Evaluate the joint density at each σ with scikit-learn's coefficients there."""
    values = []
    for sigma in sigmas:
        l1 = sigma / scale if relative else sigma**2 / scale
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            lasso = Lasso(l1 / len(y), tol=1e-12, max_iter=20_000).fit(X, y)
        values.append(minus_log_joint(X, y, lasso.coef_, lasso.intercept_, sigma, scale, relative))
    return np.array(values)


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("seed", [0, 6, 13, 14, 15, 30])
def test_no_better_mode_by_brute_force(seed, relative):
    X, y, scale = random_data(seed)
    linear = br.LinearModel(br.LaplacePrior(scale, relative_to_noise=relative))
    mode = br.map_estimate(linear, br.RowData.from_arrays(X, y))
    ours = minus_log_joint(X, y, mode.coef, mode.intercept, mode.noise_scale, scale, relative)
    sigmas = y.std() * np.geomspace(1e-3, 30, 250)
    values = brute_force_profile(X, y, sigmas, scale, relative)
    assert ours <= values.min() + 1e-9
    inner = np.flatnonzero((values[1:-1] < values[:-2]) & (values[1:-1] < values[2:])) + 1
    seen = np.sort([local.noise_scale for local in mode.local_modes])
    assert len(inner) == len(seen)
    assert np.all((sigmas[inner - 1] < seen) & (seen < sigmas[inner + 1]))
    if relative:
        assert len(seen) == 1


def test_local_modes_are_reported_and_ranked_by_density():
    X, y, scale = random_data(14)
    mode = br.map_estimate(br.LinearModel(br.LaplacePrior(scale)), br.RowData.from_arrays(X, y))
    assert len(mode.local_modes) == 3
    assert mode.noise_scale == mode.local_modes[0].noise_scale
    values = []
    for local in mode.local_modes:
        fixed = br.map_estimate(
            model(br.LaplacePrior(scale), local.noise_scale), br.RowData.from_arrays(X, y)
        )
        values.append(
            -minus_log_joint(X, y, fixed.coef, fixed.intercept, local.noise_scale, scale, relative=False)
        )
    densities = [local.log_density for local in mode.local_modes]
    np.testing.assert_allclose(np.diff(values), np.diff(densities), rtol=1e-7)
    assert densities == sorted(densities, reverse=True)


def test_the_certificate_says_that_it_is_conditional():
    X, y = diabetes()
    data = br.RowData.from_arrays(X, y)
    mode = br.map_estimate(br.LinearModel(br.LaplacePrior(300.0)), data)
    assert mode.certificate.conditional_on_noise_scale
    assert f"given noise_scale = {mode.noise_scale:.6g}" in str(mode.certificate)
    fixed = br.map_estimate(model(br.LaplacePrior(300.0), mode.noise_scale), data)
    np.testing.assert_allclose(mode.coef, fixed.coef, rtol=1e-12)
    assert not fixed.certificate.conditional_on_noise_scale
    assert mode.penalty == br.Penalty.from_prior(br.LaplacePrior(np.full(10, 300.0)), mode.noise_scale)


def test_flat_prior_and_flat_noise_are_maximum_likelihood():
    from numpyro.distributions import ImproperUniform, constraints

    X, y = diabetes()
    likelihood = br.GaussianLikelihood(ImproperUniform(constraints.positive, (), ()))
    mode = br.map_estimate(br.LinearModel(br.FlatPrior(), likelihood), br.RowData.from_arrays(X, y))
    design = np.column_stack([np.ones(len(y)), X])
    rss = np.linalg.lstsq(design, y, rcond=None)[1][0]
    np.testing.assert_allclose(mode.noise_scale, np.sqrt(rss / len(y)), rtol=1e-12)


def test_ridge_with_a_noise_prior_against_a_general_optimiser():
    import numpyro.distributions as dist

    X, y = diabetes()
    tau = 500.0
    likelihood = br.GaussianLikelihood(dist.Gamma(3.0, 0.1))
    mode = br.map_estimate(br.LinearModel(br.GaussianPrior(tau), likelihood), br.GramData.from_arrays(X, y))

    def minus_log(v):
        sigma = np.exp(v[-1])
        noise_prior = stats.gamma(3.0, scale=10.0).logpdf(sigma)
        coef = v[1:-1] * 100
        likelihood = stats.norm(v[0] + X @ coef, sigma).logpdf(y).sum()
        return -(likelihood + stats.norm(scale=tau).logpdf(coef).sum() + noise_prior)

    start = np.concatenate([[y.mean()], np.zeros(10), [np.log(60.0)]])
    found = optimize.minimize(minus_log, start, method="BFGS", options={"gtol": 1e-7})
    at_mode = minus_log(np.concatenate([[mode.intercept], mode.coef / 100, [np.log(mode.noise_scale)]]))
    assert at_mode <= found.fun + 1e-8
    np.testing.assert_allclose(np.exp(found.x[-1]), mode.noise_scale, rtol=1e-4)


@pytest.mark.parametrize("form", [br.RowData.from_arrays, br.GramData.from_arrays])
def test_no_mode_where_the_data_can_be_fitted_perfectly(form):
    import numpyro.distributions as dist

    X, y = wide(20, 40)
    for prior in (br.LaplacePrior(0.5), br.GaussianPrior(0.5), br.FlatPrior()):
        with pytest.raises(br.NoModeError, match=r"no mode.*known noise_scale.*LogNormal.*relative_to_noise"):
            br.map_estimate(br.LinearModel(prior), form(X, y))
    outweighs = br.GaussianLikelihood(dist.LogNormal(0.0, 0.5))
    # statistics know such a small residual sum of squares to three digits, and say so
    assert br.map_estimate(br.LinearModel(br.LaplacePrior(0.5), outweighs), form(X, y), tol=1e-2).converged
    for prior in (br.LaplacePrior(), br.GaussianPrior(), br.LaplacePrior(0.5, relative_to_noise=True)):
        assert br.map_estimate(br.LinearModel(prior), form(X, y)).converged


def test_the_default_noise_prior_is_weak():
    X, y = diabetes()
    mode = br.map_estimate(br.LinearModel(br.FlatPrior()), br.RowData.from_arrays(X, y))
    residual = y - mode.intercept - X @ mode.coef
    np.testing.assert_allclose(mode.noise_scale, residual.std(), rtol=0.005)


def test_units_of_y_carry_over():
    X, y = diabetes()
    one = br.map_estimate(br.LinearModel(br.LaplacePrior()), br.RowData.from_arrays(X, y))
    thousand = br.map_estimate(br.LinearModel(br.LaplacePrior()), br.RowData.from_arrays(X, 1000 * y))
    np.testing.assert_allclose(thousand.noise_scale, 1000 * one.noise_scale, rtol=1e-10)
    np.testing.assert_allclose(thousand.coef, 1000 * one.coef, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "prior",
    [dist.HalfNormal(0.7), dist.HalfCauchy(0.7), dist.Exponential(1.3), dist.LogNormal(-0.4, 0.6)],
    ids=lambda prior: type(prior).__name__,
)
def test_closed_forms_of_noise_priors_are_the_distributions(prior):
    """Up to a constant in the value; the derivative by JAX."""
    from bayesreg.priors.hyperpriors import _from_distribution

    sigma = np.geomspace(1e-3, 50.0, 37)
    closed = br.GaussianLikelihood(prior).noise_log_prior(1.0)
    values, derivatives = closed(sigma)
    expected, expected_derivatives = _from_distribution(prior)(sigma)
    assert np.ptp(values - expected) < 1e-9 * np.abs(expected).max()
    np.testing.assert_allclose(derivatives, expected_derivatives, rtol=1e-9)
    one, slope = closed(np.float64(0.5))
    assert np.ndim(one) == np.ndim(slope) == 0


@pytest.mark.parametrize(
    ("prior", "edge"),
    [
        (dist.Uniform(2.0, 5.0), 2.0),
        (dist.Uniform(0.0, 0.5), 0.5),
        (dist.TruncatedNormal(0.1, 0.1, low=0.0, high=0.5), 0.5),
        (dist.Pareto(2.0, 3.0), 2.0),
    ],
)
def test_the_support_of_the_noise_prior_holds(prior, edge):
    X, y = one_of_eight()
    mode = br.map_estimate(
        br.LinearModel(br.GaussianPrior(1.3), br.GaussianLikelihood(prior)), br.RowData.from_arrays(X, y)
    )
    assert mode.noise_scale == pytest.approx(edge, rel=1e-9)


def test_a_noise_prior_far_from_the_data_is_found():
    X, y = one_of_eight()
    likelihood = br.GaussianLikelihood(dist.LogNormal(20.0, 0.1))
    mode = br.map_estimate(br.LinearModel(br.GaussianPrior(1.3), likelihood), br.RowData.from_arrays(X, y))
    assert np.log(mode.noise_scale) == pytest.approx(20.0 - 61 * 0.01, abs=0.1)


@pytest.mark.parametrize(
    "prior",
    [
        dist.Delta(1.0),
        dist.Normal(1.0, 1.0),
        dist.HalfNormal(np.ones(3)),
        dist.MultivariateNormal(np.zeros(2), np.eye(2)),
        dist.Poisson(3.0),
        dist.HalfNormal,
    ],
)
def test_what_is_no_prior_on_one_positive_number_is_refused(prior):
    with pytest.raises((TypeError, ValueError), match="`noise_scale` must be a"):
        br.GaussianLikelihood(prior)


def test_the_default_noise_prior_beside_an_intercept_prior_is_scaled_by_the_sd():
    X, y = one_of_eight()
    x, y = X[:10, :1], y[:10] + 1000.0
    linear = br.LinearModel(br.GaussianPrior(1.0), intercept_prior=br.GaussianPrior(1e6))
    for form in (br.RowData.from_arrays, br.GramData.from_arrays):
        with_prior = br.map_estimate(linear, form(x, y), tol=1.0)
        flat = br.map_estimate(br.LinearModel(br.GaussianPrior(1.0)), form(x, y))
        assert with_prior.noise_scale == pytest.approx(flat.noise_scale, rel=1e-3)


def test_noise_estimate_of_near_perfect_fits_from_statistics_says_what_it_lost():
    X, _ = one_of_eight()
    rng = np.random.default_rng(1)
    y = X @ np.arange(1.0, 9.0) + 1e-7 * rng.normal(size=60)
    rows = br.map_estimate(br.LinearModel(br.FlatPrior()), br.RowData.from_arrays(X, y))
    assert 0.5e-7 < rows.noise_scale < 1.5e-7
    assert rows.converged
    with pytest.raises(br.NoModeError, match=r"cannot tell these data from a perfect fit.*Give the rows"):
        br.map_estimate(br.LinearModel(br.FlatPrior()), br.GramData.from_arrays(X, y))
    y = X @ np.arange(1.0, 9.0) + 1e-4 * rng.normal(size=60)
    with pytest.warns(br.ConvergenceWarning, match="Give the rows"):
        br.map_estimate(br.LinearModel(br.FlatPrior()), br.GramData.from_arrays(X, y))
