"""The loops in C against the jitted program, NumPy and SciPy; and the package without them."""

import os
import shutil
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import scipy.sparse as sp

import bayesreg as br
from bayesreg.base.loops import LOOPS
from bayesreg.data import checks, row_blocks
from bayesreg.mode.certificate import measured_by_numpy
from bayesreg.mode.solvers import column_sweeps, quadratic, working_set
from bayesreg.mode.solvers.column_sweeps import DenseSweeps
from bayesreg.mode.solvers.gap import duality_gap
from bayesreg.mode.solvers.gram_sweeps import GramSweeps
from bayesreg.mode.solvers.jitted_quadratic import solve_jitted
from bayesreg.posterior import stein
from bayesreg.posterior.batches import BatchPlan
from bayesreg.priors.elastic_net_algebra import violation

needs_loops = pytest.mark.skipif(not LOOPS, reason="the package was installed without a compiler")


def test_the_loops_are_there_where_a_compiler_is():
    assert LOOPS or not (shutil.which("cc") or shutil.which("gcc")) or os.environ.get("BAYESREG_LOOPS")


def quadratics(seed, n, p, rho, l1_ratio):
    """Return a path of collinear columns of all sizes, one of them 0 and two equal."""
    rng = np.random.default_rng(seed)
    X = np.sqrt(rho) * rng.normal(size=(n, 1)) + np.sqrt(1.0 - rho) * rng.normal(size=(n, p))
    X *= 10.0 ** rng.uniform(-3.0, 3.0, p)
    X[:, 1], X[:, 2] = 0.0, X[:, 3]
    y = X @ (rng.normal(size=p) * (rng.uniform(size=p) < 0.4) / np.maximum(X.std(axis=0), 1e-9))
    y += rng.normal(size=n)
    norms = np.linalg.norm(X, axis=0)
    strengths = np.geomspace(1.0, 1e-3, 30)[:, None] * np.abs(X.T @ y / np.maximum(norms, 1e-300)).max()
    l1, l2 = l1_ratio * strengths * norms, (1.0 - l1_ratio) * strengths * norms**2 / np.sqrt(n)
    return X, y, l1, l2


def objective(X, y, coefs, l1, l2):
    return 0.5 * ((y - coefs @ X.T) ** 2).sum(axis=1) + (l1 * abs(coefs) + 0.5 * l2 * coefs**2).sum(axis=1)


@needs_loops
@pytest.mark.parametrize("follow", [True, False])
@pytest.mark.parametrize("share", [0.0, 1e-6])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize(("n", "p", "rho"), [(50, 8, 0.3), (60, 30, 0.95), (20, 40, 0.5)])
def test_a_path_in_c_is_the_jitted_path(n, p, rho, l1_ratio, share, follow):
    X, y, l1, l2 = quadratics(n + p, n, p, rho, l1_ratio)
    null, k = 0.5 * y @ y, len(l1)
    starts = (
        np.zeros((k, p)) if follow else np.random.default_rng(0).normal(size=(k, p)) / X.std(axis=0).max()
    )
    starts[:, 1] = 0.0
    residuals = y - starts @ X.T
    given = (X.T @ X, starts, residuals @ X, (residuals**2).sum(axis=1), l1, l2)
    found, n_rounds = quadratic._in_c(*given, follow=follow, enough=share * null)
    jitted, _ = solve_jitted(*given, follow=follow, enough=share * null)
    values = [objective(X, y, coefs, l1, l2) for coefs in (found, jitted)]
    np.testing.assert_allclose(*values, atol=(share + 1e-13) * null, rtol=0.0)
    assert (found[:, 1] == 0.0).all()
    assert (n_rounds >= 0).all()
    assert n_rounds.max() > 0
    gradients = (y - found @ X.T) @ X
    rss = ((y - found @ X.T) ** 2).sum(axis=1)
    gaps = [duality_gap(*one) for one in zip(found, gradients, rss, l1, l2, strict=True)]
    assert max(gaps) <= (share + 1e-11) * null


@needs_loops
def test_sweeps_in_c_are_those_of_numpy():
    X, y, l1, l2 = quadratics(3, 60, 24, 0.6, 0.7)
    norms = np.linalg.norm(X, axis=0)
    unit = np.divide(1.0, norms, out=np.ones_like(norms), where=norms > 0.0)
    gram, start = (X * unit).T @ (X * unit), np.zeros(24)
    given = (start, (X * unit).T @ y, l1[20] * unit, l2[20] * unit**2, 3)
    in_c = GramSweeps(gram)(*given)
    by_hand, slope = start.copy(), given[1].copy()
    for _ in range(3):
        for j in range(24):
            if norms[j] > 0.0:
                z = slope[j] + by_hand[j]
                new = np.sign(z) * max(abs(z) - given[2][j], 0.0) / (1.0 + given[3][j])
                slope -= gram[j] * (new - by_hand[j])
                by_hand[j] = new
    for one, hand in zip(in_c, (by_hand, slope), strict=True):
        np.testing.assert_allclose(one, hand, rtol=1e-10, atol=1e-12)
    assert not start.any()  # what is given does not change


@needs_loops
def test_slopes_in_c_are_numpys():
    rng = np.random.default_rng(5)
    for l2 in (np.zeros(300), rng.uniform(size=300)):
        coef = rng.normal(size=300) * (rng.uniform(size=300) < 0.3)
        gradient, l1, usable = rng.normal(size=300), rng.uniform(size=300), (np.arange(300) % 7 > 0) * 1.0
        away = np.empty(300)
        gap = LOOPS.slopes(coef, gradient, l1, l2, usable, away, 3.0)
        np.testing.assert_allclose(away, usable * violation(coef, gradient - l2 * coef, l1), rtol=1e-13)
        assert gap == pytest.approx(duality_gap(coef, gradient, 3.0, l1, l2, usable), rel=1e-12)


@needs_loops
@pytest.mark.parametrize("kind", [np.int32, np.int64])
def test_products_of_sparse_columns_are_scipys(kind):
    X = sp.random_array((40, 25), density=0.2, format="csc", random_state=np.random.default_rng(1))
    parts, long = (X.indptr.astype(kind), X.indices.astype(kind), X.data), kind is np.int64
    rng = np.random.default_rng(2)
    r, b, squares = rng.normal(size=40), rng.normal(size=25), np.empty(25)
    of_r, of_b = np.empty(25), np.zeros(40)
    LOOPS.sparse_product(*parts, r, of_r, long, True)
    LOOPS.sparse_product(*parts, b, of_b, long, False)
    LOOPS.sparse_squares(parts[0], parts[2], squares, long)
    np.testing.assert_allclose(of_r, X.T @ r, rtol=1e-13)
    np.testing.assert_allclose(of_b, X @ b, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(squares, (X.toarray() ** 2).sum(axis=0), rtol=1e-13)


@needs_loops
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("tol", [1e-8, 1e-4])
def test_sparse_columns_swept_in_c_have_the_dense_mode(monkeypatch, intercept, weighted, tol):
    rng = np.random.default_rng(7)
    X = sp.random_array((300, 3000), density=0.03, format="csc", random_state=rng)
    y = X @ (rng.normal(size=3000) * (rng.uniform(size=3000) < 0.05)) + 0.1 * rng.normal(size=300) + 3.0
    weights = rng.uniform(0.2, 4.0, size=300) if weighted else None
    linear = br.LinearModel(br.ElasticNetPrior(4.0, 1.0), br.GaussianLikelihood(1.0), intercept)
    used = []
    calls = working_set.SweptQuadratic.improve
    monkeypatch.setattr(
        working_set.SweptQuadratic, "improve", lambda *given: (used.append(1), calls(*given))[1]
    )
    sparse, dense = (
        br.map_estimate(linear, br.RowData.from_arrays(values, y, sample_weight=weights), tol)
        for values in (X, X.toarray())
    )
    assert used
    assert sparse.converged
    assert sparse.certificate.primal == pytest.approx(
        dense.certificate.primal, abs=2 * tol * dense.certificate.null_objective
    )
    if tol < 1e-7:
        np.testing.assert_allclose(sparse.coef, dense.coef, atol=1e-9)


@needs_loops
@pytest.mark.parametrize("n_threads", [1, 2, 3])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("tol", [1e-8, 1e-4])
def test_dense_columns_swept_in_c_have_the_mode_by_products(monkeypatch, weighted, n_threads, tol):
    rng = np.random.default_rng(8)
    X = rng.normal(size=(603, 2500)).T + 30.0 * rng.uniform(size=603)  # contiguous columns
    X *= 10.0 ** rng.uniform(-2.0, 2.0, 603)
    X[:, 5] = 2.0
    y = X[:, :40] @ (1.0 / X[:, :40].std(axis=0).clip(1e-3)) + rng.normal(size=2500)
    weights = rng.uniform(0.2, 4.0, size=2500) if weighted else None
    linear = br.LinearModel(br.ElasticNetPrior(0.2, 1.0), br.GaussianLikelihood(1.0))
    used = []
    calls = working_set.SweptQuadratic.improve
    monkeypatch.setattr(
        working_set.SweptQuadratic, "improve", lambda *given: (used.append(1), calls(*given))[1]
    )
    if n_threads <= LOOPS.MOST_THREADS:
        monkeypatch.setattr(DenseSweeps, "_n_threads", lambda self: n_threads)
    swept, by_products = (
        br.map_estimate(linear, br.RowData.from_arrays(values, y, sample_weight=weights), tol)
        for values in (X, np.ascontiguousarray(X))
    )
    assert used
    assert swept.converged
    null = swept.certificate.null_objective
    assert swept.certificate.primal == pytest.approx(by_products.certificate.primal, abs=2 * tol * null)
    if tol < 1e-7:
        np.testing.assert_allclose(
            swept.coef * X.std(axis=0), by_products.coef * X.std(axis=0), atol=1e-7 * abs(y).max()
        )


@needs_loops
@pytest.mark.parametrize("weighted", [True, False])
def test_one_sweep_over_dense_columns_is_numpys(weighted):
    rng = np.random.default_rng(9)
    X = np.asfortranarray(rng.normal(size=(50, 11)) + 1.0)
    root = np.sqrt(rng.uniform(0.5, 2.0, size=50)) if weighted else np.ones(50)
    y = rng.normal(size=50)
    data = br.RowData.from_arrays(X, y, sample_weight=root**2)
    rows = data.least_squares(centre=True)[0]
    held, l1, l2 = np.array([3, 0, 7, 9, 1, 2]), rng.uniform(size=6), rng.uniform(size=6)
    Z = (X - np.average(X, axis=0, weights=root**2)) * root[:, None]
    z = (y - np.average(y, weights=root**2)) * root
    by_hand = np.zeros(6)
    for _ in range(300):
        for a, j in enumerate(held):
            slope = Z[:, j] @ (z - Z[:, held] @ by_hand) + Z[:, j] @ Z[:, j] * by_hand[a]
            by_hand[a] = np.sign(slope) * max(abs(slope) - l1[a], 0.0) / (Z[:, j] @ Z[:, j] + l2[a])
    found = DenseSweeps(rows)(held, np.zeros(6), l1, l2, 1e-13)
    assert found.gradient is None  # settled
    np.testing.assert_allclose(found.coef, by_hand, atol=1e-12)
    again = DenseSweeps(rows)(held, by_hand, l1, l2, 0.0)  # from a start that is not 0
    np.testing.assert_allclose(again.coef, by_hand, atol=1e-12)
    if again.gradient is not None:
        np.testing.assert_allclose(again.gradient, Z[:, held].T @ (z - Z[:, held] @ by_hand), atol=1e-12)


@needs_loops
@pytest.mark.parametrize("failing", [0, 1])
def test_a_thread_that_fails_does_not_keep_the_others_waiting(monkeypatch, failing):
    rng = np.random.default_rng(9)
    rows = br.RowData.from_arrays(np.asfortranarray(rng.normal(size=(50, 9))), rng.normal(size=50))
    sweeps = DenseSweeps(rows.least_squares(centre=True)[0])
    monkeypatch.setattr(DenseSweeps, "_n_threads", lambda self: min(2, LOOPS.MOST_THREADS))

    class Failing:
        BLOCK, MOST_THREADS = LOOPS.BLOCK, LOOPS.MOST_THREADS

        @staticmethod
        def dense_sweeps(*given):
            if given[17] != failing and LOOPS.MOST_THREADS > 1:
                return LOOPS.dense_sweeps(*given)
            raise MemoryError("no room")

    monkeypatch.setattr(column_sweeps, "LOOPS", Failing)
    with pytest.raises(MemoryError, match="no room"):
        sweeps(np.arange(9), np.zeros(9), np.ones(9), np.zeros(9), 0.0)


@needs_loops
@pytest.mark.parametrize("share_with_l2", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("q", [1, 7, 8, 203])
def test_certificates_in_c_are_numpys(q, share_with_l2):
    rng = np.random.default_rng(q)
    k = 40
    coefs, gradients = rng.normal(size=(2, k, q)) * (rng.uniform(size=(2, k, q)) < 0.6)
    l1, l2 = rng.uniform(0.0, 3.0, size=(2, k, q)) * (rng.uniform(size=(2, k, q)) < 0.9)
    l2 *= rng.uniform(size=q) < share_with_l2
    unit = 10.0 ** rng.uniform(-3.0, 3.0, q) * (rng.uniform(size=q) < 0.9)
    rss, lost = rng.uniform(size=(2, k))
    for at, array in enumerate((coefs, gradients, l1, l2)):
        array[at, 0], array[4 + at, -1] = np.nan, np.inf
    rss[8], lost[9] = np.nan, np.inf
    by_point = coefs, gradients, l1, l2, rss, lost
    in_c, in_numpy = np.zeros((2, 3, k))
    for points in (range(13), range(13, 14), range(14, k)):
        LOOPS.certify(unit, *by_point, *in_c, points.start, points.stop)
        some = slice(points.start, points.stop)
        in_numpy[:, some] = measured_by_numpy(unit, *(each[some] for each in by_point))
    for ours, theirs in zip(in_c, in_numpy, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-13)
    assert np.isfinite(in_c).all(axis=0).sum() > k // 2


@needs_loops
@pytest.mark.parametrize(("k", "m", "n_levels", "n_others"), [(7, 5, 1, 2), (1, 0, 3, 1), (16, 3, 2, 1)])
def test_series_of_the_certificate_in_c_are_numpys(k, m, n_levels, n_others):
    rng = np.random.default_rng(k)
    plan, c = BatchPlan.of(3, 50), k + m
    place, slope = rng.normal(size=(2, 150, c))
    place[:9, 0] = [0.0, -0.0, 2.0, -2.0, 2.0 + 1e-12, 9.0, -40.0, 1e5, -1e-9]
    levels, others = rng.uniform(size=(150, n_levels)), rng.normal(size=(150, n_others))
    along = stein._Directions(
        np.zeros((0, m)), np.zeros((0, c)), rng.normal(size=c), rng.normal(size=(n_levels, c))
    )
    series = stein._Series(place, slope, levels, others, k)
    numbers = [each.ravel() for each in plan.numbers]
    assert (numbers[0] == -1).any()
    sums = []
    for add in (stein._add, stein._add_by_numpy):
        batches, squares = plan.empty(2 * c + 2 * k + n_others), np.ones(c)
        add(series, along, numbers, batches, squares)
        sums.append((batches.of_long, batches.of_short, squares))
    for in_c, by_numpy in zip(*sums, strict=True):
        assert np.isfinite(in_c).all()
        np.testing.assert_allclose(in_c, by_numpy, rtol=1e-12, atol=1e-12)


@needs_loops
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize(("n", "p"), [(1000, 3), (777, 10), (513, 1), (300, 61)])
def test_sums_over_rows_in_c_are_numpys(n, p, weighted, order):
    rng = np.random.default_rng(n)
    larger = np.array(rng.normal(2.0, 3.0, (n + 5, p + 3)), order=order)
    X, y = larger[2 : n + 2, 1 : p + 1], rng.normal(size=n)  # rows and columns lie apart
    if not row_blocks.adds_up_in_c(X):
        # No fault: NumPy adds up there, and every test of tall rows then tests that.
        pytest.skip("the processor has no wide vectors")
    root = rng.uniform(0.5, 2.0, n) if weighted else None
    for shift in (X[:9].mean(axis=0), None):
        for rows in (range(n), range(5, n - 7), range(8, 8 + 256), range(3, 4)):
            sums = row_blocks._sums_in_c(X, y, root, shift, rows)
            some = slice(rows.start, rows.stop)
            roots = np.ones(n) if root is None else root
            own = np.column_stack([(X - (0.0 if shift is None else shift)) * roots[:, None], y, roots])[some]
            np.testing.assert_allclose(sums, own.T @ own, rtol=1e-12, atol=1e-10)


def test_indices_of_any_type_and_strides_are_read():
    X = sp.random_array((30, 20), density=0.3, format="csc", random_state=np.random.default_rng(3))
    odd = X.copy()
    odd.indices, odd.data = odd.indices.astype(np.int64), np.repeat(odd.data, 2)[::2]
    held = checks.as_design(odd)
    assert held.indices.dtype == held.indptr.dtype
    assert held.data.flags.c_contiguous
    np.testing.assert_array_equal(held.toarray(), X.toarray())


@pytest.mark.parametrize("row", [-1, 30])
def test_a_sparse_array_with_an_index_beyond_its_rows_is_refused(row):
    X = sp.random_array((30, 20), density=0.3, format="csc", random_state=np.random.default_rng(3))
    X.indices[4] = row
    with pytest.raises(ValueError, match="30 rows, but its indices go from"):
        br.RowData.from_arrays(X, np.arange(30.0))


WITHOUT = """
    import numpy as np, bayesreg as br, scipy.sparse as sp
    from bayesreg.base.loops import LOOPS
    rng = np.random.default_rng(0)
    for X in (rng.normal(size=(60, 8)), rng.normal(size=(40, 600)), sp.random_array((90, 600), density=0.1, rng=rng)):
        y = X @ np.linspace(0.0, 1.0, X.shape[1]) + rng.normal(size=X.shape[0])
        model, data = br.LinearModel(br.LaplacePrior(0.3), br.GaussianLikelihood(1.0)), br.RowData.from_arrays(X, y)
        print(bool(LOOPS), br.map_path(model, data, n_scales=5).coefs.sum(), br.map_estimate(model, data).coef @ y[:1].repeat(X.shape[1]))
        model, data = br.LinearModel(br.LaplacePrior(1.0), br.BernoulliLikelihood()), br.RowData.from_arrays(X, (y > np.median(y)) * 1.0)
        print(bool(LOOPS), *br.map_path(model, data, n_scales=5, min_ratio=0.1).coefs.sum(axis=1))
"""


def test_the_package_without_loops_gives_the_same_modes():
    found = []
    for loops in ("1", "0"):
        command = [sys.executable, "-c", textwrap.dedent(WITHOUT)]
        environment = {**os.environ, "BAYESREG_LOOPS": loops}
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        found.append([line.split() for line in done.stdout.splitlines()])
    assert {line[0] for line in found[1]} == {"False"}
    for own, other in zip(*found, strict=True):
        np.testing.assert_allclose(
            np.array(own[1:], dtype=float), np.array(other[1:], dtype=float), rtol=1e-7
        )
