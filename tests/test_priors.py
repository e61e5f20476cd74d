"""Each prior's density, its penalty and its arguments."""

import numpy as np
import numpyro.distributions as dist
import pytest
from scipy import integrate, stats

import bayesreg as br

PRIORS = {
    "laplace": br.LaplacePrior(0.7),
    "gaussian": br.GaussianPrior(1.3),
    "elastic net": br.ElasticNetPrior(0.7, 1.3),
    "elastic net, nearly laplace": br.ElasticNetPrior(0.7, 300.0),
    "elastic net, nearly gaussian": br.ElasticNetPrior(500.0, 1.3),
    "elastic net, all laplace": br.ElasticNetPrior(0.7, np.inf),
    "elastic net, all gaussian": br.ElasticNetPrior(np.inf, 1.3),
}


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("name", PRIORS)
def test_density_integrates_to_one(name, relative):
    from dataclasses import replace

    prior = replace(PRIORS[name], relative_to_noise=relative, factor=1.5)
    mass, _ = integrate.quad(
        lambda b: np.exp(prior.log_prob(b, noise_scale=0.4)), -60, 60, points=[0], limit=400
    )
    np.testing.assert_allclose(mass, 1.0, rtol=1e-8)


def test_densities_against_scipy():
    coef = np.linspace(-3, 3, 7)
    np.testing.assert_allclose(
        br.LaplacePrior(0.7).log_prob(coef), stats.laplace(scale=0.7).logpdf(coef), rtol=1e-13
    )
    np.testing.assert_allclose(
        br.GaussianPrior(0.7).log_prob(coef), stats.norm(scale=0.7).logpdf(coef), rtol=1e-13
    )
    both = br.ElasticNetPrior(0.7, np.inf).log_prob(coef)
    np.testing.assert_allclose(both, br.LaplacePrior(0.7).log_prob(coef), rtol=1e-13)
    relative = br.LaplacePrior(0.7, relative_to_noise=True).log_prob(coef, noise_scale=3.0)
    np.testing.assert_allclose(relative, stats.laplace(scale=2.1).logpdf(coef), rtol=1e-13)
    assert not br.FlatPrior().log_prob(coef).any()
    mixed = br.LaplacePrior([np.inf, 0.7]).log_prob([5.0, 1.0])
    np.testing.assert_allclose(mixed, [0.0, stats.laplace(scale=0.7).logpdf(1.0)])


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("name", PRIORS)
def test_penalty_is_minus_log_density_times_variance(name, relative):
    from dataclasses import replace

    sigma = 1.7
    prior = replace(PRIORS[name], relative_to_noise=relative)
    penalty = br.Penalty.from_prior(prior, sigma)
    a, b = np.array([0.3, -2.0, 0.0]), np.array([-1.1, 0.4, 5.0])
    drop = -(sigma**2) * (prior.log_prob(a, sigma) - prior.log_prob(b, sigma)).sum()
    np.testing.assert_allclose(penalty.value(a) - penalty.value(b), drop, rtol=1e-11)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: br.LaplacePrior(0), ValueError, "`scale` must be positive; got 0.0. np.inf leaves"),
        (lambda: br.LaplacePrior(-1.0), ValueError, "`scale` must be positive; got -1.0"),
        (lambda: br.GaussianPrior(np.nan), ValueError, "`scale` must be positive; got nan"),
        (lambda: br.GaussianPrior([1.0, 0.0]), ValueError, "`scale` must be positive; got 0.0"),
        (lambda: br.GaussianPrior([[1.0]]), ValueError, r"got shape \(1, 1\)"),
        (
            lambda: br.GaussianPrior("0.1"),
            TypeError,
            "`scale` must be a positive number, an array or a mapping",
        ),
        (lambda: br.GaussianPrior(["a"]), TypeError, "`scale` must be a positive number"),
        (lambda: br.GaussianPrior(True), TypeError, "got True of type bool"),
        (lambda: br.GaussianPrior({"a": -2.0}), ValueError, "`scale` must be positive; got -2.0"),
        (lambda: br.GaussianPrior(1e-200), ValueError, "must lie between 1e-100 and 1e\\+100"),
        (lambda: br.LaplacePrior(1.0, factor=0.0), ValueError, "`factor` must be positive"),
        (
            lambda: br.LaplacePrior(1.0, relative_to_noise="yes"),
            TypeError,
            "`relative_to_noise` must be True or False",
        ),
        (lambda: br.ElasticNetPrior(1.0, None), TypeError, "`gaussian_scale` must be given"),
        (lambda: br.GaussianLikelihood(0.0), ValueError, "`noise_scale` must be a positive finite number"),
        (lambda: br.GaussianLikelihood(np.inf), ValueError, "`noise_scale` must be a positive finite number"),
        (lambda: br.GaussianLikelihood("a"), ValueError, "`noise_scale` must be a positive finite number"),
        (lambda: br.LinearModel(0.1), TypeError, "For a number s write LaplacePrior"),
        (lambda: br.LinearModel(br.FlatPrior(), 1.0), TypeError, "write GaussianLikelihood"),
        (
            lambda: br.LinearModel(br.FlatPrior(), fit_intercept="no"),
            TypeError,
            "`fit_intercept` must be True",
        ),
        (
            lambda: br.LinearModel(
                br.FlatPrior(), fit_intercept=False, intercept_prior=br.GaussianPrior(1.0)
            ),
            ValueError,
            "`intercept_prior` needs fit_intercept=True",
        ),
        (
            lambda: br.LinearModel(br.FlatPrior(), intercept_prior=br.GaussianPrior()),
            TypeError,
            "plain numbers",
        ),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_repeated_names_are_refused():
    import pandas as pd

    with pytest.raises(ValueError, match="names 'a' more than once"):
        br.LaplacePrior(pd.Series([1.0, 2.0], index=["a", "a"]))
    assert br.LaplacePrior(pd.Series([1.0, 2.0], index=["a", "b"])) == br.LaplacePrior({"a": 1.0, "b": 2.0})


def test_priors_are_values():
    import copy
    import pickle

    for prior in (
        *PRIORS.values(),
        br.FlatPrior(),
        br.LaplacePrior([1.0, np.inf]),
        br.GaussianPrior({"a": 2.0}),
    ):
        assert copy.deepcopy(prior) == prior
        assert pickle.loads(pickle.dumps(prior)) == prior
        assert hash(copy.deepcopy(prior)) == hash(prior)
        assert prior != br.LaplacePrior(123.0)
    array = np.array([1.0, 2.0])
    prior = br.LaplacePrior(array)
    array[0] = 5.0
    assert prior.scale[0] == 1.0
    assert repr(br.LaplacePrior(0.5)) == "LaplacePrior(scale=0.5, factor=None, relative_to_noise=False)"


def test_the_default_needs_data():
    with pytest.raises(ValueError, match="only data can turn into numbers"):
        br.Penalty.from_prior(br.LaplacePrior())


def test_equal_priors_have_equal_hashes():
    a, b = br.LaplacePrior({"a": 1.0, "b": 2.0}), br.LaplacePrior({"b": 2.0, "a": 1.0})
    assert a == b
    assert hash(a) == hash(b)


@pytest.mark.parametrize("prior", [br.LaplacePrior, br.GaussianPrior])
@pytest.mark.parametrize(
    ("scale", "error", "message"),
    [
        (dist.Normal(0.0, 1.0), ValueError, "`scale` must be a continuous distribution on positive numbers"),
        (dist.Uniform(-1.0, 1.0), ValueError, "on positive numbers"),
        (dist.Poisson(2.0), ValueError, "must be a continuous distribution"),
        (dist.HalfNormal(np.ones(3)), ValueError, "a distribution of one number"),
        (dist.HalfNormal, TypeError, "not the class HalfNormal"),
    ],
)
def test_a_hyperprior_is_on_one_positive_number(prior, scale, error, message):
    with pytest.raises(error, match=message):
        prior(scale)
