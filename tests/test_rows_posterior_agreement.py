"""Posteriors of yes/no, counts and Student-t beside quadrature, and beside NumPyro models written by hand."""

import jax
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from scipy import special, stats

import bayesreg as br

FAMILIES = ("bernoulli", "poisson", "negative binomial", "student t")
KNOWN = {"dispersion": 2.0, "noise_scale": 0.7, "df": 5.0}
UNKNOWN = {"negative binomial": "dispersion", "student t": "noise_scale"}
SCALE, NUISANCE = (-0.5, 0.4), (5.0, 5.0)  # LogNormal of the prior's scale; Gamma of dispersion and σ


def problem(family, seed, n, p):
    """Draw rows, an offset, weights (trials of yes/no) and a response."""
    rng = np.random.default_rng([seed, FAMILIES.index(family)])
    X = rng.normal(size=(n, p)) + 0.5 * rng.normal(size=(n, 1))
    offset = 0.4 * rng.normal(size=n)
    eta = X @ rng.normal(size=p) * 0.7 / np.sqrt(p) + offset + 0.3
    weight = rng.integers(1, 4, n).astype(float) if family == "bernoulli" else rng.uniform(0.5, 1.5, n)
    y = {
        "bernoulli": lambda: rng.binomial(weight.astype(int), special.expit(eta)) / weight,
        "poisson": lambda: rng.poisson(np.exp(eta)).astype(float),
        "negative binomial": lambda: rng.negative_binomial(2.0, 2.0 / (2.0 + np.exp(eta))).astype(float),
        "student t": lambda: eta + 0.7 * rng.standard_t(5.0, n),
    }[family]()
    return X, y, weight, offset


def model(family, prior, *, sampled, unknown, **options):
    scale = dist.LogNormal(*SCALE) if sampled else 0.6
    rest = KNOWN | ({UNKNOWN[family]: dist.Gamma(*NUISANCE)} if unknown else {})
    likelihood = {
        "bernoulli": lambda: br.BernoulliLikelihood(),
        "poisson": lambda: br.PoissonLikelihood(),
        "negative binomial": lambda: br.NegativeBinomialLikelihood(rest["dispersion"]),
        "student t": lambda: br.StudentTLikelihood(rest["df"], rest["noise_scale"]),
    }[family]()
    return br.LinearModel(
        {"laplace": br.LaplacePrior, "gaussian": br.GaussianPrior}[prior](scale), likelihood, **options
    )


def log_likelihood(family, eta, y, weight, nuisance):
    """Evaluate the weighted log-likelihood of rows for every row of η, with SciPy's densities."""
    if family == "bernoulli":
        return (y * special.log_expit(eta) + (1.0 - y) * special.log_expit(-eta)) @ weight
    if family == "poisson":
        return stats.poisson(np.exp(eta)).logpmf(y) @ weight
    if family == "negative binomial":
        k = nuisance[:, None]
        return stats.nbinom(k, k / (k + np.exp(eta))).logpmf(y) @ weight
    return stats.t(KNOWN["df"], eta, nuisance[:, None]).logpdf(y) @ weight


CASES = [
    (family, prior, sampled, unknown)
    for family in FAMILIES
    for prior in ("laplace", "gaussian")
    for sampled in (False, True)
    for unknown in ((False, True) if family in UNKNOWN else (False,))
]
WAYS = [(case, "auto") for case in CASES] + [(case, "mixture") for case in CASES if case[1] == "laplace"]


# A mixture suits weak data. Where data decide its scale, a few of 10,000 steps diverge, and a warning says so.
@pytest.mark.filterwarnings("ignore:.* transitions diverged:bayesreg.errors.SamplingWarning")
@pytest.mark.slow
@pytest.mark.parametrize(("case", "method"), WAYS)
def test_moments_by_quadrature(case, method):
    """Two coefficients without intercept, and the scale and the nuisance parameter in logs, on one grid."""
    family, prior, sampled, unknown = case
    X, y, weight, offset = problem(family, 1, 40, 2)
    data = br.RowData.from_arrays(X, y, weight, offset=offset)
    tree = br.sample_posterior(
        model(family, prior, sampled=sampled, unknown=unknown, fit_intercept=False),
        data,
        num_samples=2500,
        method=method,
        progress=False,
    )
    assert tree.attrs["certified"] == 1
    posterior = tree["posterior"]
    names = ["prior_scale"] * sampled + [UNKNOWN.get(family)] * unknown
    drawn = [posterior["coef"].values[..., j] for j in (0, 1)] + [
        np.log(posterior[name].values) for name in names
    ]
    size = 51 if len(drawn) < 4 else 29
    axes = [np.linspace(d.mean() - 6 * d.std(), d.mean() + 6 * d.std(), size) for d in drawn]
    points = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
    coef, logs = points[:, :2], dict(zip(names, points[:, 2:].T, strict=True))
    scale = np.exp(logs["prior_scale"]) if sampled else np.full(len(points), 0.6)
    nuisance = (
        np.exp(logs[UNKNOWN[family]])
        if unknown
        else np.full(len(points), KNOWN.get(UNKNOWN.get(family), 1.0))
    )
    of_coef = stats.laplace if prior == "laplace" else stats.norm
    height = of_coef(0.0, scale[:, None]).logpdf(coef).sum(axis=1)
    if sampled:
        height += stats.norm(*SCALE).logpdf(logs["prior_scale"])
    if unknown:
        height += stats.gamma(NUISANCE[0], scale=1.0 / NUISANCE[1]).logpdf(nuisance) + np.log(nuisance)
    for block in np.array_split(np.arange(len(points)), 200):
        height[block] += log_likelihood(family, coef[block] @ X.T + offset, y, weight, nuisance[block])
    mass = np.exp(height - height.max())
    mass /= mass.sum()
    for axis, draws in zip(points.T, drawn, strict=True):
        mean = mass @ axis
        sd = np.sqrt(mass @ (axis - mean) ** 2)
        assert abs(draws.mean() - mean) < 4.0 * error_of_mean(draws)
        assert abs(np.log(draws.std() / sd)) < 4.0 * error_of_mean((draws - mean) ** 2) / (2.0 * sd**2) + 2e-3


def error_of_mean(draws):
    """Return the Monte Carlo standard error of a mean of (chain, draw)."""
    from arviz_stats.base import array_stats

    return draws.std() / np.sqrt(array_stats.ess(draws, chain_axis=0, draw_axis=1, method="mean"))


def by_numpyro(family, prior, X, y, weight, offset, *, sampled, unknown):
    """Sample a model written here with NumPyro's own statements."""

    def plain():
        scale = numpyro.sample("prior_scale", dist.LogNormal(*SCALE)) if sampled else 0.6
        law = dist.Laplace(0.0, scale) if prior == "laplace" else dist.Normal(0.0, scale)
        eta = X @ numpyro.sample("coef", law.expand([X.shape[1]]).to_event(1)) + offset
        eta = eta + numpyro.sample("intercept", dist.ImproperUniform(dist.constraints.real, (), ()))
        name = UNKNOWN.get(family)
        nuisance = numpyro.sample(name, dist.Gamma(*NUISANCE)) if unknown else KNOWN.get(name)
        if family == "bernoulli":
            numpyro.sample("y", dist.Binomial(weight, logits=eta), obs=y * weight)
            return
        law = {
            "poisson": lambda: dist.Poisson(jax.numpy.exp(eta)),
            "negative binomial": lambda: dist.NegativeBinomial2(jax.numpy.exp(eta), nuisance),
            "student t": lambda: dist.StudentT(KNOWN["df"], eta, nuisance),
        }[family]()
        numpyro.factor("rows", (weight * law.log_prob(y)).sum())

    with jax.enable_x64(True):
        kernel = numpyro.infer.NUTS(plain, target_accept_prob=0.9)
        run = numpyro.infer.MCMC(
            kernel,
            num_warmup=1000,
            num_samples=2000,
            num_chains=4,
            chain_method="sequential",
            progress_bar=False,
        )
        run.run(jax.random.key(1))
        return {name: np.asarray(values) for name, values in run.get_samples(group_by_chain=True).items()}


@pytest.mark.slow
@pytest.mark.parametrize("number", range(30))
def test_draws_are_those_of_a_model_written_by_hand(number):
    family, prior, sampled, unknown = CASES[number % len(CASES)]
    rng = np.random.default_rng(number)
    X, y, weight, offset = problem(family, 100 + number, int(rng.integers(30, 120)), int(rng.integers(2, 7)))
    theirs = by_numpyro(family, prior, X, y, weight, offset, sampled=sampled, unknown=unknown)
    tree = br.sample_posterior(
        model(family, prior, sampled=sampled, unknown=unknown),
        br.RowData.from_arrays(X, y, weight, offset=offset), num_samples=2000, progress=False,
    )  # fmt: skip
    assert tree.attrs["certified"] == 1
    ours = {name: tree["posterior"][name].values for name in theirs}
    for name, one in theirs.items():
        for a, b in zip(np.atleast_3d(ours[name]).T, np.atleast_3d(one).T, strict=True):
            error = np.hypot(error_of_mean(a.T), error_of_mean(b.T))
            assert abs(a.mean() - b.mean()) < 4.0 * error, name
            squares = [(part.T - part.mean()) ** 2 for part in (a, b)]
            of_variance = np.hypot(*map(error_of_mean, squares))
            assert abs(squares[0].mean() - squares[1].mean()) < 4.0 * of_variance, name
