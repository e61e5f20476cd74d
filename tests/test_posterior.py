"""Posterior draws: against closed forms, quadrature and plain NumPyro; reproducible; refused where improper."""

import os
import subprocess
import sys
import warnings

import arviz as az
import numpy as np
import numpyro.distributions as dist
import pytest
from conftest import diabetes, model, wide
from scipy import stats

import bayesreg as br

# Divergences are asserted where they matter; short runs at the edge of propriety may have one.
pytestmark = pytest.mark.filterwarnings("ignore::bayesreg.base.errors.SamplingWarning")
TOLERANCE = 4.0  # Monte Carlo standard errors
FLAT_NOISE = dist.ImproperUniform(dist.constraints.positive, (), ())


def sample(linear, data, **options):
    return br.sample_posterior(linear, data, **{"progress": False, **options})


def assert_means(draws, expected, n=TOLERANCE):
    """Compare the mean of draws (chain, draw, ...) with a number within n Monte Carlo standard errors."""
    draws = np.asarray(draws)
    mcse = az.mcse(draws, method="mean") if draws.ndim == 2 else None
    assert abs(draws.mean() - expected) < n * float(np.asarray(mcse)), (draws.mean(), expected, mcse)


def assert_quantiles(draws, distribution, n=TOLERANCE):
    """Compare the shares of draws below exact quantiles with their probabilities, and the sd with the exact one."""
    for probability in (0.05, 0.25, 0.5, 0.75, 0.95):
        assert_means((draws < distribution.ppf(probability)).astype(float), probability, n)
    assert_means((draws - distribution.mean()) ** 2, distribution.var(), n)


def ridge_posterior(X, y, w, tau, sigma):
    """Return mean and covariance of (intercept, coef), the intercept flat."""
    A = np.column_stack([np.ones(len(y)), X])
    precision = (A.T * w) @ A / sigma**2 + np.diag(np.append(0.0, 1 / np.broadcast_to(tau, X.shape[1]) ** 2))
    covariance = np.linalg.inv(precision)
    return covariance @ (A.T * w) @ y / sigma**2, covariance


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_gaussian_prior_known_noise_is_the_closed_form(weighted, relative):
    X, y = diabetes()
    w = np.random.default_rng(0).uniform(0.2, 2.0, len(y)) if weighted else np.ones(len(y))
    sigma, tau = 54.0, 300.0
    prior = br.GaussianPrior(tau / sigma if relative else tau, relative_to_noise=relative)
    posterior = sample(model(prior, sigma), br.RowData.from_arrays(X, y, w))["posterior"]
    mean, covariance = ridge_posterior(X, y, w, tau, sigma)
    sd = np.sqrt(covariance.diagonal())
    draws = [posterior["intercept"].values, *np.moveaxis(posterior["coef"].values, -1, 0)]
    for j, one in enumerate(draws):
        assert_means(one, mean[j])
        assert_quantiles(one, stats.norm(mean[j], sd[j]))
    assert_means((draws[5] - mean[5]) * (draws[6] - mean[6]), covariance[5, 6])


def test_flat_prior_known_noise_is_exact_and_independent():
    X, y = diabetes()
    tree = sample(model(br.FlatPrior(), 54.0), br.RowData.from_arrays(X, y))
    mean, covariance = ridge_posterior(X, y, np.ones(len(y)), np.inf, 54.0)
    draws = [tree["posterior"]["intercept"].values, *np.moveaxis(tree["posterior"]["coef"].values, -1, 0)]
    for j, one in enumerate(draws):
        assert_quantiles(one, stats.norm(mean[j], np.sqrt(covariance[j, j])))
    correlation = np.corrcoef(np.array(draws).reshape(11, -1))
    expected = covariance / np.sqrt(np.outer(covariance.diagonal(), covariance.diagonal()))
    np.testing.assert_allclose(correlation, expected, atol=0.07)


def test_flat_prior_flat_noise_is_student_and_inverse_chi():
    X, y = diabetes()
    posterior = sample(
        br.LinearModel(br.FlatPrior(), br.GaussianLikelihood(FLAT_NOISE)), br.RowData.from_arrays(X, y)
    )
    A = np.column_stack([np.ones(len(y)), X])
    coef, rss = np.linalg.lstsq(A, y, rcond=None)[:2]
    df = len(y) - 11 - 1  # p(σ) flat, not 1/σ
    scale = np.sqrt(rss[0] / df * np.linalg.inv(A.T @ A).diagonal())
    for j in (1, 3):
        draws = posterior["posterior"]["coef"].values[..., j - 1]
        assert_quantiles(draws, stats.t(df, coef[j], scale[j]))
    assert_quantiles(
        posterior["posterior"]["noise_scale"].values ** -2, stats.gamma(df / 2, scale=2 / rss[0])
    )


def exact_grid(X, y, scale, sigma, spread):
    """Evaluate a Laplace posterior with a flat intercept on a grid of one or two coefficients."""
    Xc, yc = X - X.mean(axis=0), y - y.mean()
    ols = np.linalg.lstsq(Xc, yc, rcond=None)[0]
    width = spread * sigma * np.sqrt(np.linalg.inv(Xc.T @ Xc).diagonal())
    axes = [np.linspace(m - s, m + s, 1601) for m, s in zip(ols, width, strict=True)]
    mesh = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    rss = yc @ yc - 2 * mesh @ (Xc.T @ yc) + np.einsum("...i,ij,...j->...", mesh, Xc.T @ Xc, mesh)
    log_density = -0.5 * rss / sigma**2 - np.abs(mesh).sum(axis=-1) / scale
    weight = np.exp(log_density - log_density.max())
    return mesh, weight / weight.sum()


@pytest.mark.parametrize("p", [1, 2])
def test_laplace_with_one_and_two_coefficients_is_the_quadrature(p):
    rng = np.random.default_rng(5)
    X = rng.normal(size=(15, p)) + 0.7 * rng.normal(size=(15, 1))
    y = 0.4 * X[:, 0] + rng.normal(size=15) + 3.0
    mesh, weight = exact_grid(X, y, 0.2, 1.0, 8.0)
    posterior = sample(model(br.LaplacePrior(0.2)), br.RowData.from_arrays(X, y), num_samples=2000)[
        "posterior"
    ]
    for j in range(p):
        draws = posterior["coef"].values[..., j]
        mean = (mesh[..., j] * weight).sum()
        assert_means(draws, mean)
        assert_means((draws - mean) ** 2, ((mesh[..., j] - mean) ** 2 * weight).sum())
        for cut in (mean - 0.15, 0.0, mean + 0.15):
            below = (weight * (mesh[..., j] < cut)).sum() + 0.5 * (weight * (mesh[..., j] == cut)).sum()
            assert_means((draws < cut).astype(float), below)
    assert (posterior["coef"].values != 0.0).all()


NUMPYRO_CASES = {
    "laplace": (br.LaplacePrior(0.3), "laplace", {}),
    "laplace relative": (br.LaplacePrior(0.3, relative_to_noise=True), "laplace", {}),
    "gaussian": (br.GaussianPrior(0.3), "gaussian", {}),
    "gaussian relative": (br.GaussianPrior(0.3, relative_to_noise=True), "gaussian", {}),
    "elastic net": (br.ElasticNetPrior(0.3, 0.4), "elastic net", {}),
    "laplace hyper": (
        br.LaplacePrior(dist.HalfNormal(0.5)),
        "laplace",
        {"prior_scale": dist.HalfNormal(0.5)},
    ),
    "gaussian hyper": (
        br.GaussianPrior(dist.HalfNormal(0.5)),
        "gaussian",
        {"prior_scale": dist.HalfNormal(0.5)},
    ),
}


@pytest.mark.extended
@pytest.mark.parametrize("case", NUMPYRO_CASES)
def test_every_prior_agrees_with_the_plain_numpyro_model(case):
    import jax
    from numpyro.infer import MCMC, NUTS
    from numpyro_reference import linear_regression

    prior, kind, hyper = NUMPYRO_CASES[case]
    X, y = diabetes()
    X, y = 20 * X[:80, :4], (y[:80] - 150) / 77
    noise = dist.Gamma(4.0, 5.0)
    scales = {k: v * np.ones(4) for k, v in prior.scales().items() if isinstance(v, float)}
    arguments = {
        "kind": kind, "scales": scales, "relative": prior.relative_to_noise, "noise": noise, "hyper": hyper, "p": 4,
    }  # fmt: skip
    ours = sample(
        br.LinearModel(prior, br.GaussianLikelihood(noise)), br.RowData.from_arrays(X, y), num_samples=2000
    )
    with jax.enable_x64(True), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mcmc = MCMC(
            NUTS(linear_regression, dense_mass=True),
            num_warmup=1000,
            num_samples=8000,
            num_chains=1,
            progress_bar=False,
        )
        mcmc.run(jax.random.key(1), X, y, np.ones(80), **arguments)
        theirs = {name: np.asarray(values)[None] for name, values in mcmc.get_samples().items()}
    names = ["intercept", "noise_scale", *hyper]
    pairs = [(ours["posterior"][name].values, theirs[name]) for name in names]
    pairs += [(ours["posterior"]["coef"].values[..., j], theirs["coef"][..., j]) for j in range(4)]
    for a, b in pairs:
        for power in (1, 2):
            one, two = (a - b.mean()) ** power, (b - b.mean()) ** power
            mcse = np.hypot(float(az.mcse(one, method="mean")), float(az.mcse(two, method="mean")))
            assert abs(one.mean() - two.mean()) < TOLERANCE * mcse


def test_diabetes_by_default():
    X, y = diabetes()
    tree = sample(br.LinearModel(br.LaplacePrior()), br.RowData.from_arrays(X, y))
    summary = az.summary(tree, round_to="none")
    assert len(summary) == 12
    assert summary["r_hat"].max() < 1.01
    assert summary["ess_bulk"].min() > 1000
    assert summary["ess_tail"].min() > 1000
    assert not tree["sample_stats"]["diverging"].any()


def test_rows_gram_and_chunks_give_the_same_posterior():
    X, y = diabetes()
    linear = br.LinearModel(br.LaplacePrior())
    chunks = br.GramData.from_chunks([(X[i : i + 100], y[i : i + 100]) for i in range(0, 442, 100)])
    trees = [sample(linear, d) for d in (br.RowData.from_arrays(X, y), br.GramData.from_arrays(X, y), chunks)]
    for tree in trees[1:]:
        for name in ("coef", "noise_scale", "intercept"):
            a, b = trees[0]["posterior"][name].values, tree["posterior"][name].values
            assert np.abs(a.mean(axis=(0, 1)) - b.mean(axis=(0, 1))).max() < 0.15 * a.std(axis=(0, 1)).max()


@pytest.mark.extended
def test_wide_data_and_unpenalised_columns_mix():
    X, y = wide(40, 60)
    prior = br.LaplacePrior(factor={"x0": np.inf})
    tree = sample(br.LinearModel(prior), br.RowData.from_arrays(X, y), num_samples=2000)
    summary = az.summary(tree, round_to="none")
    assert summary["r_hat"].max() < 1.02
    assert summary["ess_bulk"].min() > 200


def test_flat_columns_agree_with_a_very_wide_prior():
    X, y = diabetes()
    data = br.RowData.from_arrays(X, y)
    flat = sample(model(br.GaussianPrior(300.0, factor={"x2": np.inf}), 54.0), data)["posterior"]
    mean, covariance = ridge_posterior(X, y, np.ones(442), np.where(np.arange(10) == 2, np.inf, 300.0), 54.0)
    assert_quantiles(flat["coef"].values[..., 2], stats.norm(mean[3], np.sqrt(covariance[3, 3])))
    assert_quantiles(flat["coef"].values[..., 4], stats.norm(mean[5], np.sqrt(covariance[5, 5])))


def test_a_constant_column_keeps_its_prior():
    X, y = diabetes()
    X = np.column_stack([X[:, :3], np.ones(442)])
    posterior = sample(model(br.GaussianPrior(7.0), 54.0), br.RowData.from_arrays(X, y))["posterior"]
    assert_quantiles(posterior["coef"].values[..., 3], stats.norm(0.0, 7.0))


def test_intercept_prior():
    X, y = diabetes()
    linear = model(br.GaussianPrior(300.0), 54.0, intercept_prior=br.GaussianPrior(5.0))
    tree = sample(linear, br.RowData.from_arrays(X, y))
    A = np.column_stack([X, np.ones(442)])
    precision = A.T @ A / 54.0**2 + np.diag(np.append(np.full(10, 300.0**-2.0), 1 / 25.0))
    mean = np.linalg.solve(precision, A.T @ y / 54.0**2)
    assert_quantiles(
        tree["posterior"]["intercept"].values, stats.norm(mean[-1], np.sqrt(np.linalg.inv(precision)[-1, -1]))
    )
    assert "intercept" in tree["log_prior"]


def test_no_intercept():
    X, y = diabetes()
    tree = sample(model(br.LaplacePrior(100.0), 54.0, fit_intercept=False), br.RowData.from_arrays(X, y))
    assert "intercept" not in tree["posterior"]


def test_the_same_seed_gives_the_same_draws_whatever_the_threads():
    code = """
import os, sys
import numpy as np, bayesreg as br
os.cpu_count = lambda: int(sys.argv[1])
rng = np.random.default_rng(0)
data = br.RowData.from_arrays(rng.normal(size=(30, 3)), rng.normal(size=30))
tree = br.sample_posterior(br.LinearModel(br.LaplacePrior()), data, num_samples=50, num_warmup=70, seed=3, progress=False)
sys.stdout.buffer.write(b"".join(tree["posterior"][name].values.tobytes() for name in ("coef", "intercept", "noise_scale")))
"""
    outputs = [
        subprocess.run([sys.executable, "-c", code, threads], capture_output=True, check=True).stdout
        for threads in ("1", "4")
    ]
    assert outputs[0] == outputs[1]
    assert len(outputs[0]) == 4 * 50 * 5 * 8
    X, y = wide(30, 3)
    data = br.RowData.from_arrays(X, y)
    linear = br.LinearModel(br.LaplacePrior())
    a, b = (sample(linear, data, num_samples=20, seed=s)["posterior"]["coef"].values for s in (1, 2))
    assert not np.array_equal(a, b)
    chains = [tuple(chain.ravel()) for chain in a]
    assert len(set(chains)) == len(chains)


def test_new_data_of_the_same_shape_compile_nothing():
    from test_global_state import CompileCount

    def once(n, seed):
        rng = np.random.default_rng(seed)
        data = br.RowData.from_arrays(rng.normal(size=(n, 4)), rng.normal(size=n))
        sample(br.LinearModel(br.LaplacePrior()), data, num_samples=130)

    once(30, 0)
    with CompileCount() as again:
        once(30, 1)
        once(50, 2)
    assert again.count == 0


def test_what_the_tree_holds():
    X, y = diabetes()
    names = [f"f{j}" for j in range(10)]
    data = br.RowData.from_arrays(X, y, feature_names=names)
    tree = sample(
        br.LinearModel(br.LaplacePrior(dist.HalfNormal(500.0))),
        data, num_samples=50, num_chains=3, seed=4, method="whitened",
    )  # fmt: skip
    posterior = tree["posterior"]
    assert posterior["coef"].dims == ("chain", "draw", "feature")
    assert posterior["coef"].shape == (3, 50, 10)
    assert list(posterior["feature"].values) == names
    assert {"coef", "intercept", "noise_scale", "prior_scale"} == set(posterior.data_vars)
    assert {"diverging", "energy", "lp", "n_steps", "acceptance_rate", "step_size"} <= set(
        tree["sample_stats"].data_vars
    )
    assert tree.attrs["seed"] == 4
    known = sample(model(br.ElasticNetPrior(300.0, 200.0), 54.0), data, num_samples=20)
    assert "noise_scale" not in known["posterior"]
    assert float(known["constant_data"]["noise_scale"]) == 54.0
    np.testing.assert_allclose(known["constant_data"]["laplace_scale"], 300.0)
    np.testing.assert_allclose(known["constant_data"]["gaussian_scale"], 200.0)
    assert "log_likelihood" not in tree.children
    for group in tree.children.values():
        for variable in group.data_vars.values():
            assert variable.size < 3 * 50 * 442  # X and y are not stored


def test_log_prior_is_the_density_of_the_priors():
    X, y = diabetes()
    prior = br.LaplacePrior(dist.HalfNormal(500.0), factor={"x1": np.inf, "x3": 2.0})
    tree = sample(
        br.LinearModel(prior, br.GaussianLikelihood(dist.LogNormal(4.0, 1.0))),
        br.RowData.from_arrays(X, y),
        num_samples=40,
    )
    posterior, log_prior = tree["posterior"], tree["log_prior"]
    scale = posterior["prior_scale"].values
    np.testing.assert_allclose(log_prior["prior_scale"], stats.halfnorm(scale=500.0).logpdf(scale), rtol=1e-9)
    sigma = posterior["noise_scale"].values
    np.testing.assert_allclose(
        log_prior["noise_scale"], stats.lognorm(1.0, scale=np.exp(4.0)).logpdf(sigma), rtol=1e-9
    )
    coef = posterior["coef"].values
    np.testing.assert_allclose(
        log_prior["coef"][..., 0], stats.laplace(scale=scale).logpdf(coef[..., 0]), rtol=1e-9
    )
    np.testing.assert_allclose(
        log_prior["coef"][..., 3], stats.laplace(scale=2 * scale).logpdf(coef[..., 3]), rtol=1e-9
    )
    assert not log_prior["coef"].values[..., 1].any()


def test_log_likelihood_and_arviz_functions():
    X, y = diabetes()
    w = np.random.default_rng(0).uniform(0.5, 1.5, 442)
    data = br.RowData.from_arrays(X, y, w)
    linear = br.LinearModel(br.LaplacePrior())
    tree = sample(linear, data, log_likelihood=True, num_samples=300)
    posterior = tree["posterior"].isel(chain=1, draw=7)
    mean = float(posterior["intercept"]) + X @ posterior["coef"].values
    expected = w * stats.norm(mean, float(posterior["noise_scale"])).logpdf(y)
    np.testing.assert_allclose(tree["log_likelihood"]["y"].isel(chain=1, draw=7), expected, rtol=1e-10)
    assert tree.attrs["inference_library"] == "bayesreg"
    data = br.RowData.from_arrays(X, y)
    trees = {}
    for name, prior in (("lasso", br.LaplacePrior()), ("ridge", br.GaussianPrior())):
        trees[name] = br.add_log_likelihood(sample(br.LinearModel(prior), data), br.LinearModel(prior), data)
    loo = az.loo(trees["ridge"])
    assert -2500 < loo.elpd < -2300
    assert set(az.compare(trees).index) == {"lasso", "ridge"}
    az.summary(trees["lasso"])


def test_arviz_plots_run_on_the_tree_as_it_is():
    import matplotlib.pyplot as plt

    X, y = diabetes()
    tree = sample(br.LinearModel(br.LaplacePrior()), br.RowData.from_arrays(X, y), num_samples=200)
    for plot in (az.plot_forest, az.plot_trace_dist, az.plot_rank):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # ArviZ and matplotlib speak of layout among themselves
            plot(tree, var_names=["coef", "noise_scale"], backend="matplotlib")
        plt.close("all")


def test_the_tree_survives_netcdf(tmp_path):
    import xarray as xr

    X, y = diabetes()
    tree = sample(br.LinearModel(br.LaplacePrior()), br.RowData.from_arrays(X, y), num_samples=20)
    tree.to_netcdf(tmp_path / "posterior.nc", engine="h5netcdf")
    with xr.open_datatree(tmp_path / "posterior.nc", engine="h5netcdf") as back:
        np.testing.assert_array_equal(back["posterior"]["coef"].values, tree["posterior"]["coef"].values)
        assert list(back["posterior"]["feature"].values) == [f"x{j}" for j in range(10)]


X_SMALL, Y_SMALL = wide(12, 3)


@pytest.mark.parametrize(
    ("linear", "X", "y", "message"),
    [
        (br.LinearModel(br.FlatPrior()), np.column_stack([X_SMALL, X_SMALL[:, 0]]), Y_SMALL, "'x0', 'x3' undetermined"),
        (br.LinearModel(br.FlatPrior()), np.column_stack([X_SMALL, np.ones(12)]), Y_SMALL, "of 'x3' undetermined.*finite"),
        (br.LinearModel(br.FlatPrior()), *wide(5, 9), "undetermined"),
        (br.LinearModel(br.FlatPrior(), br.GaussianLikelihood(FLAT_NOISE)), X_SMALL[:5], Y_SMALL[:5], "nothing bounds noise_scale"),
        (br.LinearModel(br.GaussianPrior(1.0), br.GaussianLikelihood(FLAT_NOISE)), X_SMALL[:2], Y_SMALL[:2], "nothing bounds"),
        (br.LinearModel(br.GaussianPrior(1.0)), X_SMALL, X_SMALL[:, 0] * 2, "fitted perfectly.*LogNormal"),
        (br.LinearModel(br.FlatPrior()), X_SMALL, X_SMALL[:, 0] * 2, "fitted perfectly"),
        (br.LinearModel(br.LaplacePrior()), X_SMALL, np.ones(12), "fitted perfectly"),
    ],
)  # fmt: skip
def test_improper_posteriors_are_refused_with_the_remedy(linear, X, y, message):
    with pytest.raises(br.ImproperPosteriorError, match=message):
        sample(linear, br.RowData.from_arrays(X, y))


def test_proper_posteriors_at_the_edge_are_sampled():
    vanishing = br.GaussianLikelihood(dist.LogNormal(0.0, 1.0))
    options = {"num_samples": 20, "num_warmup": 50}
    for linear, X, y in (
        (br.LinearModel(br.GaussianPrior(1.0), vanishing), X_SMALL, np.ones(12)),
        (br.LinearModel(br.GaussianPrior(1.0)), *wide(10, 30)),
        (br.LinearModel(br.LaplacePrior(0.5)), *wide(10, 30)),
        (br.LinearModel(br.GaussianPrior(1.0), br.GaussianLikelihood(FLAT_NOISE)), X_SMALL[:4], Y_SMALL[:4]),
        (model(br.FlatPrior()), X_SMALL, X_SMALL[:, 0] * 2),
    ):
        draws = sample(linear, br.RowData.from_arrays(X, y), **options)["posterior"]["coef"].values
        assert np.isfinite(draws).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_samples": 0}, "`num_samples` must be a whole number, at least 1"),
        ({"num_chains": 1.5}, "`num_chains` must be a whole number"),
        ({"num_warmup": -1}, "`num_warmup` must be a whole number"),
        ({"seed": -1}, "`seed` must be a whole number, at least 0"),
    ],
)
def test_bad_settings(options, message):
    with pytest.raises(ValueError, match=message):
        sample(br.LinearModel(br.GaussianPrior()), br.RowData.from_arrays(X_SMALL, Y_SMALL), **options)


def test_too_many_draws_and_rows_that_are_not_there():
    linear, data = br.LinearModel(br.GaussianPrior()), br.RowData.from_arrays(X_SMALL, Y_SMALL)
    with pytest.raises(MemoryError, match=r"above the budget of 4,294,967,296"):
        sample(linear, data, num_samples=10**8)
    with pytest.raises(TypeError, match="needs rows, but GramData has none"):
        sample(linear, br.GramData.from_arrays(X_SMALL, Y_SMALL), num_samples=10, log_likelihood=True)
    tree = sample(linear, data, num_samples=10)
    with pytest.raises(ValueError, match="the draws are of features"):
        br.add_log_likelihood(
            tree, linear, br.RowData.from_arrays(X_SMALL, Y_SMALL, feature_names=["a", "b", "c"])
        )


def test_the_progress_bar_is_on_stderr_and_can_be_off():
    code = """
import numpy as np, bayesreg as br, tqdm.auto as t
rng = np.random.default_rng(0)
data = br.RowData.from_arrays(rng.normal(size=(30, 3)), rng.normal(size=30))
for progress in (False, True):
    br.sample_posterior(br.LinearModel(br.LaplacePrior()), data, num_samples=40_000 if progress else 50, progress=progress)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "80"},
    )
    assert done.stdout == ""
