"""Likelihoods that need their rows: their NumPyro models, and draws from their priors."""

import jax
import numpy as np
import numpyro.distributions as dist
import pytest
from numpyro.infer.util import log_density
from scipy import stats

import bayesreg as br

RNG = np.random.default_rng(8)
X = RNG.normal(size=(30, 2))
OFFSET, WEIGHT = 0.3 * RNG.normal(size=30), RNG.uniform(0.5, 2.0, 30)
COUNTS = RNG.poisson(2.0, 30).astype(float)
LIKELIHOODS = {
    "bernoulli": (br.BernoulliLikelihood(), (COUNTS > 1.0).astype(float)),
    "fractions": (br.BernoulliLikelihood(), COUNTS / 10.0),
    "poisson": (br.PoissonLikelihood(), COUNTS),
    "negative binomial": (br.NegativeBinomialLikelihood(dist.Gamma(2.0, 1.0)), COUNTS),
    "student t": (br.StudentTLikelihood(5.0), COUNTS),
    "gaussian": (br.GaussianLikelihood(), COUNTS),
}


@pytest.mark.parametrize("name", LIKELIHOODS)
@pytest.mark.parametrize("prior", [br.GaussianPrior(0.5), br.LaplacePrior(0.5)], ids=["gaussian", "laplace"])
def test_the_numpyro_model_has_the_same_density(name, prior):
    likelihood, y = LIKELIHOODS[name]
    data = br.RowData.from_arrays(X, y, WEIGHT, offset=OFFSET)
    model = br.LinearModel(prior, likelihood)
    plain = br.to_numpyro(model, data)
    unknown = [one for one in likelihood.parameters() if one not in likelihood.known]
    priors = likelihood.nuisance_priors(data.response_sd)

    def ours(coef, intercept, nuisance):
        eta = X @ coef + intercept + OFFSET
        of_coef = stats.norm(0, 0.5) if isinstance(prior, br.GaussianPrior) else stats.laplace(0, 0.5)
        with jax.enable_x64(True):
            of_nuisance = sum(float(priors[one].log_prob(nuisance[one])) for one in unknown)
        of_rows = WEIGHT @ likelihood.log_prob(eta, y, likelihood.known | nuisance)
        return of_rows + of_coef.logpdf(coef).sum() + of_nuisance

    def theirs(coef, intercept, nuisance):
        at = {"coef": coef, "intercept": intercept, "intercept_column": np.array([intercept]), **nuisance}
        with jax.enable_x64(True):
            return float(log_density(plain, (), {}, at)[0])

    points = [
        (RNG.normal(size=2), RNG.normal(), {one: RNG.uniform(0.5, 2.0) for one in unknown}) for _ in range(4)
    ]
    differences = [ours(*point) - theirs(*point) for point in points]
    np.testing.assert_allclose(differences, differences[0], atol=1e-9)  # a constant of fractions may be free


def test_draws_of_a_prior_and_of_counts():
    data = br.RowData.from_arrays(X, COUNTS, WEIGHT, offset=OFFSET)
    model = br.LinearModel(
        br.GaussianPrior(0.3),
        br.NegativeBinomialLikelihood(dist.Gamma(20.0, 10.0)),
        intercept_prior=br.GaussianPrior(0.5),
    )
    tree = br.sample_prior(model, data, 4000)
    prior = tree["prior"].to_dataset()
    assert prior["coef"].values.std() == pytest.approx(0.3, rel=0.05)
    assert prior["intercept"].values.std() == pytest.approx(0.5, rel=0.06)
    assert prior["dispersion"].values.mean() == pytest.approx(2.0, rel=0.03)
    eta = prior["coef"].values[0] @ X.T + prior["intercept"].values[0][:, None] + OFFSET
    y = tree["prior_predictive"]["y"].values[0]
    assert (y == np.floor(y)).all()
    assert y.mean() == pytest.approx(np.exp(eta).mean(), rel=0.06)


def test_a_flat_intercept_leaves_the_mean_at_the_null_model():
    data = br.RowData.from_arrays(X, LIKELIHOODS["bernoulli"][1])
    tree = br.sample_prior(br.LinearModel(br.GaussianPrior(1e-6), br.BernoulliLikelihood()), data, 2000)
    assert tree["prior_predictive"]["y"].values.mean() == pytest.approx(data.y.mean(), abs=0.01)
    assert "intercept" not in tree["prior"]


def test_sensitivity_to_the_scale_and_intervals_along_scales():
    """The derivative of a posterior mean along the log scale, beside differences of means at two scales."""
    likelihood, y = LIKELIHOODS["bernoulli"]
    data = br.RowData.from_arrays(X, y)
    trees = [
        br.sample_posterior(
            br.LinearModel(br.GaussianPrior(scale), likelihood), data, num_samples=4000, progress=False
        )
        for scale in (0.5, 0.5 * np.exp(-0.2), 0.5 * np.exp(0.2))
    ]
    found = br.scale_sensitivity(trees[0])
    assert list(found.index) == ["x0", "x1", "intercept"]
    means = [tree["posterior"]["coef"].values.mean(axis=(0, 1)) for tree in trees]
    np.testing.assert_allclose(found["derivative"][:2], (means[2] - means[1]) / 0.4, atol=0.02)
    bands = br.path_intervals(
        br.LinearModel(br.GaussianPrior(), likelihood), data, [0.1, 0.5], num_samples=100, progress=False
    )
    assert bands.shape == (2, 2, 2)
    draws = trees[0]["posterior"]["coef"].values.reshape(-1, 2)
    np.testing.assert_allclose(bands[1].T, np.quantile(draws, (0.05, 0.95), axis=0), atol=0.15)
