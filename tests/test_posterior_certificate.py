"""The posterior's certificate: right draws pass, draws that are made wrong do not, and the gradient is the density's."""

import numpy as np
import numpyro.distributions as dist
import pytest
from conftest import diabetes
from scipy import stats

import bayesreg as br
from bayesreg.model.problem import resolve
from bayesreg.posterior.batches import BatchPlan, mean_of, z_of
from bayesreg.posterior.certificate import certificate
from bayesreg.posterior.kernels.pareto import pareto_k
from bayesreg.posterior.marginals.bulks import where_mass_is
from bayesreg.posterior.score import scored
from bayesreg.posterior.to_arviz import Posterior, from_datatree

FLAT_NOISE = dist.ImproperUniform(dist.constraints.positive, (), ())


def rows(n=40, p=4, shift=3.0, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + 0.8 * rng.normal(size=(n, 1)) + shift
    return X, X @ np.array([1.0, -0.5, *np.zeros(p - 2)]) + rng.normal(size=n) - 2.0


def case(prior, noise=None, seed=1, **options):
    X, y = rows()
    model, data = br.LinearModel(prior, br.GaussianLikelihood(noise), **options), br.RowData.from_arrays(X, y)
    return model, data, br.sample_posterior(model, data, seed=seed, progress=False)


MODELS = {
    "laplace": (br.LaplacePrior(0.5), None, {}),
    "laplace, known noise, no intercept": (br.LaplacePrior(0.5), 1.0, {"fit_intercept": False}),
    "elastic net, relative": (br.ElasticNetPrior(0.5, 0.8, relative_to_noise=True), dist.Gamma(3.0, 3.0), {}),
    "one flat column": (br.LaplacePrior(0.5, factor={"x1": np.inf}), FLAT_NOISE, {}),
    "gaussian, sampled scale": (br.GaussianPrior(dist.HalfNormal(1.0)), None, {}),
    "laplace, sampled scale": (br.LaplacePrior(dist.Gamma(2.0, 2.0), factor={"x0": 3.0}), None, {}),
    "intercept with a prior": (br.LaplacePrior(0.5), None, {"intercept_prior": br.GaussianPrior(5.0)}),
    "intercept with a prior, sampled scale": (
        br.LaplacePrior(dist.Gamma(2.0, 2.0)),
        None,
        {"intercept_prior": br.GaussianPrior(5.0)},
    ),
    "bounded noise": (br.LaplacePrior(0.5), dist.Uniform(0.5, 1.4), {}),
}


SLOWEST = {"laplace, sampled scale", "bounded noise"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.extended if name in SLOWEST else ()) for name in MODELS]
)
def test_right_draws_are_certified_and_the_tree_says_so(name):
    prior, noise, options = MODELS[name]
    model, data, tree = case(prior, noise, **options)
    judged = br.certify_posterior(tree, model, data)
    assert judged.ok, judged
    assert tree.attrs["certified"] == 1
    assert tree.attrs["certificate_largest_z"] == pytest.approx(judged.largest_z)
    assert str(judged) == (
        f"certified: largest z {judged.largest_z:.1f} of {judged.n_tests} tests, "
        f"{judged.expected_largest_z:.1f} expected by chance"
    )
    n_sampled = 4 + options.get("fit_intercept", True) + (noise != 1.0) + prior.has_sampled_scale
    assert list(judged.table.index[-2:]) == ["all", "prior"]
    assert judged.table["z_upper_tail"].notna().sum() == n_sampled
    assert np.sqrt(np.nanmean(judged.z**2)) == pytest.approx(1.0, abs=0.45)


@pytest.mark.parametrize("name", MODELS)
def test_the_gradient_is_that_of_the_density(name):
    """By differences of a density that is written here, at draws."""
    prior, noise, options = MODELS[name]
    X, y = rows()
    w = np.random.default_rng(3).uniform(0.3, 2.0, len(y))
    model = br.LinearModel(prior, br.GaussianLikelihood(noise), **options)
    data = br.RowData.from_arrays(X, y, w)
    problem = resolve(model, data)
    tree = br.sample_posterior(model, data, num_samples=20, num_warmup=50, num_chains=1, progress=False)
    found = scored(problem, from_datatree(problem, tree))
    p = X.shape[1]
    has_intercept = options.get("fit_intercept", True)
    mean_x, mean_y = w @ X / w.sum(), w @ y / w.sum()
    l1, l2 = (np.broadcast_to(rate, (p,)) for rate in prior.rates(*_at_one(prior)))
    factor = {"one flat column": {1: np.inf}, "laplace, sampled scale": {0: 3.0}}.get(name, {})
    multiple = np.array([factor.get(j, 1.0) for j in range(p)])
    low, high = (0.0, np.inf) if name != "bounded noise" else (0.5, 1.4)

    def density(position):
        coef, rest = position[:p], list(position[p:])
        intercept = 0.0
        if has_intercept:
            first = rest.pop(0)
            intercept = first if "intercept_prior" in options else first + mean_y - mean_x @ coef
        total, sigma = 0.0, noise
        if noise != 1.0:
            u = rest.pop(0)
            sigma = np.exp(u) if high == np.inf else low + (high - low) / (1.0 + np.exp(-u))
            total += np.log(sigma) if high == np.inf else np.log((sigma - low) * (high - sigma))
            total += _noise_prior(
                noise, sigma, y, w, fit_intercept=has_intercept, column="intercept_prior" in options
            )
        scale = np.exp(rest.pop(0)) if rest else 1.0
        if prior.has_sampled_scale:
            law = stats.halfnorm() if name.startswith("gaussian") else stats.gamma(2.0, scale=0.5)
            total += law.logpdf(scale) + np.log(scale)
        residual = y - intercept - X @ coef
        total += -w.sum() * np.log(sigma) - 0.5 * w @ residual**2 / sigma**2
        unit = multiple * scale * (sigma if prior.relative_to_noise else 1.0)
        a, b = l1 / unit, l2 / unit**2
        grid = np.linspace(-60.0, 60.0, 240_001)
        for j in range(p):
            if not np.isfinite(unit[j]):
                continue
            if b[j] == 0.0:
                log_norm = np.log(2.0 / a[j])
            else:
                log_norm = np.log(np.trapezoid(np.exp(-a[j] * np.abs(grid) - 0.5 * b[j] * grid**2), grid))
            total += -a[j] * abs(coef[j]) - 0.5 * b[j] * coef[j] ** 2 - log_norm
        if "intercept_prior" in options:
            total += -0.5 * (intercept / 5.0) ** 2
        return total

    for row in range(0, 20, 5):
        at, steps = found.position[row], 1e-5 * np.eye(found.position.shape[1])
        slopes = [(density(at + step) - density(at - step)) / 2e-5 for step in steps]
        np.testing.assert_allclose(found.score[row], slopes, rtol=2e-5, atol=2e-4 * np.abs(slopes).max())


def _at_one(prior):
    return [1.0 if not isinstance(value, float) else value for value in prior.scales().values()]


def _noise_prior(noise, sigma, y, w, *, fit_intercept, column):
    if noise is None:
        mean = w @ y / w.sum() if fit_intercept else 0.0
        return stats.t(4.0, scale=np.sqrt(w @ (y - mean) ** 2 / w.sum())).logpdf(sigma)
    if isinstance(noise, dist.Gamma):
        return stats.gamma(3.0, scale=1.0 / 3.0).logpdf(sigma)
    return 0.0


def spoiled(posterior, how):
    """Return draws with one thing wrong."""
    coef, intercept, sigma = (
        np.array(v) for v in (posterior.coef, posterior.intercept, posterior.noise_scale)
    )
    kind, at = how
    middle, spread = coef.mean(axis=(0, 1)), coef.std(axis=(0, 1))
    if kind == "narrow":
        coef = middle + 0.9 * (coef - middle)
    elif kind == "shift":
        coef[..., at] += 0.15 * spread[at]
    elif kind == "noise":
        sigma *= 1.06
    elif kind == "tail":
        beyond = (coef[..., at] - middle[at]) / spread[at] > 2.0
        flat, bad = coef.reshape(-1, coef.shape[-1]), beyond.ravel()
        rng = np.random.default_rng(0)
        chosen = rng.choice(np.flatnonzero(~bad), bad.sum())
        flat[bad] = flat[chosen]
        for values in (intercept, sigma):
            values.reshape(-1)[bad] = values.reshape(-1)[chosen]
        coef = flat.reshape(coef.shape)
    elif kind == "chain":
        coef[0, :, at] += 0.6 * spread[at]
    elif kind == "intercept":
        intercept = intercept + 0.15 * intercept.std()
    return Posterior(coef, intercept, {"noise_scale": sigma}, posterior.scales, {})


@pytest.mark.parametrize(
    "how",
    [("narrow", None), ("noise", None), ("intercept", None)]
    + [(kind, at) for kind in ("shift", "tail", "chain") for at in (0, 4, 6)],
    ids=str,
)
@pytest.mark.parametrize("method", ["independence", "gibbs"])
def test_draws_that_are_made_wrong_are_not_certified(method, how):
    """s1 and s2 of the diabetes data (columns 4 and 5) have a correlation of 0.9, where coordinates alone tell little."""
    data = br.GramData.from_arrays(*diabetes())
    model = br.LinearModel(br.LaplacePrior(1.0, relative_to_noise=True))
    tree = br.sample_posterior(model, data, method=method, seed=5, progress=False)
    problem = resolve(model, data)
    right, found = from_datatree(problem, tree), where_mass_is(problem)
    assert certificate(problem, right, found).ok
    wrong = certificate(problem, spoiled(right, how), found)
    assert not wrong.ok, wrong
    if how[0] == "shift":
        name = problem.feature_names[how[1]]
        assert wrong.table.loc[f"coef[{name}]", "shift"] == pytest.approx(0.15, abs=0.06)
    if how[0] == "narrow":
        assert wrong.table.loc["all", "width"] == pytest.approx(0.92, abs=0.03)
    assert str(wrong).startswith("not certified: ")


def test_draws_of_one_part_only_are_not_certified():
    """Two bulks of σ, of 95% and 5%: all draws of the lighter one, one chain of four, and none."""
    model, data = two_bulks()
    problem = resolve(model, data)
    found = where_mass_is(problem)
    with pytest.warns(br.SamplingWarning, match="two separate parts"):
        tree = br.sample_posterior(model, data, progress=False)
    right = from_datatree(problem, tree)
    judged = certificate(problem, right, found)
    assert judged.ok, judged
    assert [bulk.mass for bulk in judged.bulks] == pytest.approx([0.948, 0.052], abs=0.01)
    large = right.noise_scale > 1.0
    rng = np.random.default_rng(0)

    def only(keep):
        chosen = rng.choice(np.flatnonzero(keep), right.noise_scale.size)
        parts = (
            right.coef.reshape(-1, right.coef.shape[-1]),
            right.intercept.ravel(),
            right.noise_scale.ravel(),
        )
        coef, intercept, sigma = (part[chosen] for part in parts)
        shape = right.noise_scale.shape
        return Posterior(
            coef.reshape(*shape, -1), intercept.reshape(shape), {"noise_scale": sigma.reshape(shape)}, {}, {}
        )

    heavier, lighter = only(~large), only(large)

    def crossed(name):
        return np.concatenate([getattr(lighter, name)[:1], getattr(heavier, name)[1:]])

    nuisance = {"noise_scale": crossed("noise_scale")}
    mixed = Posterior(crossed("coef"), crossed("intercept"), nuisance, {}, {})
    for wrong in (heavier, lighter, mixed):
        assert not certificate(problem, wrong, found).ok


def two_bulks():
    n, p, size = 60, 20, 4.95
    rng = np.random.default_rng(0)
    X = np.linalg.qr(np.column_stack([np.ones(n), rng.normal(size=(n, p))]))[0][:, 1:] * np.sqrt(n)
    noise = rng.normal(size=n)
    noise -= noise.mean() + X @ (X.T @ noise) / n
    noise *= 0.1 * np.sqrt(n - 1 - p) / np.sqrt(noise @ noise)
    y = X @ np.r_[size * (-1.0) ** np.arange(5), np.zeros(p - 5)] + noise
    return br.LinearModel(
        br.LaplacePrior(0.1), br.GaussianLikelihood(dist.HalfCauchy(1.0))
    ), br.RowData.from_arrays(X, y)


def test_draws_of_another_model_or_of_other_data_are_refused_or_contradicted():
    model, data, tree = case(br.LaplacePrior(0.5))
    X, y = rows()
    assert not br.certify_posterior(tree, br.LinearModel(br.LaplacePrior(0.2)), data).ok
    assert not br.certify_posterior(tree, model, br.RowData.from_arrays(X, y + 0.3 * X[:, 0])).ok
    with pytest.raises(ValueError, match="features"):
        br.certify_posterior(tree, model, br.RowData.from_arrays(X[:, :3], y))
    with pytest.raises(ValueError, match="noise_scale, but it is known in the model"):
        br.certify_posterior(tree, br.LinearModel(br.LaplacePrior(0.5), br.GaussianLikelihood(1.0)), data)
    with pytest.raises(ValueError, match="lack prior_scale"):
        br.certify_posterior(tree, br.LinearModel(br.LaplacePrior(dist.HalfNormal(1.0))), data)
    with pytest.raises(TypeError, match="group `posterior`"):
        br.certify_posterior({"posterior": 1}, model, data)
    broken = tree.copy(deep=True)
    broken["posterior"]["coef"].values[1, 3, 0] = np.nan
    with pytest.raises(ValueError, match="the draws of coef are not all finite"):
        br.certify_posterior(broken, model, data)


@pytest.mark.parametrize("factor", [1 / 1.2, 1.2])
@pytest.mark.parametrize(
    "prior", [br.LaplacePrior, br.GaussianPrior, lambda scale: br.ElasticNetPrior(scale, scale)]
)
def test_the_scale_that_draws_were_made_under_is_told(prior, factor):
    """Each coefficient is off by little; all together say that the prior was another."""
    rng = np.random.default_rng(8)
    X = rng.normal(size=(60, 8))
    data = br.RowData.from_arrays(X, X @ rng.laplace(scale=0.3, size=8) + rng.normal(size=60))
    tree = br.sample_posterior(br.LinearModel(prior(0.3 * factor)), data, seed=1, progress=False)
    judged = br.certify_posterior(tree, br.LinearModel(prior(0.3)), data)
    assert not judged.ok
    told = judged.table.loc["prior"]
    assert abs(told["z_width"]) > judged.limit
    assert told["width"] - 1.0 == pytest.approx(factor - 1.0, abs=0.08)
    assert np.isnan(told[["z_location", "z_lower_tail", "z_upper_tail", "z_chains", "shift"]]).all()
    flat = br.LinearModel(br.LaplacePrior(np.full(8, np.inf)))
    of_flat = br.certify_posterior(br.sample_posterior(flat, data, progress=False), flat, data)
    assert np.isnan(of_flat.table.loc["prior", "z_width"])


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_skewed_series_are_not_taken_for_wrong_ones(sign):
    """A rare large value adds to the mean and to its error: Student's t alone is too often on the other side."""
    rng = np.random.default_rng(0)
    # 40,000 series, of which batches have a skewness of about 0.7, as those of tests of tails have.
    series = np.concatenate([sign * _rare(rng, (4, 250, 2000)) for _ in range(20)], axis=2)
    z = sign * z_of(mean_of(series))
    plain = sign * z_of(mean_of(series)._replace(skewness=0.0))
    assert (plain < -3.0).mean() > 2.0 * stats.norm.sf(3.0)
    for tail in ((z < -3.0).mean(), (z > 3.0).mean()):
        assert 0.4 * stats.norm.sf(3.0) < tail < 1.6 * stats.norm.sf(3.0)


@pytest.mark.parametrize(("n", "length"), [(100, 15), (1000, 47), (10_000, 150)])
def test_a_batch_is_one_and_a_half_roots_of_the_draws_long(n, length):
    series = np.random.default_rng(1).normal(size=(4, n, 1))
    assert mean_of(series).freedom == 4 * (n // length) - 1


def _rare(rng, shape):
    """Return −1 but for one in twenty, of mean 0."""
    return np.where(rng.random(shape) < 0.05, 19.0, -1.0)


def test_the_pareto_shape_is_arvizs():
    from arviz_stats.base import array_stats

    for k in (0.2, 0.6, 1.1):
        log_weight = np.log(stats.genpareto(k).rvs(4000, random_state=1))
        theirs = float(array_stats.psislw(-log_weight)[1])
        assert pareto_k(log_weight) == pytest.approx(theirs, abs=1e-9)
    assert pareto_k(np.zeros(100)) == -np.inf


def test_few_draws_are_not_judged():
    X, y = rows()
    model, data = br.LinearModel(br.LaplacePrior(0.5)), br.RowData.from_arrays(X, y)
    tree = br.sample_posterior(model, data, num_samples=20, progress=False)
    assert tree.attrs["certified"] == 0
    judged = br.certify_posterior(tree, model, data)
    assert (judged.ok, judged.n_tests, judged.finding) == (False, 0, None)
    assert str(judged) == tree.attrs["certificate"] == "not judged: fewer than 100 draws a chain"


def test_sums_over_batches_are_those_of_their_draws_in_any_order():
    """By hand: 2 chains of 13 draws have batches of 5 from the fourth draw on, and of 1."""
    series = np.random.default_rng(4).normal(size=(2, 13, 3))
    plan = BatchPlan.of(2, 13)
    assert (plan.length, plan.short_length, plan.first_draws) == (5, 1, (3, 3))
    batches = np.stack([series[c, i : i + 5].sum(axis=0) for c in (0, 1) for i in (3, 8)])
    halves = []
    for draws in (slice(7, 13), slice(0, 7)):
        part = plan.empty(3)
        numbers = [each[:, draws].ravel() for each in plan.numbers]
        part.add(series[:, draws].reshape(-1, 3), numbers)
        halves.append(part)
    joined = halves[0].joined(halves[1])
    np.testing.assert_allclose(joined.of_long, batches, atol=1e-14)
    np.testing.assert_array_equal(joined.of_short, series[:, 3:].reshape(-1, 3))
    whole = mean_of(series)
    np.testing.assert_allclose(whole.value, batches.mean(axis=0) / 5, atol=1e-14)
    of_long, of_short = (one.var(axis=0, ddof=1) for one in (batches / 5, joined.of_short))
    error = np.sqrt(np.maximum(5 * of_long, 10 * of_long - of_short) / 20)
    np.testing.assert_allclose(whole.error, error, rtol=1e-12)
    z = (batches - batches.mean(axis=0)) / batches.std(axis=0)
    np.testing.assert_allclose(whole.skewness, (z**3).mean(axis=0) / 2.0, rtol=1e-10)


def test_a_constant_has_no_error():
    """Sums of a constant differ by rounding if batches lie in two parts."""
    plan = BatchPlan.of(4, 1000)
    sums = [plan.empty(1), plan.empty(1)]
    for part, draws in zip(sums, (slice(0, 500), slice(500, 1000)), strict=True):
        part.add(np.full((2000, 1), 0.1 / 3.0), [each[:, draws].ravel() for each in plan.numbers])
    mean = sums[0].joined(sums[1]).mean
    assert mean.error[0] == 0.0
    assert z_of(mean)[0] == 0.0
