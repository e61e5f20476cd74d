"""A seeded sweep over random and degenerate yes/no, count and Student-t problems: nothing is wrong in silence.

A mode that says that it converged must pass a referee that shares no code with the package (`row_referee.py`).
"""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import row_referee as referee
from scipy import sparse

import bayesreg as br

FAMILIES = ("bernoulli", "poisson", "negative-binomial", "student-t")
PRIORS = ("laplace", "gaussian", "elastic net")
RESOLUTION = 1e-10  # of the null model's excess: what float64 can tell, far below tol


def random_case(family, seed, *, degenerate):
    """Draw shape, correlation, weights, offset, prior and response; and if asked, what spoils them."""
    rng = np.random.default_rng([seed, FAMILIES.index(family), degenerate])
    n = int(np.exp(rng.uniform(np.log(6), np.log(150))))
    p = int(np.exp(rng.uniform(0.0, np.log(60))))
    X = rng.normal(size=(n, p)) + rng.choice([0.0, 1.0, 3.0]) * rng.normal(size=(n, 1))
    if rng.random() < 0.3:
        X = np.cumsum(X, axis=1) / np.sqrt(p)
    if rng.random() < 0.2:
        X = (X > 0.8).astype(float)
    if rng.random() < 0.2:
        X = np.where(rng.random(X.shape) < 0.7, 0.0, X)
    sd = np.where(X.std(axis=0) > 0, X.std(axis=0), 1.0)
    coef = np.where(rng.random(p) < 0.4, rng.normal(size=p), 0.0) / sd * rng.choice([0.3, 1.0, 3.0])
    offset = rng.normal(size=n) * rng.choice([0.5, 3.0]) if rng.random() < 0.4 else None
    eta = X @ coef + rng.normal() + (0.0 if offset is None else offset)
    weight = rng.choice([0.2, 1.0, 2.5, 30.0], size=n) if rng.random() < 0.5 else None
    flat = rng.random(p) < (0.3 if rng.random() < 0.4 and p < n / 3 else 0.0)
    options = {"fit_intercept": bool(rng.random() < 0.8), "standardize": bool(rng.random() < 0.2)}
    spoiled = set(rng.choice(SPOILERS, 1 + int(rng.integers(3)), replace=False)) if degenerate else set()
    X, weight, offset, eta = spoiled_rows(rng, spoiled, X, weight, offset, eta)
    flat = np.append(flat, np.zeros(X.shape[1] - p, dtype=bool))
    likelihood, nuisance, y = response(rng, family, np.clip(eta, -8.0, 8.0), spoiled)
    return X, y, weight, offset, flat, options, likelihood, nuisance, prior_of(rng, X, flat)


SPOILERS = (
    "duplicate", "zero column", "constant column", "units", "huge unit", "zero weights", "tiny weights", "far offset",
    "zeros", "one class", "separated", "nearly separated", "more columns", "two rows", "huge counts", "outlier",
)  # fmt: skip


def spoiled_rows(rng, spoiled, X, weight, offset, eta):
    n, p = X.shape
    if "more columns" in spoiled:
        X = np.column_stack([X, rng.normal(size=(n, max(2 * n - p, 1)))])
    if "two rows" in spoiled:
        keep = slice(0, int(rng.integers(2, 4)))
        X, eta = X[keep], eta[keep]
        weight, offset = (None if part is None else part[keep] for part in (weight, offset))
    n, full = X.shape
    if "duplicate" in spoiled:
        X[:, rng.integers(full)] = X[:, 0] * rng.choice([1.0, -1.0, 1.0 + 1e-9])
    if "zero column" in spoiled:
        X[:, rng.integers(full)] = 0.0
    if "constant column" in spoiled:
        X[:, rng.integers(full)] = rng.choice([1.0, -7.3, 1e6])
    if "units" in spoiled:
        X = X * 10.0 ** rng.uniform(-6, 6, full)
    if "huge unit" in spoiled:
        X[:, rng.integers(full)] *= 10.0 ** rng.choice([-12.0, 12.0])
    if "outlier" in spoiled:
        X[rng.integers(n), rng.integers(full)] *= 1e4
    if "zero weights" in spoiled:
        weight = np.where(rng.random(n) < 0.5, 0.0, np.ones(n) if weight is None else weight)
        weight[:2] = 1.0
    if "tiny weights" in spoiled:
        weight = (np.ones(n) if weight is None else weight) * 10.0 ** rng.choice([-6.0, 6.0])
    if "far offset" in spoiled:
        offset = rng.normal(size=n) * 20.0
    return X, weight, offset, eta


def response(rng, family, eta, spoiled):
    n = eta.size
    if family == "student-t":
        df, sigma = float(rng.choice([1.0, 3.0, 30.0])), float(10.0 ** rng.uniform(-1.0, 1.0))
        y = eta + sigma * rng.standard_t(df, n)
        if "outlier" in spoiled:
            y[0] += 1e4
        if "one class" in spoiled:
            y = np.full(n, 3.0)
        return br.StudentTLikelihood(df, sigma), (df, sigma), y
    if family == "bernoulli":
        y = (rng.random(n) < 1.0 / (1.0 + np.exp(-eta))).astype(float)
        if "huge counts" in spoiled:
            y = np.round(rng.beta(0.7, 0.7, n), 2)  # fractions
    else:
        y = rng.poisson(np.exp(np.clip(eta, -8.0, 5.0))).astype(float)
        if "huge counts" in spoiled:
            y = np.round(y * 1e5)
    if "one class" in spoiled:
        y = np.full(n, y[0])
    if "zeros" in spoiled:
        y = np.zeros(n)
    if "separated" in spoiled:
        y = (eta > np.median(eta)).astype(float) * np.maximum(y, 1.0)
    if "nearly separated" in spoiled:
        y = (eta > np.median(eta)).astype(float)
        y[0] = 1.0 - y[0]
    if family == "bernoulli":
        return br.BernoulliLikelihood(), (), y
    if family == "poisson":
        return br.PoissonLikelihood(), (), y
    k = float(10.0 ** rng.uniform(-1.0, 2.0))
    return br.NegativeBinomialLikelihood(k), (k,), y


def prior_of(rng, X, flat):
    """Return kind, scale and factor: one scale for all, in units of the columns' spread or not."""
    size = np.abs(X).max(axis=0)
    factor = 1.0 / np.where(size > 0, size, 1.0) if rng.random() < 0.6 else np.ones(X.shape[1])
    factor = np.where(flat, np.inf, factor)
    return str(rng.choice(PRIORS)), 10.0 ** rng.uniform(-2.5, 2.0), 10.0 ** rng.uniform(-2.0, 2.0), factor


def stated(case):
    """Return the model, the data, and the same for the referee."""
    X, y, weight, offset, flat, options, likelihood, nuisance, (kind, first, second, factor) = case
    n, p = X.shape
    prior = {
        "laplace": lambda: br.LaplacePrior(first, factor=factor),
        "gaussian": lambda: br.GaussianPrior(first, factor=factor),
        "elastic net": lambda: br.ElasticNetPrior(first, second, factor=factor),
    }[kind]()
    w = np.ones(n) if weight is None else weight
    unit = np.ones(p)
    if options["standardize"]:
        unit = np.sqrt(w @ (X - w @ X / w.sum()) ** 2 / w.sum())
        constant = np.nan if options["fit_intercept"] else 1.0  # no coefficient beside an intercept
        unit = np.where(unit > 1e-12 * np.abs(X).max(axis=0), unit, constant)
    l1 = unit / (first * factor) if kind != "gaussian" else np.zeros(p)
    l2 = {
        "laplace": np.zeros(p),
        "gaussian": (unit / (first * factor)) ** 2,
        "elastic net": (unit / (second * factor)) ** 2,
    }[kind]
    l1, l2 = np.nan_to_num(l1, nan=1.0), np.nan_to_num(l2, nan=1.0)
    columns = np.column_stack([np.where(np.isnan(unit), 0.0, X), np.ones((n, int(options["fit_intercept"])))])
    ends = np.zeros(int(options["fit_intercept"]))
    known = np.zeros(n) if offset is None else offset
    rows = w > 0.0
    problem = referee.Problem(
        likelihood.family, columns[rows], y[rows], w[rows], known[rows], np.append(l1, ends), np.append(l2, ends), nuisance
    )  # fmt: skip
    given = sparse.csr_array(X) if (X == 0).mean() > 0.4 and not flat.any() else X
    data = br.RowData.from_arrays(given, y, weight, offset=offset)
    return br.LinearModel(prior, likelihood, **options), data, problem


def verdict(case):
    """Return what became of a problem: a word, "wrong" if the answer is not what it says."""
    model, data, problem = stated(case)
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        try:
            mode = br.map_estimate(model, data)
        except br.NoModeError:
            return "refused" if referee.separates(problem) else "wrong: refused, but nothing separates"
    told = [one for one in given if issubclass(one.category, br.ConvergenceWarning)]
    if mode.converged == bool(told):
        return "wrong: converged and the warning contradict each other"
    stray = [
        one for one in given if not issubclass(one.category, br.ConvergenceWarning | br.DegenerateDataWarning)
    ]
    if stray:
        return f"wrong: a warning of {stray[0].category.__name__}: {stray[0].message}"
    if referee.separates(problem):
        return "wrong: separated, and a mode is given"
    if told:
        return "told"
    return judged(mode, problem, model.fit_intercept)


def judged(mode, problem, has_intercept):
    z = np.append(mode.coef, mode.intercept)[: mode.coef.size + has_intercept]
    if not has_intercept and mode.intercept != 0.0:
        return "wrong: an intercept"
    if problem.family == "student-t":
        return judged_stationary(mode, problem, z, has_intercept)
    null = referee.null_excess(problem)
    found, left = referee.gap(problem, z)
    size = problem.weight @ np.abs(problem.y)
    relative = float(found / (null if null > 1e-13 * size else size))  # else the null model fits all rows
    if (
        not relative <= max(1.001 * mode.duality_gap, 0.0) + mode.certificate.rounding + RESOLUTION
        or left > 1e-6 * max(float(null), 1.0) ** 0.5
    ):
        return f"wrong: gap {relative:.1e}, stated {mode.duality_gap:.1e}, left {left:.1e}"
    return "right"


def judged_stationary(mode, problem, z, has_intercept):
    """Compare slopes with the largest of the null model, on columns of unit norm."""
    null = referee.settled(problem, np.zeros(z.size))
    share = problem.weight / problem.weight.sum()
    columns = problem.columns - (share @ problem.columns if has_intercept else 0.0)
    units = np.sqrt(problem.weight @ columns**2)
    moves = units > 1e-10 * np.abs(problem.columns).max(axis=0)
    units = np.where(moves, units, 1.0)
    if has_intercept:
        moves[-1], units[-1] = True, 1.0
    worst = (referee.violations(problem, z) / units)[moves].max(initial=0.0)
    pulls = referee.violations(replace(problem, l1=0.0 * problem.l1), null) / units
    curvature = referee.loss(problem, referee.eta_of(problem, null))[2]
    typical = float(np.sqrt(problem.weight @ curvature))  # for a null model that fits perfectly
    largest = max(pulls[moves & ~problem.free].max(initial=0.0), 1e-8 * typical)
    if worst > 1.01e-4 * largest:
        return f"wrong: slope {worst / largest:.1e}, stated {mode.kkt_residual:.1e}"
    return "right"


@pytest.mark.parametrize("degenerate", [False, True], ids=["random", "degenerate"])
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "block",
    [
        range(3),
        pytest.param(range(3, 20), marks=pytest.mark.extended),
        *(pytest.param(range(first, first + 60), marks=pytest.mark.slow) for first in range(20, 500, 60)),
    ],
    ids=str,
)
def test_no_mode_is_wrong_in_silence(family, block, degenerate):
    found = {seed: verdict(random_case(family, seed, degenerate=degenerate)) for seed in block}
    assert not {seed: what for seed, what in found.items() if what.startswith("wrong")}
    told = sum(what == "told" for what in found.values())
    assert told <= 1 + (0.12 if degenerate else 0.05) * len(found)  # a warning is honest, but no answer


def test_an_intercept_that_steps_far_comes_back():
    """Offsets leave null models whose curvature vanishes at the first step: a gap of 1e-37 was told at twice the loss."""
    offset = [-10.38087446, 4.39969039, 36.12244042]
    data = br.RowData.from_arrays([[0.3], [0.2], [1.0]], [1.0, 1.0, 0.0], [0.2, 0.2, 1.0], offset=offset)
    found = br.map_estimate(br.LinearModel(br.LaplacePrior(0.4), br.BernoulliLikelihood()), data)
    heights = [
        np.array([0.2, 0.2, 1.0]) @ np.logaddexp(0.0, [-(b + offset[0]), -(b + offset[1]), b + offset[2]])
        for b in np.linspace(-60.0, 20.0, 801)
    ]
    assert found.certificate.null_objective <= min(heights) + 1e-9
    assert found.converged


@pytest.mark.parametrize(
    "likelihood", [br.PoissonLikelihood(), br.NegativeBinomialLikelihood(2.0), br.BernoulliLikelihood()]
)
def test_a_row_of_weight_0_is_absent_however_far_its_offset(likelihood):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 3)), (rng.random(30) < 0.5).astype(float)
    weight, offset = np.ones(30), rng.normal(size=30)
    weight[:2], offset[:2] = 0.0, [900.0, 60.0]
    model = br.LinearModel(br.LaplacePrior(0.3), likelihood)
    found = br.map_estimate(model, br.RowData.from_arrays(X, y, weight, offset=offset))
    without = br.map_estimate(model, br.RowData.from_arrays(X[2:], y[2:], offset=offset[2:]))
    np.testing.assert_allclose(found.coef, without.coef, atol=1e-12)
    assert found.n_iter == without.n_iter
    tree = br.sample_posterior(
        model, br.RowData.from_arrays(X, y, weight, offset=offset), num_samples=100, progress=False
    )
    assert np.isfinite(tree["sample_stats"]["lp"].values).all()


def test_a_student_t_mode_at_which_all_coefficients_are_0():
    y = np.array([1.0, -1.0, 0.5, -0.5])
    data = br.RowData.from_arrays([[1.0], [1.0], [-1.0], [-1.0]], y)
    model = br.LinearModel(br.LaplacePrior(0.01), br.StudentTLikelihood(4.0, 1.0), fit_intercept=False)
    found = br.map_estimate(model, data)
    assert found.coef[0] == 0.0
    assert found.converged


def test_a_null_model_that_fits_perfectly_leaves_no_slope():
    data = br.RowData.from_arrays(np.random.default_rng(0).normal(size=(20, 4)), np.full(20, 145.0))
    found = br.map_estimate(br.LinearModel(br.LaplacePrior(0.1), br.PoissonLikelihood()), data)
    assert (found.coef == 0.0).all()
    assert found.kkt_residual < 1e-3
