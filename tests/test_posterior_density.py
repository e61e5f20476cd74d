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
from bayesreg.posterior.density import log_coef_prior, log_density, natural
from bayesreg.posterior.target import build_target
from bayesreg.problem import resolve

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


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("kind", PRIORS)
def test_density_and_gradient_equal_numpyros(kind, noise, weighted, relative):
    X, y, w = data(weighted)
    prior = PRIORS[kind](relative_to_noise=relative)
    model = br.LinearModel(prior, br.GaussianLikelihood(NOISES[noise]))
    target = build_target(resolve(model, br.RowData.from_arrays(X, y, w)))
    evaluate = reference(X, y, w, prior, kind, NOISES[noise], relative)
    with jax.enable_x64(True):
        rng = np.random.default_rng(1)
        positions = [
            {
                "coef": jnp.asarray(rng.normal(size=P)),
                **{k: jnp.asarray(rng.normal()) for k in target.sampled},
            }
            for _ in range(N_POINTS)
        ]

        def theirs(position):
            """NumPyro's joint at the conditional mode of the intercept, which is integrated out of ours."""
            state = natural(target, position)
            intercept = jnp.sum(w * (y - X @ state.coef)) / w.sum()
            values = {"coef": state.coef, "intercept": intercept, **state.scales}
            if NOISES[noise] is None or not isinstance(NOISES[noise], float):
                values["noise_scale"] = state.noise_scale
            # ∫ exp(−½ W (β₀ − mode)²/σ²) dβ₀ = σ√(2π/W)
            return evaluate(values) + jnp.log(state.noise_scale) + state.log_jacobian

        ours_pair = jax.jit(jax.value_and_grad(lambda p: log_density(target, p)))
        theirs_pair = jax.jit(jax.value_and_grad(theirs))
        ours, theirs = ([f(p) for p in positions] for f in (ours_pair, theirs_pair))
    values = np.array([[float(a[0]), float(b[0])] for a, b in zip(ours, theirs, strict=True)])
    difference = values[:, 0] - values[:, 1]
    assert np.ptp(difference) <= 1e-10 * np.ptp(values[:, 1])
    for (_, a), (_, b) in zip(ours, theirs, strict=True):
        size = max(np.abs(np.asarray(leaf)).max() for leaf in b.values())
        for name in b:
            np.testing.assert_allclose(np.asarray(a[name]), np.asarray(b[name]), rtol=0, atol=1e-9 * size)


def test_elastic_net_normaliser_over_all_ratios():
    from scipy.special import erfcx

    ratios = np.concatenate([[0.0], np.geomspace(1e-8, 1e8, 200)])
    with jax.enable_x64(True):
        ours = np.asarray(log_coef_prior(jnp.zeros(ratios.size), jnp.asarray(ratios), jnp.ones(ratios.size)))
    np.testing.assert_allclose(
        ours, -np.log(np.sqrt(2 * np.pi) * erfcx(ratios / np.sqrt(2))), rtol=0, atol=1e-11
    )


@pytest.mark.parametrize("prior", [br.LaplacePrior(0.3), br.GaussianPrior(0.3), br.ElasticNetPrior(0.3, 0.7)])
def test_density_equals_the_priors_own(prior):
    coef = np.linspace(-2, 2, 9)
    l1, l2 = prior.rates(*prior.numeric_scales())
    with jax.enable_x64(True):
        ours = log_coef_prior(jnp.asarray(coef), jnp.asarray(l1), jnp.asarray(l2))
    np.testing.assert_allclose(ours, prior.log_prob(coef), rtol=1e-12)
