"""The posterior benchmarks' own parts: the reference against integrals, cases and their files, what counts, the page."""

import sys

import numpy as np
import pytest
from scipy.special import log_expit

from benchmarks.posterior import report
from benchmarks.posterior import run as posterior_run
from benchmarks.posterior.cases import CASES, Case
from benchmarks.posterior.judge import flat, sound
from benchmarks.posterior.reference import logistic_reference


def test_the_reference_of_labels_is_the_integral_over_a_grid():
    X = np.array([[-1.2], [-0.4], [0.1], [0.5], [1.4], [2.0]])
    y = np.array([0.0, 1.0, 0.0, 1.0, 1.0, 1.0])
    slope, intercept = np.meshgrid(np.linspace(-8, 8, 801), np.linspace(-30, 30, 1501), indexing="ij")
    log_density = -0.5 * (slope / 1.5) ** 2 - 0.5 * (intercept / 10.0) ** 2
    for x, label in zip(X[:, 0], y, strict=True):
        log_density += log_expit((2.0 * label - 1.0) * (intercept + slope * x))
    weight = np.exp(log_density - log_density.max())
    exact = np.array([(weight * slope).sum(), (weight * intercept).sum()]) / weight.sum()
    found = logistic_reference(X, y, 1.5)
    assert found["mcse"].max() < 0.02
    assert (np.abs(found["mean"] - exact) < 4.0 * found["mcse"]).all()


@pytest.mark.parametrize("name", ["P1", "L5"])
def test_a_case_is_standardised_and_the_same_each_time(name):
    X, y = CASES[name].data()
    assert np.abs(X.mean(axis=0)).max() < 1e-9
    assert X.std(axis=0) == pytest.approx(1.0)
    assert np.array_equal(y, CASES[name].data()[1])
    assert not np.array_equal(y, CASES[name].data(seed=1)[1])
    if name == "L5":
        assert (y.mean(), set(y)) == (pytest.approx(357 / 569), {0.0, 1.0})


def test_tall_cases_have_a_part_that_peers_finish():
    assert [part.n for part in CASES["T5"].parts] == [100_000, 1_000]
    assert [(part.name, part.n) for part in CASES["L7"].parts] == [("L7", 100_000), ("L7/10", 10_000)]
    assert CASES["L6"].parts == [CASES["L6"]]


def test_a_runner_reads_the_case_that_was_saved(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(posterior_run.HERE / "runners"))
    import common

    case = Case("X", 60, 3, 2, 0.5, "bernoulli")
    case.save(tmp_path)
    found, (X, y) = common.read(tmp_path), case.data()
    assert np.array_equal(found.X, X)
    assert np.array_equal(found.y, y)
    assert (found.scale, found.family) == (0.5, "bernoulli")


SLOW = """
import time
import numpy as np
from common import serve

def load():
    def fit(case, seed, way):
        if seed:
            time.sleep(60.0)
        return {"coef": np.zeros((4, 10, 3)), "intercept": np.zeros((4, 10))}, {"diverging": 0}
    return fit

serve(load, dict)
"""


@pytest.mark.extended
def test_the_first_run_counts_if_the_time_is_up_before_a_warm_one(tmp_path, monkeypatch):
    (tmp_path / "slow.py").write_text(SLOW)
    monkeypatch.setenv("PYTHONPATH", str(posterior_run.HERE / "runners"))
    runner = posterior_run.Runner(sys.executable, str(tmp_path / "slow.py"), "")
    monkeypatch.setitem(posterior_run.RUNNERS, "slow", runner)
    case = Case("X", 60, 3, 2, 0.5, "bernoulli")
    case.save(tmp_path / "main")
    case.save(tmp_path / "other", seed=1)
    options = type("Options", (), {"repeats": 1, "budget": 1.0, "limit": 6.0})
    found = posterior_run.run_one("slow", tmp_path, tmp_path, options)
    assert found["reply"]["stopped"] == 6.0
    assert found["reply"]["warm"] == []
    assert flat(posterior_run.draws_of(tmp_path, case)).shape == (4, 10, 4)


def timed(**changes):
    run = {
        "warm": [2.0], "first": 8.0, "cold": 9.0, "ess_bulk": 4000.0, "ess_tail": 3000.0, "r_hat": 1.001,
        "diverging": 0, "distance": 2.0, "expected_distance": 2.5, "draws": 4000,
    }  # fmt: skip
    return run | changes


def test_a_run_counts_only_if_nothing_speaks_against_it():
    assert sound(timed())
    against = {"r_hat": 1.02, "diverging": 1, "distance": 5.0, "certified": False}
    for name, value in against.items():
        assert not sound(timed(**{name: value}))


def test_the_page_tells_a_first_run_and_a_stop():
    runners = {
        "bayesreg": timed(certified=True),
        "rstanarm": timed(warm=[], first=3000.0, stopped=4000.0),
        "Bambi, PyMC": {"stopped": 4000.0},
    }
    entry = {"title": "labels", "command": "run", "date": "2026-01-01", "machine": "two cores"}
    page = report.markdown({"L7": {**entry, "parts": {"L7": {"title": "labels", "runners": runners}}}})
    assert "| L7: labels | 1,500/s | 1/s (rstanarm, first run) | 1500 | 10× met |" in page
    assert "| Bambi, PyMC | stopped after 4000 s |" in page
    assert "| rstanarm | 1 | first run 3000 s |" in page
