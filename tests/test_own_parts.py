"""A prior and a likelihood of one's own, each one short file that the how-to guides show, with nothing else changed."""

import re
from pathlib import Path

import numpy as np
import pytest
from scipy.special import gammaln

import bayesreg as br

PAGES = Path(__file__).resolve().parents[1] / "docs" / "how-to"
WITHIN = 4.5  # Monte Carlo standard errors


def file_of(page):
    """Return the file that a guide shows first."""
    return re.search(r"^```python\n(.*?)^```", (PAGES / page).read_text(), re.DOTALL | re.MULTILINE)[1]


def module_of(page):
    names = {}
    exec(compile(file_of(page), page, "exec"), names)
    return names


@pytest.fixture(scope="module")
def student_t():
    return module_of("a-prior-of-your-own.md")["StudentTPrior"]


@pytest.fixture(scope="module")
def unequal_noise():
    return module_of("a-likelihood-of-your-own.md")["UnequalNoise"]


@pytest.mark.parametrize("page", ["a-prior-of-your-own.md", "a-likelihood-of-your-own.md"])
def test_each_is_one_file_of_less_than_sixty_lines(page):
    assert len(file_of(page).splitlines()) < 60


def orthogonal(least_squares, precision=40.0, n=40):
    """Return rows whose Gram matrix is precision·I and whose least-squares coefficients are given."""
    p = len(least_squares)
    Q, _ = np.linalg.qr(np.random.default_rng(5).normal(size=(n, p + 1)) - 0.0)
    Q, _ = np.linalg.qr(np.column_stack([np.ones(n), Q[:, :p]]))
    X = np.sqrt(precision) * Q[:, 1:]
    rest = np.random.default_rng(6).normal(size=n)
    rest -= Q @ (Q.T @ rest)
    return X, X @ least_squares + rest


def exact_moments(least_squares, precision, log_prior):
    """Return mean and sd of each coefficient by quadrature: given σ = 1 orthogonal columns are independent."""
    beta = np.linspace(-15.0, 15.0, 400_001)
    moments = []
    for center in least_squares:
        log_density = -0.5 * precision * (beta - center) ** 2 + log_prior(beta)
        density = np.exp(log_density - log_density.max())
        density /= density.sum()
        mean = density @ beta
        moments.append((mean, np.sqrt(density @ (beta - mean) ** 2)))
    return np.array(moments).T


def log_student_t(beta, scale, df):
    constant = gammaln(0.5 * (df + 1)) - gammaln(0.5 * df) - 0.5 * np.log(df * np.pi) - np.log(scale)
    return constant - 0.5 * (df + 1) * np.log1p((beta / scale) ** 2 / df)


@pytest.mark.parametrize("method", ["auto", "whitened", "mixture", "gibbs"])
@pytest.mark.filterwarnings("ignore:.*diverged.*:bayesreg.SamplingWarning")
def test_every_sampler_draws_from_a_prior_of_ones_own(student_t, method):
    least_squares, scale, df = np.array([2.0, 0.3, -0.1]), 0.2, 3.0
    X, y = orthogonal(least_squares)
    model = br.LinearModel(student_t(scale, df=df), br.GaussianLikelihood(1.0))
    data = br.RowData.from_arrays(X, y)
    tree = br.sample_posterior(model, data, method=method, progress=False)
    assert tree.attrs["certified"]
    assert "not looked for" in tree.attrs["certificate"]
    mean, sd = exact_moments(least_squares, 40.0, lambda beta: log_student_t(beta, scale, df))
    draws = tree["posterior"]["coef"].values
    import arviz as az

    error = np.array([float(az.mcse(draws[..., j])) for j in range(3)])
    assert (np.abs(draws.mean(axis=(0, 1)) - mean) < WITHIN * error).all()
    np.testing.assert_allclose(draws.std(axis=(0, 1)), sd, rtol=0.1)


def test_the_certificate_judges_draws_beside_a_prior_of_ones_own(student_t):
    X, y = orthogonal(np.array([2.0, 0.3, -0.1]))
    data = br.RowData.from_arrays(X, y)
    likelihood = br.GaussianLikelihood(1.0)
    tree = br.sample_posterior(br.LinearModel(br.LaplacePrior(0.05), likelihood), data, progress=False)
    assert not br.certify_posterior(tree, br.LinearModel(student_t(0.2, df=3.0), likelihood), data).ok


def test_the_density_of_a_prior_of_ones_own(student_t):
    beta = np.linspace(-3.0, 3.0, 13)
    np.testing.assert_allclose(
        student_t(0.7, df=4.0).log_prob(beta), log_student_t(beta, 0.7, 4.0), rtol=1e-12
    )


def test_draws_from_a_prior_of_ones_own(student_t):
    from scipy import stats

    X, y = orthogonal(np.array([2.0, 0.3, -0.1]))
    model = br.LinearModel(student_t(0.2, df=3.0), br.GaussianLikelihood(1.0))
    drawn = br.sample_prior(model, br.RowData.from_arrays(X, y), num_samples=4000)["prior"]["coef"].values
    assert stats.kstest(drawn.ravel(), stats.t(3.0, scale=0.2).cdf).pvalue > 1e-3


def test_numpyro_has_the_density_of_a_prior_of_ones_own(student_t):
    import jax
    from numpyro.infer.util import log_density

    X, y = orthogonal(np.array([2.0, 0.3, -0.1]))
    data = br.RowData.from_arrays(X, y)
    plain = br.to_numpyro(br.LinearModel(student_t(0.2, df=3.0), br.GaussianLikelihood(1.0)), data)
    with jax.enable_x64(True):
        found = []
        for coef in (np.zeros(3), np.array([1.9, 0.2, -0.4])):
            ours = log_density(plain, (), {}, {"coef": coef, "intercept": np.float64(0.0)})[0]
            rows = -0.5 * np.sum((y - X @ coef) ** 2) - 0.5 * y.size * np.log(2 * np.pi)
            found.append(float(ours) - rows - log_student_t(coef, 0.2, 3.0).sum())
    np.testing.assert_allclose(found, 0.0, atol=1e-9)


def test_a_checkpoint_tells_one_law_from_another(student_t, tmp_path):
    X, y = orthogonal(np.array([2.0, 0.3, -0.1]))
    data = br.RowData.from_arrays(X, y)

    def run(df):
        model = br.LinearModel(student_t(0.2, df=df), br.GaussianLikelihood(1.0))
        br.sample_posterior(
            model, data, num_samples=100, method="gibbs", progress=False, checkpoint=tmp_path / "run"
        )

    run(3.0)
    with pytest.raises(br.CheckpointError, match="another model"):
        run(5.0)


def unequal(n=60, p=5):
    rng = np.random.default_rng(0)
    sd = rng.uniform(0.3, 2.0, n)
    X = rng.normal(size=(n, p))
    return X, 1.0 + X @ np.r_[2.0, np.zeros(p - 2), -1.0] + sd * rng.normal(size=n), sd


@pytest.mark.parametrize(
    "prior",
    [
        br.LaplacePrior(0.2),
        br.GaussianPrior(0.5),
        br.ElasticNetPrior(0.3, 0.6),
        br.LaplacePrior(0.2, factor=[np.inf, 1, 1, 1, 1]),
        br.FlatPrior(),
    ],
)
@pytest.mark.parametrize("options", [{}, {"fit_intercept": False}, {"standardize": True}])
def test_the_mode_beside_a_likelihood_of_ones_own_is_weighted_least_squares(unequal_noise, prior, options):
    X, y, sd = unequal()
    ours = br.map_estimate(br.LinearModel(prior, unequal_noise(sd), **options), br.RowData.from_arrays(X, y))
    if options.get("standardize"):  # the units are those of rows without weights
        prior_sd = X.std(axis=0)
        scales = [np.asarray(scale) for scale in prior.numeric_scales()]
        prior = type(prior)(*(scale / prior_sd for scale in scales))
    model = br.LinearModel(prior, br.GaussianLikelihood(1.0), options.get("fit_intercept", True))
    theirs = br.map_estimate(model, br.RowData.from_arrays(X, y, sample_weight=1.0 / sd**2))
    assert ours.converged
    assert ours.duality_gap < 1e-12
    assert ours.certificate.rounding < 1e-12
    np.testing.assert_allclose(ours.coef, theirs.coef, atol=1e-10)
    assert ours.intercept == pytest.approx(theirs.intercept, abs=1e-10)
    assert ours.certificate.primal == pytest.approx(theirs.certificate.primal, rel=1e-10)


def test_a_gaussian_posterior_beside_a_likelihood_of_ones_own(unequal_noise):
    import arviz as az

    X, y, sd = unequal()
    model, data = br.LinearModel(br.GaussianPrior(0.5), unequal_noise(sd)), br.RowData.from_arrays(X, y)
    tree = br.sample_posterior(model, data, progress=False)
    assert tree.attrs["certified"]
    design = np.column_stack([X, np.ones(len(X))]) / sd[:, None]
    covariance = np.linalg.inv(design.T @ design + np.diag([1.0 / 0.25] * 5 + [0.0]))
    mean = covariance @ design.T @ (y / sd)
    draws = np.concatenate(
        [tree["posterior"]["coef"].values, tree["posterior"]["intercept"].values[..., None]], axis=-1
    )
    error = np.array([float(az.mcse(draws[..., j])) for j in range(6)])
    assert (np.abs(draws.mean(axis=(0, 1)) - mean) < WITHIN * error).all()
    np.testing.assert_allclose(draws.std(axis=(0, 1)), np.sqrt(np.diag(covariance)), rtol=0.06)
    pointwise = br.add_log_likelihood(tree, model, data)["log_likelihood"]["y"].values[0, 0]
    residual = (y - X @ draws[0, 0, :5] - draws[0, 0, 5]) / sd
    np.testing.assert_allclose(pointwise, -0.5 * residual**2 - np.log(sd * np.sqrt(2 * np.pi)), rtol=1e-10)


def test_draws_of_another_posterior_are_refused_beside_a_likelihood_of_ones_own(unequal_noise):
    X, y, sd = unequal()
    data = br.RowData.from_arrays(X, y)
    prior = br.GaussianPrior(0.5)
    tree = br.sample_posterior(br.LinearModel(prior, br.GaussianLikelihood(1.0)), data, progress=False)
    assert not br.certify_posterior(tree, br.LinearModel(prior, unequal_noise(sd)), data).ok


def test_what_a_likelihood_of_ones_own_refuses(unequal_noise):
    X, y, sd = unequal()
    with pytest.raises(ValueError, match="`sd` must have one number a row, 60"):
        br.map_estimate(
            br.LinearModel(br.LaplacePrior(0.2), unequal_noise(sd[1:])), br.RowData.from_arrays(X, y)
        )
