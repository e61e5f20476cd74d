"""The benchmarks' own parts: the referee against closed forms and scikit-learn, cases, files, limits, the page."""

import json
import platform
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from benchmarks import ours, report, run
from benchmarks.cases import CASES
from benchmarks.limits import limits
from benchmarks.measure import Measurement, Protocol, Site, reference_run
from benchmarks.problem import Problem, load, save
from benchmarks.referee import gaps_of, lambda_max, objectives, relative_gaps
from benchmarks.runners import Runner, Worker, WorkerError

PROTOCOL = Protocol(cap=20.0, repeats=1, at_least=0.0)


def simulated(n=40, p=7, seed=0):
    rng = np.random.default_rng(seed)
    X = np.asfortranarray(rng.normal(size=(n, p)) + 3.0)
    return X, X @ np.arange(p) + rng.normal(size=n)


def gaps(X, y, coefs, lambdas, l1_ratio=1.0, intercepts=None):
    fit_intercept = intercepts is not None
    intercepts = np.zeros(len(coefs)) if intercepts is None else intercepts
    return relative_gaps(X, y, coefs, intercepts, lambdas, l1_ratio, fit_intercept)


def test_gap_is_zero_at_the_soft_threshold_of_an_orthonormal_design():
    rng = np.random.default_rng(1)
    X = np.asfortranarray(np.linalg.qr(rng.normal(size=(30, 5)))[0])
    y = rng.normal(size=30)
    lambdas = np.array([0.02, 0.01, 0.001])
    b = X.T @ y
    coefs = np.sign(b) * np.maximum(np.abs(b) - 30 * lambdas[:, None], 0.0)
    assert np.abs(gaps(X, y, coefs, lambdas)).max() < 1e-14


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5])
def test_gap_bounds_the_distance_from_the_optimum_with_an_l2_part(l1_ratio):
    from sklearn.linear_model import ElasticNet, Ridge

    X, y = simulated()
    lambdas = np.array([0.3])
    if l1_ratio:
        fitted = ElasticNet(0.3, l1_ratio=l1_ratio, tol=1e-14, max_iter=10**5).fit(X, y)
    else:
        fitted = Ridge(0.3 * len(y), solver="cholesky").fit(X, y)
    best, intercept = fitted.coef_[None], np.array([fitted.intercept_])
    assert abs(gaps(X, y, best, lambdas, l1_ratio, intercept)[0]) < 1e-12
    null = ((y - y.mean()) ** 2).sum() / (2 * len(y))
    optimum = objectives(X, y, best, intercept, lambdas, l1_ratio, True)[0]
    for shift in (1e-3, 0.1, 2.0):
        off = best + shift
        primal = objectives(X, y, off, intercept, lambdas, l1_ratio, True)[0]
        assert gaps(X, y, off, lambdas, l1_ratio, intercept)[0] >= (primal - optimum)[0] / null > 0


def test_gap_is_scikit_learns_at_a_point_short_of_the_optimum():
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import Lasso

    X, y = simulated()
    with pytest.warns(ConvergenceWarning):
        fitted = Lasso(0.3, fit_intercept=False, tol=1e-14, max_iter=3).fit(X, y)
    null = y @ y / (2 * len(y))
    ours_ = gaps(X, y, fitted.coef_[None], np.array([0.3]))[0]
    assert ours_ == pytest.approx(fitted.dual_gap_ / null, rel=1e-6)


def test_sparse_and_dense_and_blocks_agree(monkeypatch):
    X, y = simulated(60, 9)
    X[np.abs(X - 3.0) < 0.8] = 0.0
    coefs = np.random.default_rng(2).normal(size=(5, 9))
    lambdas, intercepts = np.geomspace(1.0, 0.01, 5), np.linspace(-1.0, 1.0, 5)
    dense = gaps(X, y, coefs, lambdas, 1.0, intercepts)
    monkeypatch.setattr("benchmarks.referee._BLOCK", 60)  # one row of the path at a time
    assert gaps(sparse.csc_array(X), y, coefs, lambdas, 1.0, intercepts) == pytest.approx(dense, rel=1e-12)
    explicit = gaps(X - X.mean(axis=0), y - y.mean(), coefs, lambdas)
    best = y.mean() - coefs @ X.mean(axis=0)
    assert gaps(X, y, coefs, lambdas, 1.0, best) == pytest.approx(explicit, rel=1e-10)


def test_the_null_model_is_optimal_at_lambda_max_and_only_there():
    X, y = simulated()
    largest = lambda_max(X, y, 1.0, True)
    null, intercept = np.zeros((2, 7)), np.full(2, y.mean())
    at, below = gaps(X, y, null, largest * np.array([1.0, 0.9]), 1.0, intercept)
    assert abs(at) < 1e-14 < 1e-6 < below


@pytest.mark.parametrize("case", [case.quick() for case in CASES.values()], ids=list(CASES))
def test_a_case_has_its_shape_and_the_same_data_each_time(case):
    problem, again, other = case.problem(), case.problem(), case.problem(seed=1)
    assert problem.X.shape == (case.n, case.p)
    assert problem.y.shape == (case.n,)
    assert problem.lambdas.shape == (case.n_lambdas,)
    assert np.all(np.diff(problem.lambdas) < 0)
    assert np.array_equal(problem.y, again.y)
    assert not np.array_equal(problem.y, other.y)
    assert sparse.issparse(problem.X) or problem.X.flags.f_contiguous
    work = case.work(case, 5)
    assert work.flops > 0
    assert work.gigabytes > 0
    if not case.fit_intercept and not sparse.issparse(problem.X):
        assert np.abs(problem.X.mean(axis=0)).max() < 1e-12


def test_the_sizes_are_those_of_the_protocol():
    sizes = {name: (case.n, case.p) for name, case in CASES.items()}
    assert sizes["M2"] == sizes["M2'"] == (100_000, 100)
    assert sizes["C1"] == sizes["C2"] == (200_000, 100)
    assert sizes["W1"] == (200, 20_000)
    assert sizes["S1"] == (20_000, 50_000)


@pytest.mark.parametrize("name", ["M3", "S1", "D2", "L4"])
def test_a_problem_survives_its_files(name, tmp_path):
    problem = CASES[name].quick().problem()
    save(problem, tmp_path)
    again = load(tmp_path)
    dense = problem.X.toarray() if sparse.issparse(problem.X) else problem.X
    assert np.array_equal(again.X.toarray() if sparse.issparse(again.X) else again.X, dense)
    assert np.array_equal(again.y, problem.y)
    assert np.array_equal(again.lambdas, problem.lambdas)
    facts = again.l1_ratio, again.fit_intercept, again.kind, again.family
    assert facts == (problem.l1_ratio, problem.fit_intercept, problem.kind, problem.family)
    assert again.cut(1).X.shape == (
        problem.X.shape[0] - 7,
        problem.X.shape[1] - max(1, problem.X.shape[1] // 50),
    )


@pytest.mark.parametrize(
    "name", ["M1", "EN", "R", "L1", "L2", pytest.param("L3", marks=pytest.mark.extended), "L4"]
)
def test_our_runner_solves_what_the_referee_judges(name):
    problem = CASES[name].quick().problem()
    found = ours.fit(problem, "default", 1e-10)
    found_gaps = gaps_of(problem, found.coefs, found.intercepts, problem.lambdas)
    assert found_gaps.max() < 1e-10
    assert "warning" not in found.notes


FAKE = """
from dataclasses import replace
import numpy as np
from benchmarks.peers import Fit

def versions():
    return {"fake": "1"}

def prepared(problem, variant):
    return replace(problem, X=np.ascontiguousarray(problem.X))

def fit(problem, variant, tol):
    print("libraries talk")
    if variant == "broken":
        raise ValueError("no")
    X, n = problem.X, problem.y.size
    ridge = np.linalg.solve(X.T @ X + n * problem.lambdas[0] * np.eye(X.shape[1]), X.T @ problem.y)
    coefs = ridge * (1.0 - tol)
    return Fit(coefs[None], np.zeros(1), {"as it likes": X.flags.c_contiguous})
"""


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """A ridge whose distance from the optimum is its tolerance, so that its gap is about that squared."""
    (tmp_path / "fake_peer.py").write_text(FAKE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr("benchmarks.measure._SETTLE", 0.0)

    class Module:
        TOLERANCES = (1e-1, 1e-3, 1e-7, 1e-9)

        @staticmethod
        def variants(problem):
            return ["works"]

    return Runner("fake", Module, (sys.executable, "-m", "benchmarks.worker", "fake_peer"))


@pytest.fixture
def site(tmp_path):
    X, y = simulated()
    site = Site(Problem(X, y, np.array([0.1]), 0.0, False, "single"), tmp_path)
    save(site.problem, site.main)
    save(site.problem, site.warm)
    return site


def test_a_measurement_takes_the_fastest_run_at_each_gap(fake, site):
    result = Measurement(fake, site, PROTOCOL, lambda line: None).run()
    assert [entry["tol"] for entry in result["sweep"]] == [1e-1, 1e-3, 1e-7]  # 1e-10 is reached there
    assert [entry["gap"] for entry in result["sweep"]] == sorted(
        (e["gap"] for e in result["sweep"]), reverse=True
    )
    assert result["targets"]["1e-10"]["tol"] == 1e-7
    assert reference_run(result)["gap"] <= 1e-6
    assert len(result["cold"]) == len(result["new_shape"]) == len(result["memory_bytes"]) == 1
    assert result["versions"] == {"fake": "1"}


def test_a_worker_says_what_went_wrong_and_lives_on(fake, site, tmp_path):
    with Worker(fake, tmp_path / "log") as worker:
        worker.ask("load", 20.0, slot="main", folder=site.main)
        options = {"slot": "main", "cut": 0, "repeats": 2, "out": "", "tol": 0.1}
        with pytest.raises(WorkerError, match="ValueError: no"):
            worker.ask("fit", 20.0, variant="broken", **options)
        reply = worker.ask("fit", 20.0, variant="works", **options)
        assert len(reply["seconds"]) == 2
        assert reply["notes"] == {"as it likes": True}


def entry(own=0.01, peer=0.05, limit=0.002):
    def runner(seconds):
        timed = {
            "variant": "default",
            "tol": 1e-6,
            "first": seconds,
            "gap": 1e-7,
            "seconds": [seconds] * 5,
            "notes": {},
        }
        targets = {"1e-4": timed, "1e-6": timed, "1e-10": None}
        return {
            "sweep": [timed],
            "targets": targets,
            "cold": [1.5],
            "new_shape": [0.2],
            "memory_bytes": [2e6],
        }

    case = replace(CASES["M3"], n=50, p=5)
    return {
        "title": "a case",
        "x_bytes": 1e6,
        "date": "2026-01-01",
        "command": "python -m benchmarks.run",
        "machine": "a machine",
        "load_before": 0.0,
        "took_seconds": 60.0,
        "import_jax": [0.7],
        "limit": {**limits(case, 5), "seconds": limit},
        "runners": {"bayesreg": runner(own), "celer": runner(peer), "glum": {"unavailable": "not installed"}},
    }


@pytest.fixture(autouse=True)
def no_timing(monkeypatch):
    monkeypatch.setattr("benchmarks.limits.dsyrk_gflops", lambda n, p: 80.0)
    monkeypatch.setattr("benchmarks.limits.gemm_gflops", lambda: 100.0)
    monkeypatch.setattr("benchmarks.limits.read_gb_per_s", lambda: 50.0)


def test_a_goal_beside_other_losses_is_twice_the_peer_at_the_smallest_gap():
    of_labels = {**entry(own=0.02, limit=0.015), "family": "bernoulli"}
    for result in of_labels["runners"].values():
        if "targets" in result:
            result["targets"]["1e-9"] = result["targets"].pop("1e-6")
    found = report.goal("L1", of_labels)
    assert (found["gap"], found["wanted"], found["met"]) == ("1e-9", "≥ 2×", True)
    assert not report.goal(
        "L1",
        {
            **of_labels,
            "runners": {**of_labels["runners"], "celer": {"targets": {"1e-9": {"seconds": [0.03]}}}},
        },
    )["met"]
    assert "gap ≤ 1e-9 |" in report.markdown({"cases": {"L1": of_labels}})


@pytest.mark.parametrize(
    ("own", "limit", "met"),
    [(0.01, 0.002, True), (0.02, 0.002, False), (0.02, 0.011, True), (0.06, 0.04, True)],
)
def test_a_goal_is_three_times_the_peer_or_twice_the_limit(own, limit, met):
    assert report.goal("M3", entry(own, limit=limit))["met"] is met
    assert report.goal("C1", entry(own, limit=limit))["met"] is False


def test_the_page_shows_never_and_absence_and_the_words():
    page = report.markdown({"cases": {"M3": entry()}}, "## Notes\n\nwords")
    assert "| celer | 50 ms (50–50; 1e-07) | 50 ms (50–50; 1e-07) | never |" in page
    assert "| glum | – | – | – |" in page
    assert "| M3 | a case | 1e-6 | 10 ms | celer 50 ms | 5× | 2 ms | 5× |" in page
    assert page.endswith("words\n")


def test_results_are_merged_in_the_cases_order(tmp_path):
    out = tmp_path / "some.json"
    run.write({"cases": {"M3": entry(), "M1": entry()}}, out)
    assert list(json.loads(out.read_text())["cases"]) == ["M1", "M3"]
    assert out.with_suffix(".md").read_text().startswith("# Benchmarks")


def test_incomplete_runs_are_kept_out_of_the_published_results(capsys):
    with pytest.raises(SystemExit):
        run.main(["--quick"])
    assert "--out of their own" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2.5e-5, "25 µs"), (0.0123, "12.3 ms"), (0.9999, "1000 ms"), (12.34, "12.3 s"), (1234.0, "1234 s")],
)
def test_durations_have_three_digits(seconds, text):
    assert report.duration(seconds) == text


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="other allocators keep freed memory in ways of their own"
)
def test_fits_of_small_data_do_not_fetch_the_same_memory_again():
    code = """
        import resource
        from benchmarks import ours
        from benchmarks.cases import CASES
        problem = CASES["D1"].problem()
        def faults(times):
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            for _ in range(times):
                ours.fit(problem, "default", 1e-6)
            return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
        faults(5)
        print(faults(20) / 20)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
    )
    assert float(done.stdout) < 100  # 960 without `keep_freed_memory`
