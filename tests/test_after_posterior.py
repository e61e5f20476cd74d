"""What one does with draws: prior draws, predictions, sensitivity, warnings, NumPyro, and ArviZ's functions."""

import warnings

import arviz as az
import jax
import numpy as np
import numpyro.distributions as dist
import pandas as pd
import pytest
from conftest import diabetes, model, wide
from scipy import stats
from scipy.special import logsumexp

import bayesreg as br
from bayesreg.posterior.sampling_warning import bfmi, judge
from calibration.random_posteriors import random_posterior

X, Y = diabetes()
DATA = br.RowData.from_arrays(X, Y)


def sample(linear, data=DATA, **options):
    return br.sample_posterior(linear, data, **{"progress": False, **options})


# --- the prior ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("b", "tau"), [(0.5, np.inf), (np.inf, 0.4), (0.5, 0.4), (1e-3, 10.0), (10.0, 1e-3), (1e-6, 1.0)]
)
@pytest.mark.parametrize("relative", [False, True])
def test_prior_draws_have_the_priors_distribution(b, tau, relative):
    prior = br.ElasticNetPrior(b, tau, relative_to_noise=relative)
    tree = br.sample_prior(model(prior, 2.0), br.RowData.from_arrays(*wide(5, 4)), num_samples=20_000)
    draws = tree["prior"]["coef"].values
    assert draws.shape == (1, 20_000, 4)
    unit = 2.0 if relative else 1.0
    size = unit / np.hypot(1.0 / b, 1.0 / tau)
    grid = size * np.concatenate([-np.geomspace(60.0, 1e-6, 4000), np.geomspace(1e-6, 60.0, 4000)])
    density = np.exp(prior.log_prob(grid, 2.0))
    cumulative = np.concatenate([[0.0], np.cumsum(0.5 * (density[1:] + density[:-1]) * np.diff(grid))])
    assert cumulative[-1] == pytest.approx(1.0, abs=1e-4)
    for j in range(4):
        assert stats.kstest(draws[0, :, j], lambda v: np.interp(v, grid, cumulative)).pvalue > 1e-4


def test_prior_draws_of_everything():
    prior = br.LaplacePrior(dist.HalfNormal(2.0), factor={"x1": 3.0})
    linear = br.LinearModel(
        prior, br.GaussianLikelihood(dist.Gamma(3.0, 4.0)), intercept_prior=br.GaussianPrior(7.0)
    )
    tree = br.sample_prior(linear, br.RowData.from_arrays(*wide(6, 3)), num_samples=40_000, seed=1)
    prior_group = tree["prior"].to_dataset()
    assert set(prior_group.data_vars) == {"coef", "intercept", "noise_scale", "prior_scale"}
    assert stats.kstest(prior_group["prior_scale"].values[0], stats.halfnorm(scale=2.0).cdf).pvalue > 1e-3
    assert stats.kstest(prior_group["noise_scale"].values[0], stats.gamma(3.0, scale=0.25).cdf).pvalue > 1e-3
    assert stats.kstest(prior_group["intercept"].values[0], stats.norm(0.0, 7.0).cdf).pvalue > 1e-3
    standard = prior_group["coef"].values[0] / prior_group["prior_scale"].values[0][:, None] / [1.0, 3.0, 1.0]
    for j in range(3):
        assert stats.kstest(standard[:, j], stats.laplace.cdf).pvalue > 1e-3


def test_prior_predictive_is_centred_on_the_data_where_the_intercept_is_flat():
    tree = br.sample_prior(model(br.GaussianPrior(100.0), 30.0), DATA, num_samples=8000)
    y = tree["prior_predictive"]["y"].values[0]
    assert y.shape == (8000, 442)
    expected = np.sqrt(30.0**2 + 100.0**2 * np.square(X - X.mean(axis=0)).sum(axis=1))
    assert np.abs(y.mean(axis=0) - Y.mean()).max() < 5 * expected.max() / np.sqrt(8000)
    np.testing.assert_allclose(y.std(axis=0), expected, rtol=0.05)
    np.testing.assert_array_equal(tree["observed_data"]["y"], Y)
    again = br.sample_prior(model(br.GaussianPrior(100.0), 30.0), DATA, num_samples=8000)
    np.testing.assert_array_equal(again["prior_predictive"]["y"], y[None])


def test_flat_priors_cannot_be_drawn_from():
    with pytest.raises(br.ImproperPriorError, match="'x2' is flat"):
        br.sample_prior(br.LinearModel(br.LaplacePrior(factor={"x2": np.inf})), DATA)
    flat_noise = br.GaussianLikelihood(dist.ImproperUniform(dist.constraints.positive, (), ()))
    with pytest.raises(br.ImproperPriorError, match="the prior of noise_scale is improper"):
        br.sample_prior(br.LinearModel(br.LaplacePrior(), flat_noise), DATA)
    with pytest.raises(ValueError, match="`num_samples` must be a whole number"):
        br.sample_prior(br.LinearModel(br.LaplacePrior()), DATA, num_samples=0)


# --- predictions -------------------------------------------------------------------------------


def test_predictions_against_the_closed_form():
    tree = sample(model(br.GaussianPrior(300.0), 54.0), num_samples=5000)
    A = np.column_stack([np.ones(442), X])
    precision = A.T @ A / 54.0**2 + np.diag([0.0, *[300.0**-2] * 10])
    covariance = np.linalg.inv(precision)
    mean = A[:20] @ covariance @ A.T @ Y / 54.0**2
    sd = np.sqrt(np.einsum("ij,jk,ik->i", A[:20], covariance, A[:20]))
    rows = pd.DataFrame(X[:20], columns=[f"x{j}" for j in range(10)], index=range(100, 120))
    of_mean = br.predict_posterior(tree, rows, mass=0.8, of="mean")
    assert list(of_mean.index) == list(range(100, 120))
    assert np.abs(of_mean["mean"] - mean).max() < 5 * sd.max() / np.sqrt(20_000)
    np.testing.assert_allclose(of_mean["sd"], sd, rtol=0.03)
    total = np.sqrt(sd**2 + 54.0**2)
    new = br.predict_posterior(tree, X[:20])
    np.testing.assert_allclose(new["sd"], total, rtol=0.01)
    z = stats.norm.ppf(0.95)
    np.testing.assert_allclose(new["upper"] - new["lower"], 2 * z * total, rtol=0.01)
    for wrong, message in (
        ({"of": "row"}, "`of` must be"),
        ({"mass": 1.5}, "`mass` must be a probability"),
    ):
        with pytest.raises(ValueError, match=message):
            br.predict_posterior(tree, X[:5], **wrong)
    with pytest.raises(ValueError, match="has 3 columns, but the draws are of 10"):
        br.predict_posterior(tree, X[:5, :3])
    with pytest.raises(ValueError, match="the draws are of features"):
        br.predict_posterior(tree, rows.rename(columns={"x0": "age"}))


def test_arviz_reads_the_tree_with_everything_in_it():
    import matplotlib.pyplot as plt

    linear = br.LinearModel(br.LaplacePrior())
    tree = sample(linear, log_likelihood=True)
    tree = br.add_posterior_predictive(tree, linear, DATA)
    assert tree["posterior_predictive"]["y"].shape == (4, 1000, 442)
    assert {"log_likelihood", "log_prior", "observed_data", "posterior_predictive"} <= set(tree.children)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ArviZ and matplotlib speak of layout among themselves
        az.plot_ppc_dist(tree, backend="matplotlib")
        sensitivity = az.psense_summary(tree)
    plt.close("all")
    assert {"prior", "likelihood"} <= set(sensitivity.columns)
    assert (sensitivity["likelihood"] >= 0).all()
    assert -2500 < az.loo(tree).elpd < -2300


# --- leave-one-out -----------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", [(20, 3), (9, 14)])
def test_exact_leave_one_out_with_all_known_is_a_refit_without_the_row(shape, weighted):
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=shape) + 1.0, rng.normal(size=shape[0])
    w = rng.uniform(0.5, 2.0, shape[0]) if weighted else np.ones(shape[0])
    prior = br.GaussianPrior(0.7, factor={"x1": np.inf})
    linear, data = model(prior, 0.9), br.RowData.from_arrays(X, y, w)
    found = br.exact_loo(sample(linear, data, num_samples=5), linear, data)
    tau = np.array([np.inf, *np.where(np.arange(shape[1]) == 1, np.inf, 0.7)])
    A = np.column_stack([np.ones(shape[0]), X])
    for i in range(shape[0]):
        keep = np.arange(shape[0]) != i
        precision = (A[keep].T * w[keep]) @ A[keep] / 0.81 + np.diag(1.0 / tau**2)
        covariance = np.linalg.inv(precision)
        mean = A[i] @ covariance @ (A[keep].T * w[keep]) @ y[keep] / 0.81
        expected = w[i] * stats.norm(mean, np.sqrt(0.81 + A[i] @ covariance @ A[i])).logpdf(y[i])
        assert float(found.elpd_i[i]) == pytest.approx(expected, abs=1e-8)
    assert found.p > 0


def log_evidence(X, y, w, scale, relative):
    """Return log ∫ p(y | σ) p(σ) dσ under HalfNormal(2) on σ, by the covariance of y, on a grid."""
    kept = w > 0.0
    X, y, w = X[kept], y[kept], w[kept]
    grid = np.linspace(-5.0, 4.0, 601)
    sigma = np.exp(grid)[:, None, None]
    tau = scale * (sigma if relative else 1.0)
    covariance = np.diag(1.0 / w) * sigma**2 + tau**2 * (X @ X.T)
    inverse = np.linalg.inv(covariance)
    precision = inverse.sum(axis=(1, 2))  # of a flat intercept
    residual = y - ((inverse @ y).sum(axis=1) / precision)[:, None]
    quadratic = np.einsum("si,sij,sj->s", residual, inverse, residual)
    likelihood = -0.5 * (np.linalg.slogdet(covariance)[1] + quadratic + np.log(precision))
    powers = 0.5 * ((1.0 - w).sum() * (2.0 * grid + np.log(2.0 * np.pi)) - np.log(w).sum())
    constant = -0.5 * (len(y) - 1) * np.log(2.0 * np.pi)
    values = likelihood + powers + constant + stats.halfnorm(scale=2.0).logpdf(np.exp(grid)) + grid
    return logsumexp(values)


@pytest.mark.parametrize("relative", [False, True])
def test_exact_leave_one_out_of_weighted_rows(relative):
    """A row of weight w leaves with the power w that the posterior holds; the row it is then asked for is one."""
    rng = np.random.default_rng(8)
    X = rng.normal(size=(14, 3))
    y = X @ [1.0, 0.0, -1.0] + 0.6 * rng.normal(size=14)
    y[2] += 5.0
    w = np.ones(14)
    w[[2, 3, 7]] = 2.0, 4.5, 0.2
    linear = br.LinearModel(
        br.GaussianPrior(0.8, relative_to_noise=relative), br.GaussianLikelihood(dist.HalfNormal(2.0))
    )
    data = br.RowData.from_arrays(X, y, w)
    found = br.exact_loo(sample(linear, data, num_samples=4000), linear, data)
    for i in range(14):
        once, without = w.copy(), w.copy()
        once[i], without[i] = 1.0, 0.0
        expected = log_evidence(X, y, once, 0.8, relative) - log_evidence(X, y, without, 0.8, relative)
        assert float(found.elpd_i[i]) == pytest.approx(w[i] * expected, abs=0.02 * w[i])
    assert not found.warning


@pytest.mark.extended
def test_exact_leave_one_out_where_a_row_moves_the_scale_too():
    """σ and the scale unknown, and an outlier of high leverage: weighted draws would be off by tenths."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(16, 2))
    X[5] *= 4.0
    y = X @ [0.2, -0.1] + 0.4 * rng.normal(size=16)
    y[5] += 6.0
    scale = dist.HalfNormal(1.0)
    linear = br.LinearModel(br.GaussianPrior(scale), br.GaussianLikelihood(dist.HalfNormal(2.0)))
    data = br.RowData.from_arrays(X, y)
    found = br.exact_loo(sample(linear, data, num_samples=2000), linear, data)
    assert found.pareto_k[5] == 0.0

    def over_scales(w):
        grid = np.linspace(-12.0, 3.0, 151)
        prior = stats.halfnorm().logpdf(np.exp(grid)) + grid
        return logsumexp([log_evidence(X, y, w, np.exp(at), False) for at in grid] + prior)

    for i in (5, 0):
        expected = over_scales(np.ones(16)) - over_scales((np.arange(16) != i).astype(float))
        assert float(found.elpd_i[i]) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("noise_scale", [0.7, None])
def test_a_row_that_alone_tells_a_coefficient(noise_scale):
    rng = np.random.default_rng(5)
    X, y = rng.normal(size=(15, 2)), rng.normal(size=15)
    X[:, 1] = 0.0
    X[9, 1] = 3.0
    data = br.RowData.from_arrays(X, y)
    flat = br.LinearModel(br.GaussianPrior(1.0, factor={"x1": np.inf}), br.GaussianLikelihood(noise_scale))
    with pytest.raises(ValueError, match="row 9 alone determines the intercept or an unpenalised"):
        br.exact_loo(sample(flat, data, num_samples=50), flat, data)
    with pytest.raises(ValueError, match="row 9 alone determines"):
        br.select_scale(flat, data, "loo")


def test_leave_one_out_where_a_wide_prior_leaves_next_to_nothing_of_a_row():
    """1 − h is 1e-15 at row 9: a subtraction would leave noise; the refit without it is the prior's own width."""
    rng = np.random.default_rng(6)
    X, y = rng.normal(size=(15, 2)), rng.normal(size=15)
    X[:, 1] = 0.0
    X[9, 1] = 3.0
    data, scale = br.RowData.from_arrays(X, y), 1e7
    linear = model(br.GaussianPrior(1.0, factor={"x1": scale}), 0.7)
    found = br.exact_loo(sample(linear, data, num_samples=5), linear, data)
    A, keep = np.column_stack([np.ones(15), X[:, 0]]), np.arange(15) != 9
    covariance = np.linalg.inv(A[keep].T @ A[keep] / 0.49 + np.diag([0.0, 1.0]))
    mean = A[9] @ covariance @ A[keep].T @ y[keep] / 0.49
    sd = np.sqrt(0.49 + A[9] @ covariance @ A[9] + (3.0 * scale) ** 2)
    assert float(found.elpd_i[9]) == pytest.approx(stats.norm(mean, sd).logpdf(y[9]), rel=1e-9)


@pytest.mark.parametrize("method", ["cv", "loo", "gcv", "aic", "evidence", "psis-loo"])
def test_no_column_under_the_prior_leaves_no_scale_to_choose(method):
    linear = model(br.GaussianPrior(1.0, factor=np.inf), 54.0)
    with pytest.raises(ValueError, match="no column is under the prior"):
        br.select_scale(linear, DATA, method)


@pytest.mark.parametrize(
    "prior", [br.GaussianPrior(300.0), br.GaussianPrior(dist.HalfNormal(500.0)), br.FlatPrior()]
)
def test_exact_leave_one_out_agrees_with_arvizs(prior):
    linear = br.LinearModel(prior)
    tree = sample(linear, log_likelihood=True, num_samples=2000)
    exact, smoothed = br.exact_loo(tree, linear, DATA), az.loo(tree, pointwise=True)
    assert exact.elpd == pytest.approx(smoothed.elpd, abs=0.3)
    assert exact.p == pytest.approx(smoothed.p, rel=0.1)
    assert exact.se == pytest.approx(smoothed.se, rel=0.02)
    assert np.abs(exact.elpd_i.values - smoothed.elpd_i.values).max() < 0.1
    assert not exact.warning
    assert exact.pareto_k.values.max() < smoothed.pareto_k.values.max()
    with pytest.raises(ValueError, match="closed form for a GaussianPrior"):
        br.exact_loo(tree, br.LinearModel(br.LaplacePrior()), DATA)


def test_arviz_compares_exact_leave_one_out():
    trees = {"ridge": br.LinearModel(br.GaussianPrior()), "flat": br.LinearModel(br.FlatPrior())}
    found = {
        name: br.exact_loo(sample(linear, num_samples=1000), linear, DATA) for name, linear in trees.items()
    }
    assert set(az.compare(found).index) == {"ridge", "flat"}


# --- sensitivity -------------------------------------------------------------------------------


@pytest.mark.parametrize("prior", [br.GaussianPrior, br.LaplacePrior])
@pytest.mark.parametrize("relative", [False, True])
def test_sensitivity_is_the_derivative_of_the_mean(prior, relative):
    base, step = (300.0 / 54.0 if relative else 300.0), 1.1
    fits = [
        sample(model(prior(base * factor, relative_to_noise=relative), 54.0), num_samples=10_000, seed=i)
        for i, factor in enumerate((1 / step, 1.0, step))
    ]
    table = br.scale_sensitivity(fits[1])
    means = [fit["posterior"]["coef"].values.reshape(-1, 10).mean(axis=0) for fit in fits]
    sd = fits[1]["posterior"]["coef"].values.reshape(-1, 10).std(axis=0)
    numeric = (means[2] - means[0]) / (2 * np.log(step))
    error = np.hypot(table["mcse"][:10], sd * np.sqrt(2 / 15_000) / (2 * np.log(step)))
    assert (np.abs(table["derivative"][:10] - numeric) < 4.5 * error).all()
    np.testing.assert_allclose(table["derivative_in_sd"], table["derivative"] / table["sd"])
    assert list(table.index) == [*(f"x{j}" for j in range(10)), "intercept"]


def test_sensitivity_needs_a_scale():
    tree = sample(br.LinearModel(br.LaplacePrior(dist.HalfNormal(500.0))), num_samples=20)
    with pytest.raises(ValueError, match="prior_scale is sampled"):
        br.scale_sensitivity(tree)
    with pytest.raises(ValueError, match="unpenalised"):
        br.scale_sensitivity(sample(br.LinearModel(br.FlatPrior()), num_samples=20))


# --- warnings ----------------------------------------------------------------------------------


def test_r_hat_and_ess_are_arvizs():
    rng = np.random.default_rng(0)
    draws = rng.normal(size=(4, 500, 6))
    for t in range(1, 500):  # autocorrelated, antithetic, heavy-tailed, shifted, constant
        draws[:, t, 1] = 0.9 * draws[:, t - 1, 1] + np.sqrt(0.19) * draws[:, t, 1]
        draws[:, t, 2] = -0.4 * draws[:, t - 1, 2] + np.sqrt(0.84) * draws[:, t, 2]
    draws[..., 3] = rng.standard_cauchy((4, 500))
    draws[1, :, 4] += 1.0
    draws[..., 5] = 3.0
    judged = judge(draws)
    for j in range(5):
        assert judged.r_hat[j] == pytest.approx(float(az.rhat(draws[..., j])), rel=1e-12)
        bulk = float(az.ess(draws[..., j], method="bulk"))
        least = min(bulk, float(az.ess(draws[..., j], method="tail", prob=(0.05, 0.95))))
        assert judged.ess[j] == pytest.approx(least, rel=1e-10)
    assert judged.r_hat[5] == 1.0
    assert judged.ess[5] == 2000
    energy = rng.normal(size=(4, 500)).cumsum(axis=1)
    np.testing.assert_allclose(bfmi(energy), az.bfmi(energy), rtol=0.01)


@pytest.mark.parametrize("method", [pytest.param("mixture", marks=pytest.mark.extended), "gibbs"])
def test_every_kernel_of_chains_is_asked_for_effective_draws(method):
    """Two bulks of σ that a shallow valley joins: chains cross now and then."""
    posterior = random_posterior("wide", 3)
    with pytest.warns(br.SamplingWarning, match="R-hat is above|ESS is below"):
        sample(posterior.model(), posterior.data(), num_samples=500, method=method)


def test_one_message_names_the_parameters_the_cause_and_the_remedy():
    rng = np.random.default_rng(0)
    data = br.RowData.from_arrays(
        rng.normal(size=(30, 3)), rng.normal(size=30), feature_names=["a", "b", "c"]
    )
    with pytest.warns(br.SamplingWarning) as caught:
        sample(br.LinearModel(br.LaplacePrior(0.3)), data, num_warmup=2, num_samples=300, method="whitened")
    assert len(caught) == 1
    message = str(caught[0].message)
    assert "R-hat is above 1.01 for" in message
    assert "num_warmup" in message
    assert any(f"coef[{name}]" in message or "noise_scale" in message for name in "abc")
    assert caught[0].filename == __file__


def test_good_draws_and_short_runs_are_silent():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for prior in (br.LaplacePrior(), br.GaussianPrior(), br.ElasticNetPrior(300.0, 300.0)):
            sample(br.LinearModel(prior))
        sample(br.LinearModel(br.LaplacePrior()), num_samples=20)


# --- NumPyro -----------------------------------------------------------------------------------

NUMPYRO_MODELS = {
    "laplace": br.LinearModel(br.LaplacePrior(0.4), br.GaussianLikelihood(dist.Gamma(4.0, 5.0))),
    "hyper": br.LinearModel(br.GaussianPrior(dist.HalfNormal(0.5)), br.GaussianLikelihood(0.8)),
    "relative": br.LinearModel(br.LaplacePrior(0.4, relative_to_noise=True)),
    "elastic net, one flat": br.LinearModel(br.ElasticNetPrior(0.4, 0.3, factor={"x1": np.inf})),
    "intercept prior": br.LinearModel(br.GaussianPrior(0.4), intercept_prior=br.LaplacePrior(0.2)),
    "no intercept": br.LinearModel(br.LaplacePrior(0.4), fit_intercept=False),
    "standardised": br.LinearModel(br.LaplacePrior(), standardize=True),
}


def numpyro_rows():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(25, 3)) + 1.0
    return X, X[:, 0] + rng.normal(size=25), rng.uniform(0.5, 1.5, 25)


@pytest.mark.parametrize("case", NUMPYRO_MODELS)
def test_the_plain_numpyro_model_has_the_same_density(case):
    """At draws: likelihood and priors, as the tree holds them, add up to NumPyro's density but for a constant."""
    from numpyro.infer.util import log_density

    linear, rows = NUMPYRO_MODELS[case], br.RowData.from_arrays(*numpyro_rows())
    tree = sample(linear, rows, num_samples=20, num_chains=1, log_likelihood=True)
    draws = {name: one.values[0] for name, one in tree["posterior"].data_vars.items()}
    groups = [*tree["log_prior"].data_vars.values(), tree["log_likelihood"]["y"]]
    ours = sum(one.values[0].reshape(20, -1).sum(axis=1) for one in groups)
    if linear.intercept_prior is not None:
        draws["intercept_column"] = draws.pop("intercept")[:, None]
    for data in (rows, br.GramData.from_arrays(*numpyro_rows())):
        with jax.enable_x64(True):
            plain = br.to_numpyro(linear, data)
            theirs = [
                float(log_density(plain, (), {}, {name: one[k] for name, one in draws.items()})[0])
                for k in range(20)
            ]
        assert np.ptp(ours) > 1.0
        assert np.ptp(ours - np.array(theirs)) < 1e-9


@pytest.mark.extended
@pytest.mark.parametrize("case", NUMPYRO_MODELS)
@pytest.mark.parametrize("held", ["rows", pytest.param("statistics", marks=pytest.mark.slow)])
def test_the_plain_numpyro_model_has_the_same_posterior(case, held):
    from numpyro.infer import MCMC, NUTS

    data = (br.RowData if held == "rows" else br.GramData).from_arrays(*numpyro_rows())
    linear = NUMPYRO_MODELS[case]
    ours = sample(linear, data, num_samples=2500)["posterior"]
    with jax.enable_x64(True), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = br.to_numpyro(linear, data)
        mcmc = MCMC(
            NUTS(plain, dense_mass=True), num_warmup=1000, num_samples=8000, num_chains=1, progress_bar=False
        )
        mcmc.run(jax.random.key(0))
        theirs = {name: np.asarray(values)[None] for name, values in mcmc.get_samples().items()}
    assert set(ours.data_vars) <= set(theirs)
    pairs = [(ours["coef"].values[..., j], theirs["coef"][..., j]) for j in range(3)]
    pairs += [(ours[name].values, theirs[name]) for name in ours.data_vars if name != "coef"]
    for a, b in pairs:
        for power in (1, 2):
            one, two = (a - b.mean()) ** power, (b - b.mean()) ** power
            mcse = np.hypot(float(az.mcse(one, method="mean")), float(az.mcse(two, method="mean")))
            assert abs(one.mean() - two.mean()) < 4.0 * mcse


def test_the_plain_numpyro_model_predicts_and_can_be_extended():
    from numpyro.infer import Predictive

    data = br.RowData.from_arrays(*wide(20, 3))
    plain = br.to_numpyro(model(br.GaussianPrior(0.4), fit_intercept=False), data)
    draws = Predictive(plain, num_samples=50)(jax.random.key(0), data.X[:4], None)
    assert draws["y"].shape == (50, 4)
