"""Wide and sparse data: the same answers as elsewhere, without a copy of X."""

import subprocess
import sys
import textwrap
import warnings

import numpy as np
import pytest
from conftest import model, referee, wide
from scipy import sparse
from sklearn.linear_model import ElasticNet, Lasso, Ridge

import bayesreg as br
from bayesreg.mode import solve_penalised as regimes
from bayesreg.mode.solvers import quadratic, working_set
from bayesreg.mode.solvers import restricted_quadratic as held_quadratic
from bayesreg.mode.solvers.interior_point import interior_point
from bayesreg.mode.solvers.restricted_quadratic import GramQuadratic, ProductQuadratic
from bayesreg.mode.solvers.working_set import solve_by_working_set
from bayesreg.model.problem import resolve

PRIORS = {
    "lasso": br.LaplacePrior(0.2),
    "elastic net": br.ElasticNetPrior(0.2, 0.5),
    "ridge": br.GaussianPrior(0.5),
    "own scales, one flat": br.LaplacePrior(np.r_[np.inf, np.geomspace(0.05, 5.0, 39)]),
}


def sparse_problem(n=120, p=40, density=0.15, seed=0):
    rng = np.random.default_rng(seed)
    X = sparse.random_array((n, p), density=density, rng=rng, data_sampler=rng.standard_normal, format="csc")
    X.data[X.indptr[1] : X.indptr[2]] = 0.0
    coef = np.where(rng.random(p) < 0.2, rng.normal(size=p), 0.0)
    X.eliminate_zeros()
    return X, X @ coef + 0.5 * rng.normal(size=n) + 2.0, rng.choice([0.0, 0.5, 1.0, 3.0], size=n)


@pytest.mark.parametrize("largest_compiled", [0, 512])
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("prior", PRIORS)
def test_sparse_is_dense(prior, weighted, intercept, standardize, largest_compiled, monkeypatch):
    monkeypatch.setattr(regimes, "_LARGEST_COMPILED", largest_compiled)
    X, y, w = sparse_problem()
    w = w if weighted else None
    linear = model(PRIORS[prior], 0.7, fit_intercept=intercept, standardize=standardize)
    dense = br.map_estimate(linear, br.RowData.from_arrays(X.toarray(), y, w))
    held = br.map_estimate(linear, br.RowData.from_arrays(X, y, w))
    np.testing.assert_allclose(held.coef, dense.coef, rtol=1e-9, atol=1e-11)
    assert held.intercept == pytest.approx(dense.intercept, rel=1e-9, abs=1e-11)
    np.testing.assert_array_equal(held.coef == 0.0, dense.coef == 0.0)
    assert held.converged
    assert held.duality_gap < 1e-12


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.coo_array, sparse.csc_array, sparse.lil_array])
def test_every_sparse_form_is_read(form):
    X, y, _ = sparse_problem()
    linear = model(br.LaplacePrior(0.2))
    expected = br.map_estimate(linear, br.RowData.from_arrays(X, y)).coef
    given = form(X)
    np.testing.assert_allclose(
        br.map_estimate(linear, br.RowData.from_arrays(given, y)).coef, expected, rtol=1e-10
    )


def test_entries_given_twice_are_summed_and_the_users_array_stays():
    X, y, _ = sparse_problem()
    rows, columns = X.nonzero()
    values = np.asarray(X[rows, columns]).ravel()
    twice = sparse.coo_array(
        (np.r_[values / 2, values / 2], (np.r_[rows, rows], np.r_[columns, columns])), X.shape
    )
    stored = twice.nnz
    linear = model(br.LaplacePrior(0.2))
    found = br.map_estimate(linear, br.RowData.from_arrays(twice, y)).coef
    np.testing.assert_allclose(found, br.map_estimate(linear, br.RowData.from_arrays(X, y)).coef, rtol=1e-10)
    assert twice.nnz == stored


def test_sparse_input_is_checked():
    X, y, _ = sparse_problem()
    bad = X.copy()
    bad.data[3] = np.nan
    with pytest.raises(ValueError, match=r"`X` has 1 NaN in column 'x0'"):
        br.RowData.from_arrays(bad, y)
    with pytest.raises(ValueError, match="Complex data not supported"):
        br.RowData.from_arrays(X * 1j, y)
    with pytest.raises(TypeError, match="`y` is a sparse"):
        br.RowData.from_arrays(X, sparse.csc_array(y[:, None]))


def test_sparse_statistics_unknown_noise_and_sampling():
    X, y, w = sparse_problem()
    linear = br.LinearModel(br.LaplacePrior(1.0, relative_to_noise=True))
    rows = br.map_estimate(linear, br.RowData.from_arrays(X, y, w))
    gram = br.map_estimate(linear, br.GramData.from_arrays(X, y, w))
    dense = br.map_estimate(linear, br.RowData.from_arrays(X.toarray(), y, w))
    for mode in (rows, gram):
        assert mode.noise_scale == pytest.approx(dense.noise_scale, rel=1e-9)
        np.testing.assert_allclose(mode.coef, dense.coef, rtol=1e-8, atol=1e-10)
    tree = br.sample_posterior(
        linear, br.RowData.from_arrays(X, y), num_samples=50, num_warmup=100, progress=False
    )
    assert np.isfinite(tree.posterior["coef"].values).all()


def test_the_regressor_takes_sparse_columns():
    X, y, _ = sparse_problem()
    fitted = br.BayesRegressor(br.LaplacePrior(0.2), 0.7).fit(X, y)
    dense = br.BayesRegressor(br.LaplacePrior(0.2), 0.7).fit(X.toarray(), y)
    np.testing.assert_allclose(fitted.predict(X), dense.predict(X.toarray()), rtol=1e-9)


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("ratio", [0.5, 0.1, 0.01])
@pytest.mark.parametrize("ridge_share", [0.0, 0.3])
@pytest.mark.parametrize("is_sparse", [False, True])
def test_wide_equals_sklearn(ratio, ridge_share, is_sparse, intercept):
    n, p = 80, 900
    X, y = wide(n, p)
    X = np.asfortranarray(X)
    if is_sparse:
        X[np.random.default_rng(1).random(X.shape) < 0.7] = 0.0
    top = np.abs((X - intercept * X.mean(axis=0)).T @ (y - intercept * y.mean())).max()
    lam, share = ratio * top / n, 1.0 - ridge_share
    if ridge_share:
        prior = br.ElasticNetPrior(1 / (n * lam * share), 1 / np.sqrt(n * lam * ridge_share))
    else:
        prior = br.LaplacePrior(1 / (n * lam))
    given = sparse.csc_array(X) if is_sparse else X
    mode = br.map_estimate(model(prior, fit_intercept=intercept), br.RowData.from_arrays(given, y))
    peer = ElasticNet(lam, l1_ratio=share, fit_intercept=intercept, tol=1e-13, max_iter=10**6).fit(X, y)
    np.testing.assert_allclose(mode.coef, peer.coef_, rtol=0, atol=1e-8 * np.abs(peer.coef_).max())
    gap, _ = referee(
        X, y, mode.coef, mode.intercept, mode.penalty.l1, mode.penalty.l2, fit_intercept=intercept
    )
    assert gap < 1e-10
    assert mode.duality_gap < 1e-10


def test_a_wide_path_is_its_single_solves():
    X, y = wide(60, 700)
    data, linear = br.RowData.from_arrays(X, y), model(br.LaplacePrior())
    path = br.map_path(linear, data, n_scales=40)
    assert path.converged.all()
    for k in (0, 7, 25, 39):
        single = br.map_estimate(model(br.LaplacePrior(float(path.scales[k]))), data)
        np.testing.assert_allclose(
            path.coefs[k], single.coef, rtol=0, atol=1e-9 * max(1.0, np.abs(single.coef).max())
        )


def test_wide_statistics_are_the_rows():
    X, y = wide(900, 600)
    linear = model(br.LaplacePrior(0.02))
    rows = br.map_estimate(linear, br.RowData.from_arrays(X, y))
    gram = br.map_estimate(linear, br.GramData.from_arrays(X, y))
    np.testing.assert_allclose(gram.coef, rows.coef, rtol=0, atol=1e-9 * np.abs(rows.coef).max())


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("most_held", [0, pytest.param(1024, marks=pytest.mark.extended)])
def test_many_sparse_columns_at_once(intercept, most_held, monkeypatch):
    monkeypatch.setattr(held_quadratic, "_MOST_SPARSE_HELD", most_held)
    rng = np.random.default_rng(0)
    n, p = 600, 1500
    X = sparse.random_array((n, p), density=0.02, rng=rng, data_sampler=rng.standard_normal, format="csc")
    y = X @ np.where(rng.random(p) < 0.2, rng.normal(size=p), 0.0) + 0.1 * rng.normal(size=n) + 1.0
    lam = 0.01 * np.abs(X.T @ (y - y.mean())).max() / n
    mode = br.map_estimate(
        model(br.LaplacePrior(1 / (n * lam)), fit_intercept=intercept), br.RowData.from_arrays(X, y)
    )
    assert np.count_nonzero(mode.coef) > 300
    peer = Lasso(lam, fit_intercept=intercept, tol=1e-14, max_iter=10**6).fit(X, y)
    np.testing.assert_allclose(mode.coef, peer.coef_, rtol=0, atol=1e-8 * np.abs(peer.coef_).max())
    assert mode.duality_gap < 1e-12


def test_products_and_gram_take_the_same_newton_steps():
    X, y, w = sparse_problem(n=200, p=60)
    problem = resolve(model(br.LaplacePrior(0.3)), br.RowData.from_arrays(X, y, w))
    loss, unit = problem.reduced, 1.0 / np.sqrt(np.maximum(problem.reduced.squared_norms, 1e-300))
    indices = np.flatnonzero(loss.squared_norms > 0)
    l1 = np.full(indices.size, 0.1 * np.abs(loss.cross[indices] * unit[indices]).max())
    answers = []
    for held in (GramQuadratic(loss), ProductQuadratic(loss)):
        held.hold(indices, unit[indices])
        coef = np.zeros(indices.size)
        for _ in range(30):
            gradient = held.gradient(coef)[0][indices] * unit[indices]
            coef = held.improve(coef, gradient, l1, np.zeros(indices.size), 5)
        answers.append(coef)
    np.testing.assert_allclose(answers[0], answers[1], atol=1e-10)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("patience", [0.04, np.inf])
@pytest.mark.parametrize("collinear", [False, True])
@pytest.mark.parametrize("tol", [1e-8, 1e-5])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("prior", [name for name in PRIORS if name != "ridge"])
def test_one_penalty_on_tall_rows_by_products(prior, weighted, tol, collinear, patience, order, monkeypatch):
    monkeypatch.setattr(regimes, "_LARGEST_COMPILED", 0)
    monkeypatch.setattr(working_set, "_PRODUCTS_A_COLUMN", patience)
    rng = np.random.default_rng(3)
    X = rng.normal(size=(400, 40)) * np.geomspace(1e-3, 1e3, 40) ** 0.3 + 1.0
    if collinear:
        X[:, 1] = X[:, 3] + 1e-4 * rng.normal(size=400)
        X[:, 20:] += 30.0 * X[:, [0]]
    X[:, 7] = 2.0
    y = X[:, :6].sum(axis=1) + rng.normal(size=400)
    w = rng.choice([0.0, 0.5, 2.0], size=400) if weighted else None
    data, linear = br.RowData.from_arrays(np.asarray(X, order=order), y, w), model(PRIORS[prior], 1.0)
    by_products = br.map_estimate(linear, data, tol=tol)
    monkeypatch.setattr(regimes, "_ROWS_A_COLUMN", np.inf)
    by_gram = br.map_estimate(linear, data)
    assert by_products.converged
    assert by_products.duality_gap <= tol
    if tol == 1e-8 and not collinear:
        np.testing.assert_allclose(by_products.coef, by_gram.coef, rtol=1e-8, atol=1e-10)


def test_independent_tall_columns_never_need_a_gram_matrix(monkeypatch):
    def refuse(*_):
        raise AssertionError("a Gram matrix was formed")

    monkeypatch.setattr(GramQuadratic, "hold", refuse)
    rng = np.random.default_rng(5)
    X = rng.normal(size=(6_000, 600))
    y = X[:, :30].sum(axis=1) + rng.normal(size=6_000)
    for lam in (0.3, 0.01):
        found = br.map_estimate(
            model(br.LaplacePrior(1 / (6_000 * lam)), 1.0), br.RowData.from_arrays(X, y), 1e-6
        )
        assert found.converged
        peer = Lasso(lam, tol=1e-12, max_iter=10**5).fit(X, y)
        np.testing.assert_allclose(found.coef, peer.coef_, rtol=0, atol=2e-3)


@pytest.mark.parametrize("tol", [1e-5, 1e-9])
@pytest.mark.parametrize("n_cores", [1, 2])
@pytest.mark.parametrize("prior", [br.LaplacePrior(), br.ElasticNetPrior(1.0, 1.0)])
def test_a_long_path_may_be_cut_in_two(prior, n_cores, tol, monkeypatch):
    monkeypatch.setattr(quadratic, "n_cores", lambda: n_cores)
    rng = np.random.default_rng(6)
    X = rng.normal(size=(700, 200))
    y = X[:, :20].sum(axis=1) + rng.normal(size=700)
    path = br.map_path(model(prior, 1.0), br.RowData.from_arrays(X, y), n_scales=40, tol=tol)
    assert path.converged.all()
    assert (path.duality_gaps <= tol).all()
    monkeypatch.undo()
    alone = br.map_path(model(prior, 1.0), br.RowData.from_arrays(X, y), scales=path.scales[[3, 28, 29, 39]])
    np.testing.assert_allclose(
        path.coefs[[3, 28, 29, 39]], alone.coefs, rtol=0, atol=1e-9 if tol < 1e-8 else 0.02
    )


def test_a_penalty_beyond_all_proportion_ends():
    rng = np.random.default_rng(7)
    for p in (5, 600):
        X = rng.normal(size=(50, p))
        y = 1e12 * (X[:, 0] + 0.1 * rng.normal(size=50))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", br.ConvergenceWarning)
            found = br.map_estimate(model(br.LaplacePrior(1e100), 1e-100), br.RowData.from_arrays(X, y))
        assert np.isfinite(found.coef).all()


def test_products_give_way_to_the_gram_matrix_where_columns_are_collinear(monkeypatch):
    monkeypatch.setattr(regimes, "_LARGEST_COMPILED", 0)
    held = []
    original = GramQuadratic.hold
    monkeypatch.setattr(GramQuadratic, "hold", lambda self, *new: held.append(1) or original(self, *new))
    rng = np.random.default_rng(4)
    X = np.cumsum(rng.normal(size=(600, 100)), axis=1)
    y = X[:, ::9].sum(axis=1) + rng.normal(size=600)
    found = br.map_estimate(model(br.LaplacePrior(1.0), 1.0), br.RowData.from_arrays(X, y))
    assert held
    assert found.converged
    assert found.duality_gap < 1e-12


def test_about_as_many_columns_as_rows_and_a_small_penalty():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 700))
    y = X @ np.where(rng.random(700) < 0.1, rng.normal(size=700), 0.0) + rng.normal(size=500)
    top = np.abs(X.T @ y).max()
    linear, data = model(br.LaplacePrior(1 / (1e-3 * top)), fit_intercept=False), br.RowData.from_arrays(X, y)
    problem = resolve(linear, data)
    assert regimes._is_hard(problem, problem.penalised_rates.l1)
    mode = br.map_estimate(linear, data)
    assert mode.duality_gap < 1e-12
    without, _ = solve_by_working_set(
        problem.reduced, problem.penalised_rates.l1[None], problem.penalised_rates.l2[None]
    )
    np.testing.assert_allclose(mode.coef, without[0], atol=1e-9 * np.abs(without).max())
    peer = Lasso(1e-3 * top / 500, fit_intercept=False, tol=1e-10, max_iter=10**6).fit(X, y)
    objective = 0.5 * np.sum((y - X @ peer.coef_) ** 2) + 1e-3 * top * np.abs(peer.coef_).sum()
    rounding = 1e-12 * mode.certificate.null_objective
    assert mode.certificate.primal <= objective + rounding
    assert mode.certificate.dual <= objective + rounding  # the proof: nobody is below it


@pytest.mark.parametrize("l2", [0.0, 0.2])
def test_the_interior_point_method_finds_support_and_values(l2):
    X, y = wide(60, 40)
    unit = 1 / np.linalg.norm(X, axis=0)
    gram, cross = (X * unit).T @ (X * unit), (X * unit).T @ y
    l1 = np.full(40, 0.05 * np.abs(cross).max())
    found = interior_point(gram, cross, y @ y, l1, np.full(40, l2), 1e-12)
    problem = resolve(
        model(
            br.ElasticNetPrior(1 / l1, 1 / np.sqrt(l2)) if l2 else br.LaplacePrior(1 / l1),
            fit_intercept=False,
        ),
        br.RowData.from_arrays(X * unit, y),
    )
    exact = regimes.solve_coefs(problem, l1[None], np.full((1, 40), l2)).values[0]
    np.testing.assert_allclose(found, exact, atol=1e-5 * np.abs(exact).max())
    np.testing.assert_array_equal(found == 0.0, exact == 0.0)


def test_wide_ridge_equals_sklearn():
    X, y = wide(50, 600)
    for alpha in (1e-6, 1e-2, 1e2):
        for given in (X, sparse.csc_array(X)):
            mode = br.map_estimate(
                model(br.GaussianPrior(1 / np.sqrt(alpha))), br.RowData.from_arrays(given, y)
            )
            peer = Ridge(alpha, solver="svd").fit(X, y)
            np.testing.assert_allclose(mode.coef, peer.coef_, rtol=0, atol=1e-8 * np.abs(peer.coef_).max())
            assert mode.converged


def test_statistics_of_shifted_columns_are_centred_first():
    X, y = wide(300, 5)
    for shift in (0.0, 3.0, 1e3, 1e6):
        for weights in (None, np.random.default_rng(0).uniform(0.1, 2.0, 300)):
            share = np.full(300, 1 / 300) if weights is None else weights / weights.sum()
            centred = X - share @ X
            expected = (centred * (share * (300 if weights is None else weights.sum()))[:, None]).T @ centred
            found = br.GramData.from_arrays(X + shift, y, weights)
            np.testing.assert_allclose(
                found.gram, expected, atol=1e-12 * (1 + shift) * np.abs(expected).max()
            )


def peak_over(code):
    """Run code that prints a number of bytes, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout.split()[-1])


MEMORY = """
    import resource, sys
    import numpy as np, jax, scipy.linalg, scipy.sparse
    import bayesreg as br
    from bayesreg.mode import estimate as solve
    from bayesreg.mode.solvers import quadratic
    from bayesreg.mode.solvers import working_set
    rng = np.random.default_rng(0)
    {make}
    small = br.RowData.from_arrays(rng.normal(size=(50, 600)), rng.normal(size=50))
    linear = br.LinearModel(br.LaplacePrior(1.0), br.GaussianLikelihood(1.0), fit_intercept={intercept})
    def solve(data, tops, k):
        return br.map_path(linear, data, scales=1.0 / (tops * np.geomspace(1.0, 0.1, k)))
    solve(small, np.abs(small.X.T @ small.y).max(), 3)
    top = np.abs(X.T @ (y - y.mean())).max()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    path = solve(br.RowData.from_arrays(X, y), top, {k})
    assert path.converged.all()
    print(1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))
"""


@pytest.mark.parametrize("intercept", [False, True])
def test_wide_data_are_not_copied(intercept):
    make = """
    X = np.asfortranarray(rng.normal(size=(1000, 10_000)))
    y = X[:, :50] @ rng.normal(size=50) + rng.normal(size=1000)
    """
    code = textwrap.dedent(MEMORY).format(make=textwrap.dedent(make), intercept=intercept, k=20)
    assert peak_over(code) < 0.5 * 1000 * 10_000 * 8


def test_sparse_data_are_never_made_dense():
    make = """
    X = scipy.sparse.random_array((20_000, 50_000), density=0.001, rng=rng, format="csc")
    y = X[:, :50] @ rng.normal(size=50) + rng.normal(size=20_000)
    """
    code = textwrap.dedent(MEMORY).format(make=textwrap.dedent(make), intercept=True, k=10)
    assert peak_over(code) < 0.02 * 20_000 * 50_000 * 8


@pytest.mark.parametrize("method", ["cv", "loo", "gcv"])
def test_choosing_a_scale_on_sparse_rows(method):
    X, y, w = sparse_problem()
    linear = model(br.GaussianPrior())
    sparse_scores = br.select_scale(linear, br.RowData.from_arrays(X, y, w), method=method).scores
    dense_scores = br.select_scale(linear, br.RowData.from_arrays(X.toarray(), y, w), method=method).scores
    np.testing.assert_allclose(sparse_scores, dense_scores, rtol=1e-10)


def test_predicting_sparse_rows():
    X, y, _ = sparse_problem()
    fitted = br.BayesRegressor(br.LaplacePrior(0.2), 0.7).fit(X, y)
    fitted.sample(num_warmup=50, num_samples=50, progress=False)
    dense = X.toarray()
    np.testing.assert_allclose(
        fitted.predict(X, interval=0.9)[1], fitted.predict(dense, interval=0.9)[1], rtol=1e-10
    )
    np.testing.assert_allclose(
        fitted.predict(X, return_std=True)[1], fitted.predict(dense, return_std=True)[1]
    )
    np.testing.assert_allclose(fitted.posterior_predictive(X), fitted.posterior_predictive(dense))
    tree, linear = fitted.posterior_, model(br.LaplacePrior(0.2), 0.7)
    pointwise = [
        br.add_log_likelihood(tree.copy(), linear, br.RowData.from_arrays(given, y))
        .log_likelihood["y"]
        .values
        for given in (X, dense)
    ]
    np.testing.assert_allclose(*pointwise, rtol=1e-10)


def test_a_dense_copy_of_sparse_rows_is_refused_beyond_the_budget():
    X = sparse.csc_array(sparse.eye_array(15_000, 20_000))
    with pytest.raises(MemoryError, match="2,400,000,000 bytes"):
        br.map_estimate(model(br.GaussianPrior(1.0)), br.RowData.from_arrays(X, np.arange(15_000.0)))
