"""The density that NUTS sees is NumPyro's, up to a constant, at random points; its gradient too."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from conftest import diabetes
from numpyro.infer.util import log_density as numpyro_log_density
from numpyro_reference import linear_regression

import bayesreg as br
from bayesreg.gaussian.spectrum import rotate
from bayesreg.model.problem import resolve
from bayesreg.posterior.marginals.bulks import Bulk, gaussian_marginal
from bayesreg.posterior.targets.mixture import mixture_target
from bayesreg.posterior.targets.reference_point import reference_point
from bayesreg.posterior.targets.whitened import whitened_target
from bayesreg.priors.elastic_net_law import ELASTIC_NET

P, N_POINTS = 6, 100
NOISES = {
    "known": 0.7,
    "prior": dist.Gamma(3.0, 4.0),
    "default": None,
    "flat": dist.ImproperUniform(dist.constraints.positive, (), ()),
}
PRIORS = {
    "laplace": lambda **o: br.LaplacePrior(np.linspace(0.1, 0.6, P), **o),
    "gaussian": lambda **o: br.GaussianPrior(np.linspace(0.1, 0.6, P), **o),
    "elastic net": lambda **o: br.ElasticNetPrior(np.linspace(0.1, 0.6, P), 0.4, **o),
    "laplace, hyper": lambda **o: br.LaplacePrior(dist.HalfNormal(0.5), **o),
    "gaussian, hyper": lambda **o: br.GaussianPrior(dist.LogNormal(-1.0, 0.5), **o),
    "elastic net, hyper": lambda **o: br.ElasticNetPrior(dist.HalfNormal(0.5), dist.Gamma(2.0, 3.0), **o),
}


def data(weighted):
    X, y = diabetes()
    X, y = 20 * X[:60, :P] + 1.0, (y[:60] - 150) / 77
    w = np.random.default_rng(0).uniform(0.2, 2.0, 60) if weighted else np.ones(60)
    return X, y, w


def reference(X, y, w, prior, kind, noise, relative):
    """Return NumPyro's log density of natural values, and the prior on σ that ours has by default."""
    spread = np.sqrt(np.cov(y, aweights=w, ddof=0))
    default = dist.LeftTruncatedDistribution(dist.StudentT(4.0, 0.0, spread), low=0.0)
    hyper = {
        ("prior_scale" if k == "scale" else k): v for k, v in prior.scales().items() if hasattr(v, "log_prob")
    }
    fixed = {k: v * np.ones(P) for k, v in prior.scales().items() if not hasattr(v, "log_prob")}
    arguments = {
        "kind": kind.split(",")[0], "scales": fixed, "relative": relative,
        "noise": default if noise is None else noise, "hyper": hyper, "p": P,
    }  # fmt: skip

    def evaluate(values):
        return numpyro_log_density(linear_regression, (X, y, w), arguments, values)[0]

    return evaluate


def near(problem):
    """Return a point for coordinates to be stated around: any serves a comparison of densities."""
    noise_scale = problem.noise_scale or 0.9
    spread = dict.fromkeys(problem.sampled_scales, 0.4)
    if problem.noise_scale is None:
        spread["noise_scale"] = 0.2
    scales = dict.fromkeys(problem.sampled_scales, 0.3)
    return reference_point(problem, Bulk(1.0, noise_scale, scales, spread, {}) if spread else None)


def log_jacobian(target, position):
    """Differentiate each coordinate by what is sampled."""
    total = 0.0
    for name, coordinate in target.scales.sampled.items():
        slope = jax.grad(lambda u, c=coordinate: c.at(u)[0])(position[name])
        total += jnp.log(slope / coordinate.step)
    return total


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("kind", PRIORS)
def test_density_and_gradient_equal_numpyros(kind, noise, weighted, relative):
    X, y, w = data(weighted)
    prior = PRIORS[kind](relative_to_noise=relative)
    model = br.LinearModel(prior, br.GaussianLikelihood(NOISES[noise]))
    with jax.enable_x64(True):
        problem = resolve(model, br.RowData.from_arrays(X, y, w))
        target = whitened_target(problem, near(problem))
    evaluate = reference(X, y, w, prior, kind, NOISES[noise], relative)
    with jax.enable_x64(True):
        rng = np.random.default_rng(1)
        positions = {
            "coef": jnp.asarray(rng.normal(size=(N_POINTS, P))),
            **{k: jnp.asarray(rng.normal(size=N_POINTS)) for k in target.scales.sampled},
        }

        def theirs(position):
            """NumPyro's joint at the conditional mode of the intercept, which is integrated out of ours."""
            state = target.natural(position)
            intercept = jnp.sum(w * (y - X @ state.coef)) / w.sum()
            values = {"coef": state.coef, "intercept": intercept, **state.scales}
            if NOISES[noise] is None or not isinstance(NOISES[noise], float):
                values["noise_scale"] = state.noise_scale
            # ∫ exp(−½ W (β₀ − mode)²/σ²) dβ₀ = σ√(2π/W)
            return evaluate(values) + jnp.log(state.noise_scale) + log_jacobian(target, position)

        # Operation by operation: to compile each of these cases would take longer.
        (ours, our_slopes), (theirs, their_slopes) = (
            jax.vmap(jax.value_and_grad(density))(positions) for density in (target.log_density, theirs)
        )
    assert np.ptp(ours - theirs) <= 1e-10 * np.ptp(theirs)
    size = np.max(
        [np.abs(slope).reshape(N_POINTS, -1).max(axis=1) for slope in their_slopes.values()], axis=0
    )
    for name, slope in their_slopes.items():
        error = np.abs(our_slopes[name] - slope).reshape(N_POINTS, -1).max(axis=1)
        assert (error <= 1e-9 * size).all(), name


def log_density(coef, l1, l2):
    return -ELASTIC_NET.energy(coef, l1, l2) - ELASTIC_NET.log_normaliser(l1, l2)


def test_elastic_net_normaliser_over_all_ratios():
    from scipy.special import erfcx

    ratios = np.concatenate([[0.0], np.geomspace(1e-8, 1e8, 200)])
    with jax.enable_x64(True):
        ours = np.asarray(log_density(jnp.zeros(ratios.size), jnp.asarray(ratios), jnp.ones(ratios.size)))
    np.testing.assert_allclose(
        ours, -np.log(np.sqrt(2 * np.pi) * erfcx(ratios / np.sqrt(2))), rtol=0, atol=1e-11
    )


@pytest.mark.parametrize("prior", [br.LaplacePrior(0.3), br.GaussianPrior(0.3), br.ElasticNetPrior(0.3, 0.7)])
def test_density_equals_the_priors_own(prior):
    coef = np.linspace(-2, 2, 9)
    l1, l2 = prior.rates(*prior.numeric_scales())
    with jax.enable_x64(True):
        ours = log_density(jnp.asarray(coef), jnp.asarray(l1), jnp.asarray(l2))
    np.testing.assert_allclose(ours, prior.log_prob(coef), rtol=1e-12)


@pytest.mark.parametrize(
    ("l1", "l2"), [(2.0, 0.0), (2.0, 3.0), (0.3, 5.0), (0.0, 2.0), (1e-6, 1.0), (50.0, 1e-4)]
)
def test_the_mixture_over_e_is_the_prior(l1, l2):
    """∫ Exponential(e)·weight(e)·Normal(β; 0, variance(e)) de, by quadrature in log e."""
    u = np.linspace(-60.0, 6.0, 200_001)
    with jax.enable_x64(True):
        variance, log_weight = (
            np.asarray(v)
            for v in ELASTIC_NET.variance(
                jnp.exp(u),
                jnp.full(u.size, l1),
                jnp.full(u.size, l2),
                ELASTIC_NET.log_normaliser(jnp.asarray(l1), jnp.asarray(l2)),
            )
        )
        prior_sd = float(1.0 / np.hypot(l1 / np.sqrt(2.0), np.sqrt(l2)))
        for beta in prior_sd * np.array([-3.0, -0.5, 0.01, 1.0]):
            log_normal = -0.5 * np.log(2.0 * np.pi * variance) - 0.5 * beta**2 / variance
            total = np.trapezoid(np.exp(u - np.exp(u) + log_weight + log_normal), u)
            exact = float(log_density(jnp.asarray(beta), jnp.asarray(l1), jnp.asarray(l2)))
            assert np.log(total) == pytest.approx(exact, abs=1e-6)


@pytest.mark.parametrize("shape", [(30, 5), (12, 20)])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_mixtures_likelihood_is_that_of_the_rows(shape, weighted):
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=shape) * np.exp(rng.normal(size=shape[1])) + 5.0, rng.normal(size=shape[0])
    w = rng.uniform(0.2, 2.0, shape[0]) if weighted else np.ones(shape[0])
    model = br.LinearModel(br.LaplacePrior(0.3), br.GaussianLikelihood(0.7))
    with jax.enable_x64(True):
        problem = resolve(model, br.RowData.from_arrays(X, y, w))
        target = mixture_target(problem, near(problem))
        for _ in range(5):
            coef = rng.normal(size=shape[1])
            residual = y - X @ coef
            residual -= w @ residual / w.sum()
            assert float(target.rss_at(jnp.asarray(coef))) == pytest.approx(w @ residual**2, rel=1e-10)


@pytest.mark.parametrize("shape", [(30, 5), (12, 20)])
@pytest.mark.parametrize("relative", [False, True])
def test_the_marginal_density_is_that_of_y(shape, relative):
    """y ~ Normal(0, σ²I + X·diag(τ²)·X'), no intercept, at several σ and scales."""
    from scipy import stats

    rng = np.random.default_rng(4)
    X, y = rng.normal(size=shape), rng.normal(size=shape[0])
    prior = br.GaussianPrior(
        dist.HalfNormal(1.0), factor=np.linspace(0.5, 2.0, shape[1]), relative_to_noise=relative
    )
    noise = dist.Gamma(3.0, 4.0)
    problem = resolve(
        br.LinearModel(prior, br.GaussianLikelihood(noise), fit_intercept=False), br.RowData.from_arrays(X, y)
    )
    marginal = gaussian_marginal(problem, rotate(problem.reduced, problem.penalised_rates.l2))
    sigma, scale = np.exp(rng.normal(size=(2, 20)))
    level, slope = marginal.at(sigma, {"prior_scale": scale})
    expected = []
    for s, b in zip(sigma, scale, strict=True):
        tau = b * np.linspace(0.5, 2.0, shape[1]) * (s if relative else 1.0)
        covariance = s**2 * np.eye(shape[0]) + (X * tau**2) @ X.T
        expected.append(stats.multivariate_normal(np.zeros(shape[0]), covariance).logpdf(y))
    assert np.ptp(level - expected) < 1e-11 * np.abs(expected).max()
    h = 1e-5
    above, below = (marginal.at(sigma * np.exp(step), {"prior_scale": scale})[0] for step in (h, -h))
    np.testing.assert_allclose(slope, (above - below) / (2 * h), rtol=1e-6, atol=1e-6)
