"""Every way of sampling draws from the same posterior; the choice between them; the Gibbs sampler's parts."""

import warnings

import arviz as az
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from conftest import diabetes, model, wide
from scipy import stats

import bayesreg as br
from bayesreg.posterior.kernels.gibbs import slice_draw
from bayesreg.priors.elastic_net_law import ELASTIC_NET

pytestmark = pytest.mark.filterwarnings("ignore::bayesreg.base.errors.SamplingWarning")
NOISE = dist.Gamma(4.0, 5.0)


def sample(linear, data, **options):
    return br.sample_posterior(linear, data, **{"progress": False, **options})


def parameters(tree):
    posterior = tree["posterior"]
    names = [name for name in posterior.data_vars if name != "coef"]
    columns = {f"coef{j}": posterior["coef"].values[..., j] for j in range(posterior.sizes["feature"])}
    return columns | {name: posterior[name].values for name in names}


def assert_same_posterior(a, b, n=4.0):
    """Compare first and second moments within n Monte Carlo standard errors, and say how far they were."""
    ours, theirs = parameters(a), parameters(b)
    assert ours.keys() == theirs.keys()
    for name in ours:
        centre, spread = theirs[name].mean(), theirs[name].std()
        for power in (1, 2):
            one, two = (((v[name] - centre) / spread) ** power for v in (ours, theirs))
            mcse = np.hypot(float(az.mcse(one, method="mean")), float(az.mcse(two, method="mean")))
            assert abs(one.mean() - two.mean()) < n * mcse, (name, power, one.mean(), two.mean(), mcse)


def small(n=14, p=4):
    rng = np.random.default_rng(8)
    X = rng.normal(size=(n, p)) + 0.6 * rng.normal(size=(n, 1)) + 1.0
    return X, X[:, 0] - 0.3 * X[:, 1] + rng.normal(size=n) + 2.0


PRIORS = {
    "laplace": br.LaplacePrior(0.4),
    "laplace relative": br.LaplacePrior(0.4, relative_to_noise=True),
    "laplace hyper": br.LaplacePrior(dist.HalfNormal(0.5), factor={"x1": 2.0}),
    "laplace relative hyper": br.LaplacePrior(dist.HalfNormal(0.5), relative_to_noise=True),
    "elastic net": br.ElasticNetPrior(0.4, 0.5),
    "elastic net relative": br.ElasticNetPrior(0.4, 0.5, relative_to_noise=True),
    "elastic net hyper": br.ElasticNetPrior(dist.HalfNormal(0.5), dist.Gamma(3.0, 4.0)),
    "gaussian": br.GaussianPrior(0.4),
    "gaussian relative hyper": br.GaussianPrior(dist.HalfNormal(0.5), relative_to_noise=True),
    "one flat": br.LaplacePrior(0.4, factor={"x0": np.inf}),
}


WIDE = {"laplace", "laplace relative hyper", "gaussian"}  # of which more columns than rows are no slow test


def ways_cases():
    """Yield every prior with more rows than columns and fewer, σ known or not; what takes longest is marked slow."""
    for case in PRIORS:
        for shape in ((14, 4), (8, 12)):
            for known in (False, True):
                slow = known or case == "elastic net hyper" or (shape == (8, 12) and case not in WIDE)
                yield pytest.param(case, shape, known, marks=pytest.mark.slow if slow else ())


@pytest.mark.parametrize(
    ("way", "case", "shape"),
    [
        ("whitened", "elastic net relative", (14, 4)),
        ("mixture", "elastic net relative", (14, 4)),
        pytest.param("gibbs", "laplace relative hyper", (8, 12), marks=pytest.mark.extended),
        pytest.param("independence", "laplace", (14, 4), marks=pytest.mark.extended),
        ("independence", "elastic net relative", (14, 4)),
        ("marginal", "gaussian relative hyper", (8, 12)),
    ],
)
def test_each_way_draws_what_the_density_tells(way, case, shape):
    """The certificate asks the density, in every parameter and direction, whatever made the draws."""
    linear = br.LinearModel(PRIORS[case], br.GaussianLikelihood(NOISE))
    weights = np.random.default_rng(1).uniform(0.3, 2.0, shape[0])
    tree = sample(linear, br.RowData.from_arrays(*small(*shape), weights), method=way)
    assert tree.attrs["certified"] == 1, tree.attrs["certificate"]


@pytest.mark.extended
@pytest.mark.parametrize(("case", "shape", "known"), list(ways_cases()))
def test_the_ways_agree(case, shape, known):
    """NUTS in either coordinates, and Gibbs: three algorithms that share the prior's rates and little else."""
    data = br.RowData.from_arrays(*small(*shape))
    likelihood = br.GaussianLikelihood(0.8 if known else NOISE)
    linear = br.LinearModel(PRIORS[case], likelihood)
    options = {"num_samples": 2500, "num_warmup": 700}
    ways = ["gibbs", "mixture"]
    if shape[0] > shape[1] or "hyper" not in case:  # else whitened coordinates meet a funnel
        ways.append("whitened")
    if (
        shape[0] > shape[1] and "hyper" not in case
    ):  # else the scale may go to 0, where its proposals do not lead
        ways.append("independence")
    if case.startswith("gaussian"):
        ways.append("marginal")
    trees = [sample(linear, data, method=way, **options) for way in ways]
    for tree in trees[1:]:
        assert_same_posterior(trees[0], tree, 5.0)  # some 2,000 comparisons in all


@pytest.mark.extended
def test_weights_and_an_intercept_that_has_a_prior():
    X, y = small()
    data = br.RowData.from_arrays(X, y, np.random.default_rng(1).uniform(0.3, 2.0, len(y)))
    for prior in (br.LaplacePrior(dist.HalfNormal(0.5)), br.GaussianPrior(dist.HalfNormal(0.5))):
        linear = br.LinearModel(prior, br.GaussianLikelihood(NOISE), intercept_prior=br.GaussianPrior(0.2))
        trees = [
            sample(linear, data, method=way, num_samples=2500)
            for way in ("whitened", "mixture", "gibbs", "auto")
        ]
        for tree in trees[1:]:
            assert_same_posterior(trees[0], tree)


@pytest.mark.extended
def test_an_intercepts_own_prior_does_not_follow_the_sampled_scale():
    import numpyro
    from numpyro.infer import MCMC, NUTS

    X, y = small()

    def plain():
        scale = numpyro.sample("prior_scale", dist.HalfNormal(0.5))
        intercept = numpyro.sample("intercept", dist.Normal(0.0, 0.2))
        coef = numpyro.sample("coef", dist.Laplace(0.0, scale * jnp.ones(4)).to_event(1))
        numpyro.sample("y", dist.Normal(X @ coef + intercept, 0.8), obs=y)

    linear = model(br.LaplacePrior(dist.HalfNormal(0.5)), 0.8, intercept_prior=br.GaussianPrior(0.2))
    ours = sample(linear, br.RowData.from_arrays(X, y), num_samples=2500)
    with jax.enable_x64(True), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mcmc = MCMC(NUTS(plain), num_warmup=1000, num_samples=8000, num_chains=1, progress_bar=False)
        mcmc.run(jax.random.key(1))
        draws = mcmc.get_samples()
    for name in ("intercept", "prior_scale"):
        a, b = ours["posterior"][name].values, np.asarray(draws[name])[None]
        mcse = np.hypot(float(az.mcse(a, method="mean")), float(az.mcse(b, method="mean")))
        assert abs(a.mean() - b.mean()) < 4.0 * mcse


@pytest.mark.extended
def test_wide_data_agree_with_gibbs():
    X, y = wide(40, 60)
    data = br.RowData.from_arrays(X, y)
    prior = br.LaplacePrior(0.5, factor={"x0": np.inf})
    nuts, gibbs = (sample(model(prior), data, method=way, num_samples=2000) for way in ("mixture", "auto"))
    assert gibbs.attrs["method"] == "gibbs"
    assert_same_posterior(nuts, gibbs, 4.5)  # 61 parameters, two moments


@pytest.mark.parametrize(
    ("linear", "X", "y", "way"),
    [
        (br.LinearModel(br.GaussianPrior(1.0)), *small(), "marginal"),
        (br.LinearModel(br.FlatPrior()), *small(), "marginal"),
        (model(br.GaussianPrior(1.0)), *small(), "marginal"),
        (br.LinearModel(br.ElasticNetPrior(np.inf, 0.5)), *small(), "marginal"),
        (br.LinearModel(br.LaplacePrior(1.0)), *small(), "independence"),
        (br.LinearModel(br.LaplacePrior(1.0)), *small(8, 12), "gibbs"),
        (model(br.LaplacePrior(0.003), 1.0), *small(60, 40), "gibbs"),
        (model(br.LaplacePrior(0.5), 1.0), *small(200, 150), "independence"),
        (br.LinearModel(br.GaussianPrior(1.0)), *small(8, 12), "marginal"),
    ],
)
def test_the_choice_is_reported(linear, X, y, way):
    tree = sample(linear, br.RowData.from_arrays(X, y), num_samples=10, num_warmup=20)
    assert tree.attrs["method"] == way
    assert tree.attrs["complete"] == 1


def test_methods_that_do_not_serve_the_prior():
    data = br.RowData.from_arrays(*small())
    with pytest.raises(ValueError, match=r"`method` must be one of 'auto', 'marginal'.*got 'nuts'"):
        sample(br.LinearModel(br.LaplacePrior()), data, method="nuts")
    with pytest.raises(ValueError, match="needs a GaussianPrior"):
        sample(br.LinearModel(br.LaplacePrior()), data, method="marginal")


@pytest.mark.parametrize("shape", [(30, 4), (8, 12)])
def test_gaussian_coefficients_are_exact_and_independent(shape):
    """Known σ and scale: draws have the closed form's mean and covariance, rows that no data see included."""
    X, y = small(*shape)
    draws = sample(
        model(br.GaussianPrior(0.7), 0.9, fit_intercept=False),
        br.RowData.from_arrays(X, y),
        num_samples=20_000,
    )
    coef = draws["posterior"]["coef"].values.reshape(-1, shape[1])
    covariance = np.linalg.inv(X.T @ X / 0.81 + np.eye(shape[1]) / 0.49)
    mean = covariance @ X.T @ y / 0.81
    standard = (coef - mean) @ np.linalg.cholesky(np.linalg.inv(covariance))
    n = len(coef)
    assert np.abs(standard.mean(axis=0)).max() < 4.5 / np.sqrt(n)
    assert np.abs(standard.T @ standard / n - np.eye(shape[1])).max() < 5.0 * np.sqrt(2.0 / n)
    assert np.abs((standard[1:] * standard[:-1]).mean(axis=0)).max() < 4.5 / np.sqrt(n)
    assert not draws["sample_stats"]["diverging"].any()


@pytest.mark.parametrize("n", [3, 10, 400])
def test_the_marginal_posterior_of_sigma_and_scale_is_the_quadrature(n):
    """Two-dimensional quadrature of p(y | σ, s)·p(σ)·p(s), from the density of y and not from a decomposition."""
    rng = np.random.default_rng(n)
    X, y = rng.normal(size=(n, 2)), rng.normal(size=n)
    prior = br.GaussianPrior(dist.HalfNormal(1.0))
    linear = br.LinearModel(prior, br.GaussianLikelihood(NOISE), fit_intercept=False)
    tree = sample(linear, br.RowData.from_arrays(X, y), num_samples=4000)
    sigma, scale = np.exp(np.linspace(-4, 2.5, 241)), np.exp(np.linspace(-9, 2.5, 241))
    eigenvalues, vectors = np.linalg.eigh(X.T @ X)
    cross = vectors.T @ X.T @ y
    s, t = sigma[:, None, None] ** 2, scale[None, :, None] ** 2
    volume = n * np.log(s) + np.log1p(eigenvalues * t / s).sum(axis=-1, keepdims=True)
    misfit = (y @ y - (cross**2 / (eigenvalues + s / t)).sum(axis=-1, keepdims=True)) / s
    density = -0.5 * (volume + misfit)[..., 0] + stats.gamma(4, scale=0.2).logpdf(sigma)[:, None]
    density = density + stats.halfnorm().logpdf(scale) + np.log(sigma)[:, None] + np.log(scale)
    weight = np.exp(density - density.max())
    weight /= weight.sum()
    for name, values, axis in (("noise_scale", sigma, 1), ("prior_scale", scale, 0)):
        share = weight.sum(axis=axis)
        for function in (np.log, lambda v: v, np.square):
            draws = function(tree["posterior"][name].values)
            mcse = float(az.mcse(draws, method="mean"))
            assert abs(draws.mean() - share @ function(values)) < 4.0 * mcse


@pytest.mark.parametrize("size", [0.0, 1e-8, 0.3, 2.0, 40.0])
def test_mixing_given_a_coefficient(size):
    """p(e | β) ∝ e^(−1/2)·exp(−e − size²/(4e)), by quadrature in log e."""
    with jax.enable_x64(True):
        draws = np.asarray(ELASTIC_NET.draw_mixing(jax.random.key(2), jnp.full(100_000, size), 1.0, 0.0))
    u = np.linspace(np.log(max(size, 1e-6)) - 30.0, np.log(size + 1.0) + 5.0, 400_001)
    density = np.exp(0.5 * u - np.exp(u) - size**2 / 4.0 * np.exp(-u) + size)
    cumulative = np.cumsum(density) / density.sum()
    result = stats.kstest(np.log(draws), lambda x: np.interp(x, u, cumulative))
    assert result.pvalue > 1e-4
    assert (draws > 0).all()


@pytest.mark.parametrize("spread", [0.01, 1.0, 300.0])
def test_slice_draws_leave_a_density_as_it_is(spread):
    """A skewed density, from its own draws: one step each keeps them."""
    skewed = stats.gumbel_r(scale=spread)
    with jax.enable_x64(True):
        start = jnp.asarray(skewed.rvs(20_000, random_state=0))
        keys = jax.random.split(jax.random.key(0), 20_000)
        step = jax.vmap(lambda k, x: slice_draw(k, x, lambda v: -v / spread - jnp.exp(-v / spread)))
        moved = np.asarray(step(keys, start))
    assert stats.kstest(moved, skewed.cdf).pvalue > 1e-3
    assert (moved != np.asarray(start)).all()


def test_badly_scaled_statistics_are_not_rotated():
    """A Gram matrix whose columns differ by 1e12 in scale: its eigenvectors are rounding, so NUTS is used."""
    X, y = diabetes()
    X = X[:, :3] * np.array([1e6, 1.0, 1e-6])
    linear = model(br.GaussianPrior(1e9), 54.0)
    tree = sample(linear, br.GramData.from_arrays(X, y), num_samples=500)
    assert tree.attrs["method"] == "independence"
    exact = sample(linear, br.RowData.from_arrays(X, y), num_samples=500)
    for j in range(3):
        a, b = (t["posterior"]["coef"].values[..., j] for t in (tree, exact))
        assert abs(a.mean() - b.mean()) < 0.2 * b.std()
        assert a.std() == pytest.approx(b.std(), rel=0.15)


def test_chains_that_get_stuck_are_drawn_another_way(tmp_path):
    """Independent proposals that are taken up too seldom: Gibbs takes over, checkpoint and all."""
    data = br.GramData.from_arrays(*diabetes())
    linear = br.LinearModel(br.LaplacePrior(0.0427, relative_to_noise=True))
    alone = sample(linear, data, method="independence")
    assert min(float(az.ess(values)) for values in parameters(alone).values()) < 1000
    tree = sample(linear, data)
    assert tree.attrs["method"] == "gibbs"
    assert min(float(az.ess(values)) for values in parameters(tree).values()) > 500
    saved = sample(linear, data, checkpoint=tmp_path / "run")
    resumed = sample(linear, data, checkpoint=tmp_path / "run")
    for name, values in parameters(tree).items():
        np.testing.assert_array_equal(parameters(saved)[name], values)
        np.testing.assert_array_equal(parameters(resumed)[name], values)
    easy = sample(br.LinearModel(br.LaplacePrior(2.0, relative_to_noise=True)), data)
    assert easy.attrs["method"] == "independence"


def test_a_prior_that_contradicts_the_data_gets_draws_enough():
    """σ said to be a fiftieth of what it is: coefficients lie ten thousand scales out, where NUTS on the mixture sticks.

    Gibbs alone has R-hat 1.02 and an ESS of 118, and another sampler runs.
    """
    data = br.GramData.from_arrays(*diabetes())
    linear = br.LinearModel(br.LaplacePrior(30.0 / 54**2), br.GaussianLikelihood(1.0))
    tree = sample(linear, data)
    assert tree.attrs["method"] == "whitened"
    assert min(float(az.ess(values)) for values in parameters(tree).values()) > 400
    mode = br.map_estimate(linear, data)
    draws = tree["posterior"]["coef"].values.reshape(-1, 10)
    assert (np.abs(draws.mean(axis=0) - mode.coef) < 5.0 * draws.std(axis=0) + 1.0).all()


def test_gibbs_draws_a_scale_for_all_coefficients():
    rng = np.random.default_rng(2)
    columns = rng.normal(size=(8, 10))
    data = br.RowData.from_arrays(columns, columns[:, 0] + rng.normal(size=8))
    lasso = br.LinearModel(br.LaplacePrior(dist.HalfNormal(1.0)), br.GaussianLikelihood(1.0))
    tree = sample(lasso, data, method="gibbs", num_samples=20, num_chains=1)
    assert np.unique(tree["posterior"]["prior_scale"].values).size == 20
