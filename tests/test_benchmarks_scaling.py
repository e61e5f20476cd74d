"""The scaling curves' own parts: rows taken together, the search along a curve, what is never, the page."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import scaling, scaling_report
from benchmarks.curve import Curve
from benchmarks.measure import Site
from benchmarks.problem import save
from benchmarks.referee import gaps_of
from benchmarks.runners import Runner


def problem(n=400):
    return replace(scaling.path_case("columns", 10), n=n).problem()


def test_rows_taken_together_have_the_same_gaps():
    whole = problem()
    small = scaling.reduced(whole)
    assert small.X.shape == (11, 10)
    coefs = np.random.default_rng(0).normal(size=(100, 10)) * whole.lambdas[:, None]
    exact = gaps_of(whole, coefs, np.zeros(100), whole.lambdas)
    assert gaps_of(small, coefs, np.zeros(100), small.lambdas) == pytest.approx(exact, rel=1e-10)
    assert scaling.reduced(problem(30)).X.shape == (30, 10)


FAKE = """
import time
import numpy as np
from benchmarks.peers import Fit

def versions():
    return {"fake": "1"}

def fit(problem, variant, tol):
    if variant == "slow" and tol < 1e-3:
        time.sleep(60.0)
    X, n = problem.X, problem.y.size
    ridges = [np.linalg.solve(X.T @ X + n * l * np.eye(X.shape[1]), X.T @ problem.y) for l in problem.lambdas]
    return Fit(np.array(ridges) * (1.0 - tol), np.zeros(len(ridges)))
"""


@pytest.fixture
def curve_of(tmp_path, monkeypatch):
    """A ridge whose distance from the optimum is its tolerance, so that its gap is about that squared."""
    (tmp_path / "fake_peer.py").write_text(FAKE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr("benchmarks.curve._SETTLE", 0.0)
    monkeypatch.setattr("benchmarks.curve._COMPILING", 5.0)
    curves = []

    def make(*ways, cap=5.0):
        class Module:
            TOLERANCES = (1e-1, 1e-2, 1e-4, 1e-6, 1e-8)

            @staticmethod
            def variants(problem):
                return ways

        runner = Runner("fake", Module, (sys.executable, "-m", "benchmarks.worker", "fake_peer"))
        curves.append(Curve(runner, tmp_path, cap))
        return curves[-1]

    yield make
    for curve in curves:
        curve.close()


@pytest.fixture
def site(tmp_path):
    site = Site(replace(problem(40), l1_ratio=0.0), tmp_path / "site")
    save(site.problem, site.main)
    return site


def test_a_search_starts_where_the_last_size_ended(curve_of, site):
    curve = curve_of("works")
    first = curve.point(site, 10, 0)
    assert [run["tol"] for run in first["tried"]] == [1e-1, 1e-2, 1e-4, 1e-6]
    assert (first["tol"], first["variant"]) == (1e-6, "works")
    assert first["gap"] <= 1e-6
    assert len(first["seconds"]) == 60
    second = curve.point(site, 30, 0)
    assert [run["tol"] for run in second["tried"]] == [1e-6, 1e-4]
    assert second["tol"] == 1e-6
    assert curve.versions == {"fake": "1"}


def test_a_package_that_was_stopped_is_not_tried_again(curve_of, site):
    curve = curve_of("slow", cap=1.0)
    found = curve.point(site, 10, 0)
    assert found["never"].startswith("stopped after 1 s, gap ")
    assert found["until"] == pytest.approx(1.0, abs=0.5)
    assert curve.point(site, 30, 0) == {"never": "not tried: stopped at 10", "tried": []}


def test_another_way_of_solving_saves_a_size(curve_of, site):
    found = curve_of("works", "slow", cap=3.0).point(site, 10, 0)
    assert found["variant"] == "works"
    assert {run["variant"] for run in found["tried"]} == {"works", "slow"}


def timed(seconds, **changes):
    return {"seconds": [seconds], "gap": 5e-7, "versions": {"some": "1"}} | changes


def drawn(seconds, **changes):
    run = {
        "warm": [seconds],
        "first": 9.0,
        "ess_bulk": 3000.0,
        "r_hat": 1.001,
        "diverging": 0,
        "certified": True,
    }
    return run | changes


def results():
    facts = {
        "command": "run",
        "date": "2026-01-01",
        "machine": "two cores",
        "load_before": 0.0,
        "took_seconds": 60.0,
    }
    limit = {"seconds": 0.001, "assumption": "one pass", "dsyrk_gflops": 40.0, "read_gb_per_s": 50.0}
    stopped, skipped = (
        {"never": "stopped after 20 s", "until": 20.0},
        {"never": "not tried: stopped at 1,000"},
    )
    paths = [
        {"size": 100, "limit": limit, "runners": {"bayesreg": timed(0.002), "adelie": timed(0.006)}},
        {"size": 1000, "limit": limit, "runners": {"bayesreg": timed(0.02), "adelie": stopped}},
        {"size": 10000, "limit": limit, "runners": {"bayesreg": timed(0.2), "adelie": skipped}},
    ]
    posteriors = [
        {"size": 10, "runners": {"bayesreg": drawn(0.05), "NumPyro": drawn(1.0, r_hat=1.02)}},
        {"size": 100, "runners": {"bayesreg": drawn(0.1), "NumPyro": drawn(1.0, warm=[], ess_bulk=9000.0)}},
    ]
    return {"rows": {**facts, "points": paths}, "posterior": {**facts, "points": posteriors}}


def test_the_page_tells_times_ratios_and_what_is_never():
    page = scaling_report.markdown(results())
    assert "| 100 | 2 ms (5e-07) | 6 ms (5e-07) | 1 ms | 2 | 3 |" in page
    assert "| 1,000 | 20 ms (5e-07) | never: stopped after 20 s | 1 ms | 20 | – |" in page
    assert "| 10 | 50 ms; 60,000/s | does not count | – |" in page
    assert "| 100 | 100 ms; 30,000/s | first 9 s; 1,000/s | 30 |" in page


def test_pictures_have_plain_labels_and_a_cross_where_a_package_was_stopped(tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    figures = []
    monkeypatch.setattr(Figure, "savefig", lambda self, file, **options: figures.append(self))
    scaling_report.write_page(results(), tmp_path / "page.md")
    rows, posterior = figures
    (ax,) = rows.axes
    crosses = [line for line in ax.lines if line.get_marker() == "x"]
    assert [line.get_xydata().tolist() for line in crosses] == [[[1000.0, 20.0]]]
    shown = [axis.get_major_formatter()(value) for axis, value in ((ax.xaxis, 1e4), (ax.yaxis, 1e-2))]
    assert shown == ["10,000", "10 ms"]
    assert [ax.get_ylabel() for ax in posterior.axes] == ["time", "effective draws a second"]


def test_a_quick_run_is_kept_out_of_the_published_results(capsys):
    with pytest.raises(SystemExit):
        scaling.main(["--quick"])
    assert "--out of its own" in capsys.readouterr().err
