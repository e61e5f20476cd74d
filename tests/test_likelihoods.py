"""Each likelihood is one function and what follows from it: derivatives, conjugate, distribution, draws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import bayesreg as br
from bayesreg.likelihoods.bernoulli import BernoulliLikelihood
from bayesreg.likelihoods.negative_binomial import NegativeBinomialLikelihood
from bayesreg.likelihoods.poisson import PoissonLikelihood
from bayesreg.likelihoods.student_t import StudentTLikelihood
from bayesreg.likelihoods.table import LIKELIHOODS

ETA = np.linspace(-6.0, 5.0, 23)
CASES = {
    "gaussian": (br.GaussianLikelihood(), {"noise_scale": 0.7}, np.array([-2.0, 0.0, 1.3])),
    "bernoulli": (BernoulliLikelihood(), {}, np.array([0.0, 1.0, 0.3])),
    "poisson": (PoissonLikelihood(), {}, np.array([0.0, 1.0, 7.0])),
    "negative binomial": (NegativeBinomialLikelihood(1.7), {"dispersion": 1.7}, np.array([0.0, 1.0, 7.0])),
    "student t": (StudentTLikelihood(3.5), {"df": 3.5, "noise_scale": 0.7}, np.array([-2.0, 0.0, 1.3])),
}


@pytest.fixture(params=CASES, ids=list(CASES))
def case(request):
    return CASES[request.param]


def grid(case):
    likelihood, nuisance, responses = case
    eta, y = (a.ravel() for a in np.meshgrid(ETA, responses))
    return likelihood, nuisance, eta, y


def test_slope_and_curvature_are_the_losss_derivatives(case):
    likelihood, nuisance, eta, y = grid(case)
    h = 1e-4
    up, down = (likelihood.loss(eta + s * h, y, nuisance) for s in (1, -1))
    np.testing.assert_allclose(likelihood.slope(eta, y, nuisance), (up - down) / (2 * h), atol=1e-6)
    up, middle, down = (likelihood.slope(eta + s * h, y, nuisance) for s in (1, 0, -1))
    curvature = np.broadcast_to(likelihood.curvature(eta, y, nuisance), eta.shape)
    if likelihood.is_convex:
        np.testing.assert_allclose(curvature, (up - down) / (2 * h), atol=1e-6)
    skewness = np.broadcast_to(likelihood.skewness(eta, y, nuisance), eta.shape)
    np.testing.assert_allclose(skewness, (up - 2.0 * middle + down) / h**2, atol=2e-6)


def test_a_loss_that_is_not_convex_lies_below_its_parabolas():
    likelihood, nuisance, eta, y = grid(CASES["student t"])
    at, slope = likelihood.loss(eta, y, nuisance), likelihood.slope(eta, y, nuisance)
    curvature = likelihood.curvature(eta, y, nuisance)
    for step in (-7.0, -0.5, 0.01, 0.4, 3.0):
        parabola = at + slope * step + 0.5 * curvature * step**2
        assert (likelihood.loss(eta + step, y, nuisance) <= parabola + 1e-12).all()


def test_the_loss_is_minus_the_log_density_but_for_what_is_free_of_eta(case):
    likelihood, nuisance, eta, y = grid(case)
    total = likelihood.loss(eta, y, nuisance) + likelihood.log_prob(eta, y, nuisance)
    np.testing.assert_allclose(
        total, likelihood.log_prob(0 * eta, y, nuisance) + likelihood.loss(0 * eta, y, nuisance)
    )


def test_loss_and_density_are_the_same_in_jax(case):
    likelihood, nuisance, eta, y = grid(case)
    with jax.enable_x64(True):
        for name in ("loss", "log_prob"):
            ours = getattr(likelihood, name)(jnp.asarray(eta), jnp.asarray(y), nuisance)
            np.testing.assert_allclose(
                ours, getattr(likelihood, name)(eta, y, nuisance), rtol=1e-12, atol=1e-14
            )


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[0].is_convex])
def test_the_conjugate_is_the_supremum(name):
    likelihood, nuisance, eta, y = grid(CASES[name])
    for share in (0.0, 0.4, 1.0):
        u = share * likelihood.slope(eta, y, nuisance)
        wide = np.linspace(-40.0, 40.0, 80_001)[:, None]
        best = (u * wide - likelihood.loss(wide, y, nuisance)).max(axis=0)
        np.testing.assert_allclose(likelihood.conjugate(u, y, nuisance), best, atol=1e-4)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[0].is_convex])
def test_the_excess_is_never_negative_and_is_what_fenchel_and_young_say(name):
    likelihood, nuisance, eta, y = grid(CASES[name])
    for share in (0.0, 0.4, 0.999999, 1.0):
        u = share * likelihood.slope(eta, y, nuisance)
        excess = likelihood.excess(eta, y, share, nuisance)
        terms = likelihood.loss(eta, y, nuisance) + likelihood.conjugate(u, y, nuisance) - u * eta
        assert (excess >= 0.0).all()
        np.testing.assert_allclose(excess, terms, atol=1e-12, rtol=1e-10)
    assert (likelihood.excess(eta, y, 1.0, nuisance) <= 1e-13).all()


def test_deviance_and_slope_together_are_those_alone(case):
    likelihood, nuisance, responses = case
    far = np.concatenate([ETA, [-800.0, -40.0, 0.0, 40.0, 700.0]])
    eta, y = (a.ravel() for a in np.meshgrid(far, responses))
    with np.errstate(over="ignore"):
        deviance, slope = likelihood.deviance_and_slope(eta, y, nuisance)
        alone = likelihood.excess(eta, y, 0.0, nuisance)
    np.testing.assert_allclose(deviance, alone, rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(slope, likelihood.slope(eta, y, nuisance), rtol=1e-13, atol=1e-16)
    with np.errstate(over="ignore"):
        in_sums = likelihood.slope_in_sums(eta, y, nuisance)
    np.testing.assert_allclose(in_sums, slope, rtol=1e-13, atol=3e-16)


def test_a_count_of_0_is_fitted_perfectly_at_a_mean_of_0():
    eta, y = np.array([-np.inf, -800.0, 0.0]), np.zeros(3)
    deviance, slope = PoissonLikelihood().deviance_and_slope(eta, y, {})
    np.testing.assert_array_equal(deviance, [0.0, 0.0, 1.0])
    np.testing.assert_array_equal(slope, [0.0, 0.0, 1.0])


def test_quantiles_invert_the_distribution_function(case):
    likelihood, nuisance, _ = case
    for probability in (0.05, 0.5, 0.93):
        y = likelihood.quantile(ETA, probability, nuisance)
        assert (likelihood.cdf(ETA, y, nuisance) >= probability - 1e-12).all()
        assert (likelihood.cdf(ETA, y - 1e-6, nuisance) < probability).all()


def test_draws_have_the_mean_variance_and_distribution(case):
    likelihood, nuisance, _ = case
    rng = np.random.default_rng(3)
    for eta in (-1.2, 0.8):
        drawn = likelihood.draw(rng, np.full(40_000, eta), nuisance)
        mean = float(likelihood.mean(np.full(1, eta), nuisance)[0])
        assert drawn.mean() == pytest.approx(mean, abs=4.5 * drawn.std() / np.sqrt(drawn.size))
        variance = float(np.broadcast_to(likelihood.variance(np.full(1, eta), nuisance), 1)[0])
        assert drawn.var() == pytest.approx(variance, rel=0.03)
        for y in np.unique(np.quantile(drawn, (0.2, 0.6))):
            below = float(likelihood.cdf(np.full(1, eta), y, nuisance)[0])
            assert (drawn <= y).mean() == pytest.approx(below, abs=4.5 * np.sqrt(0.25 / drawn.size))


def test_the_gaussian_density_is_scipys():
    eta = np.array([0.3, -1.0])
    ours = br.GaussianLikelihood().log_prob(eta, 0.5, {"noise_scale": 0.7})
    np.testing.assert_allclose(ours, stats.norm(eta, 0.7).logpdf(0.5))


def test_the_table_names_each_by_its_family():
    assert all(name == likelihood.family for name, likelihood in LIKELIHOODS.items())
    assert "gaussian" in LIKELIHOODS


def test_far_out_no_yes_or_no_is_infinite():
    likelihood = BernoulliLikelihood()
    eta, y = np.array([-800.0, 800.0]), np.array([1.0, 0.0])
    np.testing.assert_allclose(likelihood.excess(eta, y, 0.0, {}), 800.0)


def test_densities_are_scipys():
    eta, k, df = np.linspace(-3.0, 3.0, 7), 1.7, 3.5
    mu = np.exp(eta)
    counts = np.array([0.0, 2.0, 9.0])[:, None]
    np.testing.assert_allclose(
        PoissonLikelihood().log_prob(eta, counts, {}), stats.poisson(mu).logpmf(counts)
    )
    nb, nuisance = NegativeBinomialLikelihood(k), {"dispersion": k}
    theirs = stats.nbinom(k, k / (k + mu))
    np.testing.assert_allclose(nb.log_prob(eta, counts, nuisance), theirs.logpmf(counts))
    np.testing.assert_allclose(nb.cdf(eta, counts, nuisance), theirs.cdf(counts))
    np.testing.assert_allclose(PoissonLikelihood().cdf(eta, counts, {}), stats.poisson(mu).cdf(counts))
    t, nuisance = StudentTLikelihood(df), {"df": df, "noise_scale": 0.7}
    np.testing.assert_allclose(t.log_prob(eta, 0.5, nuisance), stats.t(df, eta, 0.7).logpdf(0.5))


def test_a_negative_binomial_loss_is_a_logistic_one():
    """Weight y + k, response y/(y + k), offset −log k."""
    rng = np.random.default_rng(0)
    X, k, weight = rng.normal(size=(120, 3)), 0.8, rng.uniform(0.3, 2.0, 120)
    y = rng.poisson(np.exp(0.4 + X @ [0.5, -0.3, 0.0]) * rng.gamma(k, size=120) / k)
    for prior in (br.GaussianPrior(0.7), br.LaplacePrior(0.1), br.ElasticNetPrior(0.2, 0.6)):
        counts = br.LinearModel(prior, NegativeBinomialLikelihood(k))
        shares = br.LinearModel(prior, BernoulliLikelihood())
        ours = br.map_estimate(counts, br.RowData.from_arrays(X, y, weight))
        theirs = br.map_estimate(
            shares,
            br.RowData.from_arrays(X, y / (y + k), weight * (y + k), offset=np.full(120, -np.log(k))),
        )
        np.testing.assert_allclose(ours.coef, theirs.coef, atol=1e-10)
        assert ours.intercept == pytest.approx(theirs.intercept, abs=1e-10)


def test_responses_that_are_not_allowed_are_refused():
    for y, likelihood, message in (
        ([0.0, 2.0, 3.0], BernoulliLikelihood(), "3 different numbers, 2 at row 1"),
        ([0.0, 0.3, 1.1], BernoulliLikelihood(), "two labels, or fractions"),
        ([0.0, -2.0], PoissonLikelihood(), "-2 at row 1 is negative"),
        ([0.0, 1.5, 2.5], NegativeBinomialLikelihood(1.0), r"1.5 at row 1 is no whole number \(2 such"),
    ):
        with pytest.raises(ValueError, match=message):
            likelihood.check_response(np.array(y))


def test_parameters_that_are_not_positive_are_refused():
    for make in (
        lambda: NegativeBinomialLikelihood(0.0),
        lambda: NegativeBinomialLikelihood("much"),
        lambda: StudentTLikelihood(-1.0),
        lambda: StudentTLikelihood(float("inf")),
        lambda: StudentTLikelihood(4.0, 0.0),
    ):
        with pytest.raises(ValueError, match="must be a positive finite number"):
            make()


def test_predictions_of_yes_or_no_are_probabilities():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 2))
    y = (rng.random(80) < 1.0 / (1.0 + np.exp(-2.0 * X[:, 0]))).astype(float)
    model, data = br.LinearModel(br.GaussianPrior(1.0), BernoulliLikelihood()), br.RowData.from_arrays(X, y)
    tree = br.sample_posterior(model, data, progress=False)
    draws = tree["posterior"].to_dataset()
    eta = draws["coef"].values.reshape(-1, 2) @ X.T + draws["intercept"].values.reshape(-1, 1)
    mu = 1.0 / (1.0 + np.exp(-eta))
    found = br.predict_posterior(tree, X, of="mean")
    np.testing.assert_allclose(found["mean"], mu.mean(axis=0), rtol=1e-10)
    np.testing.assert_allclose(found["sd"], mu.std(axis=0), rtol=1e-8)
    np.testing.assert_allclose(found["lower"], np.quantile(mu, 0.05, axis=0), rtol=1e-10)
    one = br.predict_posterior(tree, X)
    p = mu.mean(axis=0)
    np.testing.assert_allclose(one["sd"], np.sqrt(p * (1.0 - p)), rtol=1e-8)
    looked_at = mu[::4]  # 1,000 draws at most
    np.testing.assert_allclose(br.check_predictions(tree, data).predicted, looked_at.mean(axis=0), rtol=1e-10)
