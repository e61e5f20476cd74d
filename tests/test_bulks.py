"""The look at the marginal of σ and scales: its masses against a fine quadrature of our own, and what it costs."""

import numpy as np
import numpyro.distributions as dist
import pytest
from scipy import special, stats
from scipy.special import logsumexp

import bayesreg as br
from bayesreg.gaussian.spectrum import rotate
from bayesreg.model.problem import resolve
from bayesreg.posterior import batches
from bayesreg.posterior.marginals import bulks, watershed
from bayesreg.posterior.marginals.bulks import cell_edges, where_mass_is
from bayesreg.posterior.marginals.propagation import Propagation
from bayesreg.posterior.marginals.scale_grid import _distinct
from bayesreg.posterior.targets import marginal

QUANTILES = np.array([0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99])


def orthogonal(n, coefs, seed):
    """Return X with X'X = n·I beside an intercept, and y whose residual variance is 1."""
    rng = np.random.default_rng(seed)
    p = len(coefs)
    X = np.linalg.qr(np.column_stack([np.ones(n), rng.normal(size=(n, p))]))[0][:, 1:] * np.sqrt(n)
    noise = rng.normal(size=n)
    noise -= noise.mean() + X @ (X.T @ noise) / n
    noise *= np.sqrt(n - 1 - p) / np.sqrt(noise @ noise)
    return X, X @ np.asarray(coefs) + noise


HYPERPRIORS = {
    "half-normal": (dist.HalfNormal(1.0), stats.halfnorm()),
    "half-Cauchy": (dist.HalfCauchy(0.3), stats.halfcauchy(scale=0.3)),
    "log-normal": (dist.LogNormal(0.0, 0.5), stats.lognorm(0.5)),
    "gamma": (dist.Gamma(2.0, 4.0), stats.gamma(2.0, scale=0.25)),
    "uniform": (dist.Uniform(0.05, 2.0), stats.uniform(0.05, 1.95)),
}


@pytest.mark.parametrize("hyperprior", HYPERPRIORS)
@pytest.mark.parametrize(
    ("n", "coefs"), [(15, (1.0, -0.5, 0.2, 0.0)), (60, (0.3, 0.1, 0.0)), (200, (3.0,) * 8)], ids=str
)
def test_the_masses_of_a_sampled_scale_are_those_of_a_quadrature(n, coefs, hyperprior):
    ours, theirs = HYPERPRIORS[hyperprior]
    X, y = orthogonal(n, coefs, seed=n)
    model = br.LinearModel(br.GaussianPrior(ours), br.GaussianLikelihood(dist.HalfCauchy(1.0)))
    found = where_mass_is(resolve(model, br.RowData.from_arrays(X, y)))
    log_sigma, log_scale = np.linspace(-2.0, 2.5, 451)[:, None], np.linspace(-14.0, 4.0, 3601)
    rss = (y - y.mean()) @ (y - y.mean()) - n * np.square(coefs).sum()
    density = -(n - 1 - len(coefs)) * log_sigma - 0.5 * rss * np.exp(-2.0 * log_sigma)
    for coef in coefs:
        variance = np.exp(2.0 * log_sigma) + n * np.exp(2.0 * log_scale)
        density = density - 0.5 * np.log(variance) - 0.5 * n * coef**2 / variance
    density = density + stats.halfcauchy.logpdf(np.exp(log_sigma)) + log_sigma
    density = density + theirs.logpdf(np.exp(log_scale)) + log_scale
    mass = np.exp(density - logsumexp(density))
    for grid, own, exact_grid, exact in (
        (found.log_sigma, found.mass.sum(axis=1), log_sigma.ravel(), mass.sum(axis=1)),
        (found.scale_grids["prior_scale"], found.mass.sum(axis=0), log_scale, mass.sum(axis=0)),
    ):
        edges = exact_grid + 0.5 * (exact_grid[1] - exact_grid[0])
        below = np.interp(QUANTILES, np.cumsum(exact), edges)
        told = np.interp(below, cell_edges(grid), np.concatenate([[0.0], np.cumsum(own)]))
        np.testing.assert_allclose(told, QUANTILES, atol=0.012)


def test_the_masses_of_two_sampled_scales_are_those_of_a_quadrature():
    """One coefficient, whose elastic net is integrated on a grid of it; grids of the two scales differ in size."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=25)
    x -= x.mean()
    y = 0.6 * x + rng.normal(size=25)
    prior = br.ElasticNetPrior(dist.HalfNormal(0.8), dist.Gamma(3.0, 4.0))
    model = br.LinearModel(prior, br.GaussianLikelihood(1.0))
    found = where_mass_is(resolve(model, br.RowData.from_arrays(x[:, None], y)))
    log_b, log_tau = np.linspace(-7.0, 2.0, 121)[:, None], np.linspace(-5.0, 2.0, 91)
    coef = np.linspace(-2.5, 2.5, 1201)[:, None, None]
    b, tau = np.exp(log_b), np.exp(log_tau)
    energy = np.abs(coef) / b + 0.5 * np.square(coef / tau)
    log_normaliser = np.log(tau * np.sqrt(2.0 * np.pi)) + np.log(special.erfcx(tau / (b * np.sqrt(2.0))))
    log_likelihood = -0.5 * ((x @ x) * np.square(coef) - 2.0 * (x @ (y - y.mean())) * coef)
    density = logsumexp(log_likelihood - energy, axis=0) - log_normaliser
    density = density + stats.halfnorm(scale=0.8).logpdf(b) + log_b
    density = density + stats.gamma(3.0, scale=0.25).logpdf(tau) + log_tau
    exact = np.exp(density - logsumexp(density))
    sizes = [grid.size for grid in found.scale_grids.values()]
    assert sizes[0] != sizes[1]
    own = found.mass.reshape(sizes)
    for axis, (name, exact_grid) in enumerate(
        (("laplace_scale", log_b.ravel()), ("gaussian_scale", log_tau))
    ):
        edges = exact_grid + 0.5 * (exact_grid[1] - exact_grid[0])
        below = np.interp(QUANTILES, np.cumsum(exact.sum(axis=1 - axis)), edges)
        cumulated = np.concatenate([[0.0], np.cumsum(own.sum(axis=1 - axis))])
        told = np.interp(below, cell_edges(found.scale_grids[name]), cumulated)
        np.testing.assert_allclose(told, QUANTILES, atol=0.012)


def test_a_look_takes_few_evaluations(monkeypatch):
    """More columns than rows and a sampled scale: the dearest look for its size."""
    count = []
    at = Propagation.at

    def counted(self, noise_scale, scales):
        count.append(noise_scale.size)
        return at(self, noise_scale, scales)

    monkeypatch.setattr(Propagation, "at", counted)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 60))
    y = X[:, :5] @ np.ones(5) + rng.normal(size=40)
    found = where_mass_is(
        resolve(br.LinearModel(br.LaplacePrior(dist.HalfCauchy(1.0))), br.RowData.from_arrays(X, y))
    )
    assert found.bulks[0].mass > 0.99
    assert sum(count) < 2000


def test_an_extreme_draw_is_in_the_error_as_it_is_in_the_mean():
    """The score along a coefficient has no variance where a sampled scale may be small."""
    rng = np.random.default_rng(1)
    for place in (0, 1, 12, 13, 500, 999):
        series = rng.normal(size=(4, 1000, 1))
        series[0, place] = 1e6
        mean = batches.mean_of(series)
        assert abs(mean.value[0]) < 1.5 * mean.error[0] or abs(mean.value[0]) < 1.0, place
        assert mean.freedom > 50


def test_few_rows_and_a_sampled_scale_are_certified():
    """Of these seeds some were refused: the look was coarse, and an early draw far out was not in the error."""
    X, y = orthogonal(15, (1.0, -0.5, 0.2, 0.0), seed=4)
    model = br.LinearModel(
        br.GaussianPrior(dist.HalfNormal(1.0)), br.GaussianLikelihood(dist.HalfCauchy(1.0))
    )
    data = br.RowData.from_arrays(X, y)
    for seed in (3, 11, 28):
        tree = br.sample_posterior(model, data, seed=seed, progress=False)
        assert tree.attrs["certified"] == 1, tree.attrs["certificate"]


def marginal_of_noise(X, y, scale, log_prior, log_sigma):
    """Return the mass of each log σ under GaussianPrior(scale) and a flat intercept, by the eigenvalues of X X'."""
    n = len(y)
    basis = np.linalg.svd(np.ones((1, n)))[2][1:]
    values, vectors = np.linalg.eigh(basis @ X @ X.T @ basis.T)
    squares = (vectors.T @ basis @ y) ** 2
    least = 1e-13 * values.max()
    values, squares = np.where(values > least, values, 0.0), np.where(values > least, squares, 0.0)
    rest = y - y.mean() - X @ np.linalg.lstsq(X - X.mean(axis=0), y - y.mean())[0]
    rss = max(float(np.square(rest - rest.mean()).sum()), 0.0) if n - 1 > X.shape[1] else 0.0
    variance = np.exp(2.0 * log_sigma)[:, None] + scale**2 * values
    density = -0.5 * (np.log(variance) + squares / variance).sum(axis=1) - 0.5 * rss * np.exp(
        -2.0 * log_sigma
    )
    density = density + log_prior(np.exp(log_sigma)) + log_sigma
    return np.exp(density - logsumexp(density))


@pytest.mark.parametrize("size", [1 / 12.3, 1 / 12.0, 1 / 11.6])
def test_a_bulk_at_a_hundred_thousandth_of_y_is_found(size):
    """Residuals of 1e-5 of y: far below where coefficients begin to be held."""
    X, y = orthogonal(12, (1.0, -0.6), seed=3)
    signal = X @ np.array([1.0, -0.6])
    y = signal + 1e-5 * (y - signal)
    model = br.LinearModel(br.GaussianPrior(size), br.GaussianLikelihood(dist.HalfCauchy(1.0)))
    found = where_mass_is(resolve(model, br.RowData.from_arrays(X, y)))
    grid = np.arange(-16.0, 4.0, 0.002)
    exact = marginal_of_noise(X, y, size, stats.halfcauchy.logpdf, grid)[grid < -6.0].sum()
    told = found.mass.sum(axis=1)[found.log_sigma < -6.0].sum()
    assert told == pytest.approx(exact, abs=0.01)


def test_noise_without_a_lower_end_is_drawn_as_far_as_its_prior_goes():
    """More columns than rows, so that the data allow any small σ."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(8, 20))
    y = X @ rng.normal(size=20)
    model = br.LinearModel(br.GaussianPrior(1.0), br.GaussianLikelihood(dist.LogNormal(0.0, 10.0)))
    tree = br.sample_posterior(model, br.RowData.from_arrays(X, y), progress=False)
    grid = np.arange(-80.0, 10.0, 0.01)
    mass = marginal_of_noise(X, y, 1.0, stats.lognorm(10.0).logpdf, grid)
    log_sigma = np.log(tree["posterior"]["noise_scale"].values)
    for quantile in (0.05, 0.5, 0.95):
        place = np.interp(quantile, np.cumsum(mass), grid)
        assert (log_sigma < place).mean() == pytest.approx(quantile, abs=0.03)
    assert tree.attrs["certified"] == 1


def test_a_log_normal_prior_of_noise_makes_an_exact_fit_proper():
    X = np.random.default_rng(1).integers(-9, 9, size=(12, 3)) / 8.0
    X = np.vstack([X, -X])
    y = X @ np.array([1.0, -0.5, 0.25])
    model = br.LinearModel(br.GaussianPrior(1.0), br.GaussianLikelihood(dist.LogNormal(0.0, 0.5)))
    found = where_mass_is(resolve(model, br.RowData.from_arrays(X, y)))
    mean = (found.mass.sum(axis=1) * found.log_sigma).sum()
    assert mean == pytest.approx(-20.0 * 0.25, abs=0.1)  # (N − 1 − p)·s² below 0


@pytest.mark.parametrize("seed", range(3))
def test_a_peak_between_two_level_places_is_found(seed):
    """A scale in units of σ, and coefficients of 200 σ: far from where prior and noise balance."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(8, 2))
    y = X @ np.array([200.0, 0.0]) + rng.normal(size=8)
    model = br.LinearModel(br.GaussianPrior(dist.HalfCauchy(1.0), relative_to_noise=True))
    tree = br.sample_posterior(model, br.RowData.from_arrays(X, y), progress=False, seed=seed)
    assert tree.attrs["certified"] == 1, tree.attrs["certificate"]


@pytest.mark.parametrize("end", [0.05, 0.1, 0.3])
def test_a_scale_piles_up_at_its_end_and_is_drawn_there(end):
    """exp(log(end)) is above some ends: their last place was lost."""
    X, y = orthogonal(60, (3.0, -3.0, 3.0), seed=5)
    model = br.LinearModel(br.GaussianPrior(dist.Uniform(0.0, end)), br.GaussianLikelihood(1.0))
    tree = br.sample_posterior(model, br.RowData.from_arrays(X, y), progress=False)
    grid = (np.arange(200_000) + 0.5) / 200_000 * end
    variance = 1.0 + 60 * grid**2
    density = -1.5 * np.log(variance) - 0.5 * 3 * 60 * 9.0 / variance
    cumulative = np.cumsum(np.exp(density - logsumexp(density)))
    drawn = np.interp(tree["posterior"]["prior_scale"].values.ravel(), grid, cumulative)
    assert stats.kstest(drawn, "uniform").pvalue > 1e-4
    assert tree.attrs["certified"] == 1, tree.attrs["certificate"]


def test_parts_are_kept_apart_by_deep_valleys_alone():
    x, y = np.meshgrid(np.linspace(-9.0, 9.0, 181), np.linspace(-4.0, 4.0, 41), indexing="ij")

    def peak(at, height):
        return height - 0.5 * (x - at) ** 2 - 0.5 * y**2

    surface = np.logaddexp(np.logaddexp(peak(-5.0, 0.0), peak(5.0, -1.0)), peak(7.0, -1.5))
    label, n_parts = watershed.parts_of(surface, 14.0, 3.0)
    assert n_parts == 2  # 5 and 7 are one: the valley between them is shallow
    left, right = (set(label[(np.abs(x - at) < 0.5) & (np.abs(y) < 0.5)]) for at in (-5.0, 6.0))
    assert len(left) == len(right) == 1
    assert left != right
    assert set(label[surface < surface.max() - 14.0]) == {-1}
    assert watershed.parts_of(peak(0.0, 0.0), 14.0, 3.0)[1] == 1
    assert watershed.parts_of(surface, 14.0, 20.0)[1] == 1


def test_settings_that_are_not_told_are_filled_from_their_neighbours():
    grid = np.array([0.0, 1.0, 3.0, 4.0])
    told = np.array([[0.0, np.nan, 6.0, np.nan], [-np.inf, np.nan, 1.0, np.nan]])
    filled = bulks._without_holes(told, [grid])
    np.testing.assert_allclose(filled[0], [0.0, 2.0, 6.0, 6.0])
    np.testing.assert_array_equal(filled[1], [-np.inf, -np.inf, 1.0, 1.0])
    two = bulks._without_holes(told, [grid[:2], grid[:2]])  # of two scales there is no order to fill along
    np.testing.assert_array_equal(two[0], [0.0, -np.inf, 6.0, -np.inf])


def test_draws_from_cells_in_which_the_density_rises_far_are_right():
    """Cells so wide that proposals even within them are first nearly all refused."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(40, 3))
    y = X @ [1.0, 0.5, 0.0] + rng.normal(size=40)
    model = br.LinearModel(br.GaussianPrior(0.7), br.GaussianLikelihood(dist.HalfCauchy(1.0)))
    problem = resolve(model, br.RowData.from_arrays(X, y))
    rotated = rotate(problem.reduced, problem.penalised_rates.l2)
    closed = bulks.gaussian_marginal(problem, rotated)
    fine = bulks.look(problem, closed)
    places = np.linspace(fine.log_sigma[0], fine.log_sigma[-1], 6)[:, None]
    level = np.interp(places.ravel(), fine.log_sigma, fine.log_density[:, 0])[:, None]
    coarse = fine._replace(
        log_sigma=places.ravel(),
        log_density=level,
        log_volume=np.log(np.diff(cell_edges(places.ravel())))[:, None],
    )
    drawn, _ = marginal.draw_scales(problem, closed, coarse, 40_000, np.random.default_rng(0))
    edges = cell_edges(fine.log_sigma)
    below = np.interp(np.log(np.sort(drawn)), edges, np.r_[0.0, np.cumsum(fine.mass.sum(axis=1))])
    assert stats.kstest(below, "uniform").statistic < 0.01  # 1.63/√40000 = 0.008, and 0.002 of the grid


def test_values_of_a_scale_that_differ_by_rounding_are_one():
    """A cell without a width has no logarithm."""
    close = np.array([1.0, np.nextafter(1.0, 2.0), np.nextafter(np.nextafter(1.0, 2.0), 2.0), 0.0, 2.0])
    np.testing.assert_array_equal(_distinct(close), [0.0, 1.0, 2.0])
    assert (np.diff(cell_edges(_distinct(close))) > 0.0).all()
