"""The log marginal likelihood: against the density of y, and against integrals done another way."""

import numpy as np
import numpyro.distributions as dist
import pytest
from conftest import diabetes, model, wide
from scipy import stats

import bayesreg as br

FLAT_NOISE = dist.ImproperUniform(dist.constraints.positive, (), ())


def data_of(shape, seed=0, weighted=False):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=shape) + 1.0, 2.0 * rng.normal(size=shape[0]) + 3.0
    w = rng.integers(1, 4, shape[0]).astype(float) if weighted else None
    return X, y, w


@pytest.mark.parametrize("shape", [(12, 3), (6, 15)])
@pytest.mark.parametrize("relative", [False, True])
def test_known_noise_is_the_density_of_y(shape, relative):
    X, y, _ = data_of(shape)
    linear = model(br.GaussianPrior(0.6, relative_to_noise=relative), 1.3, fit_intercept=False)
    tau = 0.6 * (1.3 if relative else 1.0)
    expected = stats.multivariate_normal(np.zeros(len(y)), 1.69 * np.eye(len(y)) + tau**2 * X @ X.T).logpdf(y)
    for data in (br.RowData.from_arrays(X, y), br.GramData.from_arrays(X, y)):
        assert br.log_marginal_likelihood(linear, data) == pytest.approx(expected, rel=1e-10)


def test_a_flat_intercept_and_flat_columns_are_integrated_against_density_one():
    """A very wide proper prior on what is flat, its normaliser taken off again."""
    X, y, w = data_of((15, 4), weighted=True)
    linear = model(br.GaussianPrior(0.6, factor={"x1": np.inf}), 1.3)
    wide_sd = 1e4
    rows = np.repeat(np.arange(15), w.astype(int))
    A, z = np.column_stack([np.ones(rows.size), X[rows]]), y[rows]
    tau = np.array([wide_sd, 0.6, wide_sd, 0.6, 0.6])
    covariance = 1.69 * np.eye(rows.size) + (A * tau**2) @ A.T
    sign, log_det = np.linalg.slogdet(covariance)
    expected = -0.5 * (log_det + z @ np.linalg.solve(covariance, z) + rows.size * np.log(2 * np.pi))
    expected += 2 * np.log(wide_sd * np.sqrt(2 * np.pi))
    ours = br.log_marginal_likelihood(linear, br.RowData.from_arrays(X, y, w))
    assert sign == 1
    assert ours == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    "noise",
    [dist.Gamma(3.0, 2.0), dist.HalfNormal(2.0), dist.Uniform(0.5, 3.0), dist.LogNormal(0.0, 0.5), None],
)
@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("shape", [(3, 2), (40, 3), (6, 15)])
def test_unknown_noise_is_the_integral_over_sigma(noise, relative, shape):
    X, y, _ = data_of(shape)
    data = br.RowData.from_arrays(X, y)
    scales = np.array([2.0, 0.01, 0.3])
    linear = br.LinearModel(
        br.GaussianPrior(1.0, relative_to_noise=relative), br.GaussianLikelihood(noise), fit_intercept=False
    )
    ours = br.log_marginal_likelihood(linear, data, scales)
    log_prior = {
        "Gamma": stats.gamma(3.0, scale=0.5).logpdf,
        "HalfNormal": stats.halfnorm(scale=2.0).logpdf,
        "Uniform": stats.uniform(0.5, 2.5).logpdf,
        "LogNormal": stats.lognorm(0.5).logpdf,
        "NoneType": lambda s: np.log(2) + stats.t(4, scale=np.sqrt(np.mean(y**2))).logpdf(s),
    }[type(noise).__name__]
    low, high = (
        (0.5, 3.0) if isinstance(noise, dist.Uniform) else (1e-9 if shape[0] < shape[1] else 1e-3, 500.0)
    )
    nodes, weights = np.polynomial.legendre.leggauss(20)
    edges = np.linspace(np.log(low), np.log(high), 201)
    half = 0.5 * np.diff(edges)[:, None]
    t, weight = (0.5 * (edges[1:] + edges[:-1])[:, None] + half * nodes).ravel(), (half * weights).ravel()
    sigma = np.exp(t)[:, None, None]
    for scale, value in zip(scales, ours, strict=True):
        tau = scale * (sigma if relative else 1.0)
        covariance = sigma**2 * np.eye(len(y)) + tau**2 * (X @ X.T)
        misfit = (
            y * np.linalg.solve(covariance, np.broadcast_to(y[:, None], (len(t), len(y), 1)))[..., 0]
        ).sum(1)
        log_density = -0.5 * (np.linalg.slogdet(covariance)[1] + misfit + len(y) * np.log(2 * np.pi))
        log_density = log_density + log_prior(np.exp(t)) + t
        peak = log_density.max()
        assert value == pytest.approx(peak + np.log(weight @ np.exp(log_density - peak)), abs=2e-6)


def test_a_flat_sigma_and_a_relative_scale_have_a_closed_form():
    """σ^−n with p(σ) ∝ 1: Γ((n−1)/2)·Q^(−(n−1)/2)·2^((n−3)/2), without intercept."""
    from scipy.special import gammaln

    X, y, _ = data_of((9, 3))
    linear = br.LinearModel(
        br.GaussianPrior(0.7, relative_to_noise=True), br.GaussianLikelihood(FLAT_NOISE), fit_intercept=False
    )
    unit = np.eye(9) + 0.49 * X @ X.T
    q, n = y @ np.linalg.solve(unit, y), 9
    expected = -0.5 * np.linalg.slogdet(unit)[1] - 0.5 * n * np.log(2 * np.pi)
    expected += gammaln((n - 1) / 2) - 0.5 * (n - 1) * np.log(q) + 0.5 * (n - 3) * np.log(2)
    assert br.log_marginal_likelihood(linear, br.RowData.from_arrays(X, y)) == pytest.approx(
        expected, abs=1e-9
    )


def test_many_rows_and_all_scales_at_once():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200_000, 5))
    y = X @ [1.0, 0.5, 0.0, 0.0, -1.0] + rng.normal(size=200_000)
    data = br.GramData.from_arrays(X, y)
    scales = np.geomspace(1e-3, 1e3, 60)
    values = br.log_marginal_likelihood(br.LinearModel(br.GaussianPrior()), data, scales)
    assert np.isfinite(values).all()
    best = scales[np.argmax(values)]
    assert 0.3 < best < 2.0  # the coefficients' root mean square is 0.67
    one = br.log_marginal_likelihood(br.LinearModel(br.GaussianPrior(float(best))), data)
    assert isinstance(one, float)
    assert one == pytest.approx(values.max(), abs=1e-8)


def test_what_has_no_marginal_likelihood():
    data = br.RowData.from_arrays(*wide(12, 3))
    with pytest.raises(
        TypeError, match="a GaussianPrior, which has a closed form, but the prior is a LaplacePrior"
    ):
        br.log_marginal_likelihood(br.LinearModel(br.LaplacePrior()), data)
    with pytest.raises(ValueError, match="is a distribution"):
        br.log_marginal_likelihood(br.LinearModel(br.GaussianPrior(dist.HalfNormal(1.0))), data)
    with pytest.raises(ValueError, match="must be"):
        br.log_marginal_likelihood(br.LinearModel(br.GaussianPrior(1.0)), data, [1.0, -1.0])
    few = br.RowData.from_arrays(*wide(2, 1))
    with pytest.raises(br.ImproperPosteriorError, match="nothing bounds noise_scale"):
        br.log_marginal_likelihood(
            br.LinearModel(br.GaussianPrior(1.0), br.GaussianLikelihood(FLAT_NOISE)), few
        )


def test_diabetes_has_its_best_scale_inside():
    X, y = diabetes()
    scales = np.geomspace(1.0, 1e5, 80)
    values = br.log_marginal_likelihood(
        br.LinearModel(br.GaussianPrior()), br.RowData.from_arrays(X, y), scales
    )
    assert 100.0 < scales[np.argmax(values)] < 1000.0
