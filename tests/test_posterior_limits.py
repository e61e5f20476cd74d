"""Where a sampler could go wrong in silence: alike columns, two bulks, float64's reach, long stays."""

import warnings

import numpy as np
import numpyro.distributions as dist
import pytest
from conftest import model, one_of_eight
from scipy.special import logsumexp

import bayesreg as br
from bayesreg.posterior.sampling_warning import _moves_freely, judge


def sample(linear, X, y, **options):
    data = br.RowData.from_arrays(X, y)
    return br.sample_posterior(linear, data, **{"progress": False, "seed": 1, **options})


@pytest.mark.parametrize("noise", [1e-3, 1e-4, 1e-5])
def test_noise_is_right_where_statistics_lose_a_direction(noise):
    """A polynomial of degree 8: its Gram matrix is singular in float64, and the fit lies in what it loses."""
    rng = np.random.default_rng(0)
    x = np.linspace(0, 1, 60)
    X = x[:, None] ** np.arange(1, 9)
    y = np.polynomial.chebyshev.Chebyshev.basis(8)(2 * x - 1) + noise * rng.normal(size=60)
    residual = y - np.polyval(np.polyfit(x, y, 8), x)
    tree = sample(br.LinearModel(br.LaplacePrior(1e6)), X, y, num_chains=2)
    sigma = tree["posterior"]["noise_scale"].values
    assert sigma.mean() == pytest.approx(np.sqrt(residual @ residual / 49), rel=0.05)


def share_of_small_noise(x, y, b):
    """P(σ < 1 | y) on a grid, for one centred column and the default prior on σ."""
    n, sd = len(y), y.std()
    square, cross, total = x @ x, x @ y, y @ y
    sigma = np.exp(np.linspace(np.log(1e-3), np.log(200), 1500))
    beta = np.r_[np.linspace(-8, 9.8, 4000), np.linspace(9.8, 10.2, 4000)[1:], np.linspace(10.2, 14, 500)[1:]]
    rss = np.maximum(total - 2 * cross * beta + square * beta**2, 0)
    log_density = -(n - 1) * np.log(sigma)[:, None] - 0.5 * rss / sigma[:, None] ** 2 - np.abs(beta) / b
    log_density = log_density - 2.0 * np.log1p((sigma / sd) ** 2 / 3)[:, None] + np.log(np.gradient(beta))
    by_sigma = logsumexp(log_density, axis=1) + np.log(sigma)
    mass = np.exp(by_sigma - by_sigma.max())
    return mass[sigma < 1].sum() / mass.sum()


@pytest.mark.parametrize(("b", "warned"), [(0.08, False), (0.1, True), (0.11, True), (0.2, False)])
def test_two_bulks_are_drawn_in_their_shares_and_told(b, warned):
    rng = np.random.default_rng(0)
    x = rng.normal(size=20)
    x -= x.mean()
    y = 10 * x + 0.05 * rng.normal(size=20)
    y -= y.mean()
    exact = share_of_small_noise(x, y, b)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tree = sample(br.LinearModel(br.LaplacePrior(b)), x[:, None], y, num_samples=300)
    small = (tree["posterior"]["noise_scale"].values < 1).mean()
    assert small == pytest.approx(exact, abs=2e-3)
    assert any("two separate parts" in str(one.message) for one in caught) is warned
    assert warned or min(exact, 1 - exact) < 1e-3
    assert tree.attrs["certified"] == 1


@pytest.mark.extended
@pytest.mark.parametrize("noise", [None, 0.5])
def test_columns_that_float64_cannot_add_to_the_noise(noise):
    """A column in units 1e8 larger: the covariance of the response cannot be factorised, and nothing hangs."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 30))
    X[:, 0] *= 1e8
    y = X[:, 1] + 0.5 * rng.normal(size=20)
    linear = br.LinearModel(br.LaplacePrior(1.0), br.GaussianLikelihood(noise))
    options = {"num_samples": 100, "num_warmup": 50, "num_chains": 2}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", br.SamplingWarning)
        tree = sample(linear, X, y, **options)
    assert tree.attrs["method"] == "mixture"
    assert np.isfinite(tree["posterior"]["coef"].values).all()
    with pytest.warns(br.SamplingWarning, match=r"diverged|R-hat") if noise else warnings.catch_warnings():
        warnings.simplefilter("always" if noise else "ignore")
        forced = sample(linear, X, y, method="gibbs", **options)
    assert np.isfinite(forced["posterior"]["coef"].values).all()


def test_draws_that_are_not_numbers_do_not_pass():
    judged = judge(
        np.where(
            np.arange(300)[None, :, None] < 200, np.random.default_rng(0).normal(size=(4, 300, 2)), np.nan
        )
    )
    assert not (judged.r_hat <= 1.01).any()
    assert not (judged.ess >= 400).any()


def test_long_stays_are_judged_parameter_by_parameter():
    rng = np.random.default_rng(0)
    light = 0.1 * rng.normal(size=(4, 1000))

    def moves_freely(accepted, log_weight=light):
        return _moves_freely({"accepted": accepted, "log_weight": log_weight})

    free = rng.random((4, 1000)) < 0.95
    assert moves_freely(free)
    one_long = free.copy()
    one_long[2, 100:160] = False
    assert not moves_freely(one_long)
    assert not moves_freely(rng.random((4, 1000)) < 0.4)
    last_chain = free.copy()
    last_chain[3, 940:] = False
    assert not moves_freely(last_chain)
    assert not moves_freely(free, rng.standard_cauchy(size=(4, 1000)))
    assert not _moves_freely({"diverging": ~free, "lp": light})


@pytest.mark.parametrize("kernel", ["auto", "whitened"])
def test_noise_at_the_edge_of_its_support(kernel):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 2))
    y = X[:, 0] + rng.normal(size=100)
    linear = br.LinearModel(br.LaplacePrior(1.0), br.GaussianLikelihood(dist.Uniform(0.1, 0.5)))
    sigma = sample(linear, X, y, method=kernel)["posterior"]["noise_scale"].values
    assert ((sigma > 0.45) & (sigma < 0.5)).all()
    assert sigma.std() > 1e-3


@pytest.mark.extended
def test_few_rows_and_scales_in_units_of_noise_are_left_to_nuts():
    linear = br.LinearModel(
        br.LaplacePrior(2.5, relative_to_noise=True),
        br.GaussianLikelihood(dist.ImproperUniform(dist.constraints.positive, (), ())),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", br.SamplingWarning)
        tree = sample(linear, [[0.0], [1.0], [2.0], [4.0]], [0.3, 1.1, 1.7, 4.4], num_samples=200)
    assert tree.attrs["kernel"] in ("nuts", "gibbs")


def test_a_flat_prior_on_the_scale_of_one_coefficient_is_improper():
    X, y = one_of_eight()
    flat = dist.ImproperUniform(dist.constraints.positive, (), ())
    for prior in (br.GaussianPrior(flat), br.LaplacePrior(flat)):
        for rows in (X[:, :1], np.c_[X[:, 1], np.ones(60)], np.c_[X[:, 1], X[:, 1]]):
            with pytest.raises(br.ImproperPosteriorError, match="prior on prior_scale is flat"):
                br.sample_posterior(model(prior), br.RowData.from_arrays(rows, y), progress=False)
    tree = br.sample_posterior(model(br.GaussianPrior(flat)), br.RowData.from_arrays(X, y), progress=False)
    assert 0.1 < float(tree["posterior"]["prior_scale"].median()) < 10.0


def test_a_bounded_hyperprior_warns_of_nothing(recwarn):
    X, y = one_of_eight()
    br.sample_posterior(
        model(br.GaussianPrior(dist.Uniform(0.1, 2.0))), br.RowData.from_arrays(X, y), progress=False
    )
    assert not [one for one in recwarn if "Out-of-support" in str(one.message)]
