"""Every way to choose a scale against an independent answer: cv.glmnet, brute force, ArviZ, a sampled scale."""

import json
import warnings
from pathlib import Path

import numpy as np
import numpyro.distributions as dist
import pytest
from conftest import diabetes
from scipy import integrate, stats

import bayesreg as br
from bayesreg.selection.path_sampling import path_log_evidence

X, Y = diabetes()
DATA = br.RowData.from_arrays(X, Y)
GLMNET = json.loads((Path(__file__).parent / "references" / "cv_glmnet.json").read_text())


# One standard error, by R's cv.glmnet.


@pytest.mark.parametrize(
    "run", GLMNET["runs"], ids=lambda run: f"glmnet {GLMNET['version']}|alpha={run['alpha']}"
)
def test_one_standard_error_of_cv_glmnet(run):
    """The same curve, the same error bars, the same two choices."""
    raw, y = diabetes(scaled=False)
    raw, y = raw[:440], y[:440]
    lambdas, ratio = np.array(run["lambda"]), run["alpha"]
    sd_y = y.std()
    n = len(y)
    if ratio == 1.0:
        prior, scales = br.LaplacePrior(1.0), 1.0 / (n * lambdas)
    else:  # glmnet divides the l2 part by sd(y) of the rows it is given, so by another number in each fold
        prior = br.ElasticNetPrior(1.0, np.sqrt(ratio / (1 - ratio) * sd_y))
        scales = 1.0 / (n * lambdas * ratio)
    model = br.LinearModel(prior, br.GaussianLikelihood(1.0), standardize=True)
    data = br.RowData.from_arrays(raw, y)
    best = br.select_scale(model, data, "cv", folds=10, hold="per_row", scales=scales)
    simple = br.select_scale(model, data, "cv-1se", folds=10, hold="per_row", scales=scales)
    exact = 2e-6 if ratio == 1.0 else 2e-3  # for the reason above
    np.testing.assert_allclose(best.scores, run["mean"], rtol=exact)
    np.testing.assert_allclose(best.standard_errors, run["standard_error"], rtol=10 * exact)
    assert lambdas[best.index] == run["lambda_min"]
    assert lambdas[simple.index] == run["lambda_1se"]
    if ratio == 1.0:
        # at their first λ, λmax, rounding decides
        np.testing.assert_array_equal(best.effective_df[1:], np.array(run["df"])[1:] + 1)


# The evidence, by brute force.


def laplace_by_quadrature(x, y, scale, sigma):
    """Integrate two coefficients on a grid; the intercept is integrated in closed form by centring."""
    centred, z, n = x - x.mean(axis=0), y - y.mean(), len(y)
    gram, cross, total = centred.T @ centred, centred.T @ z, z @ z
    least_squares = np.linalg.solve(gram, cross)
    width = 12 * np.sqrt(np.diagonal(np.linalg.inv(gram))) * sigma
    axes = []
    for b, w in zip(least_squares, width, strict=True):
        inner = np.concatenate([np.linspace(b - w, b + w, 1601), np.geomspace(1e-6, 60, 400) * scale])
        axes.append(np.unique(np.concatenate([inner, -np.geomspace(1e-6, 60, 400) * scale, [0.0]])))
    first, second = np.meshgrid(*axes, indexing="ij")
    rss = total - 2 * (cross[0] * first + cross[1] * second)
    rss = rss + gram[0, 0] * first**2 + 2 * gram[0, 1] * first * second + gram[1, 1] * second**2
    log_density = -0.5 * rss / sigma**2 - (n - 1) * np.log(sigma * np.sqrt(2 * np.pi)) - 0.5 * np.log(n)
    log_density = log_density - (np.abs(first) + np.abs(second)) / scale - 2 * np.log(2 * scale)
    peak = log_density.max()
    inner = integrate.trapezoid(np.exp(log_density - peak), axes[1], axis=1)
    return peak + np.log(integrate.trapezoid(inner, axes[0]))


def small(n=12):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(n, 2)) * [1.0, 3.0] + 2.0
    return x, x @ [0.9, -0.1] + 0.6 * rng.normal(size=n) + 1.0


@pytest.mark.extended
def test_evidence_of_a_laplace_prior_by_quadrature():
    x, y = small()
    scales = np.geomspace(0.01, 10.0, 12)
    model = br.LinearModel(br.LaplacePrior(), br.GaussianLikelihood(0.6))
    found = br.select_scale(model, br.RowData.from_arrays(x, y), "evidence", scales=scales, num_samples=300)
    exact = np.array([laplace_by_quadrature(x, y, s, 0.6) for s in scales])
    assert (found.standard_errors < 0.1).all()
    assert (np.abs(found.scores - exact) < 4 * found.standard_errors + 2e-3).all()
    assert exact[found.index] >= exact.max() - 4 * found.standard_errors[found.index]


@pytest.mark.extended
def test_a_planted_error_in_the_slope_is_seen():
    """Without the prior's normaliser the answer leaves the error bars."""
    x, y = small()
    scales = np.geomspace(0.1, 3.0, 4)
    unit = br.LinearModel(br.LaplacePrior(1.0), br.GaussianLikelihood(0.6))
    found = path_log_evidence(unit, br.RowData.from_arrays(x, y), scales, num_samples=300)
    exact = np.array([laplace_by_quadrature(x, y, s, 0.6) for s in scales])
    assert (
        np.abs(found.log_evidence + 2 * np.log(scales) - exact)[-1] > 20 * found.standard_errors[-1]
    ).all()


@pytest.mark.parametrize("noise", [54.0, None, "flat in a range"])
@pytest.mark.parametrize("relative", [False, True])
def test_path_sampling_of_a_gaussian_prior_is_the_closed_form(noise, relative):
    """The same estimator where the answer is known exactly, to any number of coefficients."""
    likelihood = br.GaussianLikelihood(dist.Uniform(20.0, 90.0) if noise == "flat in a range" else noise)
    model = br.LinearModel(br.GaussianPrior(1.0, relative_to_noise=relative), likelihood)
    scales = np.geomspace(5.0, 2000.0, 9) / (54.0 if relative else 1.0)
    exact = br.log_marginal_likelihood(model, DATA, scales)
    found = path_log_evidence(model, DATA, scales, num_samples=300)
    assert (np.abs(found.log_evidence - exact) < 4 * found.standard_errors + 5e-3).all()
    assert (found.standard_errors < 0.4).all()


def test_path_sampling_with_flat_columns_weights_and_factors():
    rng = np.random.default_rng(1)
    weights = rng.uniform(0.5, 2.0, len(Y))
    data = br.RowData.from_arrays(X, Y, weights)
    factor = np.where(np.arange(10) == 2, np.inf, np.linspace(0.5, 2.0, 10))
    model = br.LinearModel(
        br.GaussianPrior(1.0, factor=factor), br.GaussianLikelihood(54.0), standardize=True
    )
    scales = np.geomspace(1.0, 40.0, 5)
    exact = br.log_marginal_likelihood(model, data, scales)
    found = path_log_evidence(model, data, scales, num_samples=300)
    assert (np.abs(found.log_evidence - exact) < 4 * found.standard_errors + 5e-3).all()


@pytest.mark.extended
def test_evidence_of_an_elastic_net_between_its_two_limits():
    """About pure l1 it is the Laplace prior's evidence, about pure l2 the Gaussian's."""
    x, y = small()
    data, noise = br.RowData.from_arrays(x, y), br.GaussianLikelihood(0.6)
    scales = np.geomspace(0.1, 3.0, 4)
    lasso = path_log_evidence(
        br.LinearModel(br.ElasticNetPrior(1.0, 1e4), noise), data, scales, num_samples=300
    )
    exact = np.array([laplace_by_quadrature(x, y, s, 0.6) for s in scales])
    assert (np.abs(lasso.log_evidence - exact) < 4 * lasso.standard_errors + 5e-3).all()
    ridge = path_log_evidence(
        br.LinearModel(br.ElasticNetPrior(1e6, 1.0), noise), data, 1e6 * scales**2, num_samples=300
    )
    exact = br.log_marginal_likelihood(br.LinearModel(br.GaussianPrior(1.0), noise), data, scales)
    assert (np.abs(ridge.log_evidence - exact) < 4 * ridge.standard_errors + 5e-3).all()


def test_evidence_with_more_columns_than_rows():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(20, 40))
    y = x[:, :3] @ [2.0, -1.5, 1.0] + 0.5 * rng.normal(size=20)
    data = br.RowData.from_arrays(x, y)
    model = br.LinearModel(br.GaussianPrior(1.0), br.GaussianLikelihood(0.5))
    scales = np.geomspace(0.1, 1.0, 4)
    exact = br.log_marginal_likelihood(model, data, scales)
    found = path_log_evidence(model, data, scales, num_samples=300)
    assert (np.abs(found.log_evidence - exact) < 4 * found.standard_errors + 2e-2).all()


# Full Bayes.


@pytest.mark.extended
def test_posterior_of_the_scale_is_that_of_a_sampled_scale():
    """On the grid, and by a chain that samples the scale along with the coefficients."""
    hyperprior = dist.LogNormal(np.log(20.0), 0.7)
    sampled = br.LinearModel(br.LaplacePrior(hyperprior), br.GaussianLikelihood(54.0))
    tree = br.sample_posterior(sampled, DATA, num_samples=2000, progress=False)
    draws = np.log(tree["posterior"]["prior_scale"].values.ravel())
    scales = np.geomspace(1.0, 400.0, 81)
    found = br.select_scale(sampled, DATA, "posterior", scales=scales, num_samples=300)
    density = np.exp(found.scores)
    assert np.trapezoid(density, np.log(scales)) == pytest.approx(1.0, rel=1e-12)
    mean = np.trapezoid(density * np.log(scales), np.log(scales))
    sd = np.sqrt(np.trapezoid(density * (np.log(scales) - mean) ** 2, np.log(scales)))
    assert mean == pytest.approx(draws.mean(), abs=0.1 * draws.std())
    assert sd == pytest.approx(draws.std(), rel=0.1)
    assert found.scale == pytest.approx(np.exp(np.median(draws)), rel=0.1)
    assert isinstance(found.model.prior.scale, float)


def test_posterior_of_a_gaussian_scale_without_a_hyperprior_is_the_evidence():
    model = br.LinearModel(br.GaussianPrior(), br.GaussianLikelihood(54.0))
    evidence = br.select_scale(model, DATA, "evidence")
    posterior = br.select_scale(model, DATA, "posterior")
    np.testing.assert_allclose(np.diff(posterior.scores), np.diff(evidence.scores), rtol=1e-9, atol=1e-9)
    order = np.argsort(posterior.scales)
    mass = np.exp(posterior.scores[order])
    cumulated = integrate.cumulative_trapezoid(mass, np.log(posterior.scales[order]), initial=0.0)
    median = np.interp(0.5 * cumulated[-1], cumulated, np.log(posterior.scales[order]))
    nearest = np.argmin(np.abs(np.log(posterior.scales) - median))
    assert abs(nearest - posterior.index) <= 1


# Leave-one-out by importance sampling.


@pytest.mark.extended
@pytest.mark.filterwarnings("ignore:The draws may not:bayesreg.base.errors.SamplingWarning")
@pytest.mark.filterwarnings("ignore:draws at:bayesreg.base.errors.SamplingWarning")
def test_psis_loo_is_arviz_and_exact():
    """At each scale the number that ArviZ gives for the draws; and what refitting without each row gives."""
    import arviz as az

    x, y = small(12)
    data = br.RowData.from_arrays(x, y)
    model = br.LinearModel(br.LaplacePrior(), br.GaussianLikelihood(0.6))
    scales = [0.1, 0.5, 2.0]
    found = br.select_scale(model, data, "psis-loo", scales=scales)
    for scale, score, error in zip(scales, found.scores, found.standard_errors, strict=True):
        one = br.LinearModel(br.LaplacePrior(scale), br.GaussianLikelihood(0.6))
        tree = br.sample_posterior(one, data, log_likelihood=True, progress=False)
        theirs = az.loo(tree)
        assert score == pytest.approx(theirs.elpd, rel=1e-12)
        assert error == pytest.approx(theirs.se, rel=1e-12)
        refitted = 0.0
        for i in range(len(y)):
            others = np.arange(len(y)) != i
            without = br.sample_posterior(
                one, br.RowData.from_arrays(x[others], y[others]), num_samples=500, progress=False
            )["posterior"]
            mean = without["coef"].values @ x[i] + without["intercept"].values
            refitted += np.log(stats.norm(mean, 0.6).pdf(y[i]).mean())
        assert score == pytest.approx(refitted, abs=0.15)
    assert found.index == np.argmax(found.scores)
    with pytest.raises(TypeError, match="needs rows, but GramData has none"):
        br.select_scale(model, br.GramData.from_arrays(x, y), "psis-loo")


# In the estimator.


@pytest.mark.parametrize(
    "method",
    ["cv", "cv-1se", "aic", "bic", pytest.param("evidence", marks=pytest.mark.extended), "posterior"],
)
def test_every_name_works_in_the_estimator(method):
    prior = br.GaussianPrior() if method == "posterior" else br.LaplacePrior()
    fitted = br.BayesRegressor(prior, noise_scale=54.0, scale_selection=method).fit(X, Y)
    assert fitted.selection_.method == method
    if method == "posterior":
        np.testing.assert_allclose(fitted.penalty_.l2, 54.0**2 / fitted.selection_.scale**2)
    else:
        np.testing.assert_allclose(fitted.penalty_.l1, 54.0**2 / fitted.selection_.scale)


def test_a_sampled_scale_plugs_in_the_evidences():
    regressor = br.BayesRegressor(br.GaussianPrior(dist.HalfCauchy(100.0)), noise_scale=54.0).fit(X, Y)
    evidence = br.select_scale(
        br.LinearModel(br.GaussianPrior(1.0), br.GaussianLikelihood(54.0)), DATA, "evidence"
    )
    assert regressor.selection_.scale == pytest.approx(evidence.scale, rel=1e-9)
    np.testing.assert_allclose(regressor.penalty_.l2, 54.0**2 / evidence.scale**2)
    regressor.sample(num_samples=50, progress=False)
    assert "prior_scale" in regressor.posterior_["posterior"]


# One axis.


def test_all_on_one_axis():
    raw, y = diabetes(scaled=False)
    model = br.LinearModel(br.LaplacePrior(), br.GaussianLikelihood(54.0), standardize=True)
    data = br.RowData.from_arrays(raw, y)
    found = br.select_scale(model, data, "bic", n_scales=7)
    in_glmnet = found.in_convention("glmnet")
    np.testing.assert_allclose(in_glmnet, 54.0**2 / found.scales / len(y), rtol=1e-12)
    frame = found.to_frame("glmnet")
    np.testing.assert_array_equal(frame["glmnet"], in_glmnet)
    for row in range(7):
        at = br.LinearModel(br.LaplacePrior(found.scales[row]), br.GaussianLikelihood(54.0), standardize=True)
        np.testing.assert_allclose(found.penalty_at(row).l1, br.map_estimate(at, data).penalty.l1, rtol=1e-12)
    with pytest.raises(br.NoEquivalent, match="one penalty for all coefficients"):
        found.in_convention("sklearn.Lasso")
    plain = br.select_scale(
        br.LinearModel(br.LaplacePrior()), br.GramData.from_arrays(X, Y, folds=5), n_scales=5
    )
    np.testing.assert_allclose(
        plain.in_convention("sklearn.Lasso"), plain.scales**-1 * plain.noise_scales / len(Y), rtol=1e-12
    )
    np.testing.assert_allclose(
        plain.in_convention("LaplacePrior"), plain.scales * plain.noise_scales, rtol=1e-12
    )


def test_ridge_and_elastic_net_penalties_along_the_axis():
    for prior in (
        br.GaussianPrior(1.0, relative_to_noise=True),
        br.GaussianPrior(1.0),
        br.ElasticNetPrior(1.0, 1.0),
    ):
        model = br.LinearModel(prior)
        found = br.select_scale(model, DATA, "bic", scales=[1.0, 10.0, 100.0])
        for row, scale in enumerate(found.scales):
            at = br.LinearModel(found.model.prior.with_scale(float(scale)))
            expected = br.map_estimate(at, DATA)
            if expected.noise_scale == pytest.approx(found.noise_scales[row], rel=1e-6):
                np.testing.assert_allclose(found.penalty_at(row).l2, expected.penalty.l2, rtol=1e-5)
                np.testing.assert_allclose(found.penalty_at(row).l1, expected.penalty.l1, rtol=1e-5)


def test_the_figure():
    import matplotlib.pyplot as plt

    model = br.LinearModel(br.GaussianPrior(), br.GaussianLikelihood(54.0))
    found = [br.select_scale(model, DATA, method) for method in ("cv", "loo", "evidence", "posterior", "bic")]
    figure = plt.figure()
    axes = br.plot_scale_selection(found, convention="sklearn.Ridge")
    assert len(axes) == 2
    assert "mean squared error" in axes[0].get_ylabel()
    assert "nats" in axes[1].get_ylabel()
    assert len(axes[0].get_lines()) == 2 * 2
    assert len(axes[1].get_lines()) == 3 * 2
    plt.close(figure)
    figure, ax = plt.subplots()
    assert br.plot_scale_selection(found[0], axes=[ax]) == [ax]
    plt.close(figure)


@pytest.mark.parametrize(
    ("prior", "options", "error", "message"),
    [
        (br.LaplacePrior(dist.HalfNormal(1.0)), {"method": "evidence"}, TypeError, "method='posterior'"),
        (
            br.ElasticNetPrior(dist.HalfNormal(1.0), 1.0),
            {"method": "posterior"},
            TypeError,
            "an elastic net has two scales",
        ),
        (br.LaplacePrior(), {"method": "psis-loo", "folds": 4}, ValueError, "has no folds"),
        (
            br.LaplacePrior(),
            {"method": "evidence", "num_samples": 0},
            ValueError,
            "`num_samples` must be a whole",
        ),
        (br.LaplacePrior(), {"method": "cv", "seed": -1}, ValueError, "`seed` must be a whole"),
        (
            br.LaplacePrior(dist.Uniform(5.0, 6.0)),
            {"method": "posterior", "scales": [1.0, 2.0]},
            ValueError,
            "no mass at any of `scales`",
        ),
    ],
)
def test_refusals(prior, options, error, message):
    model = br.LinearModel(prior, br.GaussianLikelihood(54.0))
    with pytest.raises(error, match=message):
        br.select_scale(model, DATA, **options)


def test_doubtful_importance_weights_are_told_once():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(8, 6))
    y = 5 * rng.normal(size=8)
    model = br.LinearModel(br.LaplacePrior(), br.GaussianLikelihood(0.3))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        br.select_scale(model, br.RowData.from_arrays(x, y), "psis-loo", scales=[1.0, 50.0], num_samples=300)
    assert sum("Pareto k" in str(one.message) for one in caught) == 1
