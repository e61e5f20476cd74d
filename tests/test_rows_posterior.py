"""Posteriors of likelihoods that need their rows: which sampler draws them, and that the draws are right."""

import signal
import threading
from contextlib import contextmanager

import numpy as np
import numpyro.distributions as dist
import pytest
from scipy import stats
from sklearn.datasets import load_breast_cancer

import bayesreg as br
from bayesreg.base.jax_context import float64_on_cpu
from bayesreg.model.row_problem import resolve_rows
from bayesreg.posterior.kernels import chains
from bayesreg.posterior.kernels.independence import pilot
from bayesreg.posterior.kernels.row_moments import expected_on_rows
from bayesreg.posterior.targets.row_reference import row_reference
from bayesreg.posterior.targets.rows import row_target

RNG = np.random.default_rng(3)
X = RNG.normal(size=(90, 2))
OFFSET = 0.4 * RNG.normal(size=90)
WEIGHT = RNG.uniform(0.5, 1.5, 90)
ETA = 0.3 + OFFSET + X @ [0.8, -0.4]
MODELS = {
    "bernoulli": (br.BernoulliLikelihood(), (RNG.random(90) < 1.0 / (1.0 + np.exp(-ETA))).astype(float)),
    "poisson": (br.PoissonLikelihood(), RNG.poisson(np.exp(ETA)).astype(float)),
    "negative binomial": (
        br.NegativeBinomialLikelihood(1.5),
        RNG.poisson(np.exp(ETA) * RNG.gamma(1.5, size=90) / 1.5).astype(float),
    ),
    "student t": (br.StudentTLikelihood(4.0, 0.8), ETA + 0.8 * RNG.standard_t(4, size=90)),
}


def by_quadrature(likelihood, y, log_prior):
    """Return means and sds of intercept and both coefficients on a grid."""
    centre = np.array([0.3, 0.8, -0.4])
    axes = [np.linspace(c - 1.6, c + 1.6, 61) for c in centre]
    points = np.stack([a.ravel() for a in np.meshgrid(*axes, indexing="ij")], axis=1)
    eta = points[:, :1] + points[:, 1:] @ X.T + OFFSET
    height = likelihood.log_prob(eta, y, likelihood.known) @ WEIGHT + log_prior(points[:, 1:])
    mass = np.exp(height - height.max())
    mass /= mass.sum()
    mean = mass @ points
    return mean, np.sqrt(mass @ (points - mean) ** 2)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    ("prior", "method"),
    [
        ("gaussian", "independence"),
        *(
            pytest.param("laplace", method, marks=pytest.mark.extended)
            for method in ("independence", "mixture")
        ),
    ],
)
def test_draws_have_the_moments_of_quadrature(name, prior, method):
    likelihood, y = MODELS[name]
    of_coef = br.GaussianPrior(0.7) if prior == "gaussian" else br.LaplacePrior(0.4)
    density = stats.norm(0.0, 0.7) if prior == "gaussian" else stats.laplace(0.0, 0.4)
    data = br.RowData.from_arrays(X, y, WEIGHT, offset=OFFSET)
    model = br.LinearModel(of_coef, likelihood)
    asked = "auto" if method == "independence" else method
    tree = br.sample_posterior(model, data, method=asked, progress=False)
    assert tree.attrs["method"] == method
    assert tree.attrs["certified"] == 1
    mean, sd = by_quadrature(likelihood, y, lambda coef: density.logpdf(coef).sum(axis=1))
    draws = np.concatenate(
        [tree["posterior"]["intercept"].values[..., None], tree["posterior"]["coef"].values], axis=-1
    ).reshape(-1, 3)
    assert (np.abs(draws.mean(axis=0) - mean) < 4.5 * sd / np.sqrt(2500)).all()
    np.testing.assert_allclose(draws.std(axis=0), sd, rtol=0.06)


def test_a_posterior_far_from_gaussian_is_left_to_nuts():
    """Nearly separated rows under a wide prior: few effective events for each direction."""
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(60, 12))
    y = (columns[:, 0] + 0.2 * rng.normal(size=60) > 0.0).astype(float)
    data = br.RowData.from_arrays(columns, y)
    model = br.LinearModel(br.GaussianPrior(10.0), br.BernoulliLikelihood())
    tree = br.sample_posterior(model, data, progress=False)
    assert tree.attrs["method"] == "whitened"
    assert tree.attrs["certified"] == 1


@pytest.mark.extended
def test_many_rows_in_blocks_have_the_density_of_rows_at_once():
    rng = np.random.default_rng(1)
    columns = rng.normal(size=(9000, 2))
    y = rng.poisson(np.exp(0.2 + 0.3 * columns[:, 0])).astype(float)
    model, data = (
        br.LinearModel(br.GaussianPrior(1.0), br.PoissonLikelihood()),
        br.RowData.from_arrays(columns, y),
    )
    tree = br.sample_posterior(model, data, num_samples=200, progress=False)
    assert tree.attrs["method"] == "independence"
    lp = tree["sample_stats"]["lp"].values
    eta = tree["posterior"]["coef"].values @ columns.T + tree["posterior"]["intercept"].values[..., None]
    expected = stats.poisson(np.exp(eta)).logpmf(y).sum(axis=-1)
    expected = expected + stats.norm().logpdf(tree["posterior"]["coef"].values).sum(axis=-1)
    np.testing.assert_allclose(lp - lp.mean(), expected - expected.mean(), atol=1e-7)


@pytest.mark.extended
@pytest.mark.parametrize(
    ("likelihood", "name"),
    [
        (br.NegativeBinomialLikelihood(dist.Gamma(2.0, 1.0)), "negative binomial"),
        (br.StudentTLikelihood(), "student t"),
    ],
)
def test_unknown_dispersion_and_noise_are_sampled(likelihood, name):
    data = br.RowData.from_arrays(X, MODELS[name][1], WEIGHT, offset=OFFSET)
    tree = br.sample_posterior(br.LinearModel(br.GaussianPrior(0.7), likelihood), data, progress=False)
    assert tree.attrs["certified"] == 1
    (unknown,) = likelihood.parameters().keys() - likelihood.known.keys()
    assert tree["posterior"][unknown].values.min() > 0.0


def wide(seed, n, p):
    """Draw standard normal columns, and y that five of them decide."""
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(n, p))
    chance = 1.0 / (1.0 + np.exp(-columns[:, :5].sum(axis=1)))
    return br.RowData.from_arrays(columns, (rng.random(n) < chance).astype(float))


def test_a_laplace_prior_that_dominates_is_sampled_as_a_mixture():
    """NUTS at the mode gives the same moments, with a third of the effective draws a second."""
    data, model = wide(0, 30, 50), br.LinearModel(br.LaplacePrior(0.3), br.BernoulliLikelihood())
    trees = [br.sample_posterior(model, data, method=m, progress=False) for m in ("auto", "whitened")]
    assert [tree.attrs["method"] for tree in trees] == ["mixture", "whitened"]
    assert trees[0].attrs["certified"] == 1
    both = [tree["posterior"]["coef"].values.reshape(-1, 50) for tree in trees]
    sd = both[0].std(axis=0)
    assert (np.abs(both[0].mean(axis=0) - both[1].mean(axis=0)) < 5.0 * sd * np.sqrt(2.0 / 1500)).all()
    np.testing.assert_allclose(both[0].std(axis=0), both[1].std(axis=0), rtol=0.2)


def test_a_mixture_leaves_unpenalised_columns_flat():
    """Column a has an infinite scale: both samplers must draw it, and the intercept, from the same posterior."""
    rng = np.random.default_rng(5)
    columns = rng.normal(size=(30, 3))
    y = rng.poisson(np.exp(0.3 + columns @ [0.5, -0.5, 0.2])).astype(float)
    data = br.RowData.from_arrays(columns, y, feature_names=("a", "b", "c"))
    prior = br.LaplacePrior({"a": np.inf, "b": 0.1, "c": 0.1})
    model = br.LinearModel(prior, br.PoissonLikelihood())
    one, other = (
        br.sample_posterior(model, data, method=method, progress=False)["posterior"]
        for method in ("mixture", "whitened")
    )
    for name in ("coef", "intercept"):
        a, b = (tree[name].values.reshape(4000, -1) for tree in (one, other))
        assert (np.abs(a.mean(axis=0) - b.mean(axis=0)) < 5.0 * b.std(axis=0) * np.sqrt(2.0 / 1500)).all()
        np.testing.assert_allclose(a.std(axis=0), b.std(axis=0), rtol=0.12)


def test_a_sampler_of_quadratics_is_refused():
    likelihood, y = MODELS["poisson"]
    model, data = br.LinearModel(br.LaplacePrior(0.4), likelihood), br.RowData.from_arrays(X, y)
    with pytest.raises(ValueError, match="method='gibbs' needs a likelihood whose loss is one quadratic"):
        br.sample_posterior(model, data, method="gibbs")


def looked_at(model, data):
    """Return the criterion r before sampling, and the acceptance and Pareto k̂ of the pilot."""
    problem = resolve_rows(model, data, "a test")
    with float64_on_cpu():
        near = row_reference(problem)
        target = row_target(problem, near)
        expected = expected_on_rows(problem, target, near)
        trial = pilot(target.in_blocks(), expected.moments)
    return expected.unlikeness, trial.acceptance, trial.pareto_k


BREAST_CANCER = load_breast_cancer(return_X_y=True)


@pytest.mark.parametrize("scale", [0.1, 0.1**0.5, 1.0, 10.0])
def test_acceptance_is_what_the_criterion_says(scale):
    """Breast cancer, 569 × 30: from C = 0.01, where proposals are nearly the posterior, to 100, where NUTS samples."""
    X, y = BREAST_CANCER
    data = br.RowData.from_arrays((X - X.mean(axis=0)) / X.std(axis=0), y)
    model = br.LinearModel(br.GaussianPrior(scale), br.BernoulliLikelihood())
    r, acceptance, _ = looked_at(model, data)
    assert r == pytest.approx({0.1: 0.055, 0.1**0.5: 0.207, 1.0: 0.648, 10.0: 2.73}[scale], rel=0.02)
    if r <= 0.3:
        assert acceptance >= 0.75
    elif r <= 1.0:
        assert acceptance >= 0.4
    tree = br.sample_posterior(model, data, num_samples=1000, progress=False)
    assert tree.attrs["certified"] == 1
    if not 0.3 < r < 2.0:  # between, a chain may stay at one draw for long; NUTS follows then
        assert tree.attrs["method"] == ("independence" if r <= 0.3 else "whitened")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_acceptance_on_random_designs_under_a_gaussian_prior(seed):
    rng = np.random.default_rng(seed)
    n, p = int(np.exp(rng.uniform(np.log(100), np.log(2000)))), int(rng.integers(3, 30))
    columns = rng.normal(size=(n, p))
    eta = rng.choice([-2.0, -1.0, 0.0]) + columns @ rng.normal(size=p) / np.sqrt(p)
    likelihood, y = [
        (br.BernoulliLikelihood(), (rng.random(n) < 1.0 / (1.0 + np.exp(-eta))).astype(float)),
        (br.PoissonLikelihood(), rng.poisson(np.exp(eta)).astype(float)),
        (br.NegativeBinomialLikelihood(2.0), rng.poisson(np.exp(eta)).astype(float)),
    ][seed % 3]
    model = br.LinearModel(br.GaussianPrior(rng.choice([0.3, 1.0, 3.0])), likelihood)
    data = br.RowData.from_arrays(columns, y)
    r, acceptance, k = looked_at(model, data)
    if r <= 0.3:
        # 299 × 20 Poisson rows with 61 events: far more skew than r tells, and no Gaussian accepts more
        assert acceptance >= (0.65 if seed == 22 else 0.75)
        assert k < 0.5
    elif r <= 1.0:
        assert acceptance >= 0.4
        assert k < 0.7
    elif r >= 2.0:
        tree = br.sample_posterior(model, data, num_samples=100, progress=False)
        assert tree.attrs["method"] == "whitened"


def test_separated_rows_are_left_to_nuts():
    rng = np.random.default_rng(1)
    columns = rng.normal(size=(50, 3))
    data = br.RowData.from_arrays(columns, (columns[:, 0] > 0.0).astype(float))
    model = br.LinearModel(br.GaussianPrior(30.0), br.BernoulliLikelihood())  # r is 2.9
    tree = br.sample_posterior(model, data, progress=False)
    assert tree.attrs["method"] == "whitened"
    assert tree.attrs["certified"] == 1


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="Windows sends no signal to a thread")
def test_ctrl_c_on_many_rows_returns_the_draws_so_far(monkeypatch):
    class Bar:
        def update(self, n):
            if not interrupted.is_set():
                interrupted.set()
                signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    interrupted, rng = threading.Event(), np.random.default_rng(8)
    monkeypatch.setattr(chains, "progress_bar", contextmanager(lambda *_, **__: (yield Bar())))
    many = rng.normal(size=(20_000, 2))
    y = (rng.random(20_000) < 1.0 / (1.0 + np.exp(-many[:, 0]))).astype(float)
    model = br.LinearModel(br.GaussianPrior(1.0), br.BernoulliLikelihood())
    data = br.RowData.from_arrays(many, y)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.warns(br.SamplingWarning, match="interrupted"):
            tree = br.sample_posterior(model, data, num_samples=4_000, progress=False)
    finally:
        signal.signal(signal.SIGINT, before)
    assert interrupted.is_set()
    assert tree.attrs["complete"] == 0
    assert 0 < tree["posterior"].sizes["draw"] < 4_000
